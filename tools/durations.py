"""How long each test file takes, from a run's report, as the table by which the longest begin first (tests/support).

    .venv/bin/pytest --junit-xml=build/tests.xml        # on a machine that does nothing else
    .venv/bin/python tools/durations.py build/tests.xml

Every file of the run is in it, for one that is not is taken to be long; what takes less than half a second has 0.
"""

from __future__ import annotations

import pathlib
import sys
from collections import Counter
from xml.etree import ElementTree

HOME = pathlib.Path(__file__).parents[1]
TABLE = HOME / "tests" / "support" / "durations.csv"


def file_of(classname: str) -> str:
    """The file of a test case, whose class name is its module and, sometimes, a class in it."""
    parts = classname.split(".")
    while parts and not (HOME / "/".join(parts)).with_suffix(".py").exists():
        parts.pop()
    return f"{'/'.join(parts)}.py"


def written(seconds: Counter[str]) -> str:
    rows = [f"{file},{round(took)}" for file, took in sorted(seconds.items(), key=lambda row: (-round(row[1]), row[0]))]
    return "\n".join(["file,seconds", *rows, ""])


def main(report: str) -> None:
    seconds: Counter[str] = Counter()
    for case in ElementTree.parse(report).iter("testcase"):  # our own run's
        seconds[file_of(case.get("classname", ""))] += float(case.get("time", 0))
    TABLE.write_text(written(seconds), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
