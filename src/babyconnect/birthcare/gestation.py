"""Gestational age and due date in calendar days (domain §7; NVOG guideline on dating a pregnancy).

A due date is 280 days after the first day of the last menstruation, 266 after conception.  Days are calendar days in
the Netherlands: whoever has a moment turns it into a day first.
"""

from __future__ import annotations

import datetime as dt
import math

TERM_DAYS = 280
CONCEPTION_DAYS = 14
CRL_MIN_MM = 20.0
CRL_MAX_MM = 68.0


def days_on(due: dt.date, today: dt.date) -> int:
    """Gestational age in days on a day, from the due date."""
    return TERM_DAYS - (due - today).days


def text(days: int) -> str:
    """`28+3`."""
    return f"{days // 7}+{days % 7}"


def days_of(text: str) -> int:
    """`28+3` in days."""
    weeks, days = text.split("+")
    return int(weeks) * 7 + int(days)


def due_from_last_menstruation(first_day: dt.date) -> dt.date:
    return first_day + dt.timedelta(days=TERM_DAYS)


def due_from_conception(conception: dt.date) -> dt.date:
    return conception + dt.timedelta(days=TERM_DAYS - CONCEPTION_DAYS)


def days_from_crl(millimetres: float) -> float | None:
    """Gestational age in days by crown-rump length, Robinson and Fleming 1975; None outside 20-68 mm (domain §7).

    Robinson HP, Fleming JE. Br J Obstet Gynaecol 1975;82:702-710: days = 8.052 × √(1.037 × CRL) + 23.73.
    """
    if not CRL_MIN_MM <= millimetres <= CRL_MAX_MM:
        return None
    return 8.052 * math.sqrt(1.037 * millimetres) + 23.73


def due_from_crl(measured: dt.date, millimetres: float) -> dt.date | None:
    """The due date by one crown-rump length, or None when it is no measure to date by."""
    days = days_from_crl(millimetres)
    return None if days is None else measured + dt.timedelta(days=TERM_DAYS - round(days))


def age_on(born: dt.date, today: dt.date) -> int:
    """Age in whole years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
