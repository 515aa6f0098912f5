"""What no well-behaved client sends, to a node and a region that really listen: slow, endless, too large, ambiguous.

"Smuggled" is a second request that an attacker hides in the first, for whoever shares the connection after her: it
shows as one answer more than a strict reader gives.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.api import connection
from babyconnect.api.server import MAX_CONNECTIONS
from tests.attacks.edge import Edge, ask, said, talk

HIDDEN = b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
MOUNTS = [
    ("practice", "/fhir/stu3/Patient/_search"), ("practice", "/oauth/token"), ("practice", "/intake"),
    ("practice", "/viewer/zoek"), ("practice", "/client/consents/controle"), ("practice", "/access/v1/evaluation"),
    ("practice", "/mitz/notify"), ("practice", "/.well-known/audit/reconcile"), ("practice", "/nowhere"),
    ("region", "/fhir/r4/List"), ("region", "/pseudonyms/evaluate"), ("region", "/idp/token"),
    ("region", "/zis/90000001/aanmelden"), ("region", "/mitz-simulator/geslotenautorisatievraag/xacml3"),
]  # fmt: skip

SMUGGLING = {
    "length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN),
    "two equal lengths": b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "a list of lengths": b"Content-Length: 0, 0\r\n\r\n",
    "a signed length": b"Content-Length: +0\r\n\r\n",
    "a negative length": b"Content-Length: -1\r\n\r\n",
    "a length in other digits": "Content-Length: ٠\r\n\r\n".encode(),
    "a length with a space inside": b"Content-Length: 0 0\r\n\r\n",
    "a space before the colon": b"Content-Length : 0\r\n\r\n",
    "a folded header": b"X: a\r\n Content-Length: 9\r\nContent-Length: 0\r\n\r\n",
    "a folded encoding": b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 0\r\n\r\n",
    "a bare line feed": b"X: a\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
    "a bare carriage return": b"X: a\rTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
    "a NUL": b"X: a\x00Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
    "two encodings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a list of encodings": b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    "an encoding with a tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "an encoding of another name": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "an encoding in quotes": b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "a chunk extension": b"Transfer-Encoding: chunked\r\n\r\n0;a=b\r\n\r\n",
    "a chunk extension over a line feed": b"Transfer-Encoding: chunked\r\n\r\n0;\n\r\n\r\n",
    "a chunk size in other clothes": b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
    "a chunk size that overflows": b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n",
    "a chunk that ends in a line feed": b"Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n",
    "a trailer": b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 9\r\n\r\n",
}
TARGETS = {
    "absolute form": b"GET http://evil.test/health HTTP/1.1\r\nHost: a\r\n\r\n",
    "authority form": b"CONNECT evil.test:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "asterisk form": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "no target": b"GET HTTP/1.1\r\nHost: a\r\n\r\n",
    "a relative target": b"GET health HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space in it": b"GET /health HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tab": b"GET\t/health\tHTTP/1.1\r\nHost: a\r\n\r\n",
    "a NUL in the path": b"GET /health%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a raw NUL": b"GET /health\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "half a character": b"GET /health%c3 HTTP/1.1\r\nHost: a\r\n\r\n",
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /health HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "a method in small letters": b"get /health HTTP/1.1\r\nHost: a\r\n\r\n",
    "another protocol": b"GET /health HTTPS/1.1\r\nHost: a\r\n\r\n",
    "another version": b"GET /health HTTP/1.2\r\nHost: a\r\n\r\n",
    "the next version": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a line before it": b"\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n",
    "only line feeds": b"GET /health HTTP/1.1\nHost: a\n\n\r\n\r\n",
    "an expectation": b"GET /health HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n",
}


def answers(found: bytes) -> int:
    return found.count(b"HTTP/1.1 ") - found.count(b"HTTP/1.1 100 ")


@pytest.mark.parametrize("who", ["practice", "region"])
@pytest.mark.parametrize("name", SMUGGLING)
def test_nothing_is_smuggled_by(edge: Edge, who: str, name: str) -> None:
    found = talk(edge.ports[who], b"POST /nowhere HTTP/1.1\r\nHost: a\r\n" + SMUGGLING[name] + HIDDEN)
    assert answers(found) == 1
    assert said(found).status in (400, 501) and b"status" not in said(found).body


@pytest.mark.parametrize("name", TARGETS)
def test_no_request_is(edge: Edge, name: str) -> None:
    found = talk(edge.ports["practice"], TARGETS[name] + HIDDEN)
    assert answers(found) == 1 and said(found).status in (400, 417, 505)


@pytest.mark.parametrize(("who", "path"), MOUNTS)
def test_a_body_that_a_mount_does_not_read_is_not_the_next_request(edge: Edge, who: str, path: str) -> None:
    """A request refused on its head leaves its body on the connection: it must never be read as a request."""
    first = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: {len(HIDDEN)}\r\n\r\n"
    found = talk(edge.ports[who], first.encode() + HIDDEN + END)
    assert answers(found) <= 2 and b'"status":"ok"' not in found


@pytest.mark.parametrize(("who", "path"), MOUNTS)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(edge: Edge, who: str, path: str) -> None:
    answer = ask(edge.ports[who], "POST", path, {"content-type": "application/json"}, b"")
    assert answer.status < 500
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n".encode()
    began = time.monotonic()
    found = talk(edge.ports[who], head + b"x" * 20_000_000, seconds=20)
    # 303: nobody is logged in; either way nothing was done, and the rest was not read.
    assert not found or 400 <= said(found).status < 500 or said(found).status == 303
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("what", ["url", "header", "headers", "query"])
def test_a_head_that_is_too_large_is_refused(edge: Edge, what: str) -> None:
    heads = {
        "url": b"GET /" + b"a" * 33_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        "query": b"GET /fhir/stu3/Patient?" + b"a" * 33_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        "header": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 33_000 + b"\r\n\r\n",
        "headers": b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 101 + b"\r\n",
    }
    found = talk(edge.ports["practice"], heads[what] + HIDDEN)
    assert answers(found) == 1 and said(found).status == 431


def test_a_long_address_within_the_head_is_refused_by_the_api(edge: Edge) -> None:
    assert ask(edge.ports["practice"], "GET", "/fhir/stu3/Patient?" + "a" * 9_000).status in (401, 413)


# ---------------------------------------------------------------------- time


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits on time, made short for a test; which there are is the table's."""
    for name in ("HEAD_SECONDS", "IDLE_SECONDS", "BODY_SECONDS", "TAKING_SECONDS"):
        monkeypatch.setattr(connection, name, 0.5)


