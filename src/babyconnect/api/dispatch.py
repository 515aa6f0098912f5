"""Which application answers a path: the longest mounted prefix wins; nothing mounted is a plain 404."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable

from babyconnect.api.server import App, Receive, Scope, Send

_SAFE = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"), (b"content-length", b"0")]


class Mounts:
    """An ASGI application of applications.  The path is handed on whole: each knows where it is mounted."""

    def __init__(self, mounts: Iterable[tuple[str, App]], home: str = "") -> None:
        """`home`: where the bare address leads, "" when nowhere."""
        self._home = home
        self._mounts = sorted(mounts, key=lambda mount: -len(mount[0]))

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        path = scope["path"]
        for prefix, app in self._mounts:
            if not prefix or (path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in {"", "/"}):
                return app(scope, receive, send)
        return self._nowhere(path, send)

    async def _nowhere(self, path: str, send: Send) -> None:
        leads = bool(self._home) and path == "/"
        headers = [*_SAFE, (b"location", self._home.encode())] if leads else _SAFE
        await send({"type": "http.response.start", "status": 303 if leads else 404, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
