"""Compress pages and event streams on their way out: a record of 345 lines is 590 kB of text, and 50 kB on the line.

Each part of a stream is flushed at once, so that nothing waits for more.  What makes compression beside a secret unsafe
(BREACH) is not there: form tokens are masked anew on every page and no page repeats what an address asked.
"""

from __future__ import annotations

import zlib

from starlette.datastructures import Headers, MutableHeaders

from babyconnect.web.headers import App, Message, Receive, Scope, Send

KINDS = ("text/html", "text/event-stream")
SMALLEST = 1_000
LEVEL = 1
GZIP = 31


class Compressed:
    """Wraps an application."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            send = _Packer(send).send
        await self._app(scope, receive, send)


class _Packer:
    """One answer.  Its head is held back until the first part of its body says whether compressing is worth it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._head: Message | None = None
        self._packer = zlib.compressobj(LEVEL, wbits=GZIP)
        self._packing = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._head = message
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        if self._head is not None:
            head, self._head = self._head, None
            await self._send(self._begin(head, message))
        await self._send(self._packed(message) if self._packing else message)

    def _begin(self, head: Message, first: Message) -> Message:
        headers = MutableHeaders(raw=head.setdefault("headers", []))
        whole_and_small = not first.get("more_body") and len(first.get("body", b"")) < SMALLEST
        kind = headers.get("content-type", "").split(";")[0]
        self._packing = kind in KINDS and not whole_and_small and "content-encoding" not in headers
        if self._packing:
            headers["content-encoding"] = "gzip"
            headers.add_vary_header("accept-encoding")
            del headers["content-length"]
        return head

    def _packed(self, message: Message) -> Message:
        more = bool(message.get("more_body"))
        end = zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH
        body = self._packer.compress(message.get("body", b"")) + self._packer.flush(end)
        return {"type": "http.response.body", "body": body, "more_body": more}
