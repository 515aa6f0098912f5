"""A request that a worker hands on is answered as if the keeper had taken it itself."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest

from babyconnect.api.asgi import App, Receive, Scope, Send
from babyconnect.api.peers import Secured, facts, secured
from babyconnect.workers.handing_on import HandOn, Hands
from tests.federation.serving import free_port, serving
from tests.support.asgi import ask


@contextlib.asynccontextmanager
async def handed_to(app: App) -> AsyncIterator[tuple[HandOn, Hands]]:
    here, there = socket.socketpair()
    worker, keeper = HandOn(), Hands(app, lambda certificate: facts(Secured(certificate, judge=None)))  # type: ignore[arg-type]
    await worker.begin(here)
    await keeper.begin(there)
    try:
        yield worker, keeper
    finally:
        worker.close()
        keeper.close()


async def says_back(scope: Scope, receive: Receive, send: Send) -> None:
    """The request, as it came, and its body piece by piece."""
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-path", scope["raw_path"])]})
    while True:
        message = await receive()
        await send({"type": "http.response.body", "body": message["body"], "more_body": message["more_body"]})
        if not message["more_body"]:
            return


async def test_a_large_body_goes_there_and_back_whole() -> None:
    body = bytes(range(256)) * 20_000
    port = free_port()
    async with handed_to(says_back) as (worker, _), serving(worker, port) as base, aiohttp.ClientSession() as session:

        async def once() -> tuple[int, str, bytes]:
            async with session.post(f"{base}/a%20b?c=d", data=body) as answer:
                return answer.status, answer.headers["x-path"], await answer.read()

        assert await asyncio.gather(*(once() for _ in range(5))) == [(201, "/a%20b", body)] * 5


async def test_the_keeper_sees_what_the_worker_saw() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        assert await receive() == {"type": "http.request", "body": b"", "more_body": False}
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def over_tls(scope: Scope, receive: Receive, send: Send) -> None:
        scope |= {**facts(Secured(b"certificate", judge=None)), "raw_path": b"/x"}  # type: ignore[arg-type]
        scope.setdefault("scheme", "https")
        await worker(scope, receive, send)

    async with handed_to(app) as (worker, _):
        answered = await ask(over_tls, "GET", "/x?b=c", {"accept": "a"})
    (scope,) = seen
    known = secured(scope)
    assert answered.status == 204
    assert (scope["method"], scope["path"], scope["query_string"]) == ("GET", "/x", b"b=c")
    assert (b"accept", b"a") in scope["headers"]
    assert known is not None
    assert known.certificate == b"certificate"


async def test_a_reader_that_leaves_is_told_to_an_application_that_streams() -> None:
    left = asyncio.Event()

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        assert await receive() == {"type": "http.disconnect"}
        left.set()

    port = free_port()
    async with handed_to(streams) as (worker, _), serving(worker, port) as base, aiohttp.ClientSession() as session:
        async with session.get(base) as answer:
            assert await answer.content.readexactly(5) == b"first"
            answer.close()
        async with asyncio.timeout(20):
            await left.wait()


@pytest.mark.parametrize("begun", [False, True])
async def test_an_application_that_fails_is_a_bare_500_or_half_an_answer_that_shows_as_such(begun: bool) -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("her name")

    port = free_port()
    async with handed_to(fails) as (worker, _), serving(worker, port) as base, aiohttp.ClientSession() as session:
        if begun:
            with pytest.raises(aiohttp.ClientError):
                async with session.get(base) as answer:
                    await answer.read()
        else:
            async with session.get(base) as answer:
                assert (answer.status, await answer.read()) == (500, b"")


async def test_without_a_keeper_nothing_is_answered() -> None:
    waits = asyncio.Event()

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        waits.set()
        await asyncio.Event().wait()

    port = free_port()
    async with handed_to(never) as (worker, keeper), serving(worker, port) as base, aiohttp.ClientSession() as session:

        async def status() -> int:
            async with session.get(base) as answer:
                return answer.status

        asked = asyncio.create_task(status())
        await waits.wait()
        keeper.close()
        assert await asked == 500
        assert await status() == 500
