"""Every single difference between a published pair and our translation, and the table in which each has its reason.

`compare_fhir.py` counts and shows the largest; here each leaf that differs is one `Difference`.  An element that
differs only by what lies together in it (`…/*`) counts where none of its leaves does.
"""

from __future__ import annotations

import csv
import datetime as dt
import functools
import importlib.util
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

TABLE = Path(__file__).with_name("ada_differences.csv")


class Difference(NamedTuple):
    """`sign`: `-` is expected and not given, `+` given and not expected.  `about`: the resource's type and codes.

    `path`: that of the value, or `*` for a resource that one side has whole."""

    sign: str
    about: str
    path: str
    value: str


class Row(NamedTuple):
    """A difference with its reason; `*` stands for any text in `pair`, `about` and `path`."""

    pair: str
    sign: str
    about: str
    path: str
    why: str

    def explains(self, pair: str, one: Difference) -> bool:
        asked = ((pair, self.pair), (one.about, self.about), (one.path, self.path.replace("[", "[[]")))
        return one.sign in self.sign and all(fnmatchcase(text, pattern) for text, pattern in asked)


@functools.cache
def table() -> tuple[Row, ...]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return tuple(Row(**row) for row in csv.DictReader(line for line in lines if not line.startswith("#")))


@functools.cache
def _tool(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("compare_fhir", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def differences(tool: Path, expected: Path, actual: Path, today: dt.date) -> Iterator[Difference]:
    compare = _tool(tool)
    one, other = (compare.Side(compare.read(folder, today)) for folder in (expected, actual))
    pairs = compare.pair(one, other)
    names = {id(r): f"#{number} {r.label}" for number, r in enumerate(one.resources)}
    theirs = {id(other.resources[j]): names[id(one.resources[i])] for i, j in pairs.items()}
    for number, resource in enumerate(one.resources):
        if number not in pairs:
            yield Difference("-", resource.label, "*", "")
            continue
        wanted, given = _facts(one, names, resource), _facts(other, theirs, other.resources[pairs[number]])
        for kind in (0, 1):
            yield from _leaves("-", resource.label, wanted[kind] - given[kind])
            yield from _leaves("+", resource.label, given[kind] - wanted[kind])
    for number, resource in enumerate(other.resources):
        if number not in pairs.values():
            yield Difference("+", resource.label, "*", "")


def _facts(side: Any, names: dict[int, str], resource: Any) -> tuple[Counter[Any], Counter[Any]]:
    def target(address: str) -> str:
        found = side.find(address)
        return "→" + (names.get(id(found), "unpaired") if found else "unresolved")

    facts: tuple[Counter[Any], Counter[Any]] = resource.facts(target)
    return facts


def _leaves(sign: str, about: str, facts: Counter[Any]) -> Iterator[Difference]:
    leaves = [one for one in facts if not one[0].endswith("/*")] or list(facts)
    for path, value in leaves:
        yield Difference(sign, about, path, value)
