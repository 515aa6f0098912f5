"""Whether anybody, of any process, wrote into a file of SQLite since: one number that all who have it open share.

SQLite can be asked (`PRAGMA data_version`), but that takes two locks and 5 us, for each of three files in every turn of
a loop that answers; looking here takes 0.1 us.  Whoever writes moves the number when the change is committed and before
anybody hears that it is.  A writer that was killed in between tells nobody, so whoever remembers anything also asks
SQLite, each second.
"""

from __future__ import annotations

import mmap
import os
import secrets
from pathlib import Path

ASK_SECONDS = 1.0
_BYTES = 8


class Stamp:
    """Of one file of SQLite; its number lies in a file beside it, which is never written to the disk on purpose."""

    def __init__(self, database: Path) -> None:
        handle = os.open(database.with_name(database.name + "-moved"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(handle, _BYTES)
            self._map = mmap.mmap(handle, _BYTES)
        finally:
            os.close(handle)
        self._number = memoryview(self._map).cast("Q")

    @property
    def number(self) -> int:
        return self._number[0]

    def move(self) -> None:
        """Not one up: of two writers at once one would undo the other's, and a number would come twice."""
        self._number[0] = secrets.randbits(64)

    def close(self) -> None:
        self._number.release()
        self._map.close()
