"""Which test files begin first when several processes share them: the longest, so that none is left for the end.

Only the order of files, and only then; each file stays in one piece, and no test may rest on what ran before it.  How
long a file takes is in `durations.csv`, made by `tools/durations.py` from a run; only the ratios count.  A file that is
not there is taken to be long.  Where the table is wrong a run takes longer, and nothing else.
"""

from __future__ import annotations

import csv
import pathlib
from collections.abc import Mapping

TABLE = pathlib.Path(__file__).with_name("durations.csv")
NEW = 60.0
"""Seconds that a file is taken to need which the table does not have: at the end only short ones are left."""


def seconds_of_files() -> dict[str, float]:
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return {row["file"]: float(row["seconds"]) for row in csv.DictReader(lines)}


def longest_first(files: list[str], known: Mapping[str, float]) -> list[str]:
    """Each file once, the longest first; alike ones as they were collected."""
    return sorted(dict.fromkeys(files), key=lambda file: -known.get(file, NEW))
