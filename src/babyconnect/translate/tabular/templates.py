"""The empty template of a kind of organisation, to fill in: as an Excel workbook, or as CSV files (one a sheet).

Drop-downs hold the published value lists; cells that hold numbers to read by (BSN, AGB, postcode) have the format Text,
so that no spreadsheet takes a zero away.  The same template is the same bytes.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from babyconnect.birthcare.tabular import Cell
from babyconnect.birthcare.templates import Column, Sheet, Template
from babyconnect.translate.tabular.cells import Value, expected, value
from babyconnect.translate.tabular.structure import choices

_ROWS = 2000
"""Rows below the headers that have formats and drop-downs; more may be filled in."""
_DATES = {"date": "dd-mm-yyyy", "moment": "dd-mm-yyyy hh:mm"}
_NUMBERS = frozenset({"number", "whole", "child", "fetus"})
_FIXED = {"created": dt.datetime(2026, 1, 1), "title": "Babyconnect, gegevensblad"}
_TITLE, _MESSAGE = 32, 255
"""Characters that a note at a cell may have (ECMA-376 §18.3.1.32)."""
_FAR = dt.date(2100, 1, 1)


def texts(template: Template, example: bool = False) -> Mapping[str, bytes]:
    """The CSV file of each sheet by its name: headers, and with `example` an invented row."""
    explained = [row for sheet in template.sheets for row in _explained(sheet)]
    return {
        **{f"{sheet.name}.csv": _text(sheet, example) for sheet in template.sheets},
        "Uitleg.csv": _csv([[_named(template)], list(_HEADINGS), *explained]),
    }


def _text(sheet: Sheet, example: bool) -> bytes:
    rows = [list(sheet.columns)]
    return _csv([*rows, [column.example for column in sheet.columns.values()]] if example else rows)


def _csv(rows: list[list[str]]) -> bytes:
    """As Dutch spreadsheets open it: semicolons and a byte order mark."""
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode("utf-8-sig")


_HEADINGS = ("Blad", "Kolom", "Verplicht", "Verwacht", "Voorbeeld", "Uitleg", "Gegeven in PWD 3.2")


def _named(template: Template) -> str:
    """Says which template it is, to people and to `sources.tabular.clients`."""
    return f"Gegevensblad: {template.name}"


def _explained(sheet: Sheet) -> list[list[str]]:
    return [
        [sheet.name, c.header, "ja" if c.required else "", expected(c), c.example, c.explanation, c.concept]
        for c in sheet.columns.values()
    ]


# A workbook ---------------------------------------------------------------------------------------------------------


def workbook(template: Template, example: bool = False) -> bytes:
    """The template as .xlsx; with `example` its sheets hold the invented rows of the sheet Voorbeeld."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties(_FIXED)
    _Writer(book, template).write(example)
    book.close()
    return out.getvalue()


