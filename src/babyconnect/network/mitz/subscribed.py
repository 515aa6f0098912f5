"""For which clients this holder has a subscription: one small file, without a BSN."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import apsw

from babyconnect.network.database import Database

SCHEMA = "create table if not exists subscribed (client text primary key, moment text not null);"


class Subscribed:
    def __init__(self, path: Path) -> None:
        self._db = Database(path, SCHEMA)

    def close(self) -> None:
        self._db.close()

    def has(self, client: str) -> bool:
        return bool(self._db.rows("select 1 from subscribed where client = ?", (client,)))

    async def note(self, client: str, moment: dt.datetime) -> None:
        def write(connection: apsw.Connection) -> None:
            connection.execute("insert or replace into subscribed values (?, ?)", (client, moment.isoformat()))

        await self._db.write(write)

    async def forget(self, client: str) -> None:
        """Her record was destroyed."""

        def write(connection: apsw.Connection) -> None:
            connection.execute("delete from subscribed where client = ?", (client,))

        await self._db.forget(write)
