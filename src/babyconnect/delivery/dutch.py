"""Numbers, dates and moments as Dutch people write them: 7,1 mmol/l · 3 mei 2026 · 14:38 (Europe/Amsterdam)."""

from __future__ import annotations

import datetime as dt
import functools
import re
from decimal import Decimal
from typing import Any

from babyconnect.birthcare import units
from babyconnect.birthcare.resources import HOME, instant

MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni",
    "juli", "augustus", "september", "oktober", "november", "december",
)  # fmt: skip

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def date(day: dt.date) -> str:
    """`3 mei 2026`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def is_moment(text: str) -> bool:
    """Whether a text is a FHIR date or dateTime."""
    return bool(_DATE.fullmatch(text[:10])) and (len(text) <= 10 or text[10] == "T")


@functools.lru_cache(maxsize=16384)
def moment(text: str) -> str:
    """A FHIR date (also partial), dateTime or instant; what is no date comes back as it is."""
    if (exact := instant(text)) is not None:
        local = exact.astimezone(HOME)
        return f"{date(local.date())} {local:%H:%M}" + (f":{local:%S}" if local.second else "")
    found = _DATE.fullmatch(text[:10])
    if not found:
        return text
    year, month, day = (int(part) if part else 0 for part in found.groups())
    if not month or month > 12:
        return str(year)
    return f"{day} {MONTHS[month - 1]} {year}" if day else f"{MONTHS[month - 1]} {year}"


def number(value: Any) -> str:
    """A number with a decimal comma; its digits as the source gave them."""
    return (format(value, "f") if isinstance(value, Decimal) else str(value)).replace(".", ",")


def unit(quantity: dict[str, Any]) -> str:
    """The unit to print: a table's name for the code, else what the source calls it."""
    known = units.unit_of(quantity)
    return known.dutch if known else str(quantity.get("unit") or quantity.get("code") or "")


def gestation(days: int) -> str:
    """`28+3`."""
    return f"{days // 7}+{days % 7}"


def enumerate_(texts: list[str]) -> str:
    """`a, b en c`."""
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} en {texts[-1]}" if texts else ""