class _Writer:
    def __init__(self, book: Any, template: Template) -> None:
        self._book, self._template = book, template
        look = {"bold": True, "text_wrap": True, "valign": "top", "border": 1}
        self._required = book.add_format({**look, "bg_color": "#154273", "font_color": "#FFFFFF"})
        self._optional = book.add_format({**look, "bg_color": "#DCE9F5"})
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._formats: dict[str, Any] = {}

    def write(self, example: bool) -> None:
        self._explain(self._book.add_worksheet("Uitleg"))
        places = {sheet.key: self._book.add_worksheet(sheet.name) for sheet in self._template.sheets}
        self._show(self._book.add_worksheet("Voorbeeld"))
        lists = self._lists(self._book.add_worksheet("Lijsten"))
        for sheet in self._template.sheets:
            self._sheet(places[sheet.key], sheet, lists, example)

    def _explain(self, place: Worksheet) -> None:
        place.write(0, 0, _named(self._template), self._title)
        place.write(
            1, 0, "Donkere kolommen zijn verplicht. Wis of hernoem geen kolommen of bladen; niet alles hoeft gevuld."
        )
        place.write(2, 0, "Datums als dd-mm-jjjj; decimalen met een komma; het dossiernummer is op elk blad hetzelfde.")
        place.write_row(4, 0, _HEADINGS, self._required)
        rows = [row for sheet in self._template.sheets for row in _explained(sheet)]
        for number, row in enumerate(rows, 5):
            place.write_row(number, 0, row, self._wrapped)
        place.set_column(0, 1, 28)
        place.set_column(2, 2, 10)
        place.set_column(3, 5, 45)
        place.freeze_panes(5, 0)

    def _show(self, place: Worksheet) -> None:
        number = 0
        for sheet in self._template.sheets:
            place.write(number, 0, sheet.name, self._title)
            place.write_row(number + 1, 0, list(sheet.columns), self._optional)
            for at, column in enumerate(sheet.columns.values()):
                place.write_string(number + 2, at, column.example)
            number += 4
        place.set_column(0, 30, 22)

    def _lists(self, place: Worksheet) -> Mapping[str, str]:
        """The value lists, a column each, and where each stands."""
        wanted = dict.fromkeys(c.concept for s in self._template.sheets for c in s.columns.values() if c.type == "code")
        found = {}
        for at, concept in enumerate(wanted):
            names = [choice.display for choice in choices(concept)]
            place.write_column(0, at, names)
            letters = xlsxwriter.utility.xl_col_to_name(at)
            found[concept] = f"=Lijsten!${letters}$1:${letters}${len(names)}"
        place.hide()
        return found

    def _sheet(self, place: Worksheet, sheet: Sheet, lists: Mapping[str, str], example: bool) -> None:
        place.freeze_panes(1, 1 if sheet.of_client else 0)
        place.set_row(0, 45)
        for at, column in enumerate(sheet.columns.values()):
            place.write(0, at, column.header, self._required if column.required else self._optional)
            place.write_comment(0, at, _note(column), {"x_scale": 2, "author": ""})
            place.set_column(at, at, max(14, min(34, len(column.header) + 2)), self._format(column))
            place.data_validation(1, at, _ROWS, at, _validation(column, lists))
            if example and column.example:
                self._fill(place, at, column)

    def _format(self, column: Column) -> Any:
        """The format of a column's cells: text keeps every sign that was typed."""
        code = _DATES.get(column.type, "General" if column.type in _NUMBERS else "@")
        if code not in self._formats:
            self._formats[code] = self._book.add_format({"num_format": code})
        return self._formats[code]

    def _fill(self, place: Worksheet, at: int, column: Column) -> None:
        made = value(Cell(column.example), column, _FAR)
        said = made.attributes.get("value", "") if isinstance(made, Value) else ""
        if column.type in _DATES and said:
            place.write_datetime(1, at, dt.datetime.fromisoformat(said), self._format(column))
        elif column.type in _NUMBERS and said:
            place.write_number(1, at, float(said), self._format(column))
        else:
            place.write_string(1, at, column.example, self._format(column))


def _note(column: Column) -> str:
    parts = [
        column.explanation,
        f"Verwacht: {expected(column)}" if column.type not in ("text", "dossier", "row") else "",
    ]
    parts += [f"Voorbeeld: {column.example}" if column.example else "", "Verplicht" if column.required else ""]
    return "\n".join(part for part in parts if part) or column.header


def _validation(column: Column, lists: Mapping[str, str]) -> dict[str, Any]:
    """A drop-down where there is a list; else only the note.  Never a lock: what is wrong is said on reading."""
    note = {"input_title": column.header[:_TITLE], "input_message": _note(column)[:_MESSAGE]}
    if column.type == "code":
        return {"validate": "list", "source": lists[column.concept], "error_type": "information",
                "error_message": "Dit staat niet in de lijst.", **note}  # fmt: skip
    if column.type == "yes-no":
        return {"validate": "list", "source": ["ja", "nee"], "error_type": "information", **note}
    return {"validate": "any", **note}
