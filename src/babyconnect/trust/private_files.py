"""Files of keys and certificates: whole or not at all, private ones for their owner only (mode 0600)."""

from __future__ import annotations

import os
from pathlib import Path


class FileFault(Exception):
    """A file that cannot be used as asked; the text names it."""


def make(path: Path, content: bytes, private: bool = False) -> None:
    """A new file.  One that is there already is never overwritten: FileFault."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o644)
    except FileExistsError:
        raise FileFault(f"{path} is there already; it is not overwritten") from None
    except OSError as fault:
        raise FileFault(f"{path} cannot be made: {fault.strerror}") from fault
    _write(handle, content)


def replace(path: Path, content: bytes, private: bool = False) -> None:
    """The file with other content, in one step: a reader sees the old or the new."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o644)
        _write(handle, content)
        part.replace(path)
        _settle(path.parent)
    except OSError as fault:
        raise FileFault(f"{path} cannot be written: {fault.strerror}") from fault


def read(path: Path, private: bool = False) -> bytes:
    """Its content; a private file that others may read is refused."""
    try:
        if private and path.stat().st_mode & 0o077:
            raise FileFault(f"{path} may be read by others than its owner (want mode 0600)")
        return path.read_bytes()
    except OSError as fault:
        raise FileFault(f"{path} cannot be read: {fault.strerror}") from fault


def _write(handle: int, content: bytes) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
