"""`GET /.well-known/did.json`: the node's DID document, made at each request from the keys that are in use then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from babyconnect.api.asgi import App, Receive, Scope, Send

_TYPE = (b"content-type", b"application/did+json")
_KEPT = (b"cache-control", b"max-age=60")


def did_app(document: Callable[[], Mapping[str, Any]]) -> App:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["method"] in ("GET", "HEAD")
        body = orjson.dumps(document()) if asked else b""
        headers = [_TYPE, (b"content-length", b"%d" % len(body)), _KEPT if asked else (b"allow", b"GET, HEAD")]
        await send({"type": "http.response.start", "status": 200 if asked else 405, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    return answer
