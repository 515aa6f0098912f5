"""Ask an ASGI application without a socket."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from babyconnect.api.server import App


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found


async def ask(app: App, method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Response:
    parts = urlsplit(url)
    sent = {"host": "node.test", **({"content-length": str(len(body))} if body else {}), **(headers or {})}
    scope = {
        "type": "http",
        "method": method,
        "path": parts.path,
        "query_string": parts.query.encode(),
        "headers": [(k.lower().encode(), v.encode()) for k, v in sent.items()],
    }
    messages: list[dict[str, Any]] = []
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return pending.pop() if pending else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        messages.append(message)

    await app(scope, receive, send)
    start, *rest = messages
    found = {k.decode(): v.decode() for k, v in start["headers"]}
    return Response(start["status"], found, b"".join(m.get("body", b"") for m in rest))
