"""How long a number may be, and every digit of one that is long: what a source writes need not be of anything measured.

FHIR (STU3 §2.24) gives a decimal no length; 64 bits is what a JSON reader may count on for a whole number.
"""

from __future__ import annotations

from decimal import Decimal

LONGEST_WHOLE = 18
"""Digits of a whole number that 64 bits hold; a longer one travels as text in a Decimal."""
LONGEST = 40
"""Characters of a number that is taken in at all: what is sent on may have no more."""


def whole(number: int) -> int | Decimal:
    """A whole number as JSON can carry it."""
    return number if abs(number) < 10**LONGEST_WHOLE else Decimal(number)


def text(number: Decimal | int) -> str:
    """As digits, without zeros that end its decimals.  (`Decimal.normalize` would round to 28 digits.)"""
    said = format(Decimal(number), "f")
    return said.rstrip("0").rstrip(".") if "." in said else said


def shortest(number: Decimal | int) -> int | Decimal:
    """The same number, whole where it is, without zeros that end its decimals."""
    said = text(number)
    return Decimal(said) if "." in said else whole(int(said))
