"""Spreadsheets of small sources (CSV, Excel): bytes → sheets of rows → each client's rows.  No meaning is added.

`text` reads CSV, `workbook` Excel's .xlsx, `packed` looks into a zip before anything is unpacked; `sorting` finds the
sheets and columns of the templates, `clients` gathers each client's rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from babyconnect.birthcare.tabular import Cell

MOST_ROWS = 200_000
"""Of one file: more than any small source has; a row of nothing costs a few bytes to write and memory to read."""
MOST_COLUMNS = 400
LONGEST = 32_767
"""Characters of one cell: the most that a spreadsheet keeps."""


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet as it came: `rows` by their number, from 1, each a cell by its column, from 1; empty cells are left out.

    `name`: of the sheet, "" when a CSV does not say; `merged`: the ranges of cells that were joined, with their first
    and last row; `told`: what its reader wants said of it, each a rule and a sentence.
    """

    name: str
    rows: Mapping[int, Mapping[int, Cell]]
    merged: tuple[tuple[str, int, int], ...] = field(default=())
    told: tuple[tuple[str, str], ...] = ()
    wide: int = 0
    """Of a text: the first row that has more cells, empty ones too, than its first row; 0 for none."""


_UNSEEN = " \t\r\n\u200b\u200c\u200d\u2060\ufeff"
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2007": " "})


def tidy(text: str) -> str:
    """A cell's text without what nobody sees: hard spaces are spaces, and nothing unseen stands around it."""
    return text.translate(_SPACES).strip(_UNSEEN).strip()
