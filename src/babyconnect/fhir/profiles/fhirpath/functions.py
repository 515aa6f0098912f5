"""The functions whose arguments are values, by their names; `where`, `select`, `is` and `as` are the compiler's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from babyconnect.fhir.profiles.fhirpath.stepping import descendants
from babyconnect.fhir.profiles.fhirpath.values import (
    FALSE,
    NOTHING,
    TRUE,
    Around,
    Function,
    Items,
    Primitive,
    plain,
    same,
    text,
    truth,
)


def _exists(items: Items, around: Around) -> Items:
    return TRUE if items else FALSE


def _not(items: Items, around: Around) -> Items:
    said = truth(items)
    return NOTHING if said is None else FALSE if said else TRUE


def _of_text(act: Callable[..., Any]) -> Callable[..., Items]:
    def run(items: Items, around: Around, *arguments: Items) -> Items:
        if len(items) != 1 or plain(items[0]) is None:
            return NOTHING
        return [act(text(items[0]), *(one[0] for one in arguments))]

    return run


def _distinct(items: Items, around: Around) -> Items:
    values = [plain(one) for one in items]
    if all(isinstance(one, str) for one in values):
        return TRUE if len(set(values)) == len(values) else FALSE
    return TRUE if all(not same(a, b) for i, a in enumerate(items) for b in items[:i]) else FALSE


def _resolved(items: Items, around: Around) -> Items:
    addresses = [item.get("reference") if isinstance(item, dict) else plain(item) for item in items]
    found = [around.resolve(address) for address in addresses if isinstance(address, str)]
    return [one for one in found if one is not None]


def _extensions(items: Items, around: Around, url: Items) -> Items:
    elements = [item.element if isinstance(item, Primitive) else item for item in items]
    held = [one for element in elements if isinstance(element, dict) for one in element.get("extension", ())]
    return [one for one in held if one.get("url") == url[0]]


FUNCTIONS: dict[str, Callable[..., Items]] = {
    "exists": _exists,
    "empty": lambda items, around: FALSE if items else TRUE,
    "not": _not,
    "count": lambda items, around: [len(items)],
    "matches": _of_text(lambda text, pattern: re.search(pattern, text) is not None),
    "startsWith": _of_text(lambda text, start: text.startswith(start)),
    "contains": _of_text(lambda text, part: part in text),
    "substring": _of_text(lambda text, start: text[start:]),
    "toString": _of_text(lambda text: text),
    "trace": lambda items, around, name: items,
    "isDistinct": _distinct,
    "resolve": _resolved,
    "extension": _extensions,
    "descendants": lambda items, around: [one for item in items for one in descendants(item)],
    "intersect": lambda items, around, other: [one for one in items if any(same(one, each) for each in other)],
}


def typed(kind: str, run: Function, name: str) -> Function:
    def is_of(item: Any) -> bool:
        value = plain(item)
        if isinstance(value, dict):
            return value.get("resourceType") == name
        return isinstance(value, bool) if name == "boolean" else isinstance(value, str)

    def test(items: Items, around: Around) -> Items:
        found = run(items, around)
        if kind == "as":
            return [one for one in found if is_of(one)]
        return [is_of(found[0])] if len(found) == 1 else NOTHING

    return test
