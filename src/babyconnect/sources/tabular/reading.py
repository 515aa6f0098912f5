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
        return text.read(content, _sheet(sheet))
    packed = Packed(content)
    if packed.is_workbook or packed.is_binary_workbook:
        return workbook.read(packed)
    if packed.other:
        words = f"dit is {packed.other}; kies Bestand, Opslaan als (of Exporteren), en dan Excel-werkmap (.xlsx)"
        raise Malformed("het bestand", "format", words)
    texts = packed.texts()
    if not texts:
        raise Malformed("het bestand", "zip", "in het zip-bestand staat geen enkel CSV-bestand, en het is geen .xlsx")
    return [table for stem, inner in texts for table in text.read(inner, _sheet(stem))]


def _sheet(stem: str) -> str:
    """The sheet that a CSV file is called after: LibreOffice puts the name of the workbook before it (`x-Echo`)."""
    last = stem.rpartition("-")[2]
    return last if last != stem and (sheet_named(last) or folded(last) in OWN_SHEETS) else stem
