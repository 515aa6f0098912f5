"""From when until when a medicine is used, as the medication zibs say it (zib2017: Gebruiksperiode, Gebruiksduur).

A period stands in the extension zib-Medication-PeriodOfUse of agreements, or in `effectivePeriod` of use; where it has
a start and no end, the duration (zib-MedicationUse-Duration) gives the end.  The published search parameter
`periodofuse` (Nictiz SearchParameter/Medications-periodofuse 1.0.3) demands the same reading.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

_PERIOD = "zib-Medication-PeriodOfUse"
_DURATION = "zib-MedicationUse-Duration"
_DAYS = {"d": 1, "wk": 7}
_MONTHS = {"mo": 1, "a": 12}
_HOURS = {"h": 1.0, "min": 1 / 60}
# The longest duration that is believed: a century, since what is longer is a mistake of units.
_LONGEST_DAYS = 36_525


def period_of_use(resource: Mapping[str, Any]) -> Mapping[str, str]:
    """`start` and `end` as FHIR texts, each only where it is known; empty where the resource tells neither."""
    period = _stated(resource)
    start, end = _text(period.get("start")), _text(period.get("end"))
    if start and not end:
        for duration in (*_extended(period, _DURATION), *_extended(resource, _DURATION)):
            end = end or _after(start, duration.get("valueDuration"))
    return {name: value for name, value in (("start", start), ("end", end)) if value}


def end_from(resource: Mapping[str, Any], start: str) -> str:
    """When the duration that a resource tells ends if it begins at `start`, as FHIR text; "" where it tells none."""
    return next((end for one in _extended(resource, _DURATION) if (end := _after(start, one.get("valueDuration")))), "")


def _stated(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    for extension in _extended(resource, _PERIOD):
        if isinstance(extension.get("valuePeriod"), Mapping):
            found: Mapping[str, Any] = extension["valuePeriod"]
            return found
    effective = resource.get("effectivePeriod")
    if isinstance(effective, Mapping):
        return effective
    moment = resource.get("effectiveDateTime")
    return {"start": moment} if moment else {}


def _extended(node: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    for extension in node.get("extension") or ():
        if isinstance(extension, Mapping) and str(extension.get("url", "")).rsplit("/", 1)[-1] == name:
            yield extension


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _after(start: str, duration: Any) -> str:
    """The last day (or second) of a duration that begins at `start`; "" where that cannot be told."""
    if not isinstance(duration, Mapping) or duration.get("comparator"):
        return ""
    try:
        count = Decimal(str(duration.get("value")))
        unit = str(duration.get("code") or duration.get("unit") or "")
        return _ended(start, count, unit) if count > 0 and count.is_finite() else ""
    except (InvalidOperation, ValueError, OverflowError):
        return ""


def _ended(start: str, count: Decimal, unit: str) -> str:
    whole_days = len(start) == 10
    first = dt.date.fromisoformat(start[:10])
    moment = None if whole_days else dt.datetime.fromisoformat(start)
    if unit in _HOURS:
        if moment is None:
            return start
        return _written(moment + dt.timedelta(hours=float(count) * _HOURS[unit]))
    if unit in _MONTHS and count == int(count):
        days = (_months_on(first, int(count) * _MONTHS[unit]) - first).days
    elif unit in _DAYS:
        days = round(count * _DAYS[unit])
    else:
        return ""
    if not 0 < days <= _LONGEST_DAYS:
        return ""
    if moment is not None:
        return _written(moment + dt.timedelta(days=days))
    return (first + dt.timedelta(days=days - 1)).isoformat()


def _written(exclusive: dt.datetime) -> str:
    """The second before, since the end of a FHIR Period belongs to it."""
    return (exclusive - dt.timedelta(seconds=1)).isoformat()


def _months_on(first: dt.date, months: int) -> dt.date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return dt.date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))
