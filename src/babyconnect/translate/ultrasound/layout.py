"""How an export is read, as a table: what stands where, and which data element it is (`definitions/ultrasound`).

An organisation whose export looks otherwise changes the table (`intake.ultrasound_table`), not the code.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from babyconnect.birthcare.ultrasound import ExportTable
from babyconnect.definitions import document, rows

TRANSACTION = "med_mij_echo_beschikbaarstellen"
KINDS = frozenset({"level", "key", "text", "number", "count", "code", "date", "exam-date", "identifier", "initials",
                   "prefix", "image-file", "image-type", "image-data"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One row: `path` from the element of its level; `concept`: data element, or the group that a level opens."""

    path: str
    kind: str
    concept: str
    argument: str
    least: Decimal | None
    most: Decimal | None


@dataclass(frozen=True, slots=True)
class Level:
    """What can stand in one element: its rows by path, and the paths that lead to some row.

    `demanded`: data elements without which what stands there says nothing.
    """

    name: str
    items: Mapping[str, tuple[Item, ...]] = field(default_factory=dict)
    ways: frozenset[str] = frozenset()
    demanded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Group:
    """A data element's place: what it lies in, and what ADA calls it."""

    parent: str
    element: str
    datatype: str


@functools.lru_cache(maxsize=16)
def levels(table: ExportTable) -> Mapping[str, Level]:
    """What can stand where, by the rows of a table."""
    found: dict[str, dict[str, list[Item]]] = defaultdict(lambda: defaultdict(list))
    for row in table.rows:
        item = Item(
            row["path"], row["kind"], row["concept"], row["argument"], _limit(row["least"]), _limit(row["most"])
        )
        found[row["level"]][row["path"]].append(item)
        if item.kind == "level":
            found[item.argument]  # a level may have no rows of its own
    return {
        name: Level(
            name,
            {path: tuple(items) for path, items in paths.items()},
            frozenset(_ways(paths)),
            frozenset(i.concept for items in paths.values() for i in items if i.kind == "code" and i.least),
        )
        for name, paths in found.items()
    }


def _ways(paths: Mapping[str, object]) -> set[str]:
    steps = (path.split("/") for path in paths)
    return {"/".join(path[:depth]) for path in steps for depth in range(1, len(path))}


def _limit(text: str) -> Decimal | None:
    return Decimal(text) if text else None


@functools.cache
def groups() -> Mapping[str, Group]:
    """Every data element of the transaction and of ours, by its number."""
    known = [*rows("ada/echo_structure"), *rows("ultrasound/structure")]
    return {row["concept"]: Group(row["parent"], row["element"], row["datatype"]) for row in known}


@functools.cache
def words() -> Mapping[tuple[str, str], Mapping[str, str]]:
    """(list, word in lower case) → row of the code."""
    return {(row["list"], row["word"].casefold()): row for row in rows("ultrasound/codes")}


@functools.cache
def says() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """By group: the data elements that every examination fills, and with what."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in rows("ultrasound/says"):
        found[row["group"]].append((row["concept"], row["says"]))
    return {group: tuple(said) for group, said in found.items()}


def anchor(name: str) -> str:
    """The number of a data element that the reader itself asks for."""
    return str(document("ultrasound/anchors.toml")[name])


def shared(concept: str) -> str:
    """The data element that says the same of a pregnancy with several fetuses; itself when there is none such."""
    return str(document("ultrasound/anchors.toml")["shared"].get(concept, concept))
