"""Marks on measured values, by the limits in `definitions/rules/signals.csv`: a reading aid, no diagnosis."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from babyconnect.birthcare import gestation, units
from babyconnect.birthcare.record import Item
from babyconnect.birthcare.resources import codes_in, day
from babyconnect.definitions import rows
from babyconnect.delivery.view import Flag

_RULES: dict[str, list[dict[str, str]]] = {}
for _rule in rows("rules/signals"):
    _RULES.setdefault(_rule["code"], []).append(_rule)


def _measured(item: Item) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(code, quantity) of the observation and of each of its components."""
    for code in item.codes:
        yield code, item.resource.get("valueQuantity") or {}
    for component in item.resource.get("component") or ():
        for code in codes_in(component.get("code")):
            yield code, component.get("valueQuantity") or {}


def _crosses(rule: Mapping[str, str], quantity: Mapping[str, Any]) -> bool:
    """Whether a quantity lies beyond the rule's limit; what cannot be had in the rule's unit is not judged."""
    value = units.value_in(quantity, rule["unit"])
    if value is None or "comparator" in quantity:
        return False
    return (bool(rule["below"]) and value < Decimal(rule["below"])) or (
        bool(rule["at_least"]) and value >= Decimal(rule["at_least"])
    )


def _in_window(rule: Mapping[str, str], days: int | None) -> bool:
    if not rule["from"]:
        return True
    return days is not None and gestation.days_of(rule["from"]) <= days <= gestation.days_of(rule["until"])


def signals(item: Item, due: dt.date | None) -> tuple[Flag, ...]:
    """The marks of an item; `due`: the due date of its pregnancy, without which limits by gestation are not applied."""
    when = day(item.moment)
    days = gestation.days_on(due, when) if due and when else None
    found = {
        rule["text"]: Flag("signal", rule["text"], "warning")
        for code, quantity in _measured(item)
        for rule in _RULES.get(code, ())
        if _crosses(rule, quantity) and _in_window(rule, days)
    }
    return tuple(found.values())
