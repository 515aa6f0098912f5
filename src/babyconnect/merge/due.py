"""When she is due, and how far she is (domain §7).

The source's definitive date goes first.  Without one: a known conception, then an early ultrasound, then
the last menstruation.  A later scan never re-dates, so of equals the earliest recorded counts,
then the one that most sources state; the others are shown beside it as a conflict.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from babyconnect.birthcare import gestation, units
from babyconnect.birthcare.record import DueDate, Gestation, Item
from babyconnect.birthcare.resources import day
from babyconnect.merge.facts import method_of, value_of
from babyconnect.merge.reading import quantity

RANK = {"ivf": 0, "crl": 1, "ultrasound": 1, "lmp": 2, "stated": 3}
_BEST_CRL_DAYS = 70  # domain §7: of several, the one nearest 10 weeks
OVERDUE = 308  # 44 weeks: beyond it, without an end, we do not know how the pregnancy ended


Ranked = tuple[tuple[int, str, int, str], DueDate]
"""How it is ordered: method, when it was recorded, how many sources state it (more first), a fixed order."""


def _stated(items: Sequence[Item], fact: str) -> Iterator[Ranked]:
    for item in items:
        if item.fact == fact and (value := value_of(fact, item.resource)[0]):
            method = method_of(item.resource) or "stated"
            due = DueDate(dt.date.fromisoformat(value), method, fact == "due_definitive", False, (item.id,))
            yield (RANK[method], item.moment or "9", -len(item.origins), item.id), due


def _by_conception(items: Sequence[Item]) -> Iterator[Ranked]:
    for item in items:
        if item.fact == "conception" and (value := value_of("conception", item.resource)[0]):
            due = gestation.due_from_conception(dt.date.fromisoformat(value))
            rank = (RANK["ivf"], item.moment or "9", -len(item.origins), item.id)
            yield rank, DueDate(due, "ivf", False, True, (item.id,))


def _millimetres(item: Item) -> float | None:
    """A number without a unit is taken as millimetres; one of another kind of unit is none."""
    said = item.resource.get("valueQuantity") or {}
    millimetres = units.value_in(said, "mm")
    if millimetres is None:
        return None if said.get("code") or said.get("unit") else quantity(item.resource)
    return float(millimetres)


def _by_crl(items: Sequence[Item]) -> DueDate | None:
    """By the crown-rump length nearest 10 weeks; of several fetuses at once the longest, as is usual for twins."""
    found = []
    for item in items:
        if item.fact != "crl":
            continue
        measured, length = day(item.moment), _millimetres(item)
        days = gestation.days_from_crl(length) if length is not None else None
        due = gestation.due_from_crl(measured, length) if measured and length is not None else None
        if days is not None and due is not None:
            found.append(((abs(days - _BEST_CRL_DAYS), item.moment, -(length or 0), item.id), due, item.id))
    if not found:
        return None
    _, due, name = min(found)
    return DueDate(due, "crl", False, True, (name,))


def _by_menstruation(items: Sequence[Item]) -> DueDate | None:
    found = sorted(
        (value, item.id)
        for item in items
        if item.fact == "last_menstruation" and (value := value_of("last_menstruation", item.resource)[0])
    )
    if len({value for value, _ in found}) != 1:
        return None  # none, or sources disagree: we do not choose for them
    due = gestation.due_from_last_menstruation(dt.date.fromisoformat(found[0][0]))
    return DueDate(due, "lmp", False, True, tuple(name for _, name in found))


def due_date(items: Sequence[Item]) -> DueDate | None:
    """The due date of one pregnancy from its items, or None when nothing tells."""
    if definitive := sorted(_stated(items, "due_definitive"), key=lambda pair: pair[0]):
        return definitive[0][1]
    estimates = sorted([*_stated(items, "due_estimated"), *_by_conception(items)], key=lambda pair: pair[0])
    best = estimates[0][1] if estimates else None
    crl = _by_crl(items)
    if crl and (best is None or RANK[best.method] > RANK["crl"]):
        return crl
    return best or _by_menstruation(items)


def gestation_of(due: DueDate | None, ended: dt.date | None, today: dt.date) -> Gestation | None:
    """How far she is today, or was on the day it ended; None when that cannot be known."""
    if due is None:
        return None
    on = ended or today
    days = gestation.days_on(due.date, on)
    return Gestation(on, days) if 0 <= days <= OVERDUE else None
