"""`did:web` names of nodes (W3C did:web method): made from an address, never resolved over the network here.

Whose DID it is and which keys speak for it, the directory says; a name that the directory does not know is nobody's.
"""

from __future__ import annotations

from urllib.parse import urlsplit


def web(address: str) -> str:
    """The `did:web` of whoever answers at this address: host, port and path."""
    parts = urlsplit(address)
    port = f"%3A{parts.port}" if parts.port else ""
    path = "".join(f":{step}" for step in parts.path.split("/") if step)
    return f"did:web:{parts.hostname or ''}{port}{path}"
