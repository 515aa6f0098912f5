"""Which section each item goes to, and the two tables: visits and biometry (`definitions/sections`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from babyconnect.birthcare import gestation
from babyconnect.birthcare.named import named
from babyconnect.birthcare.record import Item, Pregnancy, Record
from babyconnect.birthcare.resources import day
from babyconnect.definitions import rows
from babyconnect.delivery import dutch
from babyconnect.delivery.growth import percentile
from babyconnect.delivery.lines import Writer, badges
from babyconnect.delivery.view import Cell, Flag, Grid, Row

SECTIONS = {row["section"]: row for row in rows("sections/sections")}
_RULES = {(row["by"], row["key"]): row["section"] for row in rows("sections/assignment")}
_COLUMNS: dict[str, list[tuple[str, frozenset[str]]]] = defaultdict(list)
for _entry in rows("sections/grids"):
    _COLUMNS[_entry["grid"]].append((_entry["column"], frozenset(_entry["codes"].split())))
_VISIT = frozenset().union(*(codes for _, codes in _COLUMNS["controles"]))
_GESTATION = named("gestation")


def _after_birth(item: Item, record: Record) -> bool:
    """A contact or a measurement of visits that was made after the pregnancy ended: that is the postpartum week."""
    current = next((p for p in record.pregnancies if p.id == record.current), None)
    when = day(item.moment)
    visited = item.type == "Encounter" or bool(_VISIT & set(item.codes))
    return visited and current is not None and current.ended is not None and when is not None and when > current.ended


def section_of(item: Item, record: Record, children: frozenset[str]) -> str:
    """The section of an item; a child's facts are with the child, another pregnancy's with that pregnancy."""
    if item.pregnancy and item.pregnancy != record.current:
        return "eerdere"
    if item.subject in children:
        return "kinderen"
    about = (item.subject.split("-")[0],)
    for by, keys in (("code", item.codes), ("profile", item.profiles), ("subject", about), ("type", (item.type,))):
        for key in keys:
            if (section := _RULES.get((by, key))) is not None:
                return "kraam" if section == "zwangerschap" and _after_birth(item, record) else section
    return "overig"


def by_section(record: Record) -> dict[str, list[Item]]:
    """All items, each in exactly one section."""
    found: dict[str, list[Item]] = {section: [] for section in SECTIONS}
    children = frozenset(child.id for child in record.children)
    for item in record.items:
        found[section_of(item, record, children)].append(item)
    return found


def _percentile(item: Item) -> str:
    stated = percentile(item)
    return f" (p{dutch.number(stated)})" if stated is not None else ""


def _cell(items: Sequence[Item], writer: Writer) -> Cell:
    """What was measured that day; two different values of one day are both shown, and flagged."""
    texts = list(dict.fromkeys(_measured(item, writer) for item in items))
    flags = [Flag("several", "meer dan één meting")] if len(texts) > 1 else []
    flags += dict.fromkeys(flag for item in items for flag in writer.line(item).flags if flag.code == "signal")
    lines = [writer.line(item) for item in items]
    hide, keep = any(line.discreet for line in lines), any(line.unprinted for line in lines)
    return Cell(" | ".join(texts), tuple(item.id for item in items), tuple(flags), hide, keep)


def _measured(item: Item, writer: Writer) -> str:
    """The value for a cell, with whose it is when there are several fetuses."""
    fetus = writer.fetus(item)
    return f"{fetus}: {_measurement(item, writer)}" if fetus else _measurement(item, writer)


def _measurement(item: Item, writer: Writer) -> str:
    """The value alone; a gestational age in days as weeks and days."""
    quantity = item.resource.get("valueQuantity") or {}
    if not _GESTATION.isdisjoint(item.codes) and quantity.get("code") == "d" and "value" in quantity:
        return gestation.text(int(quantity["value"]))
    return writer.headline(item).split("; ")[0] + _percentile(item)


def grid(name: str, title: str, items: Sequence[Item], pregnancy: Pregnancy | None, writer: Writer) -> Grid | None:
    """A table of days by measurement; columns without a single value are left out; None when there is nothing."""
    columns = _COLUMNS[name]
    wanted = frozenset().union(*(codes for _, codes in columns))
    days: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in items:
        visit = name == "controles" and item.type == "Encounter"
        if item.moment and (visit or wanted & set(item.codes)):
            when = day(item.moment)
            subject = item.subject if name == "biometrie" else ""
            days[when.isoformat() if when else item.moment, subject].append(item)
    kept = [(title_, codes) for title_, codes in columns if any(codes & set(i.codes) for i in items if i.moment)]
    if not kept:
        return None
    made = tuple(_row(when, here, kept, pregnancy, writer) for (when, _), here in sorted(days.items()))
    return Grid(name, title, "Datum", tuple(column for column, _ in kept), made)


def _row(
    when: str,
    here: Sequence[Item],
    columns: Sequence[tuple[str, frozenset[str]]],
    pregnancy: Pregnancy | None,
    writer: Writer,
) -> Row:
    cells = []
    for column, codes in columns:
        measured = [item for item in here if codes & set(item.codes)]
        cells.append(_cell(measured, writer) if measured else _computed(column, when, pregnancy))
    origins = [origin for item in here for origin in item.origins]
    contacts = [line for item in here if item.type == "Encounter" and (line := writer.line(item)).text]
    note = ", ".join(dict.fromkeys(line.text for line in contacts))
    hide, keep = any(line.discreet for line in contacts), any(line.unprinted for line in contacts)
    return Row(dutch.moment(when), when, tuple(cells), badges(sorted(origins)), note, hide, keep)


def _computed(column: str, when: str, pregnancy: Pregnancy | None) -> Cell:
    date = day(when)
    if column != "Zwangerschapsduur" or pregnancy is None or pregnancy.due is None or date is None:
        return Cell()
    days = gestation.days_on(pregnancy.due.date, date)
    if not 0 <= days <= 308 or (pregnancy.ended and date > pregnancy.ended):
        return Cell()
    return Cell(gestation.text(days), flags=(Flag("computed", "berekend"),))
