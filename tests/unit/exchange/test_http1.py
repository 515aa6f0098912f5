"""The small HTTP client: whatever way an answer is cut into packets, it is read the same, and rubbish is refused."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.exchange.http1 import Answer, Http, Rubbish, Unreachable, _Connection, _request

SOUND = {
    "by length": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", b"hello"),
    "empty": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "after a 100": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    "no reason": (b"HTTP/1.1 200\r\ncontent-length:5\r\n\r\nhello", b"hello"),
}


class Transport:
    def __init__(self) -> None:
        self.closed = False

    def write(self, data: bytes) -> None: ...

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


async def received(pieces: list[bytes], end: bool = False, limit: int = 1000) -> tuple[Answer, bool]:
    connection, transport = _Connection(), Transport()
    connection.connection_made(transport)
    task = asyncio.create_task(connection.exchange(b"", limit))
    await asyncio.sleep(0)
    for piece in pieces:
        connection.data_received(piece)
    if end:
        connection.connection_lost(None)
    return await asyncio.wait_for(task, 1), transport.closed


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(SOUND)), st.lists(st.integers(1, 90), max_size=6))
def test_an_answer_is_the_same_however_it_is_cut(name, cuts):
    wire, body = SOUND[name]
    at = sorted({c for c in cuts if c < len(wire)})
    pieces = [wire[a:b] for a, b in zip([0, *at], [*at, len(wire)], strict=True)]
    answer, closed = asyncio.run(received(pieces))
    assert (answer.body, closed) == (body, False)


async def test_an_answer_without_length_ends_with_the_connection():
    answer, _ = await received([b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo"], end=True)
    assert answer.body == b"hello"


async def test_more_than_was_announced_closes_the_connection():
    answer, closed = await received([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n"])
    assert (answer.body, closed) == (b"{}", True)


async def test_a_source_that_says_close_is_not_used_again():
    _, closed = await received([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"])
    assert closed


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 999 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 1024 + b"\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01" * 8000,
    ],
)
async def test_what_is_no_answer_as_we_take_it_is_refused(wire):
    with pytest.raises(Rubbish):
        await received([wire])


@pytest.mark.parametrize(
    "url",
    ["ftp://x/y", "http://", "http://user:secret@x/", "http://x/a b", "http://x/a\r\nX: y", "http://x:99999/", "x"],
)
async def test_an_address_that_is_none_is_unreachable(url):
    with pytest.raises(Unreachable):
        await Http().send("GET", url, {})


def test_a_header_value_cannot_begin_another_header():
    with pytest.raises(Rubbish):
        _request("GET", "/", "x", {"Authorization": "Bearer a\r\nX-Evil: 1"}, b"")
