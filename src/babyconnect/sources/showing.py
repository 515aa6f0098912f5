"""May these bytes be shown to somebody, and as what?  Told by the bytes: no name and no declared type is believed.

A browser shows JPEG and PNG itself and runs nothing of them; PDF, DICOM and plain text are handed over as files.
Nothing else is given: no SVG, no HTML, no office document.  Nothing is decoded or made anew here: a decoder of hostile
pictures in this process would be the larger risk, and a browser scales in a sandbox of its own.
"""

from __future__ import annotations

import re
import struct
from typing import Literal, NamedTuple

from babyconnect.sources.images import kind

LARGEST = 20_000_000
"""Bytes of one file."""
MOST_PIXELS = 50_000_000
"""Of one image: a file of some kilobytes may say that it is a wall (STU3 and PNG set no limit)."""

_PDF = b"%PDF-"
_SEGMENTS_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG markers that begin a frame, which states its size (ITU T.81 table B.1)."""
_MOST_SEGMENTS = 1000
"""Before the frame, fill bytes among them: a photograph has tens, a hostile file may be made of nothing else."""
_UNTEXTUAL = re.compile("[<\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]")


class Showable(NamedTuple):
    """`type`: media type to serve it under; `inline`: in the page itself, else as a file to keep."""

    type: str
    ending: str
    inline: bool


Unshown = Literal["empty", "large", "type", "pixels"]


def showable(content: bytes) -> Showable | Unshown:
    """How it may be shown, or a word why it may not."""
    if not content:
        return "empty"
    if len(content) > LARGEST:
        return "large"
    found = kind(content)
    if found in ("image/png", "image/jpeg"):
        wide, high = _png_size(content) if found == "image/png" else _jpeg_size(content)
        if not 0 < wide * high <= MOST_PIXELS:
            return "pixels"
        return Showable(found, "png" if found == "image/png" else "jpg", inline=True)
    if found == "application/dicom":
        return Showable(found, "dcm", inline=False)
    if content.startswith(_PDF):
        return Showable("application/pdf", "pdf", inline=False)
    return Showable("text/plain; charset=utf-8", "txt", inline=False) if _plain(content) else "type"


def _png_size(content: bytes) -> tuple[int, int]:
    """As the first chunk, IHDR, has it (PNG specification §11.2.2); 0 by 0 when it is not there."""
    if content[12:16] != b"IHDR" or len(content) < 24:
        return 0, 0
    wide, high = struct.unpack(">II", content[16:24])
    return wide, high


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """As the first frame has it; 0 by 0 when there is none, or not soon."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if at + 9 > len(content) or content[at] != 0xFF:
            break
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _FRAMES:
            high, wide = struct.unpack(">HH", content[at + 5 : at + 9])
            return wide, high
        elif marker in _SEGMENTS_WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + struct.unpack(">H", content[at + 2 : at + 4])[0]
    return 0, 0


def _plain(content: bytes) -> bool:
    """UTF-8 without what no text has, and without anything that a browser could take for a page."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    return _UNTEXTUAL.search(text) is None
