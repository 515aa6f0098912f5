"""Sheets of rows → each client's rows: which sheet and column of the templates is what, and whose row it is.

Wrong in the file as a whole (a sheet twice, a required column missing, joined cells) refuses the file; a row that says
of nobody is told apart; everything else is one client's, and refuses nobody else.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from babyconnect.birthcare.tabular import Cell, Extract, Row
from babyconnect.birthcare.templates import DOSSIER, Column, Sheet, folded, sheet_named, sheets, templates
from babyconnect.sources.tabular import Table

OWN_SHEETS = frozenset({"uitleg", "voorbeeld", "lijsten"})
"""Sheets of the template itself that hold no data."""
_CLIENTS, _CAREGIVERS, _CODE, _CAREGIVER = "clienten", "zorgverleners", "Code", "caregiver"
Fault = tuple[str, str, str]
"""The rule, the place and a sentence."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """`clients`: by where each begins; `faults`: with these the file is refused; `nobody`: rows that say of nobody."""

    clients: tuple[tuple[str, Extract], ...] = ()
    faults: tuple[Fault, ...] = ()
    nobody: tuple[Fault, ...] = ()


@dataclass(slots=True)
class _File:
    faults: list[Fault] = field(default_factory=list)
    remarks: list[Fault] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    kind: str = ""


def gathered(tables: Sequence[Table]) -> Gathered:
    """Each client's rows, with those of the organisation and of the caregivers that they name."""
    file = _File(kind=next((kind for table in tables if (kind := _named(table))), ""))
    for table in tables:
        if folded(table.name) not in OWN_SHEETS and table.rows:
            _sort(table, file)
    if not file.faults and not file.rows.get(_CLIENTS):
        file.faults.append(("no-client", f"blad {sheets()[_CLIENTS].name}", "er is geen enkele cliënt ingevuld"))
    if file.faults:
        return Gathered(faults=tuple(file.faults))
    return _by_client(file)


def _named(table: Table) -> str:
    """The kind of the template, which its first sheet says (`Gegevensblad: Verloskundigenpraktijk`)."""
    if folded(table.name) not in OWN_SHEETS or not table.rows:
        return ""
    said = next(iter(table.rows[min(table.rows)].values())).text.partition(":")[2]
    return next((kind for kind, template in templates().items() if folded(template.name) == folded(said)), "")


def _sort(table: Table, file: _File) -> None:
    """A sheet's rows under its key."""
    place, sheet = f"blad {table.name}", sheet_named(table.name)
    if sheet is None:
        return _unknown(table, file)
    if sheet.key in file.rows:
        return file.faults.append(("sheet", place, "dit blad staat er twee keer"))
    head = min(table.rows)
    columns = _columns(table.rows[head], head, sheet, file)
    for name, _, last in table.merged:
        if last >= head:
            file.faults.append(("merged", f"{place}, {name}", "samengevoegde cellen; hef de samenvoeging op"))
    file.rows[sheet.key] = [
        Row(sheet.key, number, {h: cells[at] for h, at in columns.items() if at in cells}, columns)
        for number, cells in sorted(table.rows.items()) if number > head
    ]  # fmt: skip
    return None


def _unknown(table: Table, file: _File) -> None:
    head = {folded(cell.text) for cell in table.rows[min(table.rows)].values()}
    names = [sheet.name for sheet in sheets().values()]
    near = difflib.get_close_matches(table.name, names, 1, 0.6)
    said = f"blad {table.name}" if table.name else "het bestand"
    hint = f"; bedoelt u {near[0]}?" if near else f"; verwacht een van: {', '.join(names)}"
    if folded(DOSSIER) in head or not table.name:
        file.faults.append(("sheet", said, f"dit is geen blad van een sjabloon{hint}"))
    else:
        file.remarks.append(("sheet", said, f"dit is geen blad van een sjabloon; het is niet gelezen{hint}"))


