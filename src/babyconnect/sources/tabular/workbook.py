"""Excel's .xlsx: bytes → sheets of cells.  Specification: ECMA-376 part 1 (SpreadsheetML), transitional and strict.

Only what a cell holds is read: its value, whether its format is that of a date, and whether a formula made it.  Links
to other files, macros, images and styles are never opened.  A document type in any part is refused (entity bombs).
"""

from __future__ import annotations

import datetime as dt
import decimal
import functools
import io
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml import etree

from babyconnect.birthcare.tabular import Cell
from babyconnect.fhir.malformed import Malformed
from babyconnect.fhir.xml_safety import refuse_crowded, refuse_unsafe
from babyconnect.sources.tabular import LONGEST, MOST_COLUMNS, MOST_ROWS, Table, tidy
from babyconnect.sources.tabular.packed import Packed

_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""Numbers of the built-in formats of dates and times (ECMA-376 §18.8.30)."""
_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")
_MARKS = re.compile(r'"[^"]*"|\\.|\[(?![hms]+\])[^][]*\]|_.|\*.')
"""What in a format is no sign of a date: quoted and escaped text, colours and conditions, spacing.  A bracket that
stays open ends at the next: else each would be looked for to the end of the text."""
_LAST_ROW = 1_048_576
"""Of a sheet (ECMA-376)."""
_MOST_SHOWN = 20_000_000
"""Characters of all cells together: each text is kept once, but a few bytes show it in as many cells as they like."""
_MOST_HELD = 200_000
"""Elements between two of those that are looked for: no row, text or list of formats has that many."""
_STYLES = "de opmaak"
_RELATIONSHIP = ("http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                 "http://purl.oclc.org/ooxml/officeDocument/relationships")  # fmt: skip


def read(packed: Packed) -> list[Table]:
    """The sheets that have a cell.  Raises `Malformed`."""
    if packed.is_binary_workbook:
        raise Malformed("het bestand", "format", "een binaire werkmap (.xlsb); sla haar op als .xlsx")
    names = {name.lstrip("/").casefold(): name for name in packed.names}

    def part(name: str) -> bytes:
        found = names.get(name.casefold())
        return packed.read(found) if found else b""

    book = _Book(part)
    return [table for sheet in book.sheets if (table := book.table(sheet)).rows]


def _events(content: bytes, *names: str) -> Iterator[etree._Element]:
    """The elements of these names when they end; what was read is let go, so a part is never in memory as a tree."""
    if not content:
        return
    refuse_unsafe(content)
    held = 0
    try:
        for _, element in etree.iterparse(io.BytesIO(content), events=("end",), resolve_entities=False,
                                          no_network=True, load_dtd=False, huge_tree=False):  # fmt: skip
            refuse_crowded(element)
            held += 1
            if held > _MOST_HELD:
                raise Malformed("het bestand", "size", "meer elementen bij elkaar dan een werkmap ooit heeft")
            if _name(element) in names:
                yield element
                held = 0
                element.clear()
                parent = element.getparent()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]
    except etree.XMLSyntaxError as fault:
        raise Malformed("het bestand", "xlsx", "het Excel-bestand is beschadigd (geen goede XML)") from fault


def _name(element: etree._Element) -> str:
    return _local(element.tag)


@functools.lru_cache(1024)
def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next((child for child in element if _name(child) == name), None)


def _said(element: etree._Element | None) -> str:
    """The text in an element: of runs, without what only says how it sounds (phonetic)."""
    if element is None:
        return ""
    if _name(element) == "t":
        return element.text or ""
    return "".join(_said(child) for child in element if _name(child) in ("t", "r"))


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Its name, the part that holds it, and whether the user sees it."""

    name: str
    place: str
    hidden: bool


