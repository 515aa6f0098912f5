"""Which listener answers what, and for whom, when a node or a region has mutual TLS (trust.md §1; NEN 7512).

Over mutual TLS: what is for other organisations' systems, and only to a caller whose certificate is believed at this
very request; what anybody may know (metadata, keys, did:web) also without one.  Over the plain listener, behind
the organisation's own proxy or on loopback: what is for people, and nothing that is for other organisations.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from babyconnect.api.asgi import App, Receive, Scope, Send
from babyconnect.api.peers import keep, secured
from babyconnect.audit.faults import AuditFault
from babyconnect.trust.jose import Rejected

Refused = Callable[[str, str], Awaitable[object]]
"""(reason, network address) of a caller whose certificate was not believed: it goes into the log."""

_HEADERS = [(b"cache-control", b"no-store"), (b"content-type", b"application/json"), (b"connection", b"close")]
_log = structlog.get_logger(__name__)

Below = Callable[[str], bool]


def below(prefixes: Sequence[str]) -> Below:
    """Whether a path is one of these or lies below one."""
    deeper = tuple(f"{prefix}/" for prefix in prefixes)
    return lambda path: path in prefixes or path.startswith(deeper)


@dataclass(frozen=True, slots=True)
class Served:
    """Which paths are for whom: `machines` is what mutual TLS serves at all, of which

    `only` never over the plain listener, `unnamed` to everybody, and `own` to this organisation's own systems.
    """

    machines: tuple[str, ...]
    only: tuple[str, ...]
    unnamed: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


NODE = Served(
    machines=("/fhir", "/oauth", "/intake", "/.well-known", "/access", "/did.json", "/mitz", "/openapi.json"),
    only=("/fhir", "/oauth"),
    unnamed=("/.well-known", "/did.json", "/fhir/stu3/metadata", "/fhir/r4/metadata", "/mitz", "/openapi.json"),
    own=("/intake", "/access"),
)


class Machines:
    """An application, behind both listeners.  `ura`: whose it is."""

    def __init__(self, app: App, served: Served, ura: str = "", refused: Refused | None = None) -> None:
        self._app, self._ura, self._refused = app, ura, refused
        self._machines, self._only = below(served.machines), below(served.only)
        self._unnamed, self._own = below(served.unnamed), below(served.own)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status = await self._admit(scope)
        if status is None:
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": status, "headers": [*_HEADERS, (b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def _admit(self, scope: Scope) -> int | None:
        """None, or the status to answer with."""
        path, connection = scope["path"], secured(scope)
        if connection is None:
            # 421 (RFC 9110 §15.5.20): not by this connection.
            return 421 if self._only(path) else None
        if not self._machines(path):
            return 404
        peer = connection.peer()
        if isinstance(peer, Rejected):
            await self._note(peer.reason, scope)
            return 403
        if peer is None:
            return None if self._unnamed(path) else 401
        keep(scope, peer)
        # Somebody else's system learns no more of what is ours alone than that it is not there.
        return 404 if self._own(path) and peer.ura.value != self._ura else None

    async def _note(self, reason: str, scope: Scope) -> None:
        address = (scope.get("client") or ("",))[0]
        _log.warning("certificate_refused", reason=reason, client=address)
        if self._refused is not None:
            try:
                await self._refused(reason, address)
            except AuditFault as fault:
                # It is refused all the same, and nothing is said.
                _log.error("refusal_not_logged", fault=str(fault))
