"""Read a form of our own pages that carries one file: multipart/form-data (RFC 7578), limited in size.

The reading is python-multipart's.  Not Starlette's `Request.form`, which keeps a larger file in a temporary one: what a
client's record is made of is not left on a disk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import Request

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

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
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise HTTPException(415)
    found, size = _Parts(), 0
    try:
        parser = MultipartParser(options[b"boundary"], found.callbacks(), max_size=largest + _BESIDE)
        async for piece in request.stream():
            size += len(piece)
            if size > largest + _BESIDE:
                raise HTTPException(413)
            parser.write(piece)
        parser.finalize()
    except MultipartParseError:
        raise HTTPException(400) from None
    return found.upload()


class _Parts:
    """What the parser calls out, gathered: headers and bytes of each part."""

    def __init__(self) -> None:
        self._parts: list[tuple[dict[bytes, bytes], bytearray]] = []
        self._field, self._value, self._ended = b"", b"", False

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_part_data": lambda data, start, end: self._parts[-1][1].extend(data[start:end]),
            "on_header_field": self._name,
            "on_header_value": self._said,
            "on_header_end": self._header,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self._parts) >= _MOST_PARTS:
            raise MultipartParseError("too many parts")
        self._parts.append(({}, bytearray()))

    def _name(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _said(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        self._parts[-1][0][self._field.lower()] = self._value
        self._field = self._value = b""

    def _end(self) -> None:
        self._ended = True

    def upload(self) -> Upload:
        fields: dict[str, str] = {}
        name, content = "", b""
        for headers, value in self._parts:
            kind, options = parse_options_header(headers.get(b"content-disposition", b""))
            field = options.get(b"name", b"").decode("utf-8", "replace")
            if not self._ended or kind != b"form-data" or not field or field in fields:
                raise HTTPException(400)
            file = options.get(b"filename")
            fields[field] = "" if file is not None else value.decode("utf-8", "replace")
            if file is not None:
                name = re.split(r"[\\/]", file.decode("utf-8", "replace"))[-1][:80]
                content = bytes(value)
        if not self._parts:
            raise HTTPException(400)
        return Upload(fields, name, content)
