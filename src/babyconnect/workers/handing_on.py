"""A request that is not for a worker, handed on whole to the keeper, and its answer back: ASGI between two processes.

The keeper asks for the body as its application asks for it, and sends the next piece of an answer when the last was
taken, so that neither holds more than one piece of it.  What a handshake proved goes along as the certificate; the
keeper judges it itself.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import structlog

from babyconnect.api.asgi import App, Message, Receive, Scope, Send
from babyconnect.api.peers import secured
from babyconnect.workers.channel import Channel

_BASE = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "root_path": ""}
_NOTHING: Message = {"type": "http.request", "body": b"", "more_body": False}
_GONE: Message = {"type": "http.disconnect"}
_log = structlog.get_logger(__name__)
Place = tuple[str, int] | None


class _Said(msgspec.Struct, frozen=True, array_like=True, tag=True):
    number: int


class Begun(_Said, frozen=True):
    """The head of a request.  `certificate`: the caller's over TLS, None without one; `body`: whether one comes."""

    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    scheme: str
    client: Place
    server: Place
    tls: bool
    certificate: bytes | None
    body: bool


class Piece(_Said, frozen=True):
    """Of the body, when it was asked for."""

    content: bytes
    more: bool


class Left(_Said, frozen=True):
    """There is nobody to answer any more."""


class Taken(_Said, frozen=True):
    """The last piece of the answer was taken."""


class Wants(_Said, frozen=True):
    """The next piece of the body."""


class Answers(_Said, frozen=True):
    """The head of the answer."""

    status: int
    headers: list[tuple[bytes, bytes]]


class Part(_Said, frozen=True):
    """Of the answer."""

    content: bytes
    more: bool


class Broken(_Said, frozen=True):
    """The application failed: there is no (more) answer."""


_encode = msgspec.msgpack.Encoder().encode
_to_keeper = msgspec.msgpack.Decoder(Begun | Piece | Left | Taken)
_to_worker = msgspec.msgpack.Decoder(Wants | Answers | Part | Broken)


class NotAnswered(Exception):
    """The keeper did not answer, or not to the end."""


class HandOn:
    """The worker's end: an ASGI application that answers with what the keeper answers."""

    def __init__(self) -> None:
        self._channel = Channel(self._heard, self._lost)
        self._last = 0
        self._open: dict[int, asyncio.Queue[Wants | Answers | Part | Broken]] = {}

    async def begin(self, own: socket.socket) -> None:
        await self._channel.begin(own)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._channel.open:
            raise NotAnswered
        self._last += 1
        number, said = self._last, asyncio.Queue[Wants | Answers | Part | Broken]()
        self._open[number] = said
        fetching: list[asyncio.Task[None]] = []
        try:
            self._channel.say(_encode(_begun(number, scope)))
            if not await self._answered(said, receive, send, fetching, number):
                raise NotAnswered
        except BaseException:
            self._channel.say(_encode(Left(number)))
            raise
        finally:
            del self._open[number]
            for task in fetching:
                task.cancel()

    async def _answered(
        self,
        said: asyncio.Queue[Wants | Answers | Part | Broken],
        receive: Receive,
        send: Send,
        fetching: list[asyncio.Task[None]],
        number: int,
    ) -> bool:
        while True:
            match await said.get():
                case Wants():
                    fetching[:] = [asyncio.create_task(self._fetch(number, receive))]
                case Answers(_, status, headers):
                    await send({"type": "http.response.start", "status": status, "headers": headers})
                case Part(_, content, more):
                    await send({"type": "http.response.body", "body": content, "more_body": more})
                    if not more:
                        return True
                    self._channel.say(_encode(Taken(number)))
                case _:
                    return False

    async def _fetch(self, number: int, receive: Receive) -> None:
        message = await receive()
        if message["type"] != "http.request":
            self._channel.say(_encode(Left(number)))
        else:
            self._channel.say(_encode(Piece(number, message.get("body", b""), message.get("more_body", False))))

    def _heard(self, message: bytes) -> None:
        found = _to_worker.decode(message)
        waiting = self._open.get(found.number)
        if waiting is not None:
            waiting.put_nowait(found)

    def _lost(self) -> None:
        for number, waiting in self._open.items():
            waiting.put_nowait(Broken(number))

    def close(self) -> None:
        self._channel.close()


