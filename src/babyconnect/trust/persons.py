"""Whether two accounts are two people: what four eyes rests on.

One person may have a log-in of the viewer, another at a second identity provider, and an account of the machine.  An
organisation that says so in a list of its staff (each account, and the number of the person whose it is) is believed;
whoever is not on it is nobody's second.  Without a list two log-ins are two people, as the identity provider has it,
but an account of the machine is not known to be anybody's, so with it there are never two.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

TERMINAL = "terminal:"
"""Before the name of an account of the machine."""
COLUMNS = ["account", "person"]
MOST = 100_000
Doubt = Literal["", "same", "unlisted"]
"""Why two accounts do not count as two people; "" when they do."""
Second = Callable[[str, str], Doubt]
"""(the account that went first, the account that confirms)"""


@dataclass(frozen=True, slots=True)
class Persons:
    """`numbers`: a person's number by account; None where the organisation gave no list."""

    numbers: Mapping[str, str] | None = None

    def second(self, first: str, other: str) -> Doubt:
        if first == other:
            return "same"
        if self.numbers is None:
            return "unlisted" if first.startswith(TERMINAL) or other.startswith(TERMINAL) else ""
        one, two = self.numbers.get(first, ""), self.numbers.get(other, "")
        if not one or not two:
            return "unlisted"
        return "same" if one == two else ""


def without_a_list(first: str, other: str) -> Doubt:
    return Persons().second(first, other)


def read(text: str) -> Persons:
    """A table with the columns account and person.  Raises ValueError with the line and the rule, quoting nothing."""
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    if next(rows, None) != COLUMNS:
        raise ValueError("line 1: the columns are account and person")
    numbers: dict[str, str] = {}
    for row in rows:
        if not row:
            continue
        if len(row) != len(COLUMNS) or not all(cell.strip() for cell in row):
            raise ValueError(f"line {rows.line_num}: an account and a person's number are expected")
        account, person = row[0].strip(), row[1].strip().casefold()
        if numbers.setdefault(account, person) != person:
            raise ValueError(f"line {rows.line_num}: one account is of one person")
        if len(numbers) > MOST:
            raise ValueError(f"line {rows.line_num}: at most {MOST} accounts")
    return Persons(numbers)
