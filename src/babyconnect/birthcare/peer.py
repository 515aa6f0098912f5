"""Who is at the other end of a connection, as its certificate says: known by the handshake, never by a header."""

from __future__ import annotations

from dataclasses import dataclass

from babyconnect.birthcare.identifiers import Ura


@dataclass(frozen=True, slots=True)
class Peer:
    """A verified client certificate: whose it is, and its `x5t#S256` (RFC 8705 §3.1) to bind a token to."""

    ura: Ura
    thumbprint: str
