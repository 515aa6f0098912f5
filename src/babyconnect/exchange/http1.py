"""A small HTTP/1.1 client for one job: many short requests to few places over kept-alive connections.

A consult makes some 25 requests at once and fifty viewers more than a thousand; measured on two busy cores, aiohttp's
client costs 0.17 to 0.25 ms of processor per request and this one 0.08 to 0.10, which is 100 ms on fifty screens.  It
takes only what we send and need (RFC 9112: no redirects, cookies, compression, trailers or upgrades) and is strict:
whatever does not parse ends the connection.  The bytes come from other organisations: everything has a limit.
"""

from __future__ import annotations

import asyncio
import functools
import math
import re
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, cast
from urllib.parse import urlsplit

LARGEST_HEAD = 32_768
LARGEST_BODY = 8 * 2**20
MOST_IDLE = 64
LOOK_AGAIN_SECONDS = 600.0
"""A connection over mutual TLS is made anew after this: a certificate that ended meanwhile is noticed."""
_STATUS = re.compile(r"HTTP/1\.[01] ([1-5][0-9][0-9])(?: [^\r\n]*)?")
_LENGTHS = frozenset({"content-length", "transfer-encoding"})
_TARGET = re.compile(r"/[!-~]*")


class Unreachable(OSError):
    """No connection, or it ended before the answer was whole.  `early`: before its first byte, on a used connection."""

    def __init__(self, reason: str, early: bool = False) -> None:
        super().__init__(reason)
        self.early = early


class Rubbish(OSError):
    """What came is not HTTP as we take it, or too large."""


class Security(Protocol):
    """Mutual TLS as it is now (`trust.tls.Material`): contexts and trust change while we run."""

    def current(self) -> Any:
        """Has `client`, the context to connect with, and `number`, which grows when anything changed."""

    def server_flaw(self, der: bytes | None, ura: str) -> str | None:
        """Why this is not the server of this organisation; None when it is."""


