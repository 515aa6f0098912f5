"""What R4 requires where STU3 does not: stated as unknown, or as what the resource itself says."""

from __future__ import annotations

from typing import Any

from babyconnect.fhir.grammar import R4, elements
from babyconnect.translate.r4 import tables
from babyconnect.translate.r4.building import absent


def completed(made: dict[str, Any]) -> dict[str, Any]:
    """The resource with every element that R4 requires of its type (`given.csv`)."""
    for place, (by, value) in tables.given().items():
        name, *path = place.split(".")
        if name == made["resourceType"]:
            for parent, type_name in _parents(made, R4 + name, path[:-1]):
                _complete(parent, type_name, path[-1], by, value)
    return made


def _parents(target: Any, type_name: str, path: list[str]) -> list[tuple[dict[str, Any], str]]:
    if not path:
        return [(target, type_name)]
    element = elements(type_name)[path[0]]
    beneath = target.get(path[0], [])
    return [
        found
        for one in (beneath if isinstance(beneath, list) else [beneath])
        for found in _parents(one, element.type, path[1:])
    ]


def _complete(parent: dict[str, Any], type_name: str, name: str, by: str, value: str) -> None:
    base = elements(type_name)[name].base
    present = (elements(type_name).get(key.removeprefix("_")) for key in parent)
    if any(element is not None and element.base == base for element in present):
        return
    element = elements(type_name)[name]
    made = _stated(by, value)
    if by == "unknown" and element.primitive:
        parent[f"_{name}"] = made
    else:
        parent[name] = [made] if element.repeats else made


def _stated(by: str, value: str) -> Any:
    if by == "unknown":
        return absent()
    if by == "code":
        return value
    system, _, code = value.partition("|")
    coding = {"system": system, "code": code}
    return {"coding": [coding]} if by == "concept" else coding
