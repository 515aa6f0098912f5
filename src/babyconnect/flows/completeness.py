"""How complete the exports are that come in: noted at publishing, shown per group of the data set (PWD).

Per data element one of three states: `filled` (it arrives, and is translated), `lost` (it arrives, and is not
translated: only the original keeps it) or `empty` (it never arrives).
"""

from __future__ import annotations

import csv
import datetime as dt
import functools
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from babyconnect.birthcare.ultrasound import ExportTable
from babyconnect.network.tallies import Counted, Tallies, Tally
from babyconnect.translate import completeness, medication
from babyconnect.translate.acute import counting as acute
from babyconnect.translate.completeness import Chapter, Filled, Item
from babyconnect.translate.tabular import translating as tabular
from babyconnect.translate.ultrasound import translating as ultrasound

State = Literal["filled", "lost", "empty"]
HEADINGS = ("hoofdstuk", "gegeven", "nummer", "toestand", "records", "gevuld", "aandeel", "niet vertaald")
DataSet = Callable[[str, str], Sequence[Chapter]]
DATA_SETS: Sequence[DataSet] = (
    completeness.chapters,
    tabular.chapters,
    ultrasound.chapters,
    acute.chapters,
    medication.chapters,
)
"""Per format: (data set, version) → its groups with their data elements; () for a data set of another format.

A format that is counted gives `Read.counted` (a `Filled` whose concepts are those of these groups), has a row here,
and its data set's name in `texts.toml` (`completeness.form_<data set>`)."""
STATES = {"filled": "gevuld", "lost": "niet te vertalen", "empty": "komt nooit"}


@dataclass(frozen=True, slots=True)
class Element:
    """A data element in an export: in how many records it is filled, in how many of them it could not be translated."""

    item: Item
    filled: int
    lost: int
    records: int

    @property
    def state(self) -> State:
        if not self.filled:
            return "empty"
        return "lost" if self.lost == self.filled else "filled"

    @property
    def share(self) -> int:
        """Of the records, in whole per cents; never 0 when there is one, never 100 when one is missing."""
        if not self.records or self.filled in (0, self.records):
            return 100 if self.records and self.filled == self.records else 0
        return min(99, max(1, round(100 * self.filled / self.records)))


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the data set, with what arrives of it."""

    name: str
    elements: tuple[Element, ...]

    def of(self, state: State) -> list[Element]:
        return [element for element in self.elements if element.state == state]


@dataclass(frozen=True, slots=True)
class Export:
    """One kind of export of one source system, group by group."""

    tally: Tally
    groups: tuple[Group, ...]


class Completeness:
    """Notes what comes in, and shows what never does.  `source`: what the source system is called here; `table`: what
    its ultrasound exports call things, when that is not the table provided."""

    def __init__(
        self, tallies: Tallies, now: Callable[[], dt.datetime], source: str = "", table: ExportTable | None = None
    ) -> None:
        self._tallies, self._now, self._source = tallies, now, source
        exports = functools.partial(ultrasound.chapters, table=table)
        self._data_sets = [exports if one is ultrasound.chapters else one for one in DATA_SETS]

    async def note(self, filled: Filled, kept: bool) -> None:
        """A record of an export: kept, or refused."""
        kind = (filled.data_set, filled.version)
        if kept:
            counted = Counted(filled.concepts, filled.lost, filled.unknown)
            await self._tallies.keep(self._source, kind, counted, self._now())
        else:
            await self._tallies.refuse(self._source, kind, self._now())

    def exports(self) -> list[Export]:
        return [Export(tally, tuple(_groups(tally, self._data_sets))) for tally in self._tallies.all()]


def _groups(tally: Tally, data_sets: Sequence[DataSet]) -> Iterable[Group]:
    asked = (data_set(tally.transaction, tally.version) for data_set in data_sets)
    for chapter in next((found for found in asked if found), ()):
        yield Group(chapter.name, tuple(
            Element(item, tally.filled.get(item.concept, 0), tally.lost.get(item.concept, 0), tally.records)
            for item in chapter.items
        ))  # fmt: skip


def as_csv(export: Export) -> bytes:
    """For a spreadsheet: semicolons and a byte order mark, as Dutch ones expect."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for group in export.groups:
        for one in group.elements:
            row = (group.name, one.item.name, one.item.concept, STATES[one.state], one.records, one.filled)
            writer.writerow([*row, f"{one.share}%", one.lost])
    return out.getvalue().encode("utf-8-sig")


def as_json(exports: Iterable[Export]) -> list[dict[str, Any]]:
    """For a supplier's own program, behind its intake token."""
    return [
        {
            "source": export.tally.source,
            "transaction": export.tally.transaction,
            "version": export.tally.version,
            "records": export.tally.records,
            "refused": export.tally.refused,
            "unknownElements": export.tally.unknown,
            "groups": [
                {"name": group.name, "elements": [
                    {"concept": one.item.concept, "name": one.item.name, "state": one.state, "filled": one.filled,
                     "notTranslated": one.lost}
                    for one in group.elements]}
                for group in export.groups
            ],
        }
        for export in exports
    ]  # fmt: skip
