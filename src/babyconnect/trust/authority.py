"""Who has authority over a child: dated data with a source, never derived from who gave birth (domain §4).  Pure.

BW 1:245–253: authority lies with parents or a guardian; it can be suspended, ended, or never there (adoption,
relinquishment, surrogacy).  A link of birth (`bc-MotherOf`) stays for care and gives no access here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """Ordered from most to least: of two rows of one date the later in this order holds."""

    PARENT = "parent"
    GUARDIAN = "guardian"
    SUSPENDED = "suspended"
    NONE = "none"


HOLDS = frozenset({Standing.PARENT, Standing.GUARDIAN})


@dataclass(frozen=True, slots=True)
class Authority:
    """What a source said about one person and one child.

    `child`: the child's Patient id here.  `person`: a keyed handle of whom it is about.  `source`: a row of
    `definitions/authority_sources.csv`.  `born`: the child's birth date, which the age rules need.
    """

    child: str
    person: str
    standing: Standing
    source: str
    start: dt.date
    born: dt.date
    recorded: dt.datetime
    end: dt.date | None = None
    by: str = ""


def standing(rows: Iterable[Authority], child: str, person: str, day: dt.date) -> Standing:
    """What holds on a day: of the rows in force the one that began last; of one beginning the one recorded last.

    Nothing recorded is no authority; of two rows of one moment the stricter holds.
    """
    in_force = [
        row
        for row in rows
        if row.child == child and row.person == person and row.start <= day and (row.end is None or day <= row.end)
    ]
    order = list(Standing)
    latest = max(in_force, key=lambda row: (row.start, row.recorded, order.index(row.standing)), default=None)
    return latest.standing if latest else Standing.NONE


def age(born: dt.date, day: dt.date) -> int:
    """Whole years on a day; who is born on 29 February has a birthday on 1 March in other years (BW)."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
