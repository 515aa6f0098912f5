"""How large is a unit of UCUM, and of what?  Exactly, by the sizes of its symbols (`definitions/terminology/ucum.csv`).

Two units measure the same when they come down to the same base units.  What cancels between the parts of a unit is
kept: a share of amounts (`mmol/mol`) is none of masses or numbers, which UCUM's dimensions alone would not tell.
An annotation has no size (UCUM 2.1 §6), but alone, or below a `/`, it is the only word for what is counted.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from babyconnect.birthcare.ucum import is_unit
from babyconnect.definitions import rows

_TOKEN = re.compile(r"[./()]|\{[^}]*\}|(?:\[[^\]]*\]|[^\[\]./(){}])+")
_COMPONENT = re.compile(r"(10[*^]|.*?)([+-]?\d+)?")
_ZERO = {"Cel": Fraction("273.15"), "degF": Fraction("459.67"), "degRe": Fraction("218.52")}  # UCUM §21: above 0 K
_LARGEST = 40  # no unit is of a higher power, nor a number in one longer


@dataclass(frozen=True, slots=True)
class Size:
    """`factor` of what `over` and `under` count (base unit → power); `zero`: where its scale begins, in its degrees."""

    factor: Fraction = Fraction(1)
    over: Counter[str] = field(default_factory=Counter)
    under: Counter[str] = field(default_factory=Counter)
    zero: Fraction = Fraction(0)

    def measures_as(self, other: Size) -> bool:
        return self.over == other.over and self.under == other.under

    @property
    def is_number(self) -> bool:
        """Of nothing: a count, a score, a share of hundred."""
        return all(name.startswith("{") for name in (*self.over, *self.under))

    def times(self, other: Size, power: int) -> Size:
        over, under = (other.over, other.under) if power > 0 else (other.under, other.over)
        return Size(
            self.factor * other.factor**power,
            self.over + Counter({name: n * abs(power) for name, n in over.items()}),
            self.under + Counter({name: n * abs(power) for name, n in under.items()}),
        )

    @property
    def cancelled(self) -> Size:
        return Size(self.factor, self.over - self.under, self.under - self.over)


class _Unsized(Exception):
    """A unit that has no size of its own here: a degree of temperature in another unit, or one past all measure."""


@functools.lru_cache(maxsize=1024)
def size(code: str) -> Size | None:
    """The size of a unit; None for what is none, and for what cannot be counted in another."""
    if not is_unit(code):
        return None
    bare = re.sub(r"\{[^}]*\}", "", code)
    row = _rows().get(bare)
    try:
        if row is not None and row["scale"] in _ZERO:
            return Size(Fraction(row["value"]) * _term(row["term"]).factor, Counter("K"), zero=_ZERO[row["scale"]])
        return _term(code) if bare else Size(over=Counter([code]))
    except _Unsized:
        return None


@functools.cache
def _rows() -> Mapping[str, Mapping[str, str]]:
    return {row["code"]: row for row in rows("terminology/ucum") if row["kind"] != "prefix"}


@functools.cache
def _prefixes() -> Mapping[str, Fraction]:
    return {row["code"]: Fraction(row["value"]) for row in rows("terminology/ucum") if row["kind"] == "prefix"}


def _term(code: str) -> Size:
    return _read(list(reversed(_TOKEN.findall(code))))


def _read(tokens: list[str]) -> Size:
    """Components from left to right, until the end or a closing parenthesis."""
    found, sign, opened = Size(), 1, True
    while tokens:
        token = tokens.pop()
        if token == ")":
            break
        if token in ("/", "."):
            sign, opened = (-1 if token == "/" else 1), True
            continue
        if token == "(":
            part, power = _read(tokens), 1
        elif token.startswith("{"):
            # Behind a unit, and before `/` (`{beats}/min`), it says nothing about size.
            part, power = (Size(over=Counter([token])) if opened and sign < 0 else Size()), 1
        else:
            part, power = _component(token)
        found, opened = found.times(part, sign * power), False
    return found


def _component(text: str) -> tuple[Size, int]:
    if text.isdigit():
        if len(text) > _LARGEST or not int(text):
            raise _Unsized
        return Size(Fraction(int(text))), 1
    match = _COMPONENT.fullmatch(text)
    assert match is not None  # the expression takes any text
    power = int(match[2] or 1)
    if not 0 < abs(power) <= _LARGEST:
        raise _Unsized
    return _symbol(match[1]), power


@functools.cache
def _symbol(code: str) -> Size:
    row = _rows().get(code)
    if row is None:
        prefix = next(p for p in _prefixes() if code.startswith(p) and _takes_prefix(code[len(p) :]))
        whole = _symbol(code[len(prefix) :])
        return Size(_prefixes()[prefix] * whole.factor, whole.over, whole.under)
    if row["scale"] in _ZERO:
        raise _Unsized
    if row["scale"]:
        return Size(over=Counter([code]))
    defined = _term(row["term"]).cancelled
    return Size(Fraction(row["value"]) * defined.factor, defined.over, defined.under)


def _takes_prefix(code: str) -> bool:
    row = _rows().get(code)
    return row is not None and row["kind"] == "metric"