def _begun(number: int, scope: Scope) -> Begun:
    connection = secured(scope)
    body = any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])
    return Begun(
        number,
        scope["method"],
        scope["path"],
        scope["raw_path"],
        scope["query_string"],
        scope["headers"],
        scope["scheme"],
        _place(scope.get("client")),
        _place(scope.get("server")),
        connection is not None,
        connection.certificate if connection is not None else None,
        body,
    )


def _place(address: Any) -> Place:
    return (str(address[0]), int(address[1])) if address else None


class Hands:
    """The keeper's end for one worker.  `facts` is what a TLS connection with this certificate adds to a scope."""

    def __init__(self, app: App, facts: Callable[[bytes | None], Mapping[str, Any]]) -> None:
        self._app, self._facts = app, facts
        self._channel = Channel(self._heard, self._lost)
        self._open: dict[int, _Request] = {}

    async def begin(self, own: socket.socket) -> None:
        await self._channel.begin(own)

    def _heard(self, message: bytes) -> None:
        found = _to_keeper.decode(message)
        if isinstance(found, Begun):
            request = self._open[found.number] = _Request(self._channel, found)
            request.task = asyncio.create_task(self._run(request, self._scope(found)))
        elif (known := self._open.get(found.number)) is not None:
            known.heard(found)

    def _scope(self, found: Begun) -> dict[str, Any]:
        return {
            **_BASE,
            "method": found.method,
            "path": found.path,
            "raw_path": found.raw_path,
            "query_string": found.query,
            "headers": [(bytes(name), bytes(value)) for name, value in found.headers],
            "scheme": found.scheme,
            "client": found.client,
            "server": found.server,
            **(self._facts(found.certificate) if found.tls else {}),
        }

    async def _run(self, request: _Request, scope: dict[str, Any]) -> None:
        try:
            await self._app(scope, request.receive, request.send)
        except Exception as fault:
            # Only the kind of fault: its text may quote a record.
            _log.error("an application failed", fault=type(fault).__name__)
        finally:
            del self._open[request.number]
            if not request.ended:
                self._channel.say(_encode(Broken(request.number)))

    def close(self) -> None:
        self._channel.close()

    def _lost(self) -> None:
        for request in self._open.values():
            request.heard(Left(request.number))


class _Request:
    """One request at the keeper: the application's `receive` and `send`."""

    def __init__(self, channel: Channel, head: Begun) -> None:
        self._channel, self.number = channel, head.number
        self._body, self._gone = head.body, False
        self._piece: asyncio.Future[Message] | None = None
        self._taken: asyncio.Future[None] | None = None
        self._handed = False
        self.ended = False
        self.task: asyncio.Task[None] | None = None

    def heard(self, found: Piece | Left | Taken) -> None:
        if isinstance(found, Piece):
            self._body = found.more
            self._arrived({"type": "http.request", "body": found.content, "more_body": found.more})
        elif isinstance(found, Left):
            self._gone = True
            self._arrived(_GONE)
            self._room()
        else:
            self._room()

    def _arrived(self, message: Message) -> None:
        if self._piece is not None and not self._piece.done():
            self._piece.set_result(message)

    def _room(self) -> None:
        if self._taken is not None and not self._taken.done():
            self._taken.set_result(None)

    async def receive(self) -> Message:
        if self._gone:
            return _GONE
        if not self._body and not self._handed:
            self._handed = True
            return _NOTHING
        # After the body there is only her leaving to hear of: the worker says so when it is asked.
        self._handed = True
        self._piece = asyncio.get_running_loop().create_future()
        self._channel.say(_encode(Wants(self.number)))
        return await self._piece

    async def send(self, message: Message) -> None:
        if self._gone or self.ended:
            return
        if message["type"] == "http.response.start":
            self._channel.say(_encode(Answers(self.number, message["status"], list(message["headers"]))))
            return
        more = bool(message.get("more_body"))
        self.ended = not more
        if more:
            self._taken = asyncio.get_running_loop().create_future()
        self._channel.say(_encode(Part(self.number, message.get("body", b""), more)))
        if more and self._taken is not None:
            await self._taken
