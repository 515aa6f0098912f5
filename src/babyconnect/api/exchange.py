"""One request and its answer, between a connection and the ASGI application that answers it.

An answer goes out as one write when the application gives it whole.  Its length is what was said, or the connection is
broken off: a reader must never take the end of one answer for the beginning of the next.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import structlog

from babyconnect.api.asgi import TOLD, WHOLE, Message
from babyconnect.api.strict import lacking
from babyconnect.api.wire import Head, line, status_line

if TYPE_CHECKING:
    from babyconnect.api.connection import Connection

_DISCONNECT = {"type": "http.disconnect"}
_log = structlog.get_logger(__name__)


class Exchange:
    """`receive` and `send` are the application's."""

    __slots__ = (
        "_chunked",
        "_connection",
        "_current",
        "_gone",
        "_handed",
        "_head",
        "_keep_alive",
        "_left",
        "_method",
        "_over",
        "_parts",
        "_waiter",
        "_waits",
        "complete",
        "framing",
        "started",
        "task",
    )

    def __init__(self, connection: Connection, head: Head) -> None:
        self._connection = connection
        self._method = head.method
        self._keep_alive = head.keep_alive
        self._waits = head.waits
        self._current = head.current
        self.framing = head.framing
        self.complete = head.framing is None or head.framing.done
        self.started = False
        self.task: asyncio.Task[None] | None = None
        self._parts: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None
        self._handed = self._gone = self._over = self._chunked = False
        self._head: Message | None = None
        self._left: int | None = None

    async def run(self, scope: dict[str, Any]) -> None:
        """Let the application answer.  Its fault ends in a bare 500, or in half an answer that shows as such."""
        shared = self._connection.shared
        shared.running += 1
        scope[WHOLE] = self.whole
        began = time.perf_counter()
        try:
            await shared.app(scope, self.receive, self.send)
        except Exception as fault:
            # Only the kind of fault: its text may quote a record.
            _log.error("an application failed", fault=type(fault).__name__)
        finally:
            shared.running -= 1
            if (told := scope.get(TOLD)) is not None:
                told(scope["path"], self._head["status"] if self._head else 500, time.perf_counter() - began)
        if self._over:
            return
        if self._gone or self.started or self._connection.transport.is_closing():
            self._connection.abort()
            return
        self._head = {"status": 500, "headers": []}
        self._keep_alive = False
        self._whole(b"")

    # ------------------------------------------------------------------ the request's body

    async def receive(self) -> Message:
        while True:
            if self._gone:
                return _DISCONNECT
            if self._parts or (self.complete and not self._handed):
                body = b"".join(self._parts)
                self._parts.clear()
                self._handed = self.complete
                return {"type": "http.request", "body": body, "more_body": not self.complete}
            if not self.complete:
                if self._waits and not self.started:
                    self._waits = False
                    self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self._connection.more()
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def take(self, content: bytes, complete: bool) -> int:
        """More of the body arrived; how much of it waits to be asked for."""
        self.complete = complete
        if content and not self._over:
            self._parts.append(content)
        self._wake()
        return sum(map(len, self._parts))

    def lost(self) -> None:
        """There is nobody to answer any more."""
        self._gone = True
        self._wake()

    def leave(self) -> None:
        """The server stops: an application that streams and watches for its reader's leaving ends now."""
        self._keep_alive = False
        if self.complete and self._waiter is not None:
            self.lost()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ------------------------------------------------------------------ the answer

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._head = message
            return
        if message["type"] != "http.response.body" or self._over or self._gone:
            return
        body = message.get("body", b"")
        if not message.get("more_body"):
            if self.started:
                self._last(body)
            else:
                self._whole(body)
            return
        if not self.started:
            self._begin()
        self._piece(body)
        waiting = self._connection.writing_waits
        if waiting is not None:
            await waiting

    def whole(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """`send` for an answer in one go."""
        if not self._over and not self._gone:
            self._head = {"status": status, "headers": headers}
            self._whole(body)

    def _whole(self, body: bytes) -> None:
        """An answer in one go."""
        assert self._head is not None
        status = self._head["status"]
        bodiless = self._method == "HEAD" or status in (204, 304)
        said, lines = self._lines(status, self._head["headers"])
        if said is None and not bodiless:
            lines.append(b"content-length: %d\r\n" % len(body))
        elif said is not None and said != len(body) and not bodiless:
            self._connection.abort()
            raise ValueError("an answer is not as long as it says")
        self.started = True
        lines.append(b"\r\n")
        if bodiless:
            self._connection.answer(b"".join(lines))
        elif len(body) < 16_384:
            lines.append(body)
            self._connection.answer(b"".join(lines))
        else:
            self._connection.write(b"".join(lines), body)
        self._end()

    def _begin(self) -> None:
        """The head of an answer that comes in pieces."""
        assert self._head is not None
        said, lines = self._lines(self._head["status"], self._head["headers"])
        self._chunked = said is None and self._current
        self._left = said
        if self._chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        self.started = True
        self._connection.write(b"".join(lines))

    def _piece(self, body: bytes) -> None:
        if not body or self._method == "HEAD":
            return
        if self._chunked:
            self._connection.write(b"%x\r\n%b\r\n" % (len(body), body))
            return
        if self._left is not None:
            self._left -= len(body)
            if self._left < 0:
                self._connection.abort()
                raise ValueError("an answer is longer than it says")
        self._connection.write(body)

    def _last(self, body: bytes) -> None:
        self._piece(body)
        if self._chunked and self._method != "HEAD":
            self._connection.write(b"0\r\n\r\n")
        elif self._left and self._method != "HEAD":
            self._connection.abort()
            raise ValueError("an answer is shorter than it says")
        self._end()

    def _end(self) -> None:
        self._over = True
        if self._waiter is not None:
            self.lost()
        self._connection.done(self._keep_alive and self.complete)

    def _lines(self, status: int, headers: list[tuple[bytes, bytes]]) -> tuple[int | None, list[bytes]]:
        """The length that was said, if any, and the lines of the head."""
        said: int | None = None
        tls = self._connection.base["scheme"] == "https"
        lines = [status_line(status), self._connection.shared.date, lacking(tuple([h[0] for h in headers]), tls)]
        for header in headers:
            name = header[0]
            if name == b"content-length":
                said = int(header[1])
                lines.append(b"content-length: %d\r\n" % said)
            elif name == b"connection":
                self._keep_alive = self._keep_alive and header[1].lower() != b"close"
            elif name not in {b"transfer-encoding", b"date"}:
                lines.append(line(header))
        if not (self._keep_alive and self.complete):
            lines.append(b"connection: close\r\n")
        return said, lines
