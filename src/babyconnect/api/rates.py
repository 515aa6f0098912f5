"""How much of a node one organisation, one person and one address may ask for (issue: edge; RFC 6585 §4).

Each has a bucket of its own, so that none takes another's turn.  What is charged to an organisation is only what its
own keys were believed for: nobody can use up another's turns by naming her.  A stranger is her network address, or her
certificate.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from babyconnect.api.asgi import Scope
from babyconnect.api.peers import peer_of
from babyconnect.flows.door import Session
from babyconnect.network.limits import Limits

BURST_SECONDS = 2.0
"""What may be asked at once, in seconds of the rate."""


def stranger(scope: Scope) -> str:
    """Who sent this, as far as the connection tells."""
    peer = peer_of(scope)
    return peer.ura.value if peer is not None else str((scope.get("client") or ("",))[0])


class Rates:
    """Each method takes a turn and gives the seconds to wait, 0 when there was one."""

    def __init__(
        self,
        requests_per_second: float,
        clients_per_minute: float,
        tokens_per_second: float,
        strangers_per_second: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._requests = _limits(requests_per_second)
        self._clients = Limits(clients_per_minute / 60, clients_per_minute)
        self._tokens = _limits(tokens_per_second)
        self._strangers = _limits(strangers_per_second)

    def asks(self, session: Session, amount: float = 1) -> int:
        """An organisation asks something with a token."""
        return self._requests.take(session.asker.ura.value, amount, self._clock())

    def finds(self, session: Session) -> int:
        """A person looks for a client by an identifier."""
        asker = session.asker
        return self._clients.take(f"{asker.ura.value} {asker.person}", 1, self._clock())

    def token(self, ura: str) -> int:
        """An organisation that is believed asks a token."""
        return self._tokens.take(ura, 1, self._clock())

    def knocks(self, scope: Scope) -> int:
        """Somebody who is not believed yet, or was not."""
        return self._strangers.take(stranger(scope), 1, self._clock())


def _limits(per_second: float) -> Limits:
    return Limits(per_second, per_second * BURST_SECONDS)
