"""What stands between two collections.  The right-hand side is asked for only where the left does not decide."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from babyconnect.fhir.profiles.fhirpath.values import (
    FALSE,
    NOTHING,
    TRUE,
    Items,
    Known,
    comparable,
    given,
    plain,
    same,
    text,
    truth,
)

Later = Callable[[], Items]


def _and(left: Items, right: Later) -> Items:
    one = truth(left)
    if one is False:
        return FALSE
    other = truth(right())
    return FALSE if other is False else given(None if one is None or other is None else True)


def _or(left: Items, right: Later) -> Items:
    one = truth(left)
    if one is True:
        return TRUE
    other = truth(right())
    return TRUE if other is True else given(None if one is None or other is None else False)


def _xor(left: Items, right: Later) -> Items:
    one, other = truth(left), truth(right())
    return given(None if one is None or other is None else one != other)


def _implies(left: Items, right: Later) -> Items:
    one = truth(left)
    if one is False:
        return TRUE
    other = truth(right())
    return TRUE if other is True else given(None if one is None or other is None else False)


def _equal(wanted: bool) -> Callable[[Items, Later], Items]:
    def run(left: Items, right: Later) -> Items:
        other = right()
        if not left or not other:
            return NOTHING
        alike = len(left) == len(other) and all(map(same, left, other))
        return given(alike is wanted)

    return run


def _compared(holds: Callable[[Any, Any], bool]) -> Callable[[Items, Later], Items]:
    def run(left: Items, right: Later) -> Items:
        other = right()
        pair = comparable(left[0], other[0]) if len(left) == 1 and len(other) == 1 else None
        return NOTHING if pair is None else given(holds(*pair))

    return run


def _in(left: Items, right: Later) -> Items:
    if not left:
        return NOTHING
    one, many = plain(left[0]), right()
    if isinstance(many, Known) and isinstance(one, str):
        return given(one in many.texts)
    return given(any(same(one, each) for each in many))


def _plus(left: Items, right: Later) -> Items:
    other = right()
    if not left or not other:
        return NOTHING
    one, more = plain(left[0]), plain(other[0])
    numbers = all(isinstance(each, int | Decimal) for each in (one, more))
    return [one + more if numbers else text(one) + text(more)]


def _joined(left: Items, right: Later) -> Items:
    return ["".join(text(one) for one in (*left[:1], *right()[:1]))]


OPERATORS: dict[str, Callable[[Items, Later], Items]] = {
    "and": _and,
    "or": _or,
    "xor": _xor,
    "implies": _implies,
    "=": _equal(True),
    "!=": _equal(False),
    "<": _compared(lambda a, b: a < b),
    ">": _compared(lambda a, b: a > b),
    "<=": _compared(lambda a, b: a <= b),
    ">=": _compared(lambda a, b: a >= b),
    "in": _in,
    "|": lambda left, right: left + right(),
    "+": _plus,
    "&": _joined,
}
