"""Is a value what a profile fixes, follows it a pattern, is its code in a value set?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from babyconnect.fhir.profiles.tables import Binding


def follows(value: Any, pattern: Any) -> bool:
    """All that the pattern has, the value has; of a list in a pattern, each is somewhere in the value's."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(k in value and follows(value[k], v) for k, v in pattern.items())
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(follows(one, wanted) for one in value) for wanted in pattern)
    return bool(value == pattern)


def bound(value: Any, binding: Binding) -> bool | None:
    """Does the value have a code of the value set?  None: it cannot be known here."""
    answers = [binding.codes.holds(system, code) for system, code in codes(value)]
    if True in answers:
        return True
    return None if None in answers else False


def codes(value: Any) -> Iterator[tuple[str | None, str | None]]:
    """The codes of a CodeableConcept, a Coding, a Quantity or a bare code, with their systems.

    A Quantity without a code and a concept of words alone say none."""
    if isinstance(value, str):
        yield None, value
    elif isinstance(value, dict):
        if "coding" in value:
            for one in value["coding"]:
                if isinstance(one, dict):
                    yield one.get("system", ""), one.get("code")
        elif "code" in value:
            yield value.get("system", ""), value["code"]


def at_path(value: Any, steps: tuple[str, ...]) -> list[Any]:
    """The values at a path of plain names."""
    found = [value]
    for step in steps:
        below: list[Any] = []
        for one in found:
            item = one.get(step) if isinstance(one, dict) else None
            if isinstance(item, list):
                below += item
            elif item is not None:
                below.append(item)
        found = below
    return found
