"""`/health` and `/metrics` of a node: whether it serves, and how much and how fast, without a client in any label."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

from babyconnect.api.asgi import App, Message, Receive, Scope, Send

PARTS = ("/fhir", "/oauth", "/viewer", "/intake")
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Measured:
    """An application, counted by part and status; answers `/health` and `/metrics` itself."""

    def __init__(self, app: App, state: Callable[[], Mapping[str, object]]) -> None:
        self._app = app
        self._state = state
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "node_requests", "Requests by part and status.", ["part", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "node_seconds", "Seconds per request, by part.", ["part"], buckets=_BUCKETS, registry=self._registry
        )
        self._kept: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path == "/health":
            told = {"status": "ok", "process": os.getpid(), **self._state()}
            # Whatever balances load or watches goes by the status: a node that releases nothing is not well.
            well = 200 if told["status"] == "ok" else 503
            await _send(send, orjson.dumps(told), b"application/json", well)
        elif path == "/metrics":
            await _send(send, generate_latest(self._registry), CONTENT_TYPE_LATEST.encode())
        else:
            await self._counted(scope, receive, send, path)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        part = path[: path.find("/", 1)] if path.find("/", 1) > 0 else path
        if part not in PARTS:
            part = "other"
        watched = _Watched(send)
        began = time.perf_counter()
        try:
            await self._app(scope, receive, watched.send)
        finally:
            counted, timed = self._meters(part, watched.status)
            counted.inc()
            timed.observe(time.perf_counter() - began)

    def _meters(self, part: str, status: int) -> tuple[Counter, Histogram]:
        """Kept: looking one up by its labels costs as much as the rest of counting."""
        found = self._kept.get((part, status))
        if found is None:
            found = self._kept[part, status] = (self._requests.labels(part, status), self._seconds.labels(part))
        return found


class _Watched:
    """A `send` that remembers the status that went by; 500 until there is one."""

    __slots__ = ("_send", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 500

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


async def _send(send: Send, body: bytes, media: bytes, status: int = 200) -> None:
    headers = [(b"content-type", media), (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
