"""What this organisation's own people are called, by the identifier under which the log knows them (NEN 7513: who).

Learnt at each log-in and kept beside the store, so that whoever reviews the log or an act reads a name and not only an
identifier.  No more than the name: what somebody may do is said by each log-in anew.
"""

from __future__ import annotations

from pathlib import Path

from babyconnect.network.database import Database

SCHEMA = "create table if not exists staff (person text primary key, name text not null) without rowid;"
LONGEST = 200


class Staff:
    """The file, opened; all names are in memory."""

    def __init__(self, path: Path) -> None:
        self._db = Database(path, SCHEMA)
        self._names: dict[str, str] = dict(self._db.rows("select person, name from staff"))

    def close(self) -> None:
        self._db.close()

    async def keep(self, person: str, name: str) -> None:
        """The name of her last log-in is the one that is shown, also of what she did before."""
        name = name[:LONGEST]
        if person and name and self._names.get(person) != name:
            await self._db.write(
                lambda db: db.execute(
                    "insert into staff values (?, ?) on conflict do update set name = excluded.name", (person, name)
                )
            )
            self._names[person] = name

    def name(self, person: str) -> str:
        """The empty text for whoever never logged in here."""
        return self._names.get(person, "")

    def shown(self, person: str) -> str:
        """Name and identifier; the identifier alone where no name is known."""
        name = self.name(person)
        return f"{name} ({person})" if name else person
