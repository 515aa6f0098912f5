"""What the commands have in common on their command lines: numbers within a rule, choices by name, plurals."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TypeVar

Choice = TypeVar("Choice", bound=StrEnum)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 record`, `2 records`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def whole(least: int, most: int | None, rule: str) -> Callable[[str], int]:
    """The type of an option that takes a whole number; `rule` is the sentence when it is another."""

    def number(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number; {rule}") from None
        if found < least or (most is not None and found > most):
            raise argparse.ArgumentTypeError(f"{found} is not possible; {rule}")
        return found

    return number


def chosen(among: Iterable[Choice]) -> Callable[[str], Choice]:
    """The type of an option that takes one of these."""
    names = {str(one): one for one in among}

    def one(text: str) -> Choice:
        if text not in names:
            raise argparse.ArgumentTypeError(f"'{text}' is none of {', '.join(names)}")
        return names[text]

    return one


def day(text: str) -> dt.date:
    """The type of an option that takes a day."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a day as YYYY-MM-DD") from None
