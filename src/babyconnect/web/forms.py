"""Read a small form of our own pages: urlencoded, limited in size, one value per field."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

LARGEST = 8_192


async def form(request: Request, largest: int = LARGEST) -> dict[str, str]:
    """The fields of a posted form of at most `largest` bytes.

    A field that comes twice is refused: two readers might pick different ones.
    """
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > largest:
            raise HTTPException(413)
    return single(body.decode("utf-8", errors="replace"))


def single(text: str) -> dict[str, str]:
    """Names and values of an urlencoded text, each name once."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=40)
    except ValueError as problem:
        raise HTTPException(400) from problem
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise HTTPException(400)
    return fields
