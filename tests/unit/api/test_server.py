"""What the server does with connections: one request after the other, limits on time and size, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from babyconnect.api import connection
from babyconnect.api.asgi import Receive, Scope, Send
from babyconnect.api.server import Listener, listening
from tests.federation.serving import free_port

GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"
BIG = b"x" * 3_000_000


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Says what was asked; the path chooses how."""
    path, headers = scope["path"], [(b"content-type", b"text/plain")]
    if path == "/fault":
        raise RuntimeError("secret of a client")
    if path == "/slow":
        await asyncio.sleep(0.3)
    body = path.encode()
    if scope["method"] == "POST" and path != "/unread":
        body = b""
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message["body"]
            if not message["more_body"]:
                break
    if path == "/big":
        body = BIG
    if path == "/wrong":
        headers.append((b"content-length", b"99"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if path == "/pieces":
        for piece in (b"one", b"", b"two"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        body = b"three"
    if path == "/forever":
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    if path == "/halfway":
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    at = free_port()
    async with listening(app, [Listener("127.0.0.1", at)]):
        yield at


async def talk(port: int, *sent: bytes) -> bytes:
    """Everything that is answered until the server closes; each piece is sent by itself."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in sent:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            return await reader.read()
    return b""


LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def test_requests_on_one_connection_are_answered_in_their_order(port: int):
    answered = await talk(port, GET % b"/slow" + GET % b"/b" + LAST)
    assert [answered.index(body) for body in (b"/slow", b"/b", b"/last")] == sorted(
        answered.index(body) for body in (b"/slow", b"/b", b"/last")
    )
    assert answered.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert answered.count(b"connection: close\r\n") == 1


async def test_a_request_is_the_same_however_its_bytes_arrive(port: int):
    sent = b"POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + LAST
    whole = await talk(port, sent)
    assert whole == await talk(port, *[sent[n : n + 7] for n in range(0, len(sent), 7)])
    assert b"\r\n\r\nabcHTTP/1.1 200" in whole


async def test_an_answer_in_pieces_comes_in_chunks(port: int):
    answered = await talk(port, GET % b"/pieces" + LAST)
    assert b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\nHTTP/1.1 200" in answered


async def test_an_older_client_gets_the_pieces_as_they_are(port: int):
    answered = await talk(port, b"GET /pieces HTTP/1.0\r\n\r\n")
    assert answered.endswith(b"\r\n\r\nonetwothree")


async def test_an_answer_to_head_has_no_body(port: int):
    answered = await talk(port, b"HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n" + LAST)
    assert answered.count(b"/abc") == 0
    assert answered.count(b"HTTP/1.1 200") == 2


async def test_a_fault_of_an_application_is_a_bare_500_that_tells_nothing(port: int):
    answered = await talk(port, GET % b"/fault")
    assert answered.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in answered


async def test_an_answer_that_broke_off_does_not_look_whole(port: int):
    assert not (await talk(port, GET % b"/halfway")).endswith(b"0\r\n\r\n")


async def test_an_answer_that_is_not_as_long_as_it_says_is_not_sent(port: int):
    assert await talk(port, GET % b"/wrong") == b""


@pytest.mark.parametrize("after", [b"/pieces", b"/halfway", b"/wrong", b"/big", b"/fault"])
async def test_an_answer_goes_out_before_whatever_follows_it_on_its_connection(port: int, after: bytes):
    answered = await talk(port, GET % b"/a" + GET % b"/b" + GET % after + LAST)
    first = b"content-length: 2\r\n\r\n/a"
    assert answered.index(first) < answered.index(b"content-length: 2\r\n\r\n/b")
    rest = answered[answered.index(b"\r\n\r\n/b") + 6 :]
    assert rest.startswith(b"" if after == b"/wrong" else b"HTTP/1.1 ")


async def test_answers_of_one_turn_go_out_together_when_all_are_made():
    said: list[str] = []

    class Transport:
        def set_write_buffer_limits(self, high: int) -> None: ...
        def get_extra_info(self, name: str) -> None: ...
        def is_closing(self) -> bool:
            return False

        def write(self, data: bytes) -> None:
            said.append("written")

    async def tells(scope: Scope, receive: Receive, send: Send) -> None:
        said.append("made")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a"})

    shared = connection.Shared(tells, 10)
    for each in [connection.Connection(shared, None) for _ in range(3)]:
        each.connection_made(Transport())  # type: ignore[arg-type]
        each.data_received(GET % b"/a" + GET % b"/b")
    for _ in range(6):
        await asyncio.sleep(0)
    assert said == (["made"] * 3 + ["written"] * 3) * 2


async def test_what_is_no_request_is_refused_and_the_connection_closed(port: int):
    answered = await talk(port, b"GET / HTTP/1.1\r\n\r\n" + GET % b"/smuggled")
    assert answered.startswith(b"HTTP/1.1 400 ")
    assert answered.count(b"HTTP/1.1") == 1


async def test_a_body_that_goes_wrong_ends_the_connection(port: int):
    sent = b"POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + GET % b"/smuggled"
    answered = await talk(port, sent)
    assert answered.startswith(b"HTTP/1.1 400 ")
    assert b"smuggled" not in answered


async def test_a_body_that_nobody_read_is_never_taken_for_a_request(port: int):
    body = GET % b"/smuggled"
    sent = b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (len(body) + 1)
    answered = await talk(port, sent, body)
    assert b"/unread" in answered
    assert b"smuggled" not in answered


async def test_a_head_without_end_is_refused(port: int):
    assert (await talk(port, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000)).startswith(b"HTTP/1.1 431 ")


async def test_a_body_is_only_sent_for_when_somebody_reads_it(port: int):
    expecting = b"POST %b HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    asked = await talk(port, expecting % b"/p", b"ab")
    assert asked.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert asked.endswith(b"ab")
    assert (await talk(port, expecting % b"/unread")).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_large_answer_reaches_a_slow_reader_whole(port: int):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(GET % b"/big" + LAST)
    await asyncio.sleep(0.1)
    answered = await reader.read(-1)
    assert len(answered) > len(BIG)
    assert answered.endswith(b"/last")


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"])
async def test_who_sends_too_slowly_is_shown_out(monkeypatch: pytest.MonkeyPatch, sent: bytes):
    for name in ("HEAD_SECONDS", "IDLE_SECONDS", "BODY_SECONDS"):
        monkeypatch.setattr(connection, name, 0.1)
    at = free_port()
    async with listening(app, [Listener("127.0.0.1", at)]):
        answered = await talk(at, sent)
    assert answered.startswith(b"HTTP/1.1 408 ") or (answered == b"" and not sent)


async def test_more_connections_than_the_limit_are_not_kept():
    at = free_port()
    async with listening(app, [Listener("127.0.0.1", at)], limit=1):
        _, first = await asyncio.open_connection("127.0.0.1", at)
        await asyncio.sleep(0.05)
        assert await talk(at, GET % b"/a") == b""
        first.close()


async def test_the_end_waits_for_what_is_being_answered_but_not_for_streams():
    at = free_port()
    async with listening(app, [Listener("127.0.0.1", at)]):
        talks = [asyncio.create_task(talk(at, GET % path)) for path in (b"/slow", b"/forever", b"/a")]
        await asyncio.sleep(0.1)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 2
    slow, forever, idle = await asyncio.gather(*talks)
    assert slow.endswith(b"/slow")
    assert b"begun" in forever
    assert idle.endswith(b"/a")


async def test_what_a_connection_proved_is_in_the_scope_of_its_requests():
    seen: list[Any] = []

    async def looking(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["proved"])
        await app(scope, receive, send)

    at = free_port()
    async with listening(looking, [Listener("127.0.0.1", at, facts=lambda transport: {"proved": "this"})]):
        await talk(at, GET % b"/a" + LAST)
    assert seen == ["this", "this"]
