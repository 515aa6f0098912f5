"""What is wrong with a spreadsheet, in a copy of it: nobody types rows and addresses over from a screen."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from babyconnect.birthcare.tabular import Cell
from babyconnect.birthcare.templates import FAULTS, folded
from babyconnect.fhir.malformed import Malformed
from babyconnect.flows.findings import Finding
from babyconnect.sources.tabular import Table
from babyconnect.sources.tabular.reading import tables
from babyconnect.translate.tabular.marked import Mark, marked

_PLACE = re.compile(r"(?:^|: )blad (?P<sheet>[^,]*)(?:, rij (?P<row>\d+))?(?:, kolom (?P<column>.*))?$")
_ADDRESS = re.compile(r"(?P<header>.*) \((?P<letters>[A-Z]{1,3})\d+\)")


@dataclass(frozen=True, slots=True)
class Place:
    """`blad Controles, rij 7, kolom Gewicht (kg) (H7)` in its parts; 0 and "" for what is not said."""

    sheet: str
    row: int
    column: str

    @property
    def header(self) -> str:
        """The column without its address."""
        address = _ADDRESS.fullmatch(self.column)
        return address["header"] if address else self.column

    @property
    def number(self) -> int:
        """Of the column, from 1."""
        address, at = _ADDRESS.fullmatch(self.column), 0
        for letter in address["letters"] if address else "":
            at = at * 26 + ord(letter) - 64
        return at


def place_of(finding: Finding) -> Place | None:
    """Where in a spreadsheet a finding is; None when it is about the file."""
    found = _PLACE.search(finding.place)
    return Place(found["sheet"], int(found["row"] or 0), found["column"] or "") if found else None


def with_faults(content: bytes, findings: Sequence[Finding]) -> bytes | None:
    """The file as a workbook with its errors and warnings; None when it cannot be read as sheets at all."""
    try:
        found = tables("", content)
    except Malformed:
        return None
    sheets = [(table.name, _without_ours(table)) for table in found if folded(table.name) != folded(FAULTS)]
    return marked(sheets, [_mark(one) for one in findings if one.severity != "information"])


def _without_ours(table: Table) -> Mapping[int, Mapping[int, Cell]]:
    """The rows without the column of faults that an earlier copy got."""
    first = table.rows[min(table.rows)] if table.rows else {}
    ours = {at for at, cell in first.items() if folded(cell.text) == folded(FAULTS)}
    return {number: {at: cell for at, cell in row.items() if at not in ours} for number, row in table.rows.items()}


def _mark(finding: Finding) -> Mark:
    place = place_of(finding) or Place("", 0, "")
    return Mark(finding.severity, place.sheet, place.row, place.number, place.header, finding.text)
