"""Dates and times as STU3 writes them (§2.24.0.1): partial dates, and no date that the calendar does not have."""

from __future__ import annotations

import datetime as dt
import re

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)", re.ASCII
)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?", re.ASCII)


def is_date(text: str) -> bool:
    """`2026`, `2026-02` or `2026-02-28`, when it exists."""
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    year, month, day = (int(part or 1) for part in found.groups())
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def is_date_time(text: str) -> bool:
    """A date, or a moment with seconds and time zone."""
    return is_instant(text) if "T" in text else is_date(text)


def is_instant(text: str) -> bool:
    """A moment with seconds and time zone."""
    found = _MOMENT.fullmatch(text)
    return found is not None and is_date(found[1])


def is_time(text: str) -> bool:
    """A time of day, with seconds."""
    return _TIME.fullmatch(text) is not None