def drip(port: int, begin: bytes, piece: bytes, seconds: float) -> tuple[bytes, float]:
    """Sends a little every tenth of a second, and says when the server had enough of it."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), 10) as wire:
        wire.sendall(begin)
        wire.settimeout(0.1)
        found = b""
        while time.monotonic() - began < seconds:
            try:
                part = wire.recv(65_536)
                if not part:
                    break
                found += part
            except TimeoutError:
                with contextlib.suppress(OSError):
                    wire.sendall(piece)
            except ConnectionError:
                break
        return found, time.monotonic() - began


def test_a_head_that_comes_a_byte_at_a_time_ends_when_its_time_is_over(edge: Edge, hasty: None) -> None:
    found, took = drip(edge.ports["practice"], b"GET / HTTP/1.1\r\nHost: a\r\n", b"X", 8)
    assert said(found).status == 408 and took < 6


@pytest.mark.parametrize(("who", "path"), [("practice", "/oauth/token"), ("region", "/fhir/r4/List")])
def test_a_body_that_comes_a_byte_at_a_time_ends_when_its_time_is_over(
    edge: Edge, monkeypatch: pytest.MonkeyPatch, who: str, path: str
) -> None:
    """Each byte is in time for the connection; the whole has a limit of its own, which an application keeps."""
    from babyconnect.api import forms, region_gate

    monkeypatch.setattr(forms, "BODY_SECONDS", 1)
    monkeypatch.setattr(region_gate, "BODY_SECONDS", 1)
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    found, took = drip(edge.ports[who], head.encode(), b"x", 8)
    assert said(found).status == 408 and took < 6


def test_an_answer_that_nobody_takes_does_not_hold_its_connection(edge: Edge, hasty: None) -> None:
    asked = b"GET /fhir/stu3/metadata HTTP/1.1\r\nHost: a\r\n\r\n"
    with socket.socket() as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        wire.connect(("127.0.0.1", edge.ports["practice"]))
        wire.settimeout(0.2)
        until, closed = time.monotonic() + 15, False
        while time.monotonic() < until and not closed:
            try:
                wire.sendall(asked * 50)
            except TimeoutError:
                time.sleep(0.2)
            except ConnectionError:
                closed = True
    assert closed


def test_slow_callers_do_not_hold_up_another(edge: Edge) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            wire = stack.enter_context(socket.create_connection(("127.0.0.1", edge.ports["practice"]), 5))
            wire.sendall(b"POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nx")
        began = time.monotonic()
        assert ask(edge.ports["practice"], "GET", "/health").status == 200
        assert time.monotonic() - began < 5


def test_one_address_does_not_get_all_connections(edge: Edge) -> None:
    """Somebody who opens as many as she can leaves room for others: from another address, one is answered."""
    wires: list[socket.socket] = []
    try:
        for _ in range(connection.MOST_OF_ONE_ADDRESS + 50):
            with contextlib.suppress(OSError):
                wires.append(socket.create_connection(("127.0.0.1", edge.ports["hospital"]), 5))
        refused = 0
        for wire in wires[-20:]:
            wire.settimeout(2)
            with contextlib.suppress(TimeoutError):
                try:
                    refused += wire.recv(1) == b""
                except ConnectionError:
                    refused += 1
        assert refused >= 15
        with socket.create_connection(("127.0.0.1", edge.ports["hospital"]), 5, ("127.0.0.2", 0)) as other:
            other.sendall(HIDDEN)
            assert said(other.recv(65_536)).status == 200
    finally:
        for wire in wires:
            wire.close()
    assert connection.MOST_OF_ONE_ADDRESS < MAX_CONNECTIONS


# ---------------------------------------------------------------------- however the bytes are cut

PIPELINE = (
    b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /fhir/stu3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    b"GET /viewer/nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD /client/ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /a%2f..%2fb HTTP/1.1\r\nHost: a\r\n\r\n",
)
END = b"GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def statuses(found: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", found)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(PIPELINE), min_size=1, max_size=4),
    st.lists(st.integers(1, 400), max_size=6),
)
def test_any_split_of_the_bytes_into_packets_yields_the_same_answers(
    edge: Edge, requests: list[bytes], cuts: list[int]
) -> None:
    sent = b"".join(requests) + END
    at = sorted({cut % len(sent) for cut in cuts} - {0})
    pieces = [sent[start:end] for start, end in zip([0, *at], [*at, len(sent)], strict=True)]
    port = edge.ports["practice"]
    whole, cut = statuses(nagle_free(port, [sent])), nagle_free(port, pieces)
    found = statuses(cut)
    # A request that is refused before its body came ends the connection, since where it ends is not known yet.
    ended = cut.rpartition(b"HTTP/1.1 ")[2].partition(b"\r\n\r\n")[0].count(b"connection: close") == 1
    assert found == whole[: len(found)] and ended
    assert len(found) == len(whole) or found[-1] in (b"401", b"415")


def nagle_free(port: int, pieces: list[bytes]) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                wire.sendall(piece)
                time.sleep(0.001)
        found = b""
        with contextlib.suppress(ConnectionError):
            while part := wire.recv(65_536):
                found += part
    return found


def test_connections_side_by_side_are_answered_each_its_own(edge: Edge) -> None:
    wrong: list[bytes] = []

    def one(path: bytes, status: bytes) -> None:
        for _ in range(10):
            found = talk(edge.ports["practice"], b"GET %b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % path)
            if not found.startswith(b"HTTP/1.1 " + status):
                wrong.append(found[:80])

    kinds = [(b"/health", b"200"), (b"/nowhere", b"404"), (b"/viewer", b"308"), (b"/oauth/token", b"405")]
    threads = [threading.Thread(target=one, args=kind) for kind in kinds * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
