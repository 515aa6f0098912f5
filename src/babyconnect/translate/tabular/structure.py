"""The data set that templates fill: the groups that a data element lies in, its place, its codes (PWD 3.2).

A record of a template may hold what the transactions verloskunde uitbreiding and echo hold together.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from babyconnect.birthcare.templates import folded
from babyconnect.definitions import document, rows

TRANSACTION = "med_mij_uitbreiding_verloskunde_beschikbaarstellen"
STRUCTURE = "uitbreiding_structure echo_structure"
_CHOSEN = frozenset({"leaf", "exception"})
"""Kinds of entries of a value list that are a code to choose: not its chapters, nor what was withdrawn."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One data element or group; `path`: the groups it lies in, from the outside in; `place`: its order."""

    number: str
    element: str
    path: tuple[str, ...]
    place: int
    lists: tuple[str, ...]
    once: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One code of a value list."""

    code: str
    oid: str
    display: str


@functools.cache
def map_names() -> str:
    return str(document("ada/transactions.toml")[TRANSACTION]["map"])


@functools.cache
def concepts() -> Mapping[str, Concept]:
    """Every data element and group by its number."""
    table = {row["concept"]: row for name in reversed(STRUCTURE.split()) for row in rows(f"ada/{name}")}
    found: dict[str, Concept] = {}
    order = [row["concept"] for name in STRUCTURE.split() for row in rows(f"ada/{name}")]
    for place, number in enumerate(dict.fromkeys(order)):
        row = table[number]
        found[number] = Concept(number, row["element"], _path(number, table), place, tuple(row["lists"].split()),
                                row["max"] == "1")  # fmt: skip
    return found


def _path(number: str, table: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    above: list[str] = []
    while number := table[number]["parent"]:
        above.insert(0, number)
    return tuple(above)


@functools.cache
def choices(number: str) -> tuple[Choice, ...]:
    """The codes that a data element can have, in the data set's order."""
    wanted = concepts()[number].lists
    found = {
        (row["system"], row["code"]): Choice(row["code"], row["system"], row["display"])
        for listed in wanted for row in _entries().get(listed, ()) if row["kind"] in _CHOSEN and row["code"]
    }  # fmt: skip
    return tuple(found.values())


@functools.cache
def _entries() -> Mapping[str, list[Mapping[str, str]]]:
    by_list: dict[str, list[Mapping[str, str]]] = {}
    for row in rows("ada/value_lists"):
        by_list.setdefault(row["list"], []).append(row)
    return by_list


@functools.cache
def called(number: str) -> Mapping[str, tuple[Choice, ...]]:
    """The codes by what they are called: their name, also without its kind in brackets (folded); the code as it is."""
    found: dict[str, dict[tuple[str, str], Choice]] = {}
    for choice in choices(number):
        for name in (folded(choice.display), folded(choice.display.rpartition(" (")[0]), f"={choice.code}"):
            if name:
                found.setdefault(name, {})[choice.oid, choice.code] = choice
    return {name: tuple(those.values()) for name, those in found.items()}
