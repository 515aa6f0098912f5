"""Dates as intervals: FHIR's partial dates and periods as half-open spans of UTC, comparable as text.

FHIR STU3 search.html#date: a date stands for the whole span it names (`2026-03` is the month).  A time without a zone
and a whole day are Dutch time, where the care was given.
"""

from __future__ import annotations

import datetime as dt
import re

from babyconnect.birthcare.resources import HOME

BEGINNING = "0001-01-01T00:00:00.000000Z"
END = "9999-12-31T23:59:59.999999Z"
_FORM = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)


def interval(start: str, end: str) -> tuple[str, str] | None:
    """The span from the beginning of `start` to the end of `end`; an empty side is open.  None: not dates at all."""
    try:
        first = span(start)[0] if start else BEGINNING
        last = span(end)[1] if end else END
    except ValueError:
        return None
    return (first, last) if start or end else None


def span(text: str) -> tuple[str, str]:
    """The half-open span that one FHIR date, dateTime or instant names; ValueError when it is none of these."""
    match = _FORM.fullmatch(text)
    if not match:
        raise ValueError("not a FHIR date")
    try:
        return _span(match)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error


def _span(match: re.Match[str]) -> tuple[str, str]:
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if hour is None:
        return _days(int(year), int(month or 0), int(day or 0))
    micro = int((fraction or ".0")[1:7].ljust(6, "0"))
    # A leap second is written :60; Python has none, and a search does not miss it.
    moment = dt.datetime(int(year), int(month), int(day), int(hour), int(minute), min(int(second or 0), 59), micro)
    begin = moment.replace(tzinfo=_zone(zone))
    step = dt.timedelta(minutes=1) if second is None else dt.timedelta(seconds=1)
    if fraction:
        step = dt.timedelta(microseconds=10 ** max(0, 7 - len(fraction)))
    return _text(begin), _text(begin + step)


def _days(year: int, month: int, day: int) -> tuple[str, str]:
    first = dt.date(year, month or 1, day or 1)
    if day:
        after = first + dt.timedelta(days=1)
    elif month:
        after = dt.date(year + month // 12, month % 12 + 1, 1)
    else:
        after = dt.date(year + 1, 1, 1)
    return _midnight(first), _midnight(after)


def _midnight(day: dt.date) -> str:
    return _text(dt.datetime(day.year, day.month, day.day, tzinfo=HOME))


def _zone(text: str | None) -> dt.tzinfo:
    if text is None:
        return HOME
    if text == "Z":
        return dt.UTC
    sign = -1 if text[0] == "-" else 1
    return dt.timezone(sign * dt.timedelta(hours=int(text[1:3]), minutes=int(text[4:6])))


def _text(moment: dt.datetime) -> str:
    utc = moment.astimezone(dt.UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
