"""Units of measure: what a source writes, in UCUM, and one quantity in another's unit (`definitions/terminology`).

`units.csv` has words and other spellings, and how a unit is shown; sizes are UCUM's own (`ucum_sizes`).
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from babyconnect.birthcare import numbers, ucum
from babyconnect.birthcare.systems import canonical
from babyconnect.birthcare.ucum_sizes import Size, size
from babyconnect.definitions import rows

UCUM = "http://unitsofmeasure.org"
_NO_NOTE = re.compile(r"[^ -z|~]+")  # what an annotation may not hold: braces, what is not ASCII
_LARGEST = 60  # of no power of ten beyond this is anything measured, and its digits would fill a memory


@dataclass(frozen=True, slots=True)
class Unit:
    """`code` in UCUM; `counts`: the term of UCUM that it stands for; `dutch`: as it is shown."""

    code: str
    counts: str
    dutch: str


@functools.cache
def _units() -> Mapping[str, Unit]:
    return {written: Unit(row["code"], row["counts"] or row["code"], row["dutch"]) for written, row in _rows().items()}


@functools.cache
def _rows() -> Mapping[str, Mapping[str, str]]:
    return {row["written"]: row for row in rows("terminology/units")}


@functools.cache
def _in_any_case() -> Mapping[str, str]:
    return {written.casefold(): written for written in reversed(tuple(_rows()))}


def unit(written: str) -> Unit | None:
    """The unit that a code or a word means, None when no row has it."""
    return _units().get(_row_name(written))


def _row_name(written: str) -> str:
    """The row of what is written: as it stands; else, where it is no unit of UCUM, with other capitals."""
    if written in _rows() or ucum.is_unit(written):
        return written
    words = " ".join(written.split()).casefold()
    return _in_any_case().get(words, written)


def coded(written: str) -> str:
    """What a source wrote, as UCUM: as it is where that is a code, else the code of the word, else an annotation."""
    row = _rows().get(_row_name(written))
    if row is not None:
        return written if row["ucum"] and written == row["written"] else row["code"]
    return written if ucum.is_unit(written) else "{" + _NO_NOTE.sub("_", written).strip("_ ") + "}"


def is_known(written: str) -> bool:
    """True for what a row has, and for every unit of UCUM."""
    return _row_name(written) in _rows() or ucum.is_unit(written)


def unit_of(quantity: Mapping[str, Any]) -> Unit | None:
    """The row of a Quantity's unit: by its code, else by what it is called."""
    return unit(str(quantity.get("code") or "")) or unit(str(quantity.get("unit") or ""))


def code_of(quantity: Mapping[str, Any]) -> str:
    """The unit of a Quantity in UCUM: its code, else what it is called; "" when neither is a unit."""
    ours = canonical(str(quantity.get("system") or UCUM)) == UCUM
    for written in (str(quantity.get("code") or "") if ours else "", str(quantity.get("unit") or "")):
        if written and is_known(written):
            return coded(written)
    return ""


def measure_the_same(one: str, other: str) -> bool:
    """Whether an amount in one unit can be said in the other."""
    return _way(one, other) is not None


def is_number(code: str) -> bool:
    """Whether a unit is of nothing that is measured: a count, a score, a share, an annotation."""
    found = _size(code)
    return found is None or found.is_number


def _size(code: str) -> Size | None:
    known = unit(code)
    return size(known.counts if known else code)


def value_in(quantity: Mapping[str, Any], code: str) -> Decimal | None:
    """The value of a Quantity in another unit, to compare with; None: it has no number, or measures something else."""
    number = _number(quantity.get("value"))
    way = _way(code_of(quantity), code)
    return None if number is None or way is None else _decimal(way.along(Fraction(number)))


@dataclass(frozen=True, slots=True)
class _Way:
    """From one unit to another: from its zero, by a factor, to the other's zero."""

    begins: Fraction
    factor: Fraction
    ends: Fraction

    def along(self, number: Fraction) -> Fraction:
        return (number + self.begins) * self.factor - self.ends


def _way(own: str, wanted: str) -> _Way | None:
    if own == wanted and own:
        return _Way(Fraction(0), Fraction(1), Fraction(0))
    mine, theirs = _size(own), _size(wanted)
    if mine is None or theirs is None:
        return None
    if mine.measures_as(theirs):
        return _Way(mine.zero, mine.factor / theirs.factor, theirs.zero)
    return None


def _decimal(exact: Fraction) -> Decimal:
    if exact.denominator == 1:
        return Decimal(exact.numerator)
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).normalize()  # 28 digits, if it does not end before


def is_mass_for_amount(code: str, wanted: str) -> bool:
    """Whether a unit is of the mass of what the other counts in moles (g/dL and mmol/L)."""
    mine, theirs = _size(code), _size(wanted)
    if mine is None or theirs is None:
        return False
    return mine.over == Counter("g") and theirs.over == Counter(["mol"]) and mine.under == theirs.under


def said_in(value: Any, own: str, wanted: str) -> Decimal | int | None:
    """A value in another unit, to write: exactly where that takes hardly more digits (20 inches are 50.8 cm).

    Else rounded to the first decimal that is no coarser than its last one was (12.0 kPa are 90.0 mm[Hg]), so that it
    can be read back.  None where the other unit takes more digits than may be sent on.
    """
    number, way = _number(value), _way(own, wanted)
    if number is None or way is None:
        return None
    exact = way.along(Fraction(number))
    places = _places(Fraction(Decimal(1).scaleb(min(_exponent(number), 0))) * way.factor)
    made = _rounded(exact, next((more for more in range(places, places + 3) if _ends(exact, more)), places))
    return made if len(format(made, "f" if isinstance(made, Decimal) else "d")) <= numbers.LONGEST else None


def _places(finest: Fraction) -> int:
    """How many decimals a step of this size needs."""
    places = 0
    while Fraction(1, 10**places) > finest and places < _LARGEST:
        places += 1
    return places


def _ends(exact: Fraction, places: int) -> bool:
    return (exact * 10**places).denominator == 1


def _rounded(exact: Fraction, places: int) -> Decimal | int:
    made = round(exact * 10**places)
    # Not `scaleb`, which rounds to 28 digits.
    return Decimal(f"{made}E-{places}") if places else numbers.whole(made)


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)  # of a finite number
    return exponent


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(_exponent(number)) > _LARGEST or abs(number.adjusted()) > _LARGEST:
        return None
    return number