def _columns(cells: Mapping[int, Cell], head: int, sheet: Sheet, file: _File) -> dict[str, int]:
    """Each header of the sheet by its column; what is not one of them is kept under its own name, and told."""
    known = {folded(header): header for header in sheet.columns}
    found: dict[str, int] = {}
    for at, cell in sorted(cells.items()):
        header = known.get(folded(cell.text), f"{cell.text} ({at})")
        if header in found:
            place = f"blad {sheet.name}, rij {head}, kolom {header}"
            file.faults.append(("column", place, "deze kolom staat er twee keer"))
        elif header not in sheet.columns:
            file.remarks.append(_not_known(cell.text, head, sheet))
        found.setdefault(header, at)
    for column in sheet.columns.values():
        if column.required and column.header not in found:
            place = f"blad {sheet.name}, rij {head}"
            file.faults.append(("column", place, f"de verplichte kolom {column.header} ontbreekt"))
    return found


def _not_known(header: str, head: int, sheet: Sheet) -> Fault:
    near = difflib.get_close_matches(header, list(sheet.columns), 1, 0.6)
    hint = f"; bedoelt u {near[0]}?" if near else ""
    text = f"deze kolom is niet van het sjabloon en wordt niet gelezen, alleen bewaard{hint}"
    return "column", f"blad {sheet.name}, rij {head}, kolom {header[:60]}", text


def _by_client(file: _File) -> Gathered:
    kind = file.kind or _kind(file.rows)
    mine: dict[str, list[Row]] = {}
    nobody: list[Fault] = []
    for key in sheets():
        for row in file.rows.get(key, ()) if sheets()[key].of_client else ():
            dossier = row.cells.get(DOSSIER)
            if dossier is None:
                place = f"blad {sheets()[key].name}, {row.place(DOSSIER)}"
                nobody.append(("no-client", place, "deze regel noemt geen dossiernummer; niet gelezen"))
            else:
                mine.setdefault(dossier.text, []).append(row)
    clients: list[tuple[str, Extract]] = []
    for rows in mine.values():
        at = f"{sheets()[rows[0].sheet].name} rij {rows[0].number}"
        wrong = () if rows[0].sheet == _CLIENTS else (_no_client(rows[0]),)
        remarks = () if clients else tuple(file.remarks)
        clients.append((at, Extract(kind, (*_shared(file, rows), *rows), remarks, wrong)))
    return Gathered(tuple(clients), nobody=tuple(nobody))


def _no_client(row: Row) -> Fault:
    place = f"blad {sheets()[row.sheet].name}, {row.place(DOSSIER)}"
    return "no-client", place, "dit dossiernummer staat niet op het blad Cliënten (let op nullen vooraan)"


def _shared(file: _File, rows: Iterable[Row]) -> list[Row]:
    """The organisation, and the caregivers that these rows name."""
    named = {
        row.cells[header].text.casefold()
        for row in rows for header, column in _of(row).items() if column.type == _CAREGIVER and header in row.cells
    }  # fmt: skip
    caregivers = [
        row
        for row in file.rows.get(_CAREGIVERS, ())
        if _CODE in row.cells and row.cells[_CODE].text.casefold() in named
    ]
    return [*file.rows.get("organisatie", ()), *caregivers]


def _of(row: Row) -> Mapping[str, Column]:
    return sheets()[row.sheet].columns


def _kind(rows: Mapping[str, object]) -> str:
    """The smallest template that has all these sheets."""
    fits = [t for t in templates().values() if set(rows) <= {sheet.key for sheet in t.sheets}]
    return min(fits, key=lambda template: len(template.sheets)).kind if fits else next(iter(templates()))


def original(extract: Extract) -> bytes:
    """The client's rows as they came, as a file of its own that can be read again: what is kept as her original."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    by_sheet: dict[str, list[Row]] = {}
    for row in extract.rows:
        by_sheet.setdefault(row.sheet, []).append(row)
    for key, rows in by_sheet.items():
        headers = sorted(rows[0].columns, key=rows[0].columns.__getitem__)
        text.write(f"#blad: {sheets()[key].name}\r\n")
        writer.writerow(headers)
        writer.writerows([row.cells[h].text if h in row.cells else "" for h in headers] for row in rows)
    return text.getvalue().encode()
