"""The grammar of FHIR STU3 (3.0.2): which elements a type has, in which order, how often, of which types.

From `definitions/stu3.json`, distilled from HL7's base definitions by `tools/distil_stu3.py`.  A choice such as
`value[x]` stands once per type: `valueQuantity`, `valueString`, …
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.definitions import document

NAMESPACE = "http://hl7.org/fhir"
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

    @property
    def repeats(self) -> bool:
        return self.maximum != 1


@functools.cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = document("stu3.json")
    return table


@functools.cache
def resource_types() -> frozenset[str]:
    """The names of the concrete resource types."""
    return frozenset(_table()["resources"])


def is_type(name: str) -> bool:
    """True for a type that has elements: a resource, a data type, or a nested element by its path."""
    return name in _table()["types"]


@functools.cache
def primitive_formats() -> Mapping[str, str | None]:
    """Primitive types and the format HL7 gives them (a regular expression), if any."""
    formats: Mapping[str, str | None] = _table()["primitives"]
    return formats


@functools.cache
def elements(type_name: str) -> Mapping[str, Element]:
    """The elements of a type by JSON name, in the order of the definition."""
    found: dict[str, Element] = {}
    for place, row in enumerate(_table()["types"][type_name]):
        for element in _expand(place, row):
            found[element.name] = element
    return found


@functools.cache
def required(type_name: str) -> tuple[str, ...]:
    """The definition names of the elements that a type must have."""
    return tuple(dict.fromkeys(e.base for e in elements(type_name).values() if e.minimum))


def _expand(place: int, row: list[Any]) -> list[Element]:
    base, minimum, maximum, types, codes, targets, attribute = row + [None] * (7 - len(row))
    allowed = frozenset(_table()["codes"][codes]) if codes else None
    return [
        Element(
            name=base.replace("[x]", type_name[0].upper() + type_name[1:]) if base.endswith("[x]") else base,
            base=base,
            place=place,
            minimum=minimum,
            maximum=maximum,
            type=type_name,
            primitive=type_name in _table()["primitives"] and type_name != "xhtml",
            codes=allowed,
            targets=frozenset(targets) if targets else None,
            attribute=bool(attribute),
        )
        for type_name in types
    ]
