"""Images that lie beside an export, in its own folder or below it: read by name, nothing else on this machine.

A name that leads out of the folder (`..`, an absolute path, a link) is refused, as is what is too large.  What the
bytes are is said by the bytes (`kind`), never by a name: only pictures that a browser cannot run anything from are
taken, so no SVG, no HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

LARGEST = 5_000_000
"""Bytes of one image."""

_JPEG = (b"\xff\xd8\xff",)
_PNG = (b"\x89PNG\r\n\x1a\n",)
_DICOM = b"DICM"
"""At byte 128: DICOM PS3.10 §7.1."""


def kind(content: bytes) -> str:
    """The media type of an image by its first bytes; "" when it is none that is taken."""
    if content.startswith(_JPEG):
        return "image/jpeg"
    if content.startswith(_PNG):
        return "image/png"
    return "application/dicom" if content[128:132] == _DICOM else ""


def beside(folder: Path, name: str, largest: int = LARGEST) -> bytes | str:
    """The bytes of an image in that folder, or why not (a word: `path`, `missing`, `size`)."""
    parts = PurePosixPath(name.replace("\\", "/"))
    outside = parts.is_absolute() or PureWindowsPath(name).drive or ".." in parts.parts or "\0" in name
    if outside or not parts.parts:
        return "path"
    try:
        root, path = folder.resolve(strict=True), (folder / parts).resolve(strict=True)
        if not path.is_relative_to(root) or not path.is_file():
            return "path"
        return "size" if path.stat().st_size > largest else path.read_bytes()
    except (OSError, ValueError):
        return "missing"


def all_beside(folder: Path, names: Iterable[str], room: int) -> Mapping[str, bytes | str]:
    """The files that an export names; `room`: bytes of all together, after which a file is too large."""
    found: dict[str, bytes | str] = {}
    for name in names:
        content = beside(folder, name, min(LARGEST, room))
        room -= len(content) if isinstance(content, bytes) else 0
        found[name] = content
    return found
