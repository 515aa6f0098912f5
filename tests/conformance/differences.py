"""Every single difference between a published pair and our translation, and the tables in which each has its reason.

`compare_fhir.py` counts and shows the largest; here each leaf that differs is one `Difference`.  An element that
differs only by what lies together in it (`…/*`) counts where none of its leaves does.  `ada_differences.csv` has one
row per difference, no pattern; `ada_reasons.csv` has the reasons, with citations that `citations.py` looks up.
"""

from __future__ import annotations

import csv
import datetime as dt
import functools
import importlib.util
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

TABLE = Path(__file__).with_name("ada_differences.csv")
REASONS = Path(__file__).with_name("ada_reasons.csv")
SHORT = {
    "http://nictiz.nl/fhir/StructureDefinition/": "nictiz:",
    "http://hl7.org/fhir/StructureDefinition/": "hl7:",
}


class Difference(NamedTuple):
    """`sign`: `-` is expected and not given, `+` given and not expected.

    `published`: the published file, "" for a resource that only we have; `rule`: what our resource was made by, "" for
    one that only the published output has; `about`: the resource's type and codes; `path`: of the value, `*` for a
    whole resource; `value`: a reference is `→#number of the published file`."""

    published: str
    rule: str
    sign: str
    about: str
    path: str
    value: str


class Reason(NamedTuple):
    """`sort`: `mapped` (the record says it, mapping or profile has a place, the published output lacks it), `rule` (the
    published output goes against profile or FHIR), `unsaid` (it says what the record does not), `display`, `generated`;
    `citation`: see `citations.py`."""

    reason: str
    sort: str
    why: str
    citation: str


@functools.cache
def reasons() -> dict[str, Reason]:
    return {row["reason"]: Reason(**row) for row in _rows(REASONS)}


@functools.cache
def table() -> dict[str, dict[Difference, tuple[int, str]]]:
    """By pair: its differences, how often each is there and the key of its reason."""
    found: dict[str, dict[Difference, tuple[int, str]]] = {}
    for row in _rows(TABLE):
        one = Difference(**{name: row[name] for name in Difference._fields})
        found.setdefault(row["pair"], {})[one] = (int(row["times"]), row["reason"])
    return found


def _rows(path: Path) -> Iterator[dict[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    yield from csv.DictReader(line for line in lines if not line.startswith("#"))


@functools.cache
def _tool(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("compare_fhir", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def differences(tool: Path, expected: Path, actual: Path, rules: Sequence[str], today: dt.date) -> Counter[Difference]:
    """`rules`: what each of our resources was made by, in the order of the files of `actual`."""
    compare = _tool(tool)
    one, other = (compare.Side(compare.read(folder, today)) for folder in (expected, actual))
    files = [path.stem for path in sorted(expected.rglob("*.xml"))]
    assert (len(files), len(rules)) == (len(one.resources), len(other.resources))
    pairs = counterparts(one, other, compare.pair(one, other))
    wanted, given = _facts(one, _names(one, one, _same(one))), _facts(other, _names(one, other, pairs))
    found: Counter[Difference] = Counter()
    for i, resource in enumerate(one.resources):
        if i not in pairs:
            found[Difference(files[i], "", "-", resource.label, "*", _told(wanted[i][0]))] += 1
            continue
        where = (files[i], rules[pairs[i]])
        for kind in (0, 1):
            before, after = wanted[i][kind], given[pairs[i]][kind]
            found.update(Difference(*where, "-", resource.label, *leaf) for leaf in _leaves(before - after))
            found.update(Difference(*where, "+", resource.label, *leaf) for leaf in _leaves(after - before))
    for j in set(range(len(other.resources))) - set(pairs.values()):
        found[Difference("", rules[j], "+", other.resources[j].label, "*", _told(given[j][0]))] += 1
    return found


def counterparts(one: Any, other: Any, pairs: dict[int, int]) -> dict[int, int]:
    """The pairs of the tool, made again by what points where until nothing changes.

    The tool pairs once, before it knows what a reference points to: of resources that are alike but for that (twins'
    births) it takes any.  Only resources of one type and the same codes are counterparts of each other."""
    named = _names(one, one, _same(one))
    wanted, sought = _facts(one, named), _referrers(one, named)
    for _ in range(10):
        theirs = _names(one, other, pairs)
        given, found = _facts(other, theirs), _referrers(other, theirs)
        scores = [
            (-(wanted[i][0] & given[j][0]).total() - (sought[i] & found[j]).total(), i, j)
            for i, e in enumerate(one.resources)
            for j, a in enumerate(other.resources)
            if e.label == a.label
        ]
        again: dict[int, int] = {}
        for _, i, j in sorted(scores):
            if i not in again and j not in again.values():
                again[i] = j
        if again == pairs:
            break
        pairs = again
    return pairs


def _same(side: Any) -> dict[int, int]:
    return {number: number for number in range(len(side.resources))}


def _names(one: Any, side: Any, pairs: dict[int, int]) -> dict[int, str]:
    return {id(side.resources[j]): f"#{i} {one.resources[i].label}" for i, j in pairs.items()}


def _facts(side: Any, names: dict[int, str]) -> list[tuple[Counter[Any], Counter[Any]]]:
    def target(address: str) -> str:
        found = side.find(address)
        return "→" + (names.get(id(found), "unpaired") if found else "unresolved")

    return [resource.facts(target) for resource in side.resources]


def _referrers(side: Any, names: dict[int, str]) -> list[Counter[Any]]:
    """Of each resource: by which path of which other it is pointed to."""
    pointed: dict[int, Counter[Any]] = {id(resource): Counter() for resource in side.resources}
    for resource in side.resources:
        for path, value in resource.leaves():
            found = side.find(value) if path.endswith("reference") else None
            if found:
                pointed[id(found)][path, names.get(id(resource), "")] += 1
    return [pointed[id(resource)] for resource in side.resources]


def _leaves(facts: Counter[Any]) -> Iterator[tuple[str, str]]:
    leaves = [one for one in facts.elements() if not one[0].endswith("/*")] or list(facts.elements())
    for path, value in leaves:
        yield _short(path), _short(value)[:200]


def _short(text: str) -> str:
    for long, brief in SHORT.items():
        text = text.replace(long, brief)
    return text


def _told(facts: Counter[Any]) -> str:
    """What a whole resource says, for its row: enough to know it from others of its kind."""
    leaves = sorted(one for one in facts if not one[0].endswith("/*") and not one[0].startswith("meta/"))
    return _short(" ".join(f"{path.rpartition('/')[2]}={value}" for path, value in leaves))[:200]
