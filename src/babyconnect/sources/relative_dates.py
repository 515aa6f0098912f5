"""Relative dates of the published fixtures: `${DATE, T, D, -111}` stands for 111 days before T.

Nictiz's test material only; a real source never sends one.  They are resolved before parsing, and only when a date for
T was given (`--date T=2026-11-21`); unresolved ones fail the check as dates that do not exist.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

_RELATIVE = re.compile(rb"\$\{DATE,\s*([A-Z]+),\s*([YMD]),\s*([+-]?\d{1,6})\}")


def resolve(content: bytes, dates: Mapping[str, dt.date]) -> bytes:
    """The content with each relative date of a known name replaced by a calendar date."""
    if not dates or b"${DATE" not in content:
        return content

    def absolute(found: re.Match[bytes]) -> bytes:
        start = dates.get(found[1].decode())
        if start is None:
            return found[0]
        moved = _moved(start, found[2].decode(), int(found[3]))
        return found[0] if moved is None else moved.isoformat().encode()

    return _RELATIVE.sub(absolute, content)


def _moved(start: dt.date, unit: str, steps: int) -> dt.date | None:
    try:
        if unit == "D":
            return start + dt.timedelta(days=steps)
        months = start.year * 12 + start.month - 1 + (steps if unit == "M" else 12 * steps)
        year, month = divmod(months, 12)
        # The 31st of a shorter month is its last day, as the test platform has it.
        for day in range(start.day, 27, -1):
            try:
                return dt.date(year, month + 1, day)
            except ValueError:
                continue
        return dt.date(year, month + 1, start.day)
    except (ValueError, OverflowError):
        return None
