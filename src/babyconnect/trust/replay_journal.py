"""The replay memory's journal on disk: what was used is known again after a restart, also after a kill.

One write per id, without a sync: what the kernel took survives the process.  It need not survive the machine: a boot
takes longer than an assertion lives, and after one (the boot's id is in the file) nothing from before is believed.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import secrets
import struct
from collections.abc import Iterable

from babyconnect.trust.replays import KEY_BYTES, Replays

_MAGIC = b"bcreplay"
_HEAD = struct.Struct("<8s36s")
_RECORD = struct.Struct(f"<{KEY_BYTES}s{KEY_BYTES}sd")
_BOOT = pathlib.Path("/proc/sys/kernel/random/boot_id")
BOOT_SKEW = 5
"""After a boot, an assertion that was dated ahead by a clock's skew could come again."""

Kept = Iterable[tuple[bytes, bytes, float]]


class JournalFile:
    """`Replays`' journal in one file, for its owner only."""

    def __init__(self, path: pathlib.Path, boot: str) -> None:
        self._path, self._boot = path, boot
        self._file, self._size = -1, 0

    @property
    def open(self) -> bool:
        return self._file >= 0

    def read(self, now: float) -> list[tuple[bytes, bytes, float]] | None:
        """What is still of use; None when the file is of another boot, or none of ours.  Half a record is no record."""
        content = self._path.read_bytes() if self._path.exists() else b""
        if len(content) < _HEAD.size or _HEAD.unpack_from(content) != (_MAGIC, self._padded()):
            return None
        whole = (len(content) - _HEAD.size) // _RECORD.size * _RECORD.size
        found = _RECORD.iter_unpack(content[_HEAD.size : _HEAD.size + whole])
        return [record for record in found if record[2] > now]

    def append(self, key: bytes, issuer: bytes, until: float) -> bool:
        record = _RECORD.pack(key, issuer, until)
        try:
            if os.write(self._file, record) == len(record):
                self._size += len(record)
                return True
            # Half a record on a full disk: taken away again, or all that follow would be read shifted.
            os.ftruncate(self._file, self._size)
        except OSError:
            pass
        return False

    def replace(self, kept: Kept) -> None:
        """Written beside it and put in its place whole.  A fault leaves the old file, which only holds more."""
        fresh = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
            content = _HEAD.pack(_MAGIC, self._padded()) + b"".join(_RECORD.pack(*record) for record in kept)
            if os.write(file, content) < len(content):
                os.close(file)
                return
            fresh.replace(self._path)
            self.close()
            self._file, self._size = file, len(content)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _padded(self) -> bytes:
        return self._boot.encode()[:36].ljust(36)


def opened(path: pathlib.Path, now: float, boot: str | None = None) -> tuple[Replays, JournalFile]:
    """The memory with what it knew before a restart.  Raises OSError when the journal cannot be kept there."""
    journal = JournalFile(path, boot if boot is not None else _this_boot())
    known_before = path.exists()
    kept = journal.read(now)
    born = 0.0 if kept is not None else now + BOOT_SKEW if known_before else now
    replays = Replays(born, journal=journal)
    replays.recall(kept or ())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    journal.replace(kept or ())
    if not journal.open:
        raise OSError(f"{path.name} cannot be written")
    return replays, journal


def _this_boot() -> str:
    """Where the kernel does not say which boot this is, every start counts as one."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return secrets.token_hex(16)
