"""A request is read in one way only, whichever way its bytes arrive; whatever could be read in two is refused."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babyconnect.api import wire
from babyconnect.api.wire import Chunked, Framing, Length, Malformed, head, line

PLAIN = b"GET /fhir/stu3/Patient/a%20b?x=1&y=%3D HTTP/1.1\r\nHost: node.test\r\nX-One:  two \t"


def test_a_head_is_read_into_its_parts():
    found = head(PLAIN)
    assert (found.method, found.path, found.raw_path) == ("GET", "/fhir/stu3/Patient/a b", b"/fhir/stu3/Patient/a%20b")
    assert found.query == b"x=1&y=%3D"
    assert found.headers == [(b"host", b"node.test"), (b"x-one", b"two")]
    assert found.framing is None
    assert found.keep_alive


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"", 400),
        (b"GET /", 400),
        (b"GET  / HTTP/1.1\r\nHost: a", 400),
        (b"get / HTTP/1.1\r\nHost: a", 400),
        (b"GET http://a/ HTTP/1.1\r\nHost: a", 400),
        (b"GET * HTTP/1.1\r\nHost: a", 400),
        (b"GET /a b HTTP/1.1\r\nHost: a", 400),
        (b"GET /\x00 HTTP/1.1\r\nHost: a", 400),
        (b"GET /%00 HTTP/1.1\r\nHost: a", 400),
        (b"GET /%ff HTTP/1.1\r\nHost: a", 400),
        (b"GET / HTTP/2.0\r\nHost: a", 505),
        (b"GET / HTTP/1.1", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded: b", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX : b", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n: b", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nno colon", 400),
        (b"GET / HTTP/1.1\r\nHost: a\nX: b", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x00", 400),
        (b"GET / HTTP/1.1\r\nHost: a" + b"\r\nX: b" * 100, 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked", 501),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity", 501),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked", 501),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: wonders", 417),
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(text: bytes, status: int):
    with pytest.raises(Malformed) as refused:
        head(text)
    assert refused.value.status == status


def test_an_older_client_is_answered_once_and_never_in_chunks():
    found = head(b"GET / HTTP/1.0")
    assert not found.keep_alive
    assert not found.current


def test_a_client_that_wants_to_close_is_believed():
    assert not head(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Close").keep_alive


def in_pieces(framing: Framing, data: bytes, cuts: list[int]) -> tuple[bytes, bytes]:
    """What a body and what follows it are, when the bytes arrive cut up."""
    body, rest, start = b"", b"", 0
    for end in [*sorted({c % (len(data) + 1) for c in cuts}), len(data)]:
        if framing.done:
            rest += data[start:end]
        else:
            content, after = framing.feed(data[start:end])
            body, rest = body + content, rest + after
        start = end
    return body, rest


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.lists(st.integers(0, 400)), st.binary(max_size=9))
def test_a_body_in_chunks_is_the_same_wherever_it_is_cut(chunks: list[bytes], cuts: list[int], after: bytes):
    sent = b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n" + after
    framing = Chunked()
    assert in_pieces(framing, sent, cuts) == (b"".join(chunks), after)
    assert framing.done


@given(st.binary(max_size=60), st.lists(st.integers(0, 100)), st.binary(max_size=9))
def test_a_body_of_known_length_ends_there(body: bytes, cuts: list[int], after: bytes):
    framing = Length(len(body))
    assert in_pieces(framing, body + after, cuts) == (body, after)
    assert framing.done


def fed(framing: Framing, pieces: list[bytes]) -> None:
    for piece in pieces:
        framing.feed(piece)


@pytest.mark.parametrize(
    "sent",
    [
        b"1;a=b\r\nx\r\n0\r\n\r\n",
        b"1\nx\n0\n\n",
        b"-1\r\n",
        b"\r\n",
        b"g\r\n",
        b"000000001\r\nx\r\n",
        b"1\r\nxy\r\n",
        b"1\r\nx\r1\r\n",
        b"0\r\nTrailer: a\r\n\r\n",
        b"1 \r\nx\r\n",
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_chunks_that_two_readers_could_understand_differently_are_refused(sent: bytes, at_once: bool):
    with pytest.raises(Malformed):
        fed(Chunked(), [sent] if at_once else [sent[n : n + 1] for n in range(len(sent))])


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(text: bytes):
    for read in (head, lambda data: Chunked().feed(data)):
        with contextlib.suppress(Malformed):
            read(text)


@pytest.mark.parametrize(
    "header", [(b"location", b"/a\r\nset-cookie: b"), (b"x", b"a\nb"), (b"x\r\ny", b"a"), (b"", b"a")]
)
def test_no_header_of_an_answer_can_begin_another(header: tuple[bytes, bytes]):
    with pytest.raises(ValueError, match="line break"):
        line(header)


def test_what_a_body_costs_is_in_proportion_to_its_length():
    def cost(chunks: int) -> float:
        body = b"1\r\nx\r\n" * chunks
        took = []
        for _ in range(3):
            framing, began = Chunked(), time.process_time()
            assert len(framing.feed(body)[0]) == chunks
            took.append(time.process_time() - began)
        return min(took)

    assert cost(80_000) < 40 * cost(10_000)  # eight times as many: sixty-four times when each costs the rest


def test_headers_that_everybody_sends_read_the_same_each_time_and_what_one_sends_alone_is_kept_nowhere():
    def read(token: bytes) -> wire.Headers:
        sent = b"GET /a HTTP/1.1\r\nHost: a\r\nACCEPT: b\r\nAuthorization: Bearer %b\r\nAccept: c" % token
        return wire.head(sent).headers

    one, other = read(b"secret-1"), read(b"secret-2")

    assert one.text == {"host": "a", "accept": "c", "authorization": "Bearer secret-1"}  # of two the last
    assert other.text["authorization"] == "Bearer secret-2"
    assert [value for name, value in one if name == b"accept"] == [b"b", b"c"]
    assert b"secret" not in b"".join(wire._known)


def test_never_more_than_so_many_headers_are_kept():
    for number in range(3 * wire._MOST_KEPT):
        wire.head(b"GET /a HTTP/1.1\r\nHost: %d" % number)
    assert len(wire._known) <= wire._MOST_KEPT
