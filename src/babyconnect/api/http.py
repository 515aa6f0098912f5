"""Just enough HTTP for machines: a request read within limits, an answer with strict headers, and which form it takes.

No framework: the paths that matter go from bytes to bytes (stack.md).  FHIR STU3 http.html for media types.
"""

from __future__ import annotations

import asyncio
import functools
import random
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from babyconnect.api.asgi import WHOLE
from babyconnect.api.outcomes import Refusal, operation_outcome, status
from babyconnect.api.peers import peer_of
from babyconnect.api.server import Receive, Scope, Send
from babyconnect.api.wire import Headers
from babyconnect.birthcare.peer import Peer

MAX_URL = 8_000
BODY_SECONDS = 10.0
_MEDIA = {True: b"application/fhir+json; charset=utf-8", False: b"application/fhir+xml; charset=utf-8"}
_JSON_NAMES = frozenset({"json", "application/fhir+json", "application/json", "text/json", "application/json+fhir"})
_XML_NAMES = frozenset({"xml", "application/fhir+xml", "application/xml", "text/xml", "application/xml+fhir"})
_TRACE = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)


class Request(msgspec.Struct, frozen=True):
    """What was asked: `path` below the API's base, the raw query string, headers in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    scope: Scope
    receive: Receive

    @property
    def two_tokens(self) -> bool:
        """More than one Authorization header: which is meant cannot be known (RFC 9110 §5.3 allows one)."""
        sent = self.scope["headers"]
        # Without any header twice there is nothing to count.
        return len(self.headers) < len(sent) and [name for name, _ in sent].count(b"authorization") > 1

    @property
    def token(self) -> str | None:
        """The bearer token (RFC 6750 §2.1: in the header only)."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None

    @property
    def address(self) -> str:
        """The asker's network address, as the socket knows it."""
        client = self.scope.get("client")
        return f"{client[0]}:{client[1]}" if client else ""

    @property
    def peer(self) -> Peer | None:
        """Whose client certificate the connection was made with; None over the plain listener or without one."""
        return peer_of(self.scope)

    @property
    def trace(self) -> str:
        """The asker's `traceparent` (W3C Trace Context), so that both ends log the same; a fresh one when unusable."""
        return trace_from(self.headers)


class Answer(NamedTuple):
    """What is answered; `json` says in which form of FHIR, `media` that it is none."""

    status: int
    body: bytes
    json: bool = True
    headers: tuple[tuple[bytes, bytes], ...] = ()
    media: bytes = b""


def trace_of(sent: str) -> str:
    """A `traceparent` as it may be logged; "" for anything else, so that nobody writes into a log what they like."""
    return sent if _TRACE.fullmatch(sent) else ""


def trace_from(headers: Mapping[str, str]) -> str:
    """The `traceparent` among these headers (lower-case names) when it is one of version 00, else a new one."""
    return trace_of(headers.get("traceparent", "")) or _new_trace()


def _new_trace() -> str:
    # Random so that no two are alike; nothing is guarded by it, so nothing is asked of the system for it.
    made = f"{random.getrandbits(192):048x}"
    return f"00-{made[:32]}-{made[32:]}-01"


def refuse(refusal: Refusal, json: bool = True, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Answer:
    return Answer(status(refusal), operation_outcome(refusal, json), json, headers)


def _text_of(sent: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in sent}


def request(scope: Scope, receive: Receive, below: str) -> Request:
    sent = scope["headers"]
    headers = sent.text if isinstance(sent, Headers) else _text_of(sent)
    query = scope["query_string"].decode("latin-1")
    return Request(scope["method"], scope["path"].removeprefix(below), query, headers, scope, receive)


async def body(request: Request, limit: int, seconds: float = BODY_SECONDS) -> bytes | Refusal:
    """The request's body, refused as soon as it is too large or too slow."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > limit:
        return Refusal("too_large")
    parts, size = [], 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await request.receive()
                if message["type"] != "http.request":
                    return Refusal("not_understood")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > limit:
                    return Refusal("too_large")
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        return Refusal("too_slow")


async def send(answer: Answer, send: Send, method: str = "GET") -> None:
    headers = [
        (b"content-type", answer.media or _MEDIA[answer.json]),
        (b"content-length", b"%d" % len(answer.body)),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})


def given(answer: Answer, scope: Scope) -> bool:
    """Give the answer in one go, where the server takes it so (`asgi.WHOLE`); whether it did."""
    whole = scope.get(WHOLE)
    if whole is None:
        return False
    whole(answer.status, [(b"content-type", answer.media or _MEDIA[answer.json]), *answer.headers], answer.body)
    return True


def media_type(header: str) -> str:
    """The bare media type of a Content-Type header."""
    return header.partition(";")[0].strip().lower()


def is_json(media: str) -> bool | None:
    """True for FHIR JSON, False for FHIR XML, None for anything else."""
    return True if media in _JSON_NAMES else False if media in _XML_NAMES else None


@functools.lru_cache(maxsize=256)
def form(accept: str, format: str | None) -> bool | Refusal:
    """Whether to answer in JSON (else XML): `_format` overrides `Accept`; JSON when the asker does not mind."""
    if format is not None:
        # An unencoded plus in a URL reads as a space.
        chosen = is_json(media_type(format).replace(" ", "+"))
        return Refusal("not_acceptable") if chosen is None else chosen
    best: tuple[float, bool] | None = None
    for offered in accept.split(",") if accept.strip() else ["*/*"]:
        media, *rest = offered.split(";")
        chosen = True if media.strip() in ("*/*", "application/*") else is_json(media.strip().lower())
        weight = _quality(rest)
        if chosen is not None and weight > 0 and (best is None or weight > best[0]):
            best = (weight, chosen)
    return Refusal("not_acceptable") if best is None else best[1]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
