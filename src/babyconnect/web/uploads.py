"""Read a form of our own pages that carries one file: multipart/form-data (RFC 7578), limited in size."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request

_BOUNDARY = re.compile(r"""multipart/form-data;\s*boundary="?([0-9A-Za-z'()+_,./:=?-]{1,70})"?""")
_NAME = re.compile(r'(?:^|;)\s*name="([^"\r\n]{1,80})"')
_FILE = re.compile(r'(?:^|;)\s*filename="([^"\r\n]{0,300})"')
_MOST_PARTS = 12
_BESIDE = 16_384
"""Bytes for what is in the form beside the file."""


@dataclass(frozen=True, slots=True)
class Upload:
    """The fields of the form, and the file: its name (for the screen only) and bytes; empty when none was chosen."""

    fields: dict[str, str]
    name: str
    content: bytes


async def upload(request: Request, largest: int) -> Upload:
    """The form with its file of at most `largest` bytes; 413, 415 or 400 for what is none."""
    found = _BOUNDARY.fullmatch(request.headers.get("content-type", ""))
    if found is None:
        raise HTTPException(415)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > largest + _BESIDE:
            raise HTTPException(413)
    return _parts(bytes(body), f"--{found[1]}".encode("ascii"))


def _parts(body: bytes, mark: bytes) -> Upload:
    first, *parts = (b"\r\n" + body).split(b"\r\n" + mark, _MOST_PARTS)
    if first or not parts or parts[-1].rstrip(b"\r\n") != b"--":
        raise HTTPException(400)
    fields: dict[str, str] = {}
    name, content = "", b""
    for part in parts[:-1]:
        head, found, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        said = _disposition(head.decode("utf-8", "replace"))
        field, file = _NAME.search(said), _FILE.search(said)
        if not found or field is None or field[1] in fields:
            raise HTTPException(400)
        fields[field[1]] = "" if file else value.decode("utf-8", "replace")
        if file:
            name, content = re.split(r"[\\/]", file[1])[-1][:80], value
    return Upload(fields, name, content)


def _disposition(head: str) -> str:
    lines = (line.partition(":") for line in head.split("\r\n"))
    return next((value for name, _, value in lines if name.strip().lower() == "content-disposition"), "")
