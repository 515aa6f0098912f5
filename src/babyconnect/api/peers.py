"""The peer certificate of a request, on its way from the mutual-TLS listener to whoever must know it.

The listener puts the connection's certificate into the scope that it makes itself, `api.machines` judges it at every
request and leaves the `Peer` there.  No header is ever read for it: there is no name under which a sender could put
one (`tests/attacks`).
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from babyconnect.birthcare.peer import Peer
from babyconnect.trust.jose import Rejected

_KEY = "babyconnect.peer"
_CONNECTION = "babyconnect.tls"


class Judge(Protocol):
    """Whose certificate this is, by what is trusted now (`trust.tls.Material`)."""

    def client_peer(self, der: bytes) -> Peer | Rejected: ...


@dataclass(frozen=True, slots=True)
class Secured:
    """A connection by the mutual-TLS listener.  `certificate`: the caller's, in DER; None when it gave none."""

    certificate: bytes | None
    judge: Judge

    def peer(self) -> Peer | Rejected | None:
        return None if self.certificate is None else self.judge.client_peer(self.certificate)


def facts(secured: Secured) -> dict[str, Any]:
    """What the listener adds to the scope of every request of a connection."""
    return {_CONNECTION: secured}


def secured(scope: Mapping[str, Any]) -> Secured | None:
    """The mutual-TLS connection of this request; None when it came in over the plain listener."""
    found = scope.get(_CONNECTION)
    return found if isinstance(found, Secured) else None


def keep(scope: MutableMapping[str, Any], peer: Peer) -> None:
    """For `api.machines` alone: this is who asks."""
    scope[_KEY] = peer


def peer_of(scope: Mapping[str, Any]) -> Peer | None:
    """The verified peer of this request; None when it came without a certificate or over the plain listener."""
    found = scope.get(_KEY)
    return found if isinstance(found, Peer) else None
