"""The templates for small sources: which sheets and columns there are, by kind of organisation (`definitions/tabular`).

Sheets are the same in every template, so a file is understood by its sheets and headers, whatever template it began as.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from babyconnect.definitions import document, rows

DOSSIER = "Dossiernummer"
"""The column that says whose row it is: one number for each pregnancy of a client."""
ROW = "Kenmerk"
"""The column of the source's own name of a row; without it the row is known by its moment."""
FAULTS = "Wat er niet klopt"
"""The sheet and the column by which a file comes back with what is wrong; handed in again, nobody reads them."""


@dataclass(frozen=True, slots=True)
class Column:
    """`type`: one of `translate.tabular.cells`; `argument`: its unit, or the system of its numbers."""

    sheet: str
    header: str
    concept: str
    type: str
    argument: str
    required: bool
    least: str
    most: str
    example: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Given:
    """What a row says without a column (columns: `definitions/tabular/given.csv`)."""

    concept: str
    when: str
    source: str
    argument: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """`per`: group of the data set → what it has an instance of its own for (row, child, fetus, woman, …).

    `anchor`: the group that a row of the sheet is about, "" for the whole record.
    `once`: at most one row a client (`dossier`) or a child (`child`); "" for as many as there are.
    """

    key: str
    name: str
    explanation: str
    once: str
    of_client: bool
    anchor: str
    per: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Column] = field(default_factory=dict)
    given: tuple[Given, ...] = ()
    orders: tuple[tuple[str, str], ...] = ()
    """Headers of which the first is never more, or later, than the second."""

    @property
    def identity(self) -> list[str]:
        """The headers that tell its rows apart."""
        return [
            c.header for c in self.columns.values() if c.type in ("child", "fetus", "date", "moment") and c.required
        ]


@dataclass(frozen=True, slots=True)
class Template:
    """What one kind of organisation fills in."""

    kind: str
    name: str
    sheets: tuple[Sheet, ...]


@functools.cache
def sheets() -> Mapping[str, Sheet]:
    """Every sheet by its key, in the order in which a template shows them."""
    columns: dict[str, dict[str, Column]] = {}
    for row in rows("tabular/columns"):
        made = Column(**{k: row[k] for k in Column.__slots__ if k != "required"}, required=row["required"] == "y")
        for sheet in row["sheet"].split():
            columns.setdefault(sheet, {})[made.header] = made
    given: dict[str, list[Given]] = {}
    for row in rows("tabular/given"):
        given.setdefault(row["sheet"], []).append(Given(row["concept"], row["when"], row["source"], row["argument"]))
    orders: dict[str, tuple[tuple[str, str], ...]] = {}
    for row in rows("tabular/orders"):
        orders[row["sheet"]] = (*orders.get(row["sheet"], ()), (row["less"], row["more"]))
    return {
        key: Sheet(
            key, block["name"], block["explanation"], block.get("once", ""), block.get("of_client", True),
            block.get("anchor", ""), block.get("per", {}), columns[key], tuple(given.get(key, ())), orders.get(key, ()),
        )
        for key, block in document("tabular/sheets.toml").items()
    }  # fmt: skip


@functools.cache
def templates() -> Mapping[str, Template]:
    """The templates by kind of organisation."""
    found = document("tabular/templates.toml")
    return {
        kind: Template(kind, block["name"], tuple(sheet for key, sheet in sheets().items() if key in block["sheets"]))
        for kind, block in found.items()
    }


def folded(text: str) -> str:
    """A name as it is compared: without capitals, accents, spaces around signs, or the unit in brackets' case."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if c.isalnum())


def sheet_named(name: str) -> Sheet | None:
    """The sheet of this name."""
    return _by_name().get(folded(name))


@functools.cache
def _by_name() -> Mapping[str, Sheet]:
    return {folded(sheet.name): sheet for sheet in sheets().values()}