class Answer(NamedTuple):
    """A whole answer; header names in lower case, the last value of each."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        # Asking for the running loop is a system call (getpid) in Python 3.11: once per connection, not per request.
        self.loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport | None = None
        self.secured_by, self.good_until = 0, math.inf
        self.used = False
        self._waiter: asyncio.Future[Answer] | None = None
        self._buffer = bytearray()
        self._head: tuple[int, dict[str, str]] | None = None
        self._length: int | None = None
        self._chunked = False
        self._limit = LARGEST_BODY

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast: uvloop's transports are no subclass of asyncio's.
        self.transport = cast(asyncio.Transport, transport)

    @property
    def open(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    async def exchange(self, request: bytes, limit: int) -> Answer:
        assert self.transport is not None
        self._waiter = self.loop.create_future()
        self._limit = limit
        self.transport.write(request)
        try:
            return await self._waiter
        finally:
            # Cancelled or failed: what still comes belongs to nobody, so the connection cannot be used again.
            if not self._waiter.done() or self._waiter.cancelled() or self._waiter.exception() is not None:
                self.close()
            self._waiter = None
            self.used = True

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._waiter is None or self._waiter.done():
            # Bytes that nobody asked for: the next answer could not be told from them.
            self.close()
            return
        try:
            if self._buffer or self._head is not None or not self._at_once(data):
                self._buffer += data
                self._advance(at_end=False)
        except (Rubbish, ValueError, LookupError) as fault:
            self._fail(fault if isinstance(fault, Rubbish) else Rubbish("malformed HTTP"))

    def connection_lost(self, fault: Exception | None) -> None:
        if self._waiter is None or self._waiter.done():
            return
        if self._head is not None and self._length is None and not self._chunked and fault is None:
            self._advance(at_end=True)
            return
        early = self.used and self._head is None and not self._buffer
        self._waiter.set_exception(Unreachable("the connection was lost", early))

    def _fail(self, fault: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(fault)
        self.close()

    def _at_once(self, data: bytes) -> bool:
        """An answer that arrived in one piece, as most do: taken without copying it about.  False when it did not."""
        end = data.find(b"\r\n\r\n", 0, LARGEST_HEAD)
        if end < 0:
            return False
        self._read_head(data[:end])
        if self._head is None or self._length != len(data) - end - 4 or self._length > self._limit:
            self._head, self._length, self._chunked = None, None, False
            return False
        self._finish(data[end + 4 :])
        return True

    def _advance(self, at_end: bool) -> None:
        while self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end > LARGEST_HEAD or (end < 0 and len(self._buffer) > LARGEST_HEAD):
                raise Rubbish("the head is too large")
            if end < 0:
                return
            self._read_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
        if len(self._buffer) > self._limit + LARGEST_HEAD or (self._length or 0) > self._limit:
            raise Rubbish("the answer is too large")
        body = self._body(at_end)
        if body is not None:
            if len(body) > self._limit:
                raise Rubbish("the answer is too large")
            self._finish(body)

    def _read_head(self, head: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        match = _STATUS.fullmatch(first)
        if match is None:
            raise Rubbish("no HTTP status line")
        status = int(match[1])
        if status < 200:
            return  # 100 Continue and its kin: the answer is still to come
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name[0].isspace() or name[-1].isspace():
                raise Rubbish("a malformed header")
            key, text = name.lower(), value.strip()
            if key in _LENGTHS and headers.get(key, text) != text:
                raise Rubbish("two lengths")
            headers[key] = text
        self._head = (status, headers)
        self._frame(status, headers)

    def _frame(self, status: int, headers: dict[str, str]) -> None:
        coding, length = headers.get("transfer-encoding"), headers.get("content-length")
        self._chunked = coding is not None and coding.lower() == "chunked"
        if coding is not None and (not self._chunked or length is not None):
            raise Rubbish("an unknown framing")
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise Rubbish("a content coding that was not asked for")
        self._length = None
        if status in (204, 304):
            self._length, self._chunked = 0, False
        elif length is not None:
            if not (length.isascii() and length.isdigit() and len(length) < 16):
                raise Rubbish("a malformed length")
            self._length = int(length)

    def _body(self, at_end: bool) -> bytes | None:
        if self._length is not None:
            if len(self._buffer) < self._length:
                return None
            body = bytes(self._buffer[: self._length])
            del self._buffer[: self._length]
            return body
        if self._chunked:
            return self._dechunk()
        if not at_end:
            return None
        body = bytes(self._buffer)
        self._buffer.clear()
        return body

    def _dechunk(self) -> bytes | None:
        """All chunks, when all are there.  Trailers are not taken."""
        parts: list[bytes] = []
        at = 0
        while True:
            end = self._buffer.find(b"\r\n", at)
            if end < 0:
                if len(self._buffer) - at > 64:
                    raise Rubbish("a malformed chunk")
                return None
            size_text = bytes(self._buffer[at:end]).partition(b";")[0].strip()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size_text):
                raise Rubbish("a malformed chunk")
            size, at = int(size_text, 16), end + 2
            if len(self._buffer) < at + size + 2:
                return None
            if self._buffer[at + size : at + size + 2] != b"\r\n":
                raise Rubbish("a malformed chunk")
            if size == 0:
                del self._buffer[: at + 2]
                return b"".join(parts)
            parts.append(bytes(self._buffer[at : at + size]))
            at += size + 2

    def _finish(self, body: bytes) -> None:
        assert self._head is not None
        assert self._waiter is not None
        status, headers = self._head
        kept = headers.get("connection", "").lower() != "close" and (self._length is not None or self._chunked)
        if self._buffer or not kept:
            # More bytes than the answer has, or the other side closes.
            self.close()
        self._head, self._length, self._chunked = None, None, False
        self._waiter.set_result(Answer(status, headers, body))


class _Origin(NamedTuple):
    """A tuple, whose hash costs little: connections are looked up by it for every request."""

    host: str
    port: int
    tls: bool
    authority: str


@functools.lru_cache(maxsize=4096)
def _origin(url: str) -> tuple[_Origin, str]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
        raise Unreachable("not an address we can ask")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _TARGET.fullmatch(target):
        raise Unreachable("not an address we can ask")
    tls = parts.scheme == "https"
    try:
        port = parts.port or (443 if tls else 80)
    except ValueError:
        raise Unreachable("not an address we can ask") from None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    authority = host if port == (443 if tls else 80) else f"{host}:{port}"
    return _Origin(parts.hostname, port, tls, authority), target


class Http:
    """Kept-alive connections to every origin asked so far.

    With `security` every connection is mutual TLS, and the other side must be the organisation that is asked
    (`owner`, its URA); what was connected under older certificates or lists is not used again.  Without, `tls` checks
    the certificates of https addresses; by default the system's.
    """

    def __init__(
        self, tls: ssl.SSLContext | None = None, security: Security | None = None, server_name: str = ""
    ) -> None:
        """`server_name`: whose name the certificate bears, when it is not the address's."""
        self._tls = tls
        self._security = security
        self._server_name = server_name
        self._idle: dict[tuple[_Origin, str], list[_Connection]] = {}

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        limit: int = LARGEST_BODY,
        owner: str = "",
    ) -> Answer:
        """One request, one whole answer.  Raises Unreachable or Rubbish; follows nothing and tries nothing twice."""
        origin, target = _origin(url)
        request = _request(method, target, origin.authority, headers, body)
        connection = await self._connection(origin, owner)
        answer = await connection.exchange(request, limit)
        self._keep(origin, owner, connection)
        return answer

    def close(self) -> None:
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    async def _connection(self, origin: _Origin, owner: str) -> _Connection:
        idle = self._idle.get((origin, owner))
        number = self._security.current().number if self._security else 0
        while idle:
            connection = idle.pop()
            if connection.open and connection.secured_by == number and connection.loop.time() < connection.good_until:
                return connection
            connection.close()
        return await self._connect(origin, owner)

    async def _connect(self, origin: _Origin, owner: str) -> _Connection:
        if self._security is not None:
            return await self._connect_secured(origin, owner, self._security)
        if origin.tls and self._tls is None:
            self._tls = ssl.create_default_context()
        return await self._opened(origin, self._tls if origin.tls else None)

    async def _connect_secured(self, origin: _Origin, owner: str, security: Security) -> _Connection:
        if not origin.tls:
            raise Unreachable("not an address over TLS")
        if not owner:
            raise Unreachable("it was not said whose server it must be")
        loaded = security.current()
        connection = await self._opened(origin, loaded.client)
        assert connection.transport is not None
        theirs = connection.transport.get_extra_info("ssl_object")
        flaw = security.server_flaw(theirs.getpeercert(binary_form=True), owner)
        if flaw is not None:
            connection.close()
            raise Unreachable(flaw.replace("_", " "))
        connection.secured_by = loaded.number
        connection.good_until = connection.loop.time() + LOOK_AGAIN_SECONDS
        return connection

    async def _opened(self, origin: _Origin, context: ssl.SSLContext | None) -> _Connection:
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                *(_Connection, origin.host, origin.port),
                ssl=context,
                server_hostname=self._server_name or None if context else None,
            )
        except OSError as fault:
            raise Unreachable(f"no connection ({type(fault).__name__})") from None
        return connection

    def _keep(self, origin: _Origin, owner: str, connection: _Connection) -> None:
        idle = self._idle.setdefault((origin, owner), [])
        if connection.open and len(idle) < MOST_IDLE:
            idle.append(connection)
        else:
            connection.close()


def _request(method: str, target: str, authority: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {authority}"]
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise Rubbish("a header value that cannot be sent")
        lines.append(f"{name}: {value}")
    if body or method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "\r\n"]).encode("ascii") + body
