"""Serve an ASGI application on loopback inside the test's own loop, by the product's server."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

from babyconnect.api.server import Listener, listening
from babyconnect.exchange.http1 import Http


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def serving(app: Any, port: int) -> AsyncIterator[str]:
    async with listening(app, [Listener("127.0.0.1", port)]):
        yield f"http://127.0.0.1:{port}"


@contextlib.asynccontextmanager
async def calling() -> AsyncIterator[Http]:
    http = Http()
    yield http
    http.close()
