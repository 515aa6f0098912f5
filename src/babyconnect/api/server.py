"""Serve one ASGI application from this process until SIGINT or SIGTERM: HTTP/1.1 on uvloop, no framework in between.

Every application is ASGI (`api.asgi`);
what comes in is read strictly (`api.wire`), and what a connection may cost is bounded (`api.connection`).  A `Listener`
may speak TLS; what its handshake proved is put into the scope of each request by its `facts`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from email.utils import formatdate

import uvloop

from babyconnect.api.asgi import App, Message, Receive, Scope, Send
from babyconnect.api.connection import Connection, Facts, Shared

__all__ = [
    "App",
    "Build",
    "Listener",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "listening",
    "plain",
    "serve",
    "serve_at",
    "settle",
]

MAX_CONNECTIONS = 4_000
BACKLOG = 1_024
HANDSHAKE_SECONDS = 10.0
STOP_SECONDS = 5.0
SWITCH_SECONDS = 0.001
"""How long the log's writer waits for a busy loop to let it in: three times per batch, and everybody waits for it."""

Close = Callable[[], Awaitable[None]]
Build = Callable[[], Awaitable[tuple[App, Close]]]


@dataclass(frozen=True, slots=True)
class Listener:
    """Where to listen.  `tls`: the server's context, whose certificates may be loaded anew while it serves; `shared`:
    other processes of this node listen there too, and the system gives each connection to one of them."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    facts: Facts | None = None
    shared: bool = False


@contextlib.asynccontextmanager
async def listening(app: App, listeners: Sequence[Listener], limit: int = MAX_CONNECTIONS) -> AsyncIterator[None]:
    """Serve `app` while the block lasts; afterwards what is being answered is let finish for a while."""
    shared = Shared(app, limit)
    watching = asyncio.create_task(_watch(shared))
    servers: list[asyncio.Server] = []
    try:
        for listener in listeners:
            servers.append(await _open(shared, listener))
        yield
    finally:
        for server in servers:
            server.close()
        await _finish(shared)
        watching.cancel()


async def _open(shared: Shared, listener: Listener) -> asyncio.Server:
    shared.date = _date()
    return await asyncio.get_running_loop().create_server(
        lambda: Connection(shared, listener.facts),
        listener.host,
        listener.port,
        backlog=BACKLOG,
        ssl=listener.tls,
        ssl_handshake_timeout=HANDSHAKE_SECONDS if listener.tls else None,
        reuse_port=listener.shared or None,
    )


def _date() -> bytes:
    return b"date: %b\r\n" % formatdate(usegmt=True).encode()


async def _watch(shared: Shared) -> None:
    """Once a second: the time that answers bear, and what took too long."""
    loop = asyncio.get_running_loop()
    while True:
        shared.date = _date()
        now = loop.time()
        for connection in tuple(shared.connections):
            connection.expire(now)
        await asyncio.sleep(1)


async def _finish(shared: Shared) -> None:
    shared.closing = True
    for connection in tuple(shared.connections):
        connection.stop()
    until = asyncio.get_running_loop().time() + STOP_SECONDS
    while (shared.connections or shared.running) and asyncio.get_running_loop().time() < until:
        await asyncio.sleep(0.02)
    for connection in tuple(shared.connections):
        connection.transport.abort()


async def _serve(build: Build, listeners: Sequence[Listener]) -> None:
    app, close = await build()
    try:
        settle()
        stop = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        async with listening(app, listeners):
            await stop.wait()
    finally:
        await close()


def settle() -> None:
    """What start-up made lives as long as the process: the collector need not walk through it at every consult.

    Measured: with the defaults the collector took some 40 % of an asking node's processor time.
    """
    gc.collect()
    gc.freeze()
    # Above what fifty records hold while they are read: below it each burst was walked through once, 24 ms for nothing.
    gc.set_threshold(200_000, 20, 50)
    sys.setswitchinterval(SWITCH_SECONDS)


def serve(build: Build, listen: str, others: Sequence[Listener] = ()) -> None:
    """Run until stopped.  `build` makes the application inside the loop and says how to close it."""
    serve_at(build, [plain(listen), *others])


def plain(listen: str, shared: bool = False) -> Listener:
    """The listener of a setting `HOST:PORT`."""
    host, _, port = listen.rpartition(":")
    return Listener(host or "127.0.0.1", int(port), shared=shared)


def serve_at(build: Build, listeners: Sequence[Listener]) -> None:
    """The same at these, which may be none."""
    uvloop.run(_serve(build, listeners))
