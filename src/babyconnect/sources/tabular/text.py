"""CSV as Dutch programs write it: `;`, `,` or tab, line breaks within quotes.  Specification: RFC 4180.

Signs are UTF-8, or UTF-16 with its mark ("Unicode-tekst"), or Windows-1252 where every byte says so ("CSV" of Dutch
Excel).  One text may hold several sheets, each after a line `#blad: Naam`: so a single file carries a whole template.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace

from babyconnect.birthcare.tabular import Cell
from babyconnect.birthcare.templates import DOSSIER, folded, sheet_named, sheets
from babyconnect.fhir.malformed import Malformed
from babyconnect.sources.tabular import LONGEST, MOST_COLUMNS, MOST_ROWS, Table, tidy

SHEET = "#blad:"
"""Begins the line that names the sheet of the lines after it."""
_SEPARATORS = ";\t,"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LETTERS = frozenset({*range(0xC0, 0x100), 0xA0, 0xB0, 0xB2, 0xB3, 0xB5, 0xBD}) - {0xD7, 0xF7}
"""Bytes that in Windows-1252 are letters or signs of a record.  Mac Roman and code page 850 have their lower-case
letters with accents below C0 (unicode.org, MAPPINGS/VENDORS: CP1252, CP850, ROMAN): their texts have other bytes."""
_GUESSED = "gelezen als Windows-1252 (‘CSV’ van Excel); kijk de letters met accenten na, of sla op als ‘CSV UTF-8’"
_PAIR = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
"""What in UTF-8 is one sign: a text with some of these and a wrong byte elsewhere is a damaged UTF-8."""


def is_ours(content: bytes) -> bool:
    """True when the first line is that of a template: a sheet's name, or headers that some sheet has."""
    line = _first(content)
    if _mark(line) is not None:
        return True
    try:
        names = {folded(name) for name in next(csv.reader([line], delimiter=_separator(line)), [])} - {""}
    except csv.Error:
        return False
    return len(names) > 1 and any(
        folded(DOSSIER) in names or len(names & {folded(h) for h in sheet.columns}) > 1 for sheet in sheets().values()
    )


def names_sheets(content: bytes) -> bool:
    """True when the text says of its lines which sheet they are of."""
    return _mark(_first(content)) is not None


def _first(content: bytes) -> str:
    """The first line that is not empty."""
    coding = "utf-16" if content.startswith(_UTF_16) else "utf-8-sig"
    return next(iter(content[:65536].decode(coding, "replace").lstrip().splitlines()), "")


def read(content: bytes, name: str = "") -> list[Table]:
    """The sheets of one text.  `name`: of the sheet when no line says it.  Raises `Malformed`."""
    text, told = _decoded(content)
    _refuse_cut_off(text)
    first, *others = _tables(text, name)
    return [replace(first, told=told), *others]


def _tables(text: str, name: str) -> list[Table]:
    lines = text.splitlines(keepends=True)
    marks = [at for at, line in enumerate(lines) if _mark(line) is not None]
    if not marks:
        return [_table(lines, name)]
    if any(line.strip() for line in lines[: marks[0]]):
        raise Malformed("rij 1", "sheet", f"boven de eerste regel ‘{SHEET} …’ staan al gegevens")
    ends = [*marks[1:], len(lines)]
    return [_table(lines[start + 1 : end], _mark(lines[start]) or "") for start, end in zip(marks, ends, strict=True)]


def _refuse_cut_off(text: str) -> None:
    """A file that ends within a row was not written to its end: its last cell may be half of a number, and of what came
    after it nothing is known."""
    lines = text.splitlines(keepends=True)
    if not lines or lines[-1].endswith(("\n", "\r")):
        return
    marks = [at for at, line in enumerate(lines) if _mark(line) is not None]
    header = next((line for line in lines[marks[-1] + 1 if marks else 0 :] if line.strip()), "")
    in_head = bool(marks) and lines[-1] in (lines[marks[-1]], header)
    if in_head or ('"' not in lines[-1] and _width(lines[-1], header) < _width(header, header)):
        words = "de laatste regel houdt halverwege op; is het bestand wel heel, sluit de regel dan af"
        raise Malformed(f"rij {len(lines)}", "csv", words)


def _width(line: str, header: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=_separator(header)), []))
    except csv.Error:
        return 0


def _mark(line: str) -> str | None:
    bare = line.strip().strip('";,\t ')
    return bare[len(SHEET) :].strip() if bare.casefold().startswith(SHEET) else None


def _decoded(content: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text, and what is to be said of how it was read."""
    told: tuple[tuple[str, str], ...] = ()
    try:
        text = content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as fault:
        text, told = _windows(content, fault.start), (("utf-8", _GUESSED),)
    if "\x00" in text:
        raise Malformed("rij 1", "utf-8", "het bestand bevat tekens die geen tekst zijn")
    return text, told


def _windows(content: bytes, start: int) -> str:
    """Of Windows-1252, where every byte says that it is; else `Malformed` at the first that is not UTF-8."""
    if content.startswith(_UTF_16) or _PAIR.search(content) or not set(content) <= _LETTERS | set(range(0x80)):
        row = content.count(b"\n", 0, start) + 1
        words = "niet te zien is welke letters met accenten hier staan; sla het op als ‘CSV UTF-8’, of als .xlsx"
        raise Malformed(f"rij {row}", "utf-8", words)
    return content.decode("cp1252")


def _separator(line: str) -> str:
    """The sign that separates the headers: the one that stands there most, outside quotes."""
    bare = "".join(part for at, part in enumerate(line.split('"')) if at % 2 == 0)
    return max(_SEPARATORS, key=bare.count)


def _table(lines: list[str], name: str) -> Table:
    header = next((line for line in lines if line.strip()), "")
    rows: dict[int, dict[int, Cell]] = {}
    width = wide = 0
    made: dict[str, Cell] = {}  # cells that say the same are one: half of the memory of a large file
    reader = csv.reader(io.StringIO("".join(lines), newline=""), delimiter=_separator(header), strict=True)
    for number, fields in enumerate(_records(reader), 1):
        if number > MOST_ROWS:
            raise Malformed(f"rij {number}", "size", f"meer dan {MOST_ROWS} rijen")
        if len(fields) > MOST_COLUMNS:
            raise Malformed(f"rij {number}", "size", f"meer dan {MOST_COLUMNS} kolommen")
        cells = {at: made.setdefault(text, Cell(text)) for at, field in enumerate(fields, 1) if (text := tidy(field))}
        if any(len(cell.text) > LONGEST for cell in cells.values()):
            raise Malformed(f"rij {number}", "size", f"een cel heeft meer dan {LONGEST} tekens")
        if cells:
            rows[number] = cells
            width = width or len(fields)
            wide = wide or (number if len(fields) > width else 0)
    return Table(name or _guessed(rows), rows, wide=wide)


def _records(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as fault:
        row = getattr(reader, "line_num", 0)
        words = "een aanhalingsteken wordt niet gesloten, of er staat tekst na een gesloten aanhalingsteken"
        raise Malformed(f"regel {row}", "csv", words) from fault


def _guessed(rows: dict[int, dict[int, Cell]]) -> str:
    """The sheet that the headers are of, where only one has all of them."""
    first = {folded(cell.text) for cell in rows[min(rows)].values()} if rows else set()
    fits = {s.name: len(first & {folded(h) for h in s.columns}) for s in sheets().values()}
    best = max(fits.values(), default=0)
    found = [name for name, score in fits.items() if score == best]
    return found[0] if best > 1 and len(found) == 1 and sheet_named(found[0]) else ""
