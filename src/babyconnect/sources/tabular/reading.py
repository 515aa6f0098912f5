"""Bytes of a spreadsheet → a record for each client in it, or what is wrong with the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from babyconnect.birthcare.templates import folded, sheet_named
from babyconnect.fhir.malformed import Malformed
from babyconnect.sources import Record, Rejected
from babyconnect.sources.tabular import Table, text, workbook
from babyconnect.sources.tabular.clients import Fault, gathered, original
from babyconnect.sources.tabular.packed import MAGIC, Packed
from babyconnect.sources.tabular.sorting import OWN_SHEETS

_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
VERSION = "3.2"
"""Of the data set that the templates fill."""


def is_ours(content: bytes) -> bool:
    """True for what can only be a spreadsheet: a zip, old or locked Excel, or a text with headers of a template."""
    return content.startswith((MAGIC, _OLD_EXCEL, b"PK\x05\x06")) or text.is_ours(content)


def is_whole(content: bytes) -> bool:
    """True when a CSV names its sheets itself: it is an input of its own, not one sheet of those beside it."""
    return content.startswith((MAGIC, _OLD_EXCEL)) or text.names_sheets(content)


def read(files: Sequence[tuple[str, bytes]], name: str, limit: int) -> Iterator[Record | Rejected]:
    """One record for each client in these files together; `files`: each with the name of its sheet, as far as known."""
    try:
        if sum(len(content) for _, content in files) > limit:
            raise Malformed("het bestand", "size", f"groter dan de grens van {limit:,} bytes".replace(",", "."))
        _refuse_several(files)
        found = gathered([table for sheet, content in files for table in tables(sheet, content)])
    except Malformed as fault:
        yield Rejected(name, fault.place, fault.rule, fault.text, "csv")
        return
    for fault_ in (*found.faults, *found.nobody):
        yield _rejected(name, fault_)
    for place, extract in found.clients:
        yield Record(f"{name} ({place})", "csv", VERSION, extract.kind, original(extract), extract=extract)


def _rejected(name: str, fault: Fault) -> Rejected:
    rule, place, words = fault
    return Rejected(name, place, rule, words, "csv")


def tables(sheet: str, content: bytes) -> list[Table]:
    """The sheets of one file as they are; `sheet`: its name, where only that says it.  Raises `Malformed`."""
    if content.startswith(_OLD_EXCEL):
        words = "een oude (.xls) of met een wachtwoord beveiligde werkmap; sla haar zonder wachtwoord op als .xlsx"
        raise Malformed("het bestand", "format", words)
    if not content.startswith((MAGIC, b"PK\x05\x06")):
        return text.read(content, _parted(sheet)[1])
    packed = Packed(content)
    if packed.is_workbook or packed.is_binary_workbook:
        return workbook.read(packed)
    if packed.other:
        words = f"dit is {packed.other}; kies Bestand, Opslaan als (of Exporteren), en dan Excel-werkmap (.xlsx)"
        raise Malformed("het bestand", "format", words)
    texts = packed.texts()
    if not texts:
        raise Malformed("het bestand", "zip", "in het zip-bestand staat geen enkel CSV-bestand, en het is geen .xlsx")
    _refuse_several(texts)
    return [table for name, inner in texts for table in text.read(inner, _parted(name)[1])]


def _refuse_several(files: Sequence[tuple[str, bytes]]) -> None:
    """Sheets of two workbooks are no whole: dossier 12 of the one practice is another client than that of the other."""
    books = {book.casefold(): name for name, content in files if (book := _book(name, content)) is not None}
    if len(books) > 1:
        first, second, *_ = sorted(books.values())
        words = (
            f"de CSV-bestanden zijn niet van één werkmap ({first[:60]}.csv en {second[:60]}.csv); lever elke apart aan"
        )
        raise Malformed("het bestand", "sheet", words)


def _book(name: str, content: bytes) -> str | None:
    """The folder and workbook that a CSV file is of; None for what is no sheet of ours."""
    book, sheet = _parted(name)
    if _is_sheet(sheet):
        return book
    return name if text.names_sheets(content) else None


def _parted(name: str) -> tuple[str, str]:
    """The workbook and the sheet that a CSV file is called after (LibreOffice: `x-Echo`)."""
    folder, slash, stem = name.rpartition("/")
    book, dash, last = stem.rpartition("-")
    if not dash or _is_sheet(stem) or not _is_sheet(last):
        return f"{folder}{slash}", stem
    return f"{folder}{slash}{book}", last


def _is_sheet(name: str) -> bool:
    return sheet_named(name) is not None or folded(name) in OWN_SHEETS
