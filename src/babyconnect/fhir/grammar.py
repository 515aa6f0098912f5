"""The grammar of FHIR STU3 (3.0.2) and of the part of R4 (4.0.1) that is written: which elements a type has, in which
order, how often, of which types.

From `definitions/stu3.json` and `r4.json`, distilled from HL7's base definitions by `tools/distil_stu3.py` and
`distil_r4.py`.  A choice such as `value[x]` stands once per type: `valueQuantity`, `valueString`, …  A type of R4 is
named with its version (`r4/Observation`, `r4/Observation.component`), one of STU3 without.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.definitions import document

NAMESPACE = "http://hl7.org/fhir"
R4 = "r4/"
XHTML = "http://www.w3.org/1999/xhtml"


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type, under its JSON name.

    `base` is the name in the definition (`value[x]`), `place` its order in XML, `maximum` None for "any number".
    `codes` and `targets` are None where anything goes.  `attribute`: written as an XML attribute.
    """

    name: str
    base: str
    place: int
    minimum: int
    maximum: int | None
    type: str
    primitive: bool
    codes: frozenset[str] | None
    targets: frozenset[str] | None
    attribute: bool
    repeats: bool


@functools.cache
def _table(version: str = "") -> Mapping[str, Any]:
    table: Mapping[str, Any] = document("r4.json" if version else "stu3.json")
    return table


def version_of(type_name: str) -> str:
    """`R4`, or "" for a type of STU3."""
    return R4 if type_name.startswith(R4) else ""


def bare_name(type_name: str) -> str:
    """The type's name without its version."""
    return type_name.removeprefix(R4)


@functools.cache
def resource_types(version: str = "") -> frozenset[str]:
    """The names of the concrete resource types, of STU3 ("") or those of R4 that are written (`R4`)."""
    return frozenset(_table(version)["resources"])


def is_type(name: str) -> bool:
    """True for a type that has elements: a resource, a data type, or a nested element by its path."""
    return bare_name(name) in _table(version_of(name))["types"]


@functools.cache
def primitive_formats() -> Mapping[str, str | None]:
    """Primitive types of both versions and the format HL7 gives them (a regular expression), if any."""
    formats: Mapping[str, str | None] = {**_table(R4)["primitives"], **_table()["primitives"]}
    return formats


@functools.cache
def elements(type_name: str) -> Mapping[str, Element]:
    """The elements of a type by JSON name, in the order of the definition."""
    version = version_of(type_name)
    found: dict[str, Element] = {}
    for place, row in enumerate(_table(version)["types"][bare_name(type_name)]):
        for element in _expand(version, place, row):
            found[element.name] = element
    return found


@functools.cache
def required(type_name: str) -> tuple[str, ...]:
    """The definition names of the elements that a type must have."""
    return tuple(dict.fromkeys(e.base for e in elements(type_name).values() if e.minimum))


@functools.cache
def choices() -> Mapping[str, tuple[str, ...]]:
    """The JSON names of every choice by its bare name: `value` → `valueQuantity`, …, and `value` itself."""
    found: dict[str, dict[str, None]] = {}
    for type_name in _table()["types"]:
        for element in elements(type_name).values():
            if element.base.endswith("[x]"):
                bare = element.base[:-3]
                found.setdefault(bare, {bare: None})[element.name] = None
    return {name: tuple(names) for name, names in found.items()}


def _expand(version: str, place: int, row: list[Any]) -> list[Element]:
    base, minimum, maximum, types, codes, targets, attribute = row + [None] * (7 - len(row))
    table = _table(version)
    allowed = frozenset(table["codes"][codes]) if codes else None
    return [
        Element(
            name=base.replace("[x]", type_name[0].upper() + type_name[1:]) if base.endswith("[x]") else base,
            base=base,
            place=place,
            minimum=minimum,
            maximum=maximum,
            type=type_name if type_name in table["primitives"] else version + type_name,
            primitive=type_name in table["primitives"] and type_name != "xhtml",
            codes=allowed,
            targets=frozenset(targets) if targets else None,
            attribute=bool(attribute),
            repeats=maximum != 1,
        )
        for type_name in types
    ]
