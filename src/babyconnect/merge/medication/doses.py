"""How much of a medicine: as text, and as an amount a day where a source gave numbers (zib-InstructionsForUse)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from babyconnect.birthcare.medication import Dose
from babyconnect.birthcare.resources import Resource, as_list

_MOST = Decimal(10) ** 9
_DAYS = {"h": Decimal(1) / 24, "d": Decimal(1), "wk": Decimal(7)}
_PERIODS = {"h": "uur", "d": "dag", "wk": "week", "mo": "maand", "a": "jaar"}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def dose_of(block: Resource) -> Dose:
    """The dose of a block; several instructions one after another have a text and no amount a day."""
    parts = [
        part for part in as_list(block.get("dosageInstruction") or block.get("dosage")) if isinstance(part, Mapping)
    ]
    text = "; ".join(dict.fromkeys(filter(None, (_text(part) for part in parts))))
    if len(parts) != 1 or any(name.startswith("asNeeded") and value for name, value in parts[0].items()):
        return Dose(text)
    per_day, unit = _per_day(parts[0])
    return Dose(text, per_day, unit)


def differ(one: Dose, other: Dose) -> bool:
    """Whether two doses are told to be different.

    Amounts are compared where both have one in the same unit; texts by the numbers in them, since the same dose is
    worded in many ways.  A dose that is not told differs from nothing.
    """
    if one.per_day is not None and other.per_day is not None and one.unit == other.unit:
        return one.per_day != other.per_day
    if not one.text or not other.text:
        return False
    return _numbers(one.text) != _numbers(other.text)


def _numbers(text: str) -> list[Decimal]:
    return sorted(Decimal(found.replace(",", ".")) for found in _NUMBER.findall(text))


def _text(part: Mapping[str, Any]) -> str:
    if part.get("text"):
        return " ".join(str(part["text"]).split())
    amount = part.get("doseQuantity") or part.get("dose") or {}
    shown = f"{amount.get('value', '')} {amount.get('unit') or amount.get('code') or ''}".strip()
    repeat = (part.get("timing") or {}).get("repeat") or {}
    often = repeat.get("frequency")
    if often is None:
        return shown
    period, unit = repeat.get("period", 1), _PERIODS.get(str(repeat.get("periodUnit")), "")
    every = f"per {unit}" if str(period) == "1" else f"per {period} {unit}"
    return f"{often} × {every} {shown}".strip()


def _per_day(part: Mapping[str, Any]) -> tuple[Decimal | None, str]:
    amount = part.get("doseQuantity")
    repeat = (part.get("timing") or {}).get("repeat") or {}
    if not isinstance(amount, Mapping) or repeat.get("frequencyMax") is not None:
        return None, ""
    days = _DAYS.get(str(repeat.get("periodUnit")))
    value, often, period = (
        _decimal(found) for found in (amount.get("value"), repeat.get("frequency"), repeat.get("period"))
    )
    if value is None or often is None or not period or days is None or amount.get("comparator"):
        return None, ""
    unit = str(amount.get("code") or amount.get("unit") or "")
    daily = value * often / (period * days)
    return (daily.quantize(Decimal("0.0001")).normalize(), unit) if abs(daily) < _MOST else (None, "")


def _decimal(value: Any) -> Decimal | None:
    try:
        found = Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and abs(found) < _MOST else None
