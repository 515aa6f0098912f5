"""Several processes begin with the files that take longest; which file runs when changes nothing else."""

from __future__ import annotations

from tests.support import order


def test_the_longest_file_begins_and_alike_ones_keep_their_order() -> None:
    collected = ["short.py", "long.py", "long.py", "new.py", "newer.py", "short.py"]
    known = {"short.py": 0.0, "long.py": 120.0}
    assert order.longest_first(collected, known) == ["long.py", "new.py", "newer.py", "short.py"]


def test_the_table_speaks_of_files_that_are_there() -> None:
    known = order.seconds_of_files()
    there = [file for file in known if (order.TABLE.parents[2] / file).exists()]
    assert len(there) > 0.9 * len(known), "made anew by tools/durations.py"
    assert all(seconds >= 0 for seconds in known.values())
