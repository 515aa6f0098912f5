"""Serve one ASGI application from this process: granian inside our own event loop, stopped by SIGINT or SIGTERM.

One process per node is a promise of the demo and keeps a node's memory small; granian's supervisor would add a second.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvloop
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADER_SECONDS = 10
BACKPRESSURE = 256


async def _serve(
    build: Callable[[], Awaitable[tuple[App, Callable[[], Awaitable[None]]]]], host: str, port: int
) -> None:
    app, close = await build()
    _settle()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_enabled=False,
        log_level=LogLevels.warning,
        backpressure=BACKPRESSURE,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000),
    )
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.stop()
        await asyncio.wait({serving}, timeout=5)
        if serving.done() and not serving.cancelled() and (fault := serving.exception()):
            raise fault
    finally:
        stopping.cancel()
        await close()


def _settle() -> None:
    """What start-up made lives as long as the process: the collector need not walk through it at every consult.

    Measured: with the defaults the collector took some 40 % of an asking node's processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def serve(build: Callable[[], Awaitable[tuple[App, Callable[[], Awaitable[None]]]]], listen: str) -> None:
    """Run until stopped.  `build` makes the application inside the loop and says how to close it."""
    host, _, port = listen.rpartition(":")
    uvloop.run(_serve(build, host or "127.0.0.1", int(port)))
