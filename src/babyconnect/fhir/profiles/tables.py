"""The profiles as the engine walks them, from `definitions/profiles/` (made by `tools/distil_profiles.py`).

A `Node` says what one element must be beyond STU3 itself.  Nodes are made when a profile is first asked for, and kept.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.definitions import document, rows
from babyconnect.fhir.grammar import choices, primitive_formats
from babyconnect.fhir.profiles.fhirpath import Around, compiled
from babyconnect.fhir.profiles.value_sets import ValueSet, value_set

CORE = "http://hl7.org/fhir/StructureDefinition/"
Predicate = Callable[[Any, Any], bool | None]


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule in FHIRPath.  `key` as published; `holds` asks it of an element."""

    key: str
    severity: str
    holds: Callable[[Any, Around], bool]


@dataclass(frozen=True, slots=True)
class Binding:
    strength: str
    url: str
    codes: ValueSet


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    name: str
    node: Node
    discriminators: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """What an element must be.  `name` is the element's, `value[x]` for a choice; `keys` its JSON names."""

    name: str
    keys: tuple[str, ...]
    minimum: int
    maximum: int | None
    types: frozenset[str]
    profiles: tuple[str, ...]
    targets: tuple[str, ...]
    fixed: Any
    pattern: Any
    low: Any
    high: Any
    binding: Binding | None
    rules: tuple[Invariant, ...]
    slices: tuple[Slice, ...]
    closed: bool
    kids: tuple[Node, ...]
    asks: bool
    """Something is asked of the value itself."""
    looks: bool
    """Something is asked of the value, of its type, or of what is in it."""
    demands: bool
    """Something is wrong where the element is absent: it, or one of its slices, is required."""
    plain: bool
    """No choice: `name` is its JSON name."""
    beside: str
    """The JSON name of what stands beside a primitive."""

    def kid(self, name: str) -> Node | None:
        return next((one for one in self.kids if one.name == name or name in one.keys), None)


@dataclass(frozen=True, slots=True)
class Profile:
    """`context`: where an extension may stand; `name` and `url` as published."""

    url: str
    name: str
    type: str
    node: Node
    context: frozenset[str]


@functools.cache
def profile(url: str) -> Profile | None:
    """A profile by its canonical URL (a version after `|` is not looked at), or None when it is not ours to check."""
    entry = _entries().get(url.split("|", maxsplit=1)[0])
    if entry is None:
        return None
    node = make(entry["type"], entry["node"])
    return Profile(url, entry["name"], entry["type"], node, frozenset(entry.get("context", ())))


@functools.cache
def base_node(type_name: str) -> Node | None:
    """Invariants and bindings that HL7 itself gives a type."""
    entry = document("profiles/base.json")["types"].get(type_name)
    return make(type_name, entry) if entry else None


@functools.cache
def type_of(url: str) -> str:
    """The type that a profile or a base definition is about; "" for one that is not known."""
    if url.startswith(CORE) and url not in _entries():
        return url.removeprefix(CORE)
    entry = _entries().get(url)
    return str(entry["type"]) if entry else ""


@functools.cache
def known_profiles() -> tuple[str, ...]:
    """The canonical URLs of everything that can be checked."""
    return tuple(_entries())


@functools.cache
def invariants() -> Mapping[str, Invariant]:
    return {
        row["id"]: Invariant(row["id"].split("#")[0], row["severity"], compiled(row["expression"]))
        for row in rows("profiles/invariants")
    }


def make(name: str, given: Mapping[str, Any]) -> Node:
    """A node of the table, with all that is below it."""
    binding, slices = given.get("bind"), given.get("slices", {})
    codes = value_set(binding[1]) if binding else None
    discriminators = tuple((kind, path) for kind, path in given.get("slicing", ()))
    return Node(
        name=name,
        keys=_keys(name),
        minimum=given.get("min", 0),
        maximum=given.get("max"),
        types=frozenset(given.get("types", ())),
        profiles=tuple(given.get("profiles", ())),
        targets=tuple(given.get("targets", ())),
        fixed=given.get("fixed"),
        pattern=given.get("pattern"),
        low=given.get("low"),
        high=given.get("high"),
        binding=Binding(binding[0], binding[1], codes) if binding and codes else None,
        rules=tuple(invariants()[key] for key in given.get("rules", ())),
        slices=tuple(Slice(n, make(name, each), discriminators) for n, each in slices.items()),
        closed=given.get("closed", False),
        kids=tuple(make(n, each) for n, each in given.get("kids", {}).items()),
        asks=not _OF_THE_VALUE.isdisjoint(given),
        looks=not _LOOKED_AT.isdisjoint(given),
        demands=bool(given.get("min")) or any(each.get("min") for each in slices.values()),
        plain=not name.endswith("[x]"),
        beside="_" + name,
    )


_OF_THE_VALUE = frozenset({"fixed", "pattern", "low", "high", "bind", "rules", "targets", "profiles"})
_LOOKED_AT = _OF_THE_VALUE | {"kids", "types"}


def _keys(name: str) -> tuple[str, ...]:
    return choices()[name[:-3]][1:] if name.endswith("[x]") else (name,)


@functools.cache
def type_by_key(name: str) -> Mapping[str, str]:
    """The type that each JSON name of a choice says: `valueQuantity` → `Quantity`, `valueString` → `string`."""
    start = len(name) - 3
    return {key: _type(key[start:]) for key in _keys(name)}


def _type(name: str) -> str:
    lower = name[0].lower() + name[1:]
    return lower if lower in primitive_formats() else name


def _entries() -> Mapping[str, Any]:
    entries: Mapping[str, Any] = document("profiles/profiles.json")["profiles"]
    return entries
