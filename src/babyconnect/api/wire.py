"""HTTP/1.1 on the wire, as much of it as a server needs, read strictly (RFC 9110, RFC 9112).  Pure.

Wherever two readers could understand a request differently it is refused, so that nothing can be smuggled past
whatever stands before a node: one Host, one length or chunks and never both, no folded or malformed header, no
control character, no bare line feed, no chunk extension, no trailer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

MAX_HEAD = 32_768
MAX_HEADERS = 100
_TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TEXT = bytes([9, *range(32, 127), *range(128, 256)])
_TELLING = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection", b"expect"})
_EVERYONES = frozenset({b"host", b"accept", b"accept-encoding", b"connection", b"content-type"})
"""Headers of requests that are the same time and again, and never about anybody: how they read is kept."""
_LONGEST_KNOWN = 256
_MOST_KEPT = 256
_known: dict[bytes, _Header] = {}
_LINE = re.compile(rb"([A-Z]{1,20}) (/[!-~]*) HTTP/1\.([01])")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
_LENGTH = re.compile(rb"[0-9]{1,12}")
_STATUS = {s.value: b"HTTP/1.1 %d %s\r\n" % (s.value, s.phrase.encode()) for s in HTTPStatus}


class Headers(list[tuple[bytes, bytes]]):
    """All of a request, in order.  `text`: the same by name, of one that comes twice the last."""

    __slots__ = ("text",)

    def __init__(self) -> None:
        self.text: dict[str, str] = {}


class _Header(NamedTuple):
    sent: tuple[bytes, bytes]
    name: str
    value: str
    telling: bool


class Malformed(Exception):
    """What was sent is no request that is answered here; `status` says why."""

    def __init__(self, status: int = 400) -> None:
        super().__init__(status)
        self.status = status


class Framing(Protocol):
    """How a body is delimited: takes what arrived, gives its content and, once it has ended, what follows it."""

    done: bool

    def feed(self, data: bytes) -> tuple[bytes, bytes]: ...


@dataclass(slots=True)
class Head:
    """The head of a request.  `path` is decoded, `raw_path` as sent; header names are in lower case.

    `waits`: the body is only sent when it is asked for.  `current`: HTTP/1.1, so that an answer may come in chunks.
    """

    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: Headers
    framing: Framing | None
    keep_alive: bool
    waits: bool
    current: bool


def head(text: bytes) -> Head:
    """The head of a request, given without the empty line that ends it.  Raises Malformed."""
    first, *lines = text.split(b"\r\n")
    match = _LINE.fullmatch(first)
    if match is None:
        raise Malformed(505 if re.fullmatch(rb"[A-Z]+ \S+ HTTP/[02-9.]+", first) else 400)
    method, target, minor = match.groups()
    if len(lines) > MAX_HEADERS:
        raise Malformed(431)
    headers, telling = _headers(lines)
    raw_path, _, query = target.partition(b"?")
    current = minor == b"1"
    framing, keep_alive, waits = _meaning(telling, current)
    return Head(method.decode(), _path(raw_path), raw_path, query, headers, framing, keep_alive, waits, current)


def _headers(lines: list[bytes]) -> tuple[Headers, list[tuple[bytes, bytes]]]:
    """All headers, and those among them that say how the request is to be read."""
    found, telling = Headers(), []
    text = found.text
    for line in lines:
        sent, name, value, tells = _known.get(line) or _header(line)
        found.append(sent)
        text[name] = value
        if tells:
            telling.append(sent)
    return found, telling


def _header(line: bytes) -> _Header:
    if line.translate(None, _TEXT):
        raise Malformed
    name, colon, value = line.partition(b":")
    if not colon or not name or name.translate(None, _TOKEN):
        raise Malformed
    name, value = name.lower(), value.strip(b" \t")
    made = _Header((name, value), name.decode("latin-1"), value.decode("latin-1"), name in _TELLING)
    if name in _EVERYONES and len(line) <= _LONGEST_KNOWN:
        if len(_known) >= _MOST_KEPT:
            _known.clear()
        _known[line] = made
    return made


def _path(raw: bytes) -> str:
    if b"%" not in raw:
        return raw.decode("ascii")
    try:
        path = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError as wrong:
        raise Malformed from wrong
    if "\0" in path:
        raise Malformed
    return path


def _meaning(telling: list[tuple[bytes, bytes]], current: bool) -> tuple[Framing | None, bool, bool]:
    """How the body is delimited, whether the connection goes on afterwards, whether the body waits to be asked for."""
    hosts, keep_alive, waits = 0, current, False
    framing: Framing | None = None
    for name, value in telling:
        if name == b"host":
            hosts += 1
        elif name == b"content-length":
            if framing is not None or not _LENGTH.fullmatch(value):
                raise Malformed
            framing = Length(int(value))
        elif name == b"transfer-encoding":
            if framing is not None or not current:
                raise Malformed
            if value.lower() != b"chunked":
                raise Malformed(501)
            framing = Chunked()
        elif name == b"connection":
            keep_alive = keep_alive and b"close" not in value.lower()
        elif name == b"expect":
            if value.lower() != b"100-continue":
                raise Malformed(417)
            waits = current
    if hosts != 1 and (current or hosts):
        raise Malformed
    return framing, keep_alive, waits


class Length:
    """A body of a length that was said before."""

    __slots__ = ("_left", "done")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        content, rest = data[: self._left], data[self._left :]
        self._left -= len(content)
        self.done = self._left == 0
        return content, rest


class Chunked:
    """A body in chunks, without extensions or trailers."""

    __slots__ = ("_buffer", "_left", "done")

    def __init__(self) -> None:
        self._buffer = b""
        self._left = 0
        self.done = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        # By place, not cut off piece by piece: of thousands of chunks each would cost a copy of all that follow.
        data, parts, at = self._buffer + data, [], 0
        while not self.done:
            if self._left > 2:
                part = data[at : at + self._left - 2]
                parts.append(part)
                at, self._left = at + len(part), self._left - len(part)
                if self._left > 2:
                    break
            if self._left:
                # What must follow a chunk's content.
                if not b"\r\n".startswith(data[at : at + 2]):
                    raise Malformed
                if len(data) < at + 2:
                    break
                at, self._left = at + 2, 0
            size = _size(data, at)
            if size is None:
                break
            self.done = size[0] == 0
            at, self._left = size[1], size[0] + 2 if size[0] else 0
        rest = data[at:]
        self._buffer = b"" if self.done else rest
        return b"".join(parts), rest if self.done else b""


def _size(data: bytes, at: int) -> tuple[int, int] | None:
    """The size that a chunk begins with here and where that line ends; None when it has not all arrived."""
    match = _CHUNK.match(data, at)
    if match is None:
        begun = data[at : at + 10]
        if len(begun) == 10 or begun.rstrip(b"\r").translate(None, b"0123456789abcdefABCDEF"):
            raise Malformed
        return None
    size = int(match[1], 16)
    if size:
        return size, match.end()
    after = data[match.end() : match.end() + 2]
    if not b"\r\n".startswith(after):
        raise Malformed
    return (0, match.end() + 2) if len(after) == 2 else None


_FIXED = frozenset({b"content-type", b"cache-control", b"x-content-type-options", b"content-security-policy",
                    b"referrer-policy"})  # fmt: skip
"""Headers of answers that are the same time and again, and never about anybody: their lines are kept."""
_kept: dict[tuple[bytes, bytes], bytes] = {}


def status_line(status: int) -> bytes:
    return _STATUS.get(status) or b"HTTP/1.1 %d \r\n" % status


def line(header: tuple[bytes, bytes]) -> bytes:
    """The line of one header of an answer.  ValueError when it would begin another line."""
    found = _kept.get(header)
    if found is not None:
        return found
    name, value = header
    if b"\n" in value or b"\r" in value or b"\0" in value or not name or name.translate(None, _TOKEN):
        raise ValueError("a header of an answer holds a line break")
    found = b"%b: %b\r\n" % header
    if name in _FIXED and len(_kept) < _MOST_KEPT:
        _kept[header] = found
    return found