class _Book:
    """What the sheets share: texts, formats, the first day."""

    def __init__(self, part: Callable[[str], bytes]) -> None:
        self._part = part
        workbook = part("xl/workbook.xml")
        if not workbook:
            raise Malformed("het bestand", "xlsx", "het Excel-bestand heeft geen werkmap")
        targets = {
            e.get("Id"): (e.get("Target", ""), e.get("TargetMode", ""))
            for e in _events(part("xl/_rels/workbook.xml.rels"), "Relationship")
        }
        self.sheets: list[_Sheet] = []
        self._made: dict[Cell, Cell] = {}  # cells that say the same are one: half of the memory of a large file
        self._shown = 0
        self._first = dt.datetime(1899, 12, 30)
        for element in _events(workbook, "sheet", "workbookPr"):
            if _name(element) == "workbookPr":
                if element.get("date1904") in ("1", "true"):
                    self._first = dt.datetime(1904, 1, 1)
                continue
            reference = next((element.get(f"{{{space}}}id") for space in _RELATIONSHIP
                              if element.get(f"{{{space}}}id")), "")  # fmt: skip
            target, mode = targets.get(reference, ("", ""))
            if mode != "External" and target:
                place = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                hidden = element.get("state", "visible") != "visible"
                self.sheets.append(_Sheet(tidy(element.get("name", "")), place, hidden))

    @functools.cached_property
    def _texts(self) -> list[str | None]:
        """Tidied once, however many cells show it."""
        return [_tidied(_said(element)) for element in _events(self._part("xl/sharedStrings.xml"), "si")]

    @functools.cached_property
    def _dated(self) -> list[bool]:
        """Of each cell format: is it that of a date?"""
        own: dict[int, bool] = {}
        found: list[bool] = []
        for element in _events(self._part("xl/styles.xml"), "numFmt", "cellXfs"):
            if _name(element) == "numFmt":
                own[_whole(element.get("numFmtId", "0"), _STYLES)] = _is_date(element.get("formatCode", ""))
            else:
                numbers = [_whole(xf.get("numFmtId", "0"), _STYLES) for xf in element if _name(xf) == "xf"]
                found = [number in _DATES or own.get(number, False) for number in numbers]
        return found

    def table(self, sheet: _Sheet) -> Table:
        rows: dict[int, dict[int, Cell]] = {}
        merged: list[tuple[str, int, int]] = []
        at, name, columns, unseen = _Place(sheet.name), sheet.name, 0, 0
        for element in _events(self._part(sheet.place), "row", "mergeCell", "col"):
            if _name(element) == "mergeCell":
                merged.append(_range(element.get("ref", "")))
                continue
            if _name(element) == "col":
                columns += _hidden(element)
                continue
            number = at.row(element.get("r"))
            cells = {}
            for child in element:
                if _name(child) == "c":
                    column = at.column(child.get("r"), number)
                    cell = self._cell(child, at)
                    if cell is not None:
                        cells[column] = self._made.setdefault(cell, cell)
                        self._shown += len(cell.text)
            if cells:
                rows[number] = cells
                unseen += _hidden(element)
            if self._shown > _MOST_SHOWN:
                raise Malformed(f"{at}", "size", f"de cellen samen hebben meer dan {_MOST_SHOWN} tekens")
            if len(rows) > MOST_ROWS:
                raise Malformed(f"blad {name}, rij {number}", "size", f"meer dan {MOST_ROWS} rijen")
        hidden = ["het hele blad"] * sheet.hidden + [f"{unseen} rijen"] * bool(unseen) + ["kolommen"] * bool(columns)
        told = [("hidden", f"wat hier verborgen of weggefilterd is ({', '.join(hidden)}) is ook gelezen")] * bool(
            hidden
        )
        return Table(name, rows, tuple(merged), tuple(told))

    def _cell(self, element: etree._Element, at: _Place) -> Cell | None:
        kind, computed = element.get("t", "n"), _child(element, "f") is not None
        value = _child(element, "v")
        text = (value.text or "").strip() if value is not None else ""
        if kind == "inlineStr":
            return _text(_tidied(_said(_child(element, "is"))), computed, at)
        if kind == "s":
            number = _whole(text, f"{at}")
            if number >= len(self._texts):
                raise Malformed(f"{at}", "xlsx", "het Excel-bestand is beschadigd (een tekst ontbreekt)")
            return _text(self._texts[number], computed, at)
        if kind == "str":
            return _text(_tidied(value.text or "" if value is not None else ""), computed, at)
        if kind == "e" or (computed and not text):
            return Cell("", "fault", computed)
        if not text:
            return None
        if kind == "b":
            return Cell("ja" if text in ("1", "true") else "nee", "yes-no", computed)
        if kind == "d":
            return Cell(text, "date", computed)
        return self._number(text, _whole(element.get("s", "0"), f"{at}"), computed)

    def _number(self, text: str, style: int, computed: bool) -> Cell:
        try:
            number = float(text)
        except ValueError:
            return Cell("", "fault", computed)
        if not math.isfinite(number):
            return Cell("", "fault", computed)
        if style < len(self._dated) and self._dated[style]:
            moment = self._moment(number)
            return Cell(moment, "date", computed) if moment else Cell("", "fault", computed)
        return Cell(_digits(number), "number", computed)

    def _moment(self, serial: float) -> str:
        """ISO 8601 of a serial date; "" when it is a time without a day or no day at all.

        Day 60 of the 1900 system is 29 February 1900, which never was; the days before it are one off.  Nobody of whom
        a record is made was born then, so they are refused.
        """
        first, last = (61, 2_958_466) if self._first.year == 1899 else (1, 2_957_004)
        if not first <= serial < last or round(serial * 86_400) >= last * 86_400:
            return ""
        moment = self._first + dt.timedelta(seconds=round(serial * 86_400))
        return moment.date().isoformat() if serial == int(serial) else moment.isoformat()


