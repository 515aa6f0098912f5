"""Rows of a spreadsheet as values: what `sources.tabular` reads and `translate.tabular` gives a meaning.

A cell is text with what its file says it is (a spreadsheet knows numbers and dates; a CSV knows only text).  An extract
is every row about one client: it is kept, translated and refused as a whole, and tells nothing of another client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "number", "date", "yes-no", "fault"]


@dataclass(frozen=True, slots=True)
class Cell:
    """`text`: as written; of a date ISO 8601, of a number without thousands' marks, of yes/no `ja` or `nee`.

    `fault`: the spreadsheet could not work it out itself (`#N/A`, a formula without a result).  `computed`: by one.
    """

    text: str
    kind: Kind = "text"
    computed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not empty.  `sheet`: the sheet's key; `cells`: by header; `columns`: where each header stands.

    `number` counts from 1 with the headers, as a spreadsheet does.
    """

    sheet: str
    number: int
    cells: Mapping[str, Cell]
    columns: Mapping[str, int] = field(default_factory=dict)

    def place(self, header: str = "") -> str:
        """Where a cell stands, as the user knows it; the sheet's name is the caller's to say."""
        column = self.columns.get(header)
        return f"rij {self.number}" + (f", kolom {header} ({address(column, self.number)})" if column else "")


@dataclass(frozen=True, slots=True)
class Extract:
    """All that a file says of one client.  `kind`: the template that the file follows.

    `remarks`: (rule, place, text) on the file as a whole, told with its first client; `wrong`: what refuses her.
    `broken`: the file's sheets or columns have faults, so that of these rows only the cells can be judged, each alone.
    `counts`: False for rows that are of no client that the file tells of.
    """

    kind: str
    rows: tuple[Row, ...]
    remarks: tuple[tuple[str, str, str], ...] = ()
    wrong: tuple[tuple[str, str, str], ...] = ()
    broken: bool = False
    counts: bool = True


def address(column: int, row: int) -> str:
    """`C5` of column 3 and row 5."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: str) -> str:
    """A cell of a CSV that no spreadsheet takes for a formula; the space before it is not read."""
    return f" {cell}" if cell.startswith(_FORMULAS) and not cell[1:].replace(",", "").isdigit() else cell
