"""How much of a node one organisation, one person and one address may ask for (issue: edge; RFC 6585 §4).

Each has a bucket of its own, so that none takes another's turn.  What is charged to an organisation is only what its
own keys were believed for: nobody can use up another's turns by naming her.  A stranger is her network address, or her
certificate.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from babyconnect.api.asgi import Scope
from babyconnect.api.peers import peer_of
from babyconnect.flows.door import Session
from babyconnect.network.limits import Limits

BURST_SECONDS = 2.0
"""What may be asked at once, in seconds of the rate."""
LEASED_SECONDS = 0.02
"""What a process beside the keeper holds of it for an organisation, likewise."""


def stranger(scope: Scope) -> str:
    """Who sent this, as far as the connection tells."""
    peer = peer_of(scope)
    return peer.ura.value if peer is not None else str((scope.get("client") or ("",))[0])


class Turns(Protocol):
    """How much an API lets each ask; what another process must be asked is waited for."""

    def asks(self, session: Session, amount: float = 1) -> int | Awaitable[int]: ...
    def finds(self, session: Session) -> int | Awaitable[int]: ...
    def knocks(self, scope: Scope) -> int: ...


async def settled(wait: int | Awaitable[int]) -> int:
    return wait if isinstance(wait, int) else await wait


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
        self._leased = requests_per_second * LEASED_SECONDS
        self._clients = Limits(clients_per_minute / 60, clients_per_minute)
        self._tokens = _limits(tokens_per_second)
        self._strangers = _limits(strangers_per_second)

    def asks(self, session: Session, amount: float = 1) -> int:
        """An organisation asks something with a token."""
        return self._requests.take(session.asker.ura.value, amount, self._clock())

    def finds(self, session: Session) -> int:
        """A person looks for a client by an identifier."""
        return self.finds_as(session.asker.ura.value, session.asker.person)

    def finds_as(self, ura: str, person: str) -> int:
        return self._clients.take(f"{ura} {person}", 1, self._clock())

    def lease(self, ura: str, amount: float) -> tuple[float, int]:
        """`amount` turns of an organisation and, if there are, some beside them: for a process that serves beside this
        one, so that it need not ask for each.  How many were given, or none and the seconds to wait."""
        now, more = self._clock(), amount + self._leased
        if not self._requests.take(ura, more, now):
            return more, 0
        wait = self._requests.take(ura, amount, now)
        return (0.0, wait) if wait else (amount, 0)

    def token(self, ura: str) -> int:
        """An organisation that is believed asks a token."""
        return self._tokens.take(ura, 1, self._clock())

    def knocks(self, scope: Scope) -> int:
        """Somebody who is not believed yet, or was not."""
        return self._strangers.take(stranger(scope), 1, self._clock())


def _limits(per_second: float) -> Limits:
    return Limits(per_second, per_second * BURST_SECONDS)