@dataclass(slots=True)
class _Place:
    """Where the reader is in a sheet; rows and cells may leave out their address, and are then the next."""

    sheet: str
    number: int = 0
    at: int = 0

    def row(self, told: str | None) -> int:
        number = _whole(told, f"blad {self.sheet}") if told else self.number + 1
        if number <= self.number:
            raise Malformed(
                f"blad {self.sheet}", "xlsx", "het Excel-bestand is beschadigd (een rij staat er twee keer)"
            )
        if number > _LAST_ROW:
            raise Malformed(f"blad {self.sheet}", "size", f"meer dan {_LAST_ROW} rijen")
        self.number, self.at = number, 0
        return number

    def column(self, told: str | None, row: int) -> int:
        match = _ADDRESS.fullmatch(told or "")
        column = _column(match[1]) if match else self.at + 1
        if (match and int(match[2]) != row) or column <= self.at:
            raise Malformed(f"{self}", "xlsx", "het Excel-bestand is beschadigd (een cel staat op de verkeerde plaats)")
        self.at = column
        if column > MOST_COLUMNS:
            raise Malformed(f"{self}", "size", f"meer dan {MOST_COLUMNS} kolommen")
        return column

    def __str__(self) -> str:
        return f"blad {self.sheet}, rij {self.number}"


def _hidden(element: etree._Element) -> bool:
    return element.get("hidden") in ("1", "true")


def _whole(said: str, place: str) -> int:
    """A number of the file's own bookkeeping; no sheet, style or text has more than seven digits."""
    if not (said.isascii() and said.isdecimal() and len(said) < 8):
        raise Malformed(place, "xlsx", "het Excel-bestand is beschadigd (een nummer is geen getal)")
    return int(said)


def _tidied(said: str) -> str | None:
    """None for what is longer than a cell can be."""
    return tidy(said) if len(said) <= LONGEST else None


def _text(said: str | None, computed: bool, at: _Place) -> Cell | None:
    if said is None:
        raise Malformed(f"{at}", "size", f"een cel heeft meer dan {LONGEST} tekens")
    return Cell(said, "text", computed) if said else None


def _digits(number: float) -> str:
    """A number as it was typed: spreadsheets keep 15 digits, so the rest is how computers count."""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return format(decimal.Decimal(f"{number:.15g}"), "f")


def _is_date(code: str) -> bool:
    """A format that shows a day, month or year; one of hours only is no date."""
    first = _MARKS.sub("", code).split(";")[0].casefold()
    return any(sign in first for sign in "dyj") or ("m" in first and not any(sign in first for sign in "hsu0#"))


@functools.lru_cache(1024)
def _column(letters: str) -> int:
    return functools.reduce(lambda number, letter: number * 26 + ord(letter) - 64, letters, 0)


def _range(reference: str) -> tuple[str, int, int]:
    numbers = [int(number) for _, number in _ADDRESS.findall(reference.upper())]
    return reference[:20], min(numbers, default=0), max(numbers, default=0)
