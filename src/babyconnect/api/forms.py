"""A form body for the token endpoint and its neighbours: read within limits, each parameter once (RFC 6749 §3.2)."""

from __future__ import annotations

import asyncio
import functools
from urllib.parse import unquote_plus

from babyconnect.api.asgi import Receive, Scope

MAX_BODY = 65_536
MAX_PARAMETERS = 20
BODY_SECONDS = 10
MAX_SHORT = 120


async def read(scope: Scope, receive: Receive) -> dict[str, str] | int:
    """The form's parameters, or the status of the refusal: not a form, too large, too slow, or a parameter twice."""
    if header(scope, b"content-type").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return 415
    if scope.get("query_string"):
        # RFC 6749 §3.2: parameters are in the body; one that is also in the address could be read either way.
        return 400
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _body(receive)
    except TimeoutError:
        return 408
    if body is None:
        return 413
    try:
        return _parameters(body.decode("ascii"))
    except ValueError:
        return 400


def header(scope: Scope, name: bytes) -> str:
    """The value of a header, or "" when it is absent or given more than once."""
    values = [value for key, value in scope["headers"] if key == name]
    return values[0].decode("latin-1") if len(values) == 1 else ""


def _parameters(body: str) -> dict[str, str]:
    """Each parameter once, decoded; raises ValueError for anything else.  Written out, since it is on every consult's
    path and an assertion has nothing to decode."""
    form: dict[str, str] = {}
    for pair in body.split("&", MAX_PARAMETERS):
        name, equals, value = pair.partition("=")
        name, value = _decoded(name), _decoded(value)
        if not equals or not name or name in form or len(form) == MAX_PARAMETERS:
            raise ValueError("not a form")
        form[name] = value
    return form


def _decoded(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    return _short(text) if len(text) < MAX_SHORT else unquote_plus(text, errors="strict")


@functools.lru_cache(maxsize=256)
def _short(text: str) -> str:
    """Names of grants and kinds of assertion: the same in every request."""
    return unquote_plus(text, errors="strict")


async def _body(receive: Receive) -> bytes | None:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
