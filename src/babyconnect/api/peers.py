"""The peer certificate of a request, on its way from the mutual-TLS listener to whoever must know it.

Only `api.machines` writes it, from the handshake, into the scope that it makes itself.  No header is ever read for it:
there is no name under which a sender could put one (`tests/attacks`).
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from babyconnect.birthcare.peer import Peer

_KEY = "babyconnect.peer"
_TLS = "babyconnect.tls"


def peer_of(scope: Mapping[str, Any]) -> Peer | None:
    """The verified peer of this request; None when it came without a certificate or over the plain listener."""
    found = scope.get(_KEY)
    return found if isinstance(found, Peer) else None


def over_tls(scope: Mapping[str, Any]) -> bool:
    """Whether the request came in by the mutual-TLS listener, with a certificate or without."""
    return scope.get(_TLS) is True


def mark(scope: MutableMapping[str, Any], peer: Peer | None) -> None:
    """For the mutual-TLS listener alone."""
    scope[_TLS] = True
    scope[_KEY] = peer
