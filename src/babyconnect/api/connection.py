"""One HTTP/1.1 connection: its requests one after the other, each with a limit on how long it may take to arrive.

What a slow or silent other side costs is bounded here: a head, the next piece of a body, the next request and the
taking of an answer each have their time, and no more of a body is taken in than an application asked for.

The answers of one turn of the loop go out at its end, one right after the other: whoever waits for them is woken once
for many, and not between every two.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from babyconnect.api.exchange import Exchange
from babyconnect.api.strict import lacking
from babyconnect.api.wire import MAX_HEAD, Framing, Head, Malformed, head, status_line

if TYPE_CHECKING:
    from babyconnect.api.asgi import App

HEAD_SECONDS = 10.0
IDLE_SECONDS = 75.0
BODY_SECONDS = 20.0
"""Between two pieces of a body that an application waits for."""
TAKING_SECONDS = 30.0
"""For an answer that the other side does not take in, before it makes room again."""
LINGER_SECONDS = 2.0
MOST_OF_ONE_ADDRESS = 1_000
"""Connections of one network address at a time: whoever opens as many as she can leaves room for others."""
HIGH_WATER = 262_144
WRITE_BUFFER = 1_048_576
"""An answer of ordinary size is handed to the system without waiting for its reader."""

Facts = Callable[[asyncio.BaseTransport], Mapping[str, Any]]
"""What is known of a connection once it is made (its certificate): added to the scope of each of its requests."""


class Shared:
    """What the connections of one server have in common."""

    def __init__(self, app: App, limit: int) -> None:
        self.app = app
        self.limit = limit
        self.connections: set[Connection] = set()
        self.addresses: Counter[str] = Counter()
        self.date = b""
        """The line of an answer that says the time."""
        self.closing = False
        self.held: list[Connection] = []
        """Those with an answer that goes out at the end of this turn."""
        self.running = 0
        """Applications at work, also for whoever left meanwhile: what they use is closed after them."""

    def room(self, address: str) -> bool:
        """Whether one more connection of this address is taken."""
        return not self.closing and len(self.connections) < self.limit and self.addresses[address] < MOST_OF_ONE_ADDRESS

    def hold(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> None:
        if not self.held:
            loop.call_soon(self._let_out)
        self.held.append(connection)

    def _let_out(self) -> None:
        held, self.held = self.held, []
        for connection in held:
            connection.flush()

    def forget(self, connection: Connection, address: str) -> None:
        self.connections.discard(connection)
        self.addresses[address] -= 1
        if not self.addresses[address]:
            del self.addresses[address]


class Connection(asyncio.Protocol):
    """From bytes to one exchange after the other."""

    __slots__ = (
        "_address",
        "_buffer",
        "_facts",
        "_held",
        "_lingering",
        "_loop",
        "_paused",
        "_writable",
        "base",
        "deadline",
        "exchange",
        "shared",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(self, shared: Shared, facts: Facts | None) -> None:
        self.shared = shared
        self._facts = facts
        self._buffer = b""
        self._held: list[bytes] = []
        self._address = ""
        self._lingering = self._paused = False
        self._writable: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self.exchange: Exchange | None = None
        self.deadline = self._loop.time() + HEAD_SECONDS
        self.base: dict[str, Any] = {}

    # ------------------------------------------------------------------ what the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER)
        client = transport.get_extra_info("peername")
        address = str(client[0]) if client else ""
        if not self.shared.room(address):
            transport.abort()  # type: ignore[attr-defined]
            return
        self.shared.connections.add(self)
        self.shared.addresses[address] += 1
        self._address = address
        tls = transport.get_extra_info("ssl_object") is not None
        self.base = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "scheme": "https" if tls else "http",
            "server": transport.get_extra_info("sockname"),
            "client": client,
            "root_path": "",
            **(self._facts(transport) if self._facts else {}),
        }

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            return
        if self.exchange is not None and not self.exchange.complete:
            self.body(data)
            return
        free = self.exchange is None and self._writable is None
        if not self._buffer and free:
            self.deadline = self._loop.time() + HEAD_SECONDS
        self._buffer += data
        if free:
            self._next()
        elif len(self._buffer) > MAX_HEAD:
            self._pause()

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()
        self.deadline = self._loop.time() + TAKING_SECONDS

    def resume_writing(self) -> None:
        self._release()
        self.deadline = math.inf
        if self.exchange is None and not self.transport.is_closing():
            self._go_on()

    def _release(self) -> None:
        waiting, self._writable = self._writable, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def connection_lost(self, fault: Exception | None) -> None:
        if self in self.shared.connections:
            self.shared.forget(self, self._address)
        self._held.clear()
        self._release()
        if self.exchange is not None:
            self.exchange.lost()
            self.exchange = None

    # ------------------------------------------------------------------ requests

    def _next(self) -> None:
        """Begin the next request, as far as it has arrived."""
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n", 0, MAX_HEAD)
        if end < 0:
            if len(buffer) >= MAX_HEAD:
                self._refuse(431)
            return
        try:
            found = head(buffer[:end])
        except Malformed as wrong:
            self._refuse(wrong.status)
            return
        self._buffer = buffer[end + 4 :]
        self.deadline = math.inf
        self.exchange = exchange = Exchange(self, found)
        if found.framing is not None and not found.framing.done:
            rest, self._buffer = self._buffer, b""
            self.deadline = self._loop.time() + BODY_SECONDS
            if rest:
                self.body(rest)
                if self.exchange is not exchange:
                    return
        exchange.task = self._loop.create_task(exchange.run(self._scope(found)))

    def _scope(self, found: Head) -> dict[str, Any]:
        scope = self.base.copy()
        scope["method"] = found.method
        scope["path"] = found.path
        scope["raw_path"] = found.raw_path
        scope["query_string"] = found.query
        scope["headers"] = found.headers
        return scope

    def body(self, data: bytes) -> None:
        """More of the body of the request that is being answered."""
        exchange = self.exchange
        assert exchange is not None
        framing: Framing = exchange.framing  # type: ignore[assignment]
        try:
            content, rest = framing.feed(data)
        except Malformed as wrong:
            self._refuse(wrong.status)
            return
        held = exchange.take(content, framing.done)
        if framing.done:
            self._buffer, self.deadline = rest, math.inf
        elif held > HIGH_WATER:
            self._pause()
            self.deadline = math.inf
        else:
            self.deadline = self._loop.time() + BODY_SECONDS

    def more(self) -> None:
        """The application took what had arrived and waits for more."""
        self._resume()
        self.deadline = self._loop.time() + BODY_SECONDS

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self.transport.resume_reading()

    # ------------------------------------------------------------------ answers

    def answer(self, whole: bytes) -> None:
        """Write an answer that is there in one go."""
        if not self._held:
            self.shared.hold(self, self._loop)
        self._held.append(whole)

    def flush(self) -> None:
        """Write what is held."""
        if self._held:
            held, self._held = self._held, []
            if not self.transport.is_closing():
                self.transport.write(held[0] if len(held) == 1 else b"".join(held))

    def write(self, *parts: bytes) -> None:
        """Write a piece now, behind what is held."""
        self.flush()
        self.transport.writelines(parts)

    def abort(self) -> None:
        """Break off: what was answered before goes out, if it still can."""
        self.flush()
        self.transport.abort()

    @property
    def writing_waits(self) -> asyncio.Future[None] | None:
        """What to wait for before more is written; None when there is room."""
        return self._writable

    def done(self, go_on: bool) -> None:
        """The answer is written: on to the next request, or to the end."""
        exchange, self.exchange = self.exchange, None
        if not go_on or self.shared.closing:
            self._close(lingering=exchange is not None and not exchange.complete)
            return
        # Who does not take her answers gets no more of them: pipelined requests wait until there is room.
        if self._writable is None:
            self._go_on()

    def _go_on(self) -> None:
        self.deadline = self._loop.time() + IDLE_SECONDS
        if len(self._buffer) < MAX_HEAD:  # else there is enough to go on with: who sends faster than we answer, waits
            self._resume()
        if self._buffer:
            self.deadline = self._loop.time() + HEAD_SECONDS
            self._next()

    def _close(self, lingering: bool) -> None:
        """Close when everything is written.  Unread bytes would make the system throw the answer away: take them in."""
        self.flush()
        if not lingering:
            self.deadline = self._loop.time() + TAKING_SECONDS
            self.transport.close()
            return
        self._lingering, self._buffer = True, b""
        self.deadline = self._loop.time() + LINGER_SECONDS
        self._resume()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _refuse(self, status: int) -> None:
        """Answer what is no request, and close."""
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.lost()
            if exchange.started:
                self.abort()
                return
        strict = lacking((), self.base["scheme"] == "https")
        end = b"content-length: 0\r\nconnection: close\r\n\r\n"
        self.write(status_line(status), self.shared.date, strict, end)
        self._close(lingering=True)

    def expire(self, now: float) -> None:
        """Whatever took too long is over."""
        if now < self.deadline:
            return
        idle = self.exchange is None and not self._buffer
        if idle or self._lingering or self._writable is not None or self.transport.is_closing():
            self.transport.abort()
        else:
            self._refuse(408)

    def stop(self) -> None:
        """The server ends: at once when nothing is being answered, else after the answer."""
        if self.exchange is None:
            self.flush()
            self.transport.close()
        else:
            self.exchange.leave()
