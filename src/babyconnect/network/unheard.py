"""Emergencies of which the region told this node and that it could not take note of: by number, asker and moment.

Nothing of the client is in it, nor who asked in person: that stays at the region until it can be logged here, or until
two people settled it.  A table in the node's book of emergencies.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import apsw

from babyconnect.network.database import Database

SCHEMA = """
create table if not exists unheard (
  number integer primary key, asker text not null, moment text not null, why text not null, since text not null,
  settles text not null default '');
"""
Why = Literal["log", "book", "unreadable"]
"""What refused it: the log, the book of emergencies, or what the region said cannot be read."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """`asker`: a URA, "" when it could not be read; `settles`: who wants it settled, "" when nobody does yet."""

    number: int
    asker: str
    moment: str
    why: str
    since: dt.datetime
    settles: str = ""


class UnheardList:
    def __init__(self, db: Database) -> None:
        self._db = db
        db.write_now(lambda connection: connection.execute(SCHEMA))

    def all(self) -> tuple[Unheard, ...]:
        """The oldest first."""
        rows = self._db.rows("select number, asker, moment, why, since, settles from unheard order by number")
        return tuple(
            Unheard(number, asker, moment, why, dt.datetime.fromisoformat(since), settles)
            for number, asker, moment, why, since, settles in rows
        )

    def find(self, number: int) -> Unheard | None:
        return next((one for one in self.all() if one.number == number), None)

    async def note(self, found: Collection[Unheard]) -> None:
        """Once each: since when, and who wants it settled, stays; nothing is written when all of it is known."""
        known = {(one.number, one.why) for one in self.all()}
        new = [(one.number, one.asker, one.moment, one.why, one.since.isoformat()) for one in found
               if (one.number, one.why) not in known]  # fmt: skip
        if not new:
            return

        def change(connection: apsw.Connection) -> None:
            connection.executemany(
                "insert into unheard (number, asker, moment, why, since) values (?, ?, ?, ?, ?)"
                " on conflict do update set why = excluded.why, asker = excluded.asker, moment = excluded.moment",
                new,
            )

        await self._db.write(change)

    async def settles(self, number: int, person: str) -> None:
        """`person` wants it settled; "": nobody does any more."""
        await self._db.write(
            lambda connection: connection.execute("update unheard set settles = ? where number = ?", (person, number))
        )

    async def forget(self, numbers: Collection[int]) -> None:
        """They were taken note of after all, or settled."""
        gone = [(one.number,) for one in self.all() if one.number in set(numbers)]
        if gone:
            await self._db.write(
                lambda connection: connection.executemany("delete from unheard where number = ?", gone)
            )
