"""Units of measure: what a source writes, in UCUM, and one quantity in another's unit (`definitions/terminology`)."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from babyconnect.birthcare import ucum
from babyconnect.definitions import rows

_NO_NOTE = re.compile(r"[^ -z|~]+")  # what an annotation may not hold: braces, what is not ASCII


@dataclass(frozen=True, slots=True)
class Unit:
    """`code` in UCUM; `quantity`: what it measures; `factor`: how many of that quantity's first unit; `dutch`."""

    code: str
    quantity: str
    factor: Decimal
    dutch: str


@functools.cache
def _units() -> Mapping[str, Unit]:
    return {
        written: Unit(row["code"], row["quantity"], Decimal(row["factor"]), row["dutch"])
        for written, row in _rows().items()
    }


@functools.cache
def _rows() -> Mapping[str, Mapping[str, str]]:
    return {row["written"]: row for row in rows("terminology/units")}


def unit(written: str) -> Unit | None:
    """The unit that a code or a word means, None when no row has it."""
    return _units().get(written)


def coded(written: str) -> str:
    """What a source wrote, as UCUM: as it is where that is a code, else the code of the word, else an annotation."""
    row = _rows().get(written)
    if row is not None:
        return written if row["ucum"] else row["code"]
    return written if ucum.is_unit(written) else "{" + _NO_NOTE.sub("_", written).strip("_ ") + "}"


def is_known(written: str) -> bool:
    """True for what a row has, and for every unit of UCUM."""
    return written in _rows() or ucum.is_unit(written)


def unit_of(quantity: Mapping[str, Any]) -> Unit | None:
    """The unit of a Quantity: by its code, else by what it is called."""
    return unit(str(quantity.get("code") or "")) or unit(str(quantity.get("unit") or ""))


def value_in(quantity: Mapping[str, Any], code: str) -> Decimal | None:
    """The value of a Quantity in another unit; None when it has no number, or a unit that is of something else."""
    own, wanted = unit_of(quantity), unit(code)
    if own is None or wanted is None or own.quantity != wanted.quantity:
        return None
    try:
        number = Decimal(str(quantity.get("value")))
    except InvalidOperation:
        return None
    return number * own.factor / wanted.factor if number.is_finite() else None
