"""What one record fills: the data elements that say something, and those of them that could not be carried over.

Counts only, by data element: nothing of a client.  Users' first complaint is the field that never arrives; a supplier
who sees which data elements its export never fills can mend that.  `Filled`, `Chapter` and `Item` are every format's;
the rest is ADA's, by the tables of its transactions.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.definitions import document, rows
from babyconnect.translate.findings import Finding

# Rules of findings that say: what stood here reached no resource.
_LOST = frozenset({"not-mapped", "bad-value", "unresolved-reference"})


@dataclass(frozen=True, slots=True)
class Filled:
    """One record.  `data_set`: its format's name for what can be filled (ADA: the transaction).  `unknown`: elements
    that are none of its data elements; `lost`: those of `concepts` that no resource has."""

    data_set: str
    version: str
    concepts: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    unknown: int = 0


def filled(record: AdaRecord, findings: Iterable[Finding], version: str = "") -> Filled:
    """What the record fills of its transaction, in the version by which it was translated."""
    concepts = {element.concept for element in record.root.walk() if element.is_filled} & _known(
        record.transaction, version
    )
    told = list(findings)
    lost = {finding.concept for finding in told if finding.rule in _LOST} & concepts
    unknown = sum(finding.rule == "unknown-concept" for finding in told)
    return Filled(record.transaction, version or record.version, frozenset(concepts), frozenset(lost), unknown)


@dataclass(frozen=True, slots=True)
class Item:
    """A data element that holds a value.  `name`: as the data set calls it, with the groups it lies in."""

    concept: str
    name: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A group of the data set (PWD) with the data elements in it."""

    name: str
    items: tuple[Item, ...] = field(default=())


@functools.cache
def _known(transaction: str, version: str) -> frozenset[str]:
    return frozenset(item.concept for chapter in chapters(transaction, version) for item in chapter.items)


@functools.cache
def chapters(transaction: str, version: str = "") -> tuple[Chapter, ...]:
    """The transaction's groups in the data set's order; of the building blocks each is a chapter of its own."""
    block = document("ada/transactions.toml").get(transaction)
    if block is None:
        return ()
    block = block.get("versions", {}).get(version, block)
    table = {row["concept"]: row for row in rows(f"ada/{block['structure']}")}
    found: dict[str, list[Item]] = {}
    for concept, row in table.items():
        if row["kind"] == "item" and row["datatype"] != "reference":
            chapter, *groups = _names(concept, table)
            found.setdefault(chapter, []).append(Item(concept, " › ".join([*groups, row["name"]])))
    return tuple(Chapter(name, tuple(items)) for name, items in found.items())


def _names(concept: str, table: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The names of the groups that a data element lies in, from the outside in."""
    above = list(_above(concept, table))[::-1]
    names = [table[one]["name"] for one in above]
    if len(above) > 1 and above[0] == document("ada/anchors.toml")["building_blocks"]["element"]:
        return [f"{names[0]}: {names[1]}", *names[2:]]
    return names or [table[concept]["name"]]


def _above(concept: str, table: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    parent = table[concept]["parent"]
    while parent:
        yield parent
        parent = table[parent]["parent"]
