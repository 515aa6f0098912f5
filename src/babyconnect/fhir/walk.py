"""Walking a resource by the grammar: every Reference, Identifier or Attachment in it, told by its type, not its shape.

For resources that passed `fhir.check.structure`; what the grammar does not know is left alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from babyconnect.fhir.grammar import elements, is_type

Visitors = Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]


def find(resource: Mapping[str, Any], type_name: str) -> Iterator[Mapping[str, Any]]:
    """Each value of a type, in the order of the resource, those inside others after them."""
    return _find(resource, str(resource.get("resourceType", "")), type_name)


def transform(resource: Mapping[str, Any], visitors: Visitors) -> dict[str, Any]:
    """The resource with each value of a visited type as its visitor makes it (children first).

    The source is not changed, and what no visitor changes is shared with it.
    """
    return _transform(resource, str(resource.get("resourceType", "")), visitors)


@functools.cache
def _inner(type_name: str) -> Mapping[str, str]:
    """The elements that are objects, with their types; an id or extension of a value lies under `_name`."""
    if not is_type(type_name):
        return {}
    found = {name: element.type for name, element in elements(type_name).items() if not element.primitive}
    found |= {f"_{name}": "Element" for name, element in elements(type_name).items() if element.primitive}
    return {name: kind for name, kind in found.items() if kind != "xhtml"}


def _type_of(node: Mapping[str, Any], type_name: str) -> str:
    return str(node.get("resourceType", "")) if type_name == "Resource" else type_name


def _find(node: Mapping[str, Any], type_name: str, wanted: str) -> Iterator[Mapping[str, Any]]:
    if type_name == wanted:
        yield node
    inner = _inner(type_name)
    for name, value in node.items():
        kind = inner.get(name)
        if kind is None:
            continue
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, Mapping):
                yield from _find(child, _type_of(child, kind), wanted)


def _transform(node: Mapping[str, Any], type_name: str, visitors: Visitors) -> dict[str, Any]:
    inner = _inner(type_name)
    changed: dict[str, Any] = {}
    for name, value in node.items():
        kind = inner.get(name)
        if kind is None:
            continue
        made = _transform_value(value, kind, visitors)
        if made is not value:
            changed[name] = made
    # What does not change is shared, not copied: most of a resource is codes and values that nobody visits.
    copied = {**node, **changed} if changed or not isinstance(node, dict) else node
    visitor = visitors.get(type_name)
    return visitor(copied) if visitor else copied


def _transform_value(value: Any, kind: str, visitors: Visitors) -> Any:
    if isinstance(value, Mapping):
        return _transform(value, _type_of(value, kind), visitors)
    if not isinstance(value, list):
        return value
    made = [_transform_value(child, kind, visitors) for child in value]
    return value if all(new is old for new, old in zip(made, value, strict=True)) else made
