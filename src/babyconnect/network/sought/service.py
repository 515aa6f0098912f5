"""What the region has still to tell: this organisation asked, as an emergency, who keeps this client.

Kept from before the localisation is answered until its holder took note of it, and no longer than the term: a
pseudonym, who, when, and the reason that was given.  Nothing clinical.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import apsw

from babyconnect.birthcare.identifiers import Ura
from babyconnect.definitions import document
from babyconnect.network.contract import Sought
from babyconnect.network.database import Database

SCHEMA = """
create table if not exists sought (
  number integer primary key autoincrement, holder text not null, pseudonym text not null, reference text not null,
  asker text not null, person text not null, role text not null, responsible text not null, reason text not null,
  moment text not null, trace text not null, unique (holder, asker, reference, pseudonym));
create index if not exists sought_at on sought (moment);
"""
COLUMNS = "number, pseudonym, reference, asker, person, role, responsible, reason, moment, trace"


class TooMany(Exception):
    """So much of this asker's waits to be told that no more is searched for by it."""


class SoughtService:
    def __init__(self, path: Path, clock: Callable[[], dt.datetime]) -> None:
        self._db = Database(path, SCHEMA)
        self._clock = clock
        self._table: dict[str, Any] = document("network.toml")["sought"]

    def close(self) -> None:
        self._db.close()

    async def note(self, sought: Sought, holders: Collection[Ura]) -> None:
        """Durable when it returns.  The same declaration about the same client is told once.  Raises TooMany."""
        said = (
            *(sought.pseudonym, sought.reference, sought.asker.value, sought.person, sought.role),
            *(sought.responsible, sought.reason, sought.moment.isoformat(), sought.trace),
        )
        oldest = (self._clock() - dt.timedelta(days=self._table["days"])).isoformat()

        def change(connection: apsw.Connection) -> None:
            connection.execute("delete from sought where moment < ?", (oldest,))
            most = "select count(*) from (select 1 from sought where asker = ? limit ?)"
            waiting = connection.execute(most, (sought.asker.value, self._table["most"])).fetchone()
            if waiting and waiting[0] >= self._table["most"]:
                raise TooMany
            connection.executemany(
                "insert or ignore into sought (holder, pseudonym, reference, asker, person, role, responsible, reason,"
                " moment, trace) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(holder.value, *said) for holder in sorted(set(holders), key=lambda ura: ura.value)],
            )

        await self._db.write(change)

    def waiting(self, holder: Ura, after: int = 0) -> tuple[Sought, ...]:
        """What this holder is still to take note of, the oldest first; of a number above `after`."""
        rows = self._db.rows(
            f"select {COLUMNS} from sought where holder = ? and number > ? order by number limit ?",  # noqa: S608
            (holder.value, after, self._table["at_once"]),
        )
        return tuple(map(_sought, rows))

    async def taken(self, holder: Ura, numbers: Iterable[int]) -> int:
        """It is in the holder's own log and queue now."""
        batch = [(number, holder.value) for number in numbers]

        def change(connection: apsw.Connection) -> int:
            connection.executemany("delete from sought where number = ? and holder = ?", batch)
            return connection.changes()

        return await self._db.write(change) if batch else 0


def _sought(row: tuple[Any, ...]) -> Sought:
    number, pseudonym, reference, asker, person, role, responsible, reason, moment, trace = row
    when = dt.datetime.fromisoformat(moment)
    return Sought(pseudonym, reference, Ura(asker), person, role, responsible, reason, when, trace, number)
