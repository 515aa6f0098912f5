"""Long work from the command line: it is told now and then that it goes on, what is logged goes beside what it prints,
and the collector stays out of its way."""

from __future__ import annotations

import gc
import sys

import structlog

from babyconnect.cli.words import counted

OFTEN = 500


def so_far(records: int) -> None:
    """Said now and then, so that who waits for a large file or folder sees that it goes on."""
    if records % OFTEN == 0:
        print(f"{counted(records, 'record')} so far", file=sys.stderr)


def settle() -> None:
    """A record is thousands of small objects that all go at once: looked through at each 700th, as is the default, the
    collector takes a tenth of the time.  Standard output is for what was made, so the log goes to the other."""
    gc.set_threshold(50_000, 20, 20)
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
