"""A file that was handed in, with what is wrong beside it: a workbook of the same sheets, to mend and hand in again.

Cells stand where they stood; a wrong one is coloured and has a note, its row says in one more column what is wrong, and
the first sheet lists everything.  No cell becomes a formula or a link, whatever it begins with.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from babyconnect.birthcare.tabular import Cell
from babyconnect.birthcare.templates import FAULTS, folded

_HEADINGS = ("Soort", "Blad", "Rij", "Kolom", "Wat eraan te doen is")
_KINDS = {"error": "Fout", "warning": "Let op"}
_COLOURS = {"": "", "error": "#F9D6D5", "warning": "#FFF2CC"}
_CODES = {"text": "@", "number": "General", "date": "dd-mm-yyyy", "moment": "dd-mm-yyyy hh:mm"}
_FIXED = {"created": dt.datetime(2026, 1, 1), "title": "Babyconnect, gegevensblad met fouten"}
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
"""What the name of a sheet cannot have (ECMA-376 §18.2.19)."""
_WIDTH, _HEIGHT = 18, 45
"""Of a column of data (a moment fits, which a program shows as #### where it does not) and of the headers' row."""
_LONGEST_NAME, _LONGEST, _DIGITS = 31, 32_000, 15
Rows = Mapping[int, Mapping[int, Cell]]


@dataclass(frozen=True, slots=True)
class Mark:
    """What is wrong: `row` and `column` count from 1, 0 when the sheet or the row as a whole is meant."""

    severity: str
    sheet: str
    row: int
    column: int
    header: str
    text: str


def marked(sheets: Sequence[tuple[str, Rows]], marks: Sequence[Mark]) -> bytes:
    """The workbook; `sheets`: each with its name and rows."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, _OPTIONS)
    book.set_properties(_FIXED)
    _Writer(book).write(sheets, marks)
    book.close()
    return out.getvalue()


class _Writer:
    def __init__(self, book: Any) -> None:
        self._book = book
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._looks = {
            (kind, severity): book.add_format({"num_format": code, **({"bg_color": colour} if colour else {})})
            for kind, code in _CODES.items() for severity, colour in _COLOURS.items()
        }  # fmt: skip

    def write(self, sheets: Sequence[tuple[str, Rows]], marks: Sequence[Mark]) -> None:
        self._list(self._book.add_worksheet(FAULTS), marks)
        by_sheet: dict[str, list[Mark]] = {}
        for mark in marks:
            by_sheet.setdefault(folded(mark.sheet), []).append(mark)
        taken = {FAULTS.casefold()}
        for name, rows in sheets:
            self._sheet(self._book.add_worksheet(_free(name, taken)), rows, by_sheet.get(folded(name), []))

    def _list(self, place: Worksheet, marks: Iterable[Mark]) -> None:
        place.write_row(0, 0, _HEADINGS, self._bold)
        for number, mark in enumerate(marks, 1):
            said = (_KINDS[mark.severity], mark.sheet, str(mark.row or ""), mark.header, mark.text)
            for at, text in enumerate(said):
                place.write_string(number, at, text)
        place.set_column(0, 2, 18)
        place.set_column(3, 3, 40)
        place.fit_to_pages(1, 0)
        place.set_column(4, 4, 100, self._wrapped)
        _laid_out(place, 1, 0)

    def _sheet(self, place: Worksheet, rows: Rows, marks: Sequence[Mark]) -> None:
        by_row: dict[int, list[Mark]] = {}
        for mark in marks:
            by_row.setdefault(mark.row, []).append(mark)
        by_row.pop(0, None)
        first, beside = min(rows, default=1), max((at for cells in rows.values() for at in cells), default=0)
        place.set_column(0, max(beside - 1, 0), _WIDTH)
        _laid_out(place, first, 1)
        for number in sorted({*rows, *by_row}):
            mine, cells = by_row.get(number, []), rows.get(number, {})
            at = {mark.column: mark for mark in reversed(mine) if mark.column}
            for column in sorted({*cells, *at}):
                self._cell(place, (number - 1, column - 1), cells.get(column), at.get(column), number == first)
            if mine and number != first:
                said = "; ".join(f"{mark.header}: {mark.text}" if mark.header else mark.text for mark in mine)
                place.write_string(number - 1, beside, said[:_LONGEST])
        if by_row:
            place.write_string(first - 1, beside, FAULTS, self._bold)
            place.set_column(beside, beside, 120)

    def _cell(self, place: Worksheet, at: tuple[int, int], cell: Cell | None, mark: Mark | None, is_head: bool) -> None:
        kind, made = _value(cell)
        look = self._bold if is_head and mark is None else self._looks[kind, mark.severity if mark else ""]
        if isinstance(made, dt.datetime):
            place.write_datetime(*at, made, look)
        elif isinstance(made, float):
            place.write_number(*at, made, look)
        elif made:
            place.write_string(*at, made, look)
        else:
            place.write_blank(*at, None, look)
        if mark is not None:
            place.write_comment(*at, mark.text, {"author": ""})


def _laid_out(place: Worksheet, rows: int, columns: int) -> None:
    """The headers stay in sight, whole."""
    place.freeze_panes(rows, columns)
    place.set_row(rows - 1, _HEIGHT)
    place.set_landscape()


def _free(name: str, taken: set[str]) -> str:
    """A name that a sheet can have and no other has."""
    plain = _FORBIDDEN.sub(" ", name)[:_LONGEST_NAME].strip() or "Blad"
    made, number = plain, 1
    while made.casefold() in taken:
        number += 1
        made = f"{plain[: _LONGEST_NAME - 4]} {number}"
    taken.add(made.casefold())
    return made


def _value(cell: Cell | None) -> tuple[str, str | float | dt.datetime]:
    """What the cell held, as a spreadsheet keeps it, with its kind; text where keeping would change it."""
    if cell is not None and cell.kind == "number" and len(cell.text) <= _DIGITS:
        return "number", float(cell.text)
    if cell is not None and cell.kind == "date":
        try:
            moment = dt.datetime.fromisoformat(cell.text)
        except ValueError:
            return "text", cell.text
        if moment.tzinfo is None and moment.year > 1900:
            return "moment" if "T" in cell.text else "date", moment
    return "text", cell.text if cell is not None else ""
