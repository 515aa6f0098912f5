"""One unit in another: by UCUM, exactly, and only what measures the same."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from babyconnect.birthcare import units
from babyconnect.birthcare.ucum_sizes import size
from babyconnect.definitions import rows

# Definitions of UCUM 2.1 and the SI brochure, by hand: how many of the second unit one of the first is.
SIZES = (
    ("[lb_av]", "g", "453.59237"), ("[in_i]", "cm", "2.54"), ("m[Hg]", "kPa", "133.322"),
    ("wk", "d", "7"), ("h", "s", "3600"), ("L", "cm3", "1000"), ("bar", "Pa", "1e5"), ("J", "g.m2/s2", "1000"),
    ("U", "umol/min", "1"), ("mol/L", "mmol/mL", "1"), ("[IU]", "[iU]", "1"), ("deg", "'", "60"), ("%", "10*-2", "1"),
)  # fmt: skip
# The same amounts, as clinicians know them.
SAID = (
    ("12.0", "kPa", "mm[Hg]", "90.0"), ("120", "mm[Hg]", "kPa", "16.0"), ("98.6", "[degF]", "Cel", "37.00"),
    ("37.0", "Cel", "[degF]", "98.6"), ("7.5", "[lb_av]", "kg", "3.40"), ("3.45", "kg", "g", "3450"),
    ("3450", "g", "kg", "3.450"), ("20", "[in_i]", "cm", "50.8"), ("20", "wk", "d", "140"), ("90", "min", "h", "1.50"),
    ("510", "mm", "cm", "51.0"), ("2.4", "/s", "/min", "144"), ("1.8", "m", "cm", "180"),
)  # fmt: skip
# What UCUM's dimensions alone would let through, or what sounds alike.
APART = (
    ("mmol/mol", "%"), ("mmol/L", "10*9/L"), ("mo", "d"), ("a", "d"), ("mL/min/{1.73_m2}", "mL/min"),
    ("{score}", "1"), ("mL", "g"), ("mm", "mm[Hg]"), ("Cel/min", "K/min"), ("g/dL", "mmol/L"), ("[pH]", "mol/L"),
    ("[iU]", "[arb'U]"), ("{tablet}", "{druppel}"), ("/{week}", "/{dag}"), ("u", "h"), ("C", "Cel"),
)  # fmt: skip


@pytest.mark.parametrize(("one", "other", "many"), SIZES)
def test_a_unit_has_the_size_that_ucum_gives_it(one: str, other: str, many: str) -> None:
    assert units.value_in({"value": 1, "code": one}, other) == Decimal(many)


@pytest.mark.parametrize(("value", "own", "wanted", "said"), SAID)
def test_a_value_in_another_unit_is_as_fine_as_it_came(value: str, own: str, wanted: str, said: str) -> None:
    assert str(units.said_in(Decimal(value), own, wanted)) == said


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_does_not_measure_the_same_is_never_converted(one: str, other: str) -> None:
    assert not units.measure_the_same(one, other)
    assert units.said_in(Decimal(1), one, other) is None
    assert units.said_in(Decimal(1), other, one) is None


def test_a_mass_is_told_from_the_amount_of_substance_that_was_asked_for() -> None:
    assert units.is_mass_for_amount("g/dL", "mmol/L")
    assert not units.is_mass_for_amount("g", "mmol/L")
    assert not units.is_mass_for_amount("mmol/L", "mmol/L")


_CODES = sorted({row["code"] for row in rows("terminology/units")})
_PAIRS = [(a, b) for a in _CODES for b in _CODES if a != b and units.measure_the_same(a, b)]
_NUMBERS = st.decimals(min_value=0, max_value=100_000, places=None, allow_nan=False, allow_infinity=False).map(
    lambda number: Decimal(format(number, "f")[:12].rstrip(".") or "0")
)


@given(st.sampled_from(_PAIRS), _NUMBERS)
def test_there_and_back_is_what_was_said(pair: tuple[str, str], number: Decimal) -> None:
    one, other = pair
    there = units.said_in(number, one, other)
    assert there is not None
    back = units.said_in(there, other, one)
    assert back is not None
    step = Decimal(1).scaleb(int(number.as_tuple().exponent))
    assert abs(Fraction(Decimal(back)) - Fraction(number)) <= Fraction(step) / 2


@given(st.sampled_from(_PAIRS), _NUMBERS, _NUMBERS)
def test_what_is_more_in_one_unit_is_more_in_another(pair: tuple[str, str], one: Decimal, more: Decimal) -> None:
    assume(one < more)
    first, second = (units.value_in({"value": number, "code": pair[0]}, pair[1]) for number in (one, more))
    assert first is not None
    assert second is not None
    assert first < second


@given(st.text(alphabet="mgLsKC10*^./()[]{}%'dkuHal-+23 ", max_size=24))
def test_no_code_is_too_strange_for_a_size_or_none(code: str) -> None:
    found = size(code)
    assert found is None or found.factor > 0
