"""Moments of ADA to FHIR: relative dates against a given day, and the zone that Dutch wall time had at that moment."""

from __future__ import annotations

import calendar
import datetime as dt
import functools
import re

from babyconnect.birthcare.resources import HOME

_RELATIVE = re.compile(r"T(?:([+-]\d+)([DMY]))?(?:\{(\d\d:\d\d)(:\d\d)?\})?")
_ABSOLUTE = re.compile(r"(\d{4}(?:-\d\d(?:-\d\d)?)?)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?")


@functools.lru_cache(maxsize=4096)
def fhir(text: str, today: dt.date) -> str | None:
    """The FHIR date or dateTime of an ADA moment, None for what is no moment.

    `T-111D` → a date; `T-111D{11:00}` → a dateTime with Amsterdam's offset; a date stays as exact as it is.
    """
    if relative := _RELATIVE.fullmatch(text):
        amount, unit, minutes, seconds = relative.groups()
        try:
            day = _moved(today, int(amount or 0), unit or "D").isoformat()
        except (OverflowError, ValueError):
            return None
        return _timed(day, minutes, seconds, None) if minutes else day
    absolute = _ABSOLUTE.fullmatch(text)
    if not absolute:
        return None
    day, minutes, seconds, zone = absolute.groups()
    return _timed(day, minutes, seconds, zone) if minutes else day


def _moved(day: dt.date, amount: int, unit: str) -> dt.date:
    if unit == "D":
        return day + dt.timedelta(days=amount)
    year, month = divmod(day.year * 12 + day.month - 1 + amount * (12 if unit == "Y" else 1), 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _timed(day: str, minutes: str, seconds: str | None, zone: str | None) -> str | None:
    moment = f"{day}T{minutes}{seconds or ':00'}"
    if zone:
        return moment + zone
    try:
        offset = dt.datetime.fromisoformat(moment[:19]).replace(tzinfo=HOME).strftime("%z")
    except ValueError:
        return None
    return f"{moment}{offset[:3]}:{offset[3:]}"


def is_past(moment: str, today: dt.date) -> bool:
    """True when a FHIR date or dateTime lies on or before this day (an inexact one when it begins by then)."""
    return moment[:10] <= today.isoformat()[: len(moment[:10])]
