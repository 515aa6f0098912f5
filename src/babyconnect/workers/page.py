"""One number in memory that all processes of a node share: it moves when what they remember may not hold any more.

Only the keeper moves it (a token ended, rules were activated, a record was destroyed), before whoever asked for that
hears that it is done; a worker looks at every request and forgets everything when it is another number.
"""

from __future__ import annotations

import mmap
import secrets
import threading


class Page:
    """Made before the processes part; each has it at the same place."""

    def __init__(self) -> None:
        self._number = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("Q")
        self._lock = threading.Lock()
        self.secret = secrets.token_bytes(32)
        """Known to the processes of this node while it runs, and to nobody else."""

    @property
    def number(self) -> int:
        return self._number[0]

    def move(self) -> None:
        """For the keeper: from now on nobody goes by what was remembered before."""
        with self._lock:
            self._number[0] += 1
