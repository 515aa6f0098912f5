"""Templates filled in: sheets of cells by header, as CSV or by another program than the product's (openpyxl)."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl

from babyconnect.birthcare.templates import sheets, templates
from babyconnect.flows.inputs import Input, read
from babyconnect.flows.translating import READERS
from babyconnect.sources import Record

Filled = dict[str, list[dict[str, Any]]]
"""Rows by the key of their sheet; a row is its cells by header."""

BSN = "999990007"


def example(kind: str = "verloskundigenpraktijk") -> Filled:
    """The template's own invented client, as text."""
    return {
        sheet.key: [{c.header: c.example for c in sheet.columns.values() if c.example}]
        for sheet in templates()[kind].sheets
    }


def small(dossier: str = "D-1", bsn: str = BSN) -> Filled:
    """A client with one check."""
    return {
        "organisatie": [{"Naam": "Testpraktijk", "AGB": "08000001"}],
        "clienten": [{"Dossiernummer": dossier, "BSN": bsn, "Achternaam": "Proef", "Geboortedatum": "14-05-1994",
                      "Begin zorg": "02-03-2026"}],
        "controles": [{"Dossiernummer": dossier, "Datum en tijd": "14-04-2026 10:20", "Gewicht (kg)": "68,5"}],
    }  # fmt: skip


def joined(*parts: Filled) -> Filled:
    """Several clients of one organisation in one file."""
    made: Filled = {}
    for part in parts:
        for key, rows in part.items():
            made[key] = rows if key in ("organisatie", "zorgverleners") else [*made.get(key, []), *rows]
    return made


def table(filled: Filled, key: str) -> list[list[Any]]:
    """Headers and rows of a sheet; a header that the template does not have stands at the end."""
    headers = dict.fromkeys([*sheets()[key].columns, *(h for row in filled[key] for h in row)])
    return [list(headers), *([row.get(h, "") for h in headers] for row in filled[key])]


def text(filled: Filled, separator: str = ";", encoding: str = "utf-8") -> bytes:
    """All sheets in one CSV."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    for key in filled:
        out.write(f"#blad: {sheets()[key].name}\r\n")
        writer.writerows(table(filled, key))
    return out.getvalue().encode(encoding)


def single(rows: Sequence[Sequence[str]], separator: str = ";", encoding: str = "utf-8") -> bytes:
    """One CSV file of one sheet."""
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(encoding)


def book(filled: Filled) -> openpyxl.Workbook:
    """The sheets as openpyxl has them, to be changed further."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for key in filled:
        place = made.create_sheet(sheets()[key].name)
        for row in table(filled, key):
            place.append([None if cell == "" else cell for cell in row])
    return made


def saved(made: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def workbook(filled: Filled) -> bytes:
    return saved(book(filled))


def changed(filled: Filled, key: str, cells: Mapping[str, Any], row: int = 0) -> Filled:
    """With other cells in a row; None leaves a cell empty."""
    rows = [dict(one) for one in filled[key]]
    rows[row] |= cells
    rows[row] = {header: cell for header, cell in rows[row].items() if cell is not None}
    return {**filled, key: rows}


def resources(kind: str, today: dt.date) -> list[dict[str, Any]]:
    """What the example of a template becomes."""
    (item,) = read([Input(kind, content=text(example(kind)))], 9_000_000, {})
    assert isinstance(item, Record), item
    return [dict(one.resource) for one in READERS[item.format].read(item, today, "").resources]
