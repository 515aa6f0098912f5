"""The rows of one client → FHIR STU3 resources: an ADA record first, then the tables of the data set as for any other.

What of a cell reached no resource is told with the cell's own place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.tabular import Extract
from babyconnect.birthcare.templates import Template, sheets, templates
from babyconnect.translate.ada import traced
from babyconnect.translate.completeness import Chapter, Filled, Item
from babyconnect.translate.tables import ada_map
from babyconnect.translate.tabular.build import Built, Finding, build
from babyconnect.translate.tabular.structure import STRUCTURE, map_names

_PREFIX = "gegevensblad-"
"""Begins the name under which what a template fills is counted."""
_LOST = frozenset({"not-mapped", "bad-value", "unresolved-reference"})


@dataclass(frozen=True, slots=True)
class Tabulated:
    """`resources`: none when an error refuses them; `places`: where each of them began in the file."""

    resources: Sequence[dict[str, Any]]
    findings: tuple[Finding, ...]
    counted: Filled
    places: Sequence[str] = ()


def translate(extract: Extract, today: dt.date) -> Tabulated:
    """The resources of one client's rows."""
    built = build(extract, today)
    if built.record is None:
        return Tabulated((), built.findings, _counted(extract, frozenset()))
    made, homes = traced(built.record, ada_map(map_names(), STRUCTURE), today)
    # What the tables give with a row no cell said: that STU3 has no place for it is no news to who filled the row in.
    told = [_told(built, f.severity, f.line, f.rule, f.text) for f in made.findings
            if f.severity != "information" or not f.line or _concept(built, f.line)]  # fmt: skip
    lost = frozenset(_concept(built, f.line) for f in made.findings if f.rule in _LOST and f.line) - {""}
    places = [_place(built, next((site.element.line for _, site in those if site.element.line), 0)) for those in homes]
    return Tabulated(made.resources, (*built.findings, *told), _counted(extract, lost), places)


def _told(built: Built, severity: str, line: int, rule: str, text: str) -> Finding:
    return Finding(severity, _place(built, line), rule, text)  # type: ignore[arg-type]


def _place(built: Built, line: int) -> str:
    return built.places[line - 1][0] if 0 < line <= len(built.places) else ""


def _concept(built: Built, line: int) -> str:
    return built.places[line - 1][1] if line <= len(built.places) else ""


# What a template's export fills --------------------------------------------------------------------------------------


def item(sheet: str, header: str) -> str:
    """The name of a column among all."""
    return f"{sheet}/{header}"


def chapters(data_set: str, version: str = "") -> tuple[Chapter, ...]:
    """The sheets of a template with their columns that hold data; () for a data set of another format."""
    template = templates().get(data_set.removeprefix(_PREFIX)) if data_set.startswith(_PREFIX) else None
    return tuple(_chapters(template)) if template else ()


def _chapters(template: Template) -> Iterable[Chapter]:
    for sheet in template.sheets:
        yield Chapter(sheet.name, tuple(Item(item(sheet.key, c.header), c.header)
                                        for c in sheet.columns.values() if c.concept))  # fmt: skip


def _counted(extract: Extract, lost: frozenset[str]) -> Filled:
    cells = {item(row.sheet, header) for row in extract.rows for header in row.cells}
    known = {item(sheet.key, c.header) for sheet in sheets().values() for c in sheet.columns.values() if c.concept}
    return Filled(f"{_PREFIX}{extract.kind}", "3.2", frozenset(cells & known), lost & cells, len(cells - _all()))


def _all() -> frozenset[str]:
    return frozenset(item(sheet.key, header) for sheet in sheets().values() for header in sheet.columns)
