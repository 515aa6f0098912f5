"""How often the exports that came in fill each data element: counts per source and transaction, no client's data.

One SQLite file beside the store, kept at publishing; it survives restarts, and says nothing of any one record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from babyconnect.network.database import Database

SCHEMA = """
create table if not exists export (
  source text not null, form text not null, version text not null, records integer not null default 0,
  refused integer not null default 0, unknown integer not null default 0, first text not null, last text not null,
  primary key (source, form, version));
create table if not exists element (
  source text not null, form text not null, version text not null, concept text not null,
  filled integer not null default 0, lost integer not null default 0, primary key (source, form, version, concept));
"""
_EXPORT = """
insert into export (source, form, version, records, refused, unknown, first, last) values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict do update set records = records + excluded.records, refused = refused + excluded.refused,
  unknown = unknown + excluded.unknown, last = excluded.last
"""
_ELEMENT = """
insert into element (source, form, version, concept, filled, lost) values (?, ?, ?, ?, 1, ?)
on conflict do update set filled = filled + 1, lost = lost + excluded.lost
"""


@dataclass(frozen=True, slots=True)
class Tally:
    """One kind of export of one source system.  `filled`, `lost`: in how many records, by data element.

    `records` were kept; those `refused` count nowhere else.  `unknown`: elements over all records that are no data
    element of the transaction.
    """

    source: str
    transaction: str
    version: str
    records: int
    refused: int
    unknown: int
    first: dt.datetime
    last: dt.datetime
    filled: Mapping[str, int]
    lost: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Counted:
    """What one record has: `filled` and (of these) `lost` data elements, `unknown` elements."""

    filled: frozenset[str]
    lost: frozenset[str]
    unknown: int


class Tallies:
    """The file, opened."""

    def __init__(self, path: Path) -> None:
        self._db = Database(path, SCHEMA)

    def close(self) -> None:
        self._db.close()

    async def keep(self, source: str, kind: tuple[str, str], one: Counted, moment: dt.datetime) -> None:
        """One record more that was kept.  `kind`: its transaction and version."""
        at = moment.isoformat()

        def change(db: apsw.Connection) -> None:
            db.execute(_EXPORT, (source, *kind, 1, 0, one.unknown, at, at))
            db.executemany(_ELEMENT, [(source, *kind, name, int(name in one.lost)) for name in sorted(one.filled)])

        await self._db.write(change)

    async def refuse(self, source: str, kind: tuple[str, str], moment: dt.datetime) -> None:
        """One record more that was refused."""
        at = moment.isoformat()
        await self._db.write(lambda db: db.execute(_EXPORT, (source, *kind, 0, 1, 0, at, at)))

    def all(self) -> list[Tally]:
        """By source system and transaction."""
        elements: dict[tuple[str, ...], list[tuple[str, int, int]]] = {}
        for source, form, version, concept, filled, lost in self._db.rows("select * from element"):
            elements.setdefault((source, form, version), []).append((concept, filled, lost))
        exports = self._db.rows("select * from export order by 1, 2, 3")
        return [_tally(row, elements.get(row[:3], [])) for row in exports]


def _tally(row: tuple[Any, ...], elements: list[tuple[str, int, int]]) -> Tally:
    source, form, version, records, refused, unknown, first, last = row
    filled = {concept: count for concept, count, _ in elements}
    lost = {concept: count for concept, _, count in elements if count}
    between = [dt.datetime.fromisoformat(moment) for moment in (first, last)]
    return Tally(source, form, version, records, refused, unknown, between[0], between[1], filled, lost)
