"""Sheets as they came → rows under the sheets of the templates: which sheet and column of the templates is what.

Wrong in the file as a whole (a sheet twice, a required column missing, joined cells) refuses the file.  All of it is
told at once, and the rows are kept even so, as far as their headers can be read: their cells can still be judged.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from babyconnect.birthcare.tabular import Cell, Row, address
from babyconnect.birthcare.templates import DOSSIER, FAULTS, Sheet, folded, sheet_named, sheets, templates
from babyconnect.sources.tabular import Table

OWN_SHEETS = frozenset({"uitleg", "voorbeeld", "lijsten", folded(FAULTS)})
"""Sheets of the template itself, and of what we gave back, that hold no data."""
Fault = tuple[str, str, str]
"""The rule, the place and a sentence."""
_ABOVE = 10
"""Rows in which the headers are looked for, when they do not stand in the first."""
_NEAR = 0.6
_LONGEST_NAME = 200
"""Of a column: what is longer is none of ours, and is not compared with them (a cell may hold 32,767 characters)."""


@dataclass(slots=True)
class File:
    """`faults`: with these the file is refused; `remarks`: told, and no more; `rows`: by the key of their sheet."""

    faults: list[Fault] = field(default_factory=list)
    remarks: list[Fault] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    kind: str = ""


def sort(tables: Sequence[Table]) -> File:
    """The sheets of a file, each under its key."""
    file = File(kind=next((kind for table in tables if (kind := _named(table))), ""))
    for table in tables:
        if folded(table.name) not in OWN_SHEETS and table.rows:
            _sort(table, file)
    return file


def _named(table: Table) -> str:
    """The kind of the template, which its first sheet says (`Gegevensblad: Verloskundigenpraktijk`)."""
    if folded(table.name) not in OWN_SHEETS or not table.rows:
        return ""
    said = next(iter(table.rows[min(table.rows)].values())).text.partition(":")[2]
    return next((kind for kind, template in templates().items() if folded(template.name) == folded(said)), "")


def _sort(table: Table, file: File) -> None:
    place, sheet = f"blad {table.name}", sheet_named(table.name) or _unknown(table, file)
    if sheet is None:
        return
    if sheet.key in file.rows:
        file.faults.append(("sheet", place, "dit blad staat er twee keer"))
    head = _head(table, sheet, file)
    columns = _columns(table, head, sheet, file)
    _refuse_shifted(table, place, file)
    for name, _, last in table.merged:
        if last >= head:
            file.faults.append(("merged", f"{place}, {name}", "samengevoegde cellen; hef de samenvoeging op"))
    file.remarks += [(rule, place, text) for rule, text in table.told]
    file.rows.setdefault(sheet.key, []).extend(
        Row(sheet.key, number, {h: cells[at] for h, at in columns.items() if at in cells}, columns)
        for number, cells in sorted(table.rows.items()) if number > head
    )  # fmt: skip


def _refuse_shifted(table: Table, place: str, file: File) -> None:
    """A row of a text with more cells than the headers was divided within a value: its values stand under others."""
    if table.wide:
        words = 'meer cellen dan er koppen zijn; staat het scheidingsteken in een waarde, zet die dan tussen ""'
        file.faults.append(("csv", f"{place}, rij {table.wide}", words))


def _unknown(table: Table, file: File) -> Sheet | None:
    """Of a sheet that no template has: the one that it seems to be; that it is told refuses the file."""
    head = {_name(cell) for cell in table.rows[min(table.rows)].values()}
    names = [sheet.name for sheet in sheets().values()]
    near = difflib.get_close_matches(table.name, names, 1, _NEAR)
    said = f"blad {table.name}" if table.name else "het bestand"
    hint = f"; bedoelt u {near[0]}?" if near else f"; verwacht een van: {', '.join(names)}"
    if folded(DOSSIER) in head or not table.name:
        file.faults.append(("sheet", said, f"dit is geen blad van een sjabloon{hint}"))
        return sheet_named(near[0]) if near else None
    file.remarks.append(("sheet", said, f"dit is geen blad van een sjabloon; het is niet gelezen{hint}"))
    return None


def _head(table: Table, sheet: Sheet, file: File) -> int:
    """The row of the headers: the first, else one near it, which is told as a fault."""
    known = {folded(header) for header in sheet.columns}
    first, *more = sorted(table.rows)[:_ABOVE]
    if _shared(table.rows[first], known):
        return first
    best = max(more, key=lambda number: _shared(table.rows[number], known), default=first)
    if not _shared(table.rows[best], known):
        return first
    text = f"de eerste regel is niet die met de kolomnamen (dat is rij {best}); haal weg wat erboven staat"
    file.faults.append(("column", f"blad {sheet.name}, rij {first}", text))
    return best


def _shared(cells: Mapping[int, Cell], known: Iterable[str]) -> int:
    return len({_name(cell) for cell in cells.values()} & set(known))


def _name(cell: Cell) -> str:
    """What a cell says, as the name of a column is compared."""
    return folded(cell.text) if len(cell.text) <= _LONGEST_NAME else ""


def _columns(table: Table, head: int, sheet: Sheet, file: File) -> dict[str, int]:
    """Each header of the sheet by its column; what is not one of them is kept under its own name, and told."""
    known = {folded(header): header for header in sheet.columns}
    found: dict[str, int] = {}
    for at, cell in sorted(table.rows[head].items()):
        header = known.get(_name(cell), f"{cell.text} ({at})")
        if header in found:
            place = f"blad {sheet.name}, rij {head}, kolom {header} ({address(at, head)})"
            file.faults.append(("column", place, "deze kolom staat er twee keer"))
        elif _name(cell) == folded(FAULTS):
            continue
        elif header not in sheet.columns:
            file.remarks.append(_not_known(cell.text, address(at, head), head, sheet))
        found.setdefault(header, at)
    for column in sheet.columns.values():
        if column.required and column.header not in found:
            text = f"de verplichte kolom {column.header} ontbreekt{_meant(column.header, found, sheet)}"
            file.faults.append(("column", f"blad {sheet.name}, rij {head}", text))
    _nameless(table, head, sheet, found, file)
    return found


def _meant(header: str, found: Mapping[str, int], sheet: Sheet) -> str:
    """The header that may have been meant by another."""
    others = {name.rpartition(" (")[0]: at for name, at in found.items() if name not in sheet.columns}
    near = difflib.get_close_matches(header, list(others), 1, _NEAR)
    return f"; heet de kolom {near[0][:60]} zo?" if near else ""


def _nameless(table: Table, head: int, sheet: Sheet, found: dict[str, int], file: File) -> None:
    """What stands below no header at all is kept, and told: nobody can say what it is."""
    beside = {at for number, cells in table.rows.items() if number > head for at in cells} - set(found.values())
    for at in sorted(beside):
        place = f"blad {sheet.name}, rij {head}, kolom {address(at, head).rstrip('0123456789')}"
        if at not in table.rows[head]:
            text = "deze kolom heeft geen naam; wat eronder staat wordt niet gelezen, alleen bewaard"
            file.remarks.append(("column", place, text))
            found[f"({at})"] = at


def _not_known(header: str, where: str, head: int, sheet: Sheet) -> Fault:
    near = difflib.get_close_matches(header[:_LONGEST_NAME], list(sheet.columns), 1, _NEAR)
    hint = f"; bedoelt u {near[0]}?" if near else ""
    text = f"deze kolom is niet van het sjabloon en wordt niet gelezen, alleen bewaard{hint}"
    return "column", f"blad {sheet.name}, rij {head}, kolom {header[:60]} ({where})", text
