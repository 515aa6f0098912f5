"""From elements to what lies in them, by FHIR's names: `value` is `valueQuantity` where that is what the JSON has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from babyconnect.fhir.grammar import choices
from babyconnect.fhir.profiles.fhirpath.values import FALSE, TRUE, Around, Function, Items, Primitive


def path(name: str) -> Function:
    keys = frozenset(choices().get(name, (name,)))

    def run(items: Items, around: Around) -> Items:
        found: Items = []
        for item in items:
            if isinstance(item, Primitive):
                item = item.element
            if isinstance(item, dict):
                found += _children(item, name) if len(keys) == 1 else _chosen(item, keys)
        return found

    return run


def _chosen(item: dict[str, Any], keys: frozenset[str]) -> Items:
    names = {key.removeprefix("_") for key in item if key.removeprefix("_") in keys}
    return [one for name in names for one in _children(item, name)]


def _children(item: dict[str, Any], key: str) -> Items:
    value, beside = item.get(key), item.get("_" + key)
    if beside is None:
        return value if isinstance(value, list) else [] if value is None else [value]
    values = value if isinstance(value, list) else [value]
    elements = beside if isinstance(beside, list) else [beside]
    size = max(len(values), len(elements))
    values, elements = values + [None] * (size - len(values)), elements + [None] * (size - len(elements))
    pairs = zip(values, elements, strict=True)
    return [v if e is None else Primitive(v, e) for v, e in pairs if v is not None or e is not None]


def descendants(item: Any) -> Iterator[Any]:
    element = item.element if isinstance(item, Primitive) else item
    if isinstance(element, dict):
        for key in element:
            if not key.startswith("_") and key != "resourceType":
                for child in _children(element, key):
                    yield child
                    yield from descendants(child)


def present(name: str, wanted: bool) -> Function:
    """`name.exists()` and `name.empty()` are half of what invariants ask: looked up, not gathered."""
    keys = tuple(choices().get(name, (name,)))
    all_keys = frozenset(keys) | {f"_{key}" for key in keys}

    def run(items: Items, around: Around) -> Items:
        for item in items:
            element = item.element if isinstance(item, Primitive) else item
            if isinstance(element, dict) and not all_keys.isdisjoint(element):
                return TRUE if wanted else FALSE
        return FALSE if wanted else TRUE

    return run
