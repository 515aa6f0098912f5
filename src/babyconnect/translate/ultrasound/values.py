"""One text of an export → the attributes of a data element, or why it says nothing we can use.

What cannot be is left out and reported: a screen that shows a head of 99 cm is worse than one that shows none.  The
original keeps it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from babyconnect.birthcare import units
from babyconnect.translate.ultrasound.layout import Item, words

Attributes = dict[str, str]
Remark = Callable[[str, str], None]
"""Rule and sentence of a warning."""

_NUMBER = re.compile(r"-?\d{1,7}(?:\.\d{1,6}|,\d{1,2})?")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?(Z|[+-]\d\d:\d\d)?)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[.-](\d{1,2})[.-](\d{4})")
LONGEST = 20_000


def text(raw: str, item: Item, remark: Remark) -> Attributes | None:
    if len(raw) > LONGEST:
        remark("bad-value", f"a text of more than {LONGEST:,} characters; left out")
        return None
    return {"value": raw}


def identifier(raw: str, item: Item, remark: Remark) -> Attributes | None:
    return {"value": raw, "root": item.argument} if item.argument else {"value": raw}


def count(raw: str, item: Item, remark: Remark) -> Attributes | None:
    if not raw.isascii() or not raw.isdigit() or len(raw) > 4:
        remark("bad-value", "not a whole number; left out")
        return None
    return {"value": raw} if _possible(Decimal(raw), item, remark) else None


def number(raw: str, item: Item, remark: Remark, unit: str = "") -> Attributes | None:
    """A measurement in the unit it came in; `unit`: as the export gives it, else the table's."""
    if not _NUMBER.fullmatch(raw):
        remark("bad-value", "not a number; left out")
        return None
    written = unit or item.argument
    value = {"value": Decimal(raw.replace(",", ".")), "code": units.coded(written)}
    own = units.code_of(value)
    if not units.measure_the_same(own, item.argument):
        remark("unknown-unit", "a unit that this measurement cannot have; left out")
        return None
    measured = units.value_in(value, item.argument)
    if measured is None or not _possible(measured, item, remark):
        return None
    return {"value": raw, "unit": own}


def _possible(value: Decimal, item: Item, remark: Remark) -> bool:
    too_small = item.least is not None and value < item.least
    if too_small or (item.most is not None and value > item.most):
        remark("impossible", "a value that cannot be of a fetus, a woman or a percentage; left out")
        return False
    return True


def day(raw: str) -> str | None:
    """A day or moment as FHIR writes it; None when a calendar or a clock has no such one."""
    if found := _DAY_FIRST.fullmatch(raw):
        return _real(f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}")
    found = _ISO.fullmatch(raw)
    if not found:
        return None
    if found[4] is None:
        return _real(raw)
    try:
        dt.datetime.fromisoformat(raw.replace("Z", "+00:00"))
    except ValueError:
        return None
    return raw.replace(" ", "T")


def _real(text: str) -> str | None:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return None
    return text


def code(raw: str, item: Item, remark: Remark) -> Attributes | None:
    """The code of a word; a word that the table does not have is told, and stays in the original."""
    row: Mapping[str, str] | None = words().get((item.argument, " ".join(raw.split()).casefold()))
    if row is None:
        remark("unknown-code", "a word that the table of codes does not have; kept in the original only")
        return None
    shown = {"displayName": row["display"]} if row["display"] else {}
    return {"code": row["code"], "codeSystem": row["system"], **shown}


def initials(raw: str, item: Item, remark: Remark) -> Attributes | None:
    """Of `A.B. van der`: what stands up to the last point."""
    before, point, _ = raw.rpartition(".")
    return {"value": f"{before}."} if point else None


def prefix(raw: str, item: Item, remark: Remark) -> Attributes | None:
    """Of `A.B. van der`: what stands after the last point."""
    _, point, after = raw.rpartition(".")
    return {"value": after.strip()} if point and after.strip() else None


PLAIN: Mapping[str, Callable[[str, Item, Remark], Attributes | None]] = {
    "text": text, "identifier": identifier, "count": count, "code": code, "initials": initials, "prefix": prefix,
}  # fmt: skip
