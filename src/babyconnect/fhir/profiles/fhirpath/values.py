"""What an expression works on: collections of plain JSON, and what is around the element that is asked about.

A value of a primitive that has extensions of its own is a `Primitive`, any other is plain JSON.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from babyconnect.fhir.profiles.fhirpath.parser import Tree

Items = list[Any]
TRUE: Items = [True]
FALSE: Items = [False]
NOTHING: Items = []


@dataclass(frozen=True, slots=True)
class Around:
    """The resource that the element stands in (the outermost), and what a reference leads to.

    `known`: what was found of the resource as a whole, which is asked again for each of its elements."""

    resource: dict[str, Any]
    resolve: Callable[[str], dict[str, Any] | None]
    known: dict[Tree, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive with the element beside it (`_family`)."""

    value: Any
    element: dict[str, Any]


class Known(list[Any]):
    """A collection that is asked again and again whether it holds a text."""

    @functools.cached_property
    def texts(self) -> frozenset[str]:
        return frozenset(text(one) for one in self if isinstance(plain(one), str | bool))


Function = Callable[[Items, Around], Items]


def truth(items: Items) -> bool | None:
    """A single value that is no boolean counts as true (`singleton evaluation of collections`)."""
    if not items:
        return None
    value = plain(items[0])
    return value if isinstance(value, bool) and len(items) == 1 else True


def given(truth: bool | None) -> Items:
    return NOTHING if truth is None else TRUE if truth else FALSE


def plain(item: Any) -> Any:
    return item.value if isinstance(item, Primitive) else item


def text(item: Any) -> str:
    value = plain(item)
    return str(value).lower() if isinstance(value, bool) else str(value)


def same(one: Any, other: Any) -> bool:
    one, other = plain(one), plain(other)
    if isinstance(one, bool) != isinstance(other, bool):
        return text(one) == text(other)  # mad-3 compares a boolean with 'false'
    return bool(one == other)


def comparable(one: Any, other: Any) -> tuple[Any, Any] | None:
    one, other = plain(one), plain(other)
    if isinstance(one, dict) and isinstance(other, dict):
        unit = ("system", "code") if one.get("code") or other.get("code") else ("unit",)
        if any(one.get(key) != other.get(key) for key in unit):
            return None
        one, other = one.get("value"), other.get("value")
    numbers = (int, float, Decimal)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return Decimal(str(one)), Decimal(str(other))
    if isinstance(one, str) and isinstance(other, str):
        return _moments(one, other)
    return None


def _moments(one: str, other: str) -> tuple[Any, Any] | None:
    """Two moments as instants, or as far as both are known (a day, a month)."""
    if "T" in one and "T" in other:
        try:
            return dt.datetime.fromisoformat(one), dt.datetime.fromisoformat(other)
        except ValueError:
            return None
    known = min(len(one), len(other), 10)
    return one[:known], other[:known]
