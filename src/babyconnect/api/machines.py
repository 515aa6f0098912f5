"""Which listener answers what, and for whom, when a node or a region has mutual TLS (trust.md §1; NEN 7512).

Over mutual TLS: what is for other organisations' systems, and only to a caller whose certificate is believed at this
very request; what anybody may know (metadata, keys, did:web) also without one.  Over the plain listener, behind
the organisation's own proxy or on loopback: what is for people, and nothing that is for other organisations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from babyconnect.api.asgi import App, Receive, Scope, Send
from babyconnect.api.peers import keep, secured
from babyconnect.birthcare.peer import Peer
from babyconnect.trust.jose import Rejected

NODE = ("/fhir", "/oauth", "/intake", "/.well-known", "/access")
NODE_ONLY = ("/fhir", "/oauth")
"""Of those, what the plain listener does not answer."""
NODE_OPEN = ("/.well-known", "/fhir/stu3/metadata", "/fhir/r4/metadata")
REGION = ("/fhir", "/pseudonyms")

_HEADERS = [(b"cache-control", b"no-store"), (b"content-type", b"application/json"), (b"connection", b"close")]
_log = structlog.get_logger(__name__)

Below = Callable[[str], bool]


def below(prefixes: Sequence[str]) -> Below:
    """Whether a path is one of these or lies below one."""
    deeper = tuple(f"{prefix}/" for prefix in prefixes)
    return lambda path: path in prefixes or path.startswith(deeper)


class Machines:
    """An application, behind both listeners."""

    def __init__(self, app: App, served: Sequence[str], only: Sequence[str], unnamed: Sequence[str] = ()) -> None:
        """`served` over mutual TLS, of which `only` never over the plain listener and `unnamed` to everybody."""
        self._app = app
        self._served, self._only, self._unnamed = below(served), below(only), below(unnamed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status = self._admit(scope)
        if status is None:
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": status, "headers": [*_HEADERS, (b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    def _admit(self, scope: Scope) -> int | None:
        """None, or the status to answer with."""
        path, connection = scope["path"], secured(scope)
        if connection is None:
            # 421 (RFC 9110 §15.5.20): not by this connection.
            return 421 if self._only(path) else None
        if not self._served(path):
            return 404
        peer = connection.peer()
        if isinstance(peer, Peer):
            keep(scope, peer)
            return None
        if isinstance(peer, Rejected):
            _log.warning("certificate_refused", reason=peer.reason, client=(scope.get("client") or ("",))[0])
            return 403
        return None if self._unnamed(path) else 401
