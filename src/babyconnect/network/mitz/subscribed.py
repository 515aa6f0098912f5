"""For which clients this holder has a subscription, and by which number (its handle): one small file, without a BSN."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import apsw

from babyconnect.network.database import Database

# Of what an earlier version kept it is not known by whose number it was made: it counts no more, and is made again.
SCHEMA = """
drop table if exists subscribed;
create table if not exists subscription (client text primary key, handle text not null, moment text not null);
"""


class Subscribed:
    def __init__(self, path: Path) -> None:
        self._db = Database(path, SCHEMA)

    def close(self) -> None:
        self._db.close()

    def has(self, client: str, handle: str) -> bool:
        return bool(self._db.rows("select 1 from subscription where client = ? and handle = ?", (client, handle)))

    async def note(self, client: str, handle: str, moment: dt.datetime) -> None:
        row = (client, handle, moment.isoformat())

        def write(connection: apsw.Connection) -> None:
            connection.execute("insert or replace into subscription values (?, ?, ?)", row)

        await self._db.write(write)

    async def forget(self, client: str) -> None:
        """Her record was destroyed."""

        def write(connection: apsw.Connection) -> None:
            connection.execute("delete from subscription where client = ?", (client,))

        await self._db.forget(write)
