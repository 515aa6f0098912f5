"""The rows of a file → each client's rows.

A row that says of nobody is told apart; everything else is one client's, and refuses nobody else.  Of a file that is
refused as a whole the clients are told too, so that every cell of theirs that is wrong is said in the same go.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from babyconnect.birthcare.tabular import Extract, Row, harmless
from babyconnect.birthcare.templates import DOSSIER, Column, sheets, templates
from babyconnect.sources.tabular import Table
from babyconnect.sources.tabular.sorting import Fault, File, sort

_CLIENTS, _CAREGIVERS, _CODE, _CAREGIVER = "clienten", "zorgverleners", "Code", "caregiver"
_BROKEN = "het bestand als geheel is geweigerd; verbeter eerst wat er aan bladen en kolommen niet klopt"


@dataclass(frozen=True, slots=True)
class Gathered:
    """`clients`: by where each begins; `faults`: with these the file is refused; `nobody`: rows that say of nobody."""

    clients: tuple[tuple[str, Extract], ...] = ()
    faults: tuple[Fault, ...] = ()
    nobody: tuple[Fault, ...] = ()


def gathered(tables: Sequence[Table]) -> Gathered:
    """Each client's rows, with those of the organisation and of the caregivers that they name."""
    file = sort(tables)
    if not file.rows.get(_CLIENTS):
        file.faults.append(("no-client", f"blad {sheets()[_CLIENTS].name}", "er is geen enkele cliënt ingevuld"))
    if file.faults:
        return Gathered(tuple(_broken(file)), tuple(file.faults))
    return _by_client(file)


def _broken(file: File) -> Iterator[tuple[str, Extract]]:
    """What can be judged of a file that is refused: the cells of each client, and those of nobody known."""
    kind, remarks = _kind_of(file), tuple(file.remarks)
    mine: dict[str, list[Row]] = {}
    others: list[Row] = []
    for number, row in enumerate(row for key in sheets() for row in file.rows.get(key, ())):
        dossier = row.cells.get(DOSSIER)
        if dossier is not None:
            mine.setdefault(f"={dossier.text}", []).append(row)
        elif row.sheet == _CLIENTS:
            mine[str(number)] = [row]
        else:
            others.append(row)
    for rows in mine.values():
        at = f"{sheets()[rows[0].sheet].name} rij {rows[0].number}"
        wrong = (("file", f"blad {sheets()[rows[0].sheet].name}, {rows[0].place()}", _BROKEN),)
        counts = rows[0].sheet == _CLIENTS
        yield at, Extract(kind, tuple(rows), remarks, wrong, broken=True, counts=counts)
        remarks = ()
    if others:
        wrong = (("file", f"blad {sheets()[others[0].sheet].name}", _BROKEN),)
        yield "overige regels", Extract(kind, tuple(others), remarks, wrong, broken=True, counts=False)


def _by_client(file: File) -> Gathered:
    kind = _kind_of(file)
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
        counts = rows[0].sheet == _CLIENTS
        clients.append((at, Extract(kind, (*_shared(file, rows), *rows), remarks, wrong, counts=counts)))
    return Gathered(tuple(clients), nobody=tuple(nobody))


def _no_client(row: Row) -> Fault:
    place = f"blad {sheets()[row.sheet].name}, {row.place(DOSSIER)}"
    return "no-client", place, "dit dossiernummer staat niet op het blad Cliënten (let op nullen vooraan)"


def _shared(file: File, rows: Iterable[Row]) -> list[Row]:
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


def _kind_of(file: File) -> str:
    """The template that the file says it is; else the smallest that has all its sheets."""
    if file.kind:
        return file.kind
    fits = [t for t in templates().values() if set(file.rows) <= {sheet.key for sheet in t.sheets}]
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
        writer.writerows([harmless(row.cells[h].text) if h in row.cells else "" for h in headers] for row in rows)
    return text.getvalue().encode()
