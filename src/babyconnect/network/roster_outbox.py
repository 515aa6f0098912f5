"""What the index is still to be told by a node, and whom it is still to drop: tables of the roster's file.

Whatever takes a pointer away (a destruction, a corrected BSN) lists its pseudonym as one that the index is to drop, in
the same transaction, by the file's own trigger: no way can forget it, and a process that is killed leaves the list.  It
stays listed until the index has confirmed, and once more after a while: a call to register her that was under way at
that moment may arrive after the first removal.  Pseudonyms only; no number, no record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import apsw
import orjson

from babyconnect.network.database import Database

SCHEMA = """
create table if not exists renewed (client text primary key);
create table if not exists pointer (pseudonym text primary key, until text not null, sent integer not null);
create table if not exists unregistering (pseudonym text primary key, told text not null default '');
create trigger if not exists pointer_goes after delete on pointer begin
  insert or replace into unregistering (pseudonym) values (old.pseudonym); end;
"""
SETTLED_AFTER = dt.timedelta(minutes=2)
"""A call to register somebody that was under way when she went has arrived by then, or never will."""

_COUNTED = "delete from renewed where client in (select client from client where pseudonym = ?)"
_EXPECTED = (
    "insert into pointer values (?, ?, 0) on conflict (pseudonym) do update"
    " set sent = (sent and until = excluded.until), until = excluded.until"
)
_UNSENT = (
    "select pseudonym, until from pointer"
    " where not sent and pseudonym not in (select pseudonym from unregistering)"
)  # fmt: skip
_DROPPED = "select value from json_each(?) where value not in (select pseudonym from pointer)"
_WANTED = "pseudonym in (select pseudonym from pointer)"
_UNREGISTERING = f"select pseudonym from unregistering where told = '' or told <= ? or {_WANTED}"  # noqa: S608
_UNREGISTERED = (
    # Who is known here again was perhaps dropped after she was sent.
    "update pointer set sent = 0 where pseudonym = :whose",
    f"delete from unregistering where pseudonym = :whose and (told <> '' and told <= :settled or {_WANTED})",  # noqa: S608
    "update unregistering set told = :now where pseudonym = :whose and told = ''",
)
_LAST = "select 1 from unregistering where pseudonym = ? and told <> '' and told <= ?"
# The records of a client, as the roster has it: herself, or those that are kept as one client under this name.
_ITS = "(select ?1 union all select record from joined where name = ?1)"
_ONLY_HERS = (
    f"from pointer where pseudonym in (select pseudonym from client where client in {_ITS}) and pseudonym not in"  # noqa: S608
    f" (select pseudonym from client where client not in {_ITS} and pseudonym is not null)"
)
_HER_POINTERS = f"select pseudonym, until {_ONLY_HERS}"
_HER_RENEWED = f"select client from renewed where client in {_ITS}"  # noqa: S608
_NOBODYS = (
    "delete from pointer where pseudonym = ?"
    " and pseudonym not in (select pseudonym from client where pseudonym is not null)"
)
_COUNTS = (
    "select (select count(*) from pointer where not sent) + (select count(*) from waiting),"
    " (select count(*) from unregistering)"
)


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer that the index is still to be told of."""

    pseudonym: str
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Held:
    """What the index was told, or was to be told, of a client."""

    pointers: tuple[Pointer, ...]
    renewed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Pointers that the index is still to take, and those that it is to drop."""

    register: int
    unregister: int


class Outbox:
    """These tables in the roster's file."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def expect(self, pointers: Iterable[Pointer]) -> None:
        """The index is to know these, of whom it still is to be told (`renewed`): who was destroyed since she was
        counted is not.  A later `until` replaces an earlier one and is sent again."""
        batch = [(p.pseudonym, p.until.isoformat()) for p in pointers]

        def change(connection: apsw.Connection) -> None:
            for row in batch:
                connection.execute(_COUNTED, row[:1])
                if connection.changes():
                    connection.execute(_EXPECTED, row)

        await self._db.write(change)

    def unsent(self) -> tuple[Pointer, ...]:
        """What the index is to be told of; whom it is to drop first waits until it has."""
        return _pointers(self._db.rows(_UNSENT))

    async def sent(self, pointers: Iterable[Pointer]) -> None:
        """The index has these; one that changed meanwhile is sent again."""
        batch = [(pointer.pseudonym, pointer.until.isoformat()) for pointer in pointers]

        def change(connection: apsw.Connection) -> None:
            connection.executemany("update pointer set sent = 1 where pseudonym = ? and until = ?", batch)

        await self._db.write(change)

    def dropped(self, pointers: Iterable[Pointer]) -> tuple[str, ...]:
        """Whom of these the index is not to know any more."""
        asked = orjson.dumps([one.pseudonym for one in pointers]).decode()
        return tuple([row[0] for row in self._db.rows(_DROPPED, (asked,))])

    async def take_out(self, client: str) -> Held:
        """The index is not to know her from now on.  Nothing where another client here bears the same pseudonym.
        Returns what it was told, for `restore`."""

        def change(connection: apsw.Connection) -> Held:
            pointers = _pointers(connection.execute(_HER_POINTERS, (client,)))
            renewed = [row[0] for row in connection.execute(_HER_RENEWED, (client,))]
            connection.execute(f"delete {_ONLY_HERS}", (client,))
            connection.executemany("delete from renewed where client = ?", [(one,) for one in renewed])
            return Held(pointers, tuple(renewed))

        return await self._db.write(change)

    async def restore(self, held: Held) -> None:
        """She stays after all: the index is told of her again, for as long as before."""
        rows = [(p.pseudonym, p.until.isoformat()) for p in held.pointers]

        def change(connection: apsw.Connection) -> None:
            connection.executemany("insert or ignore into pointer values (?, ?, 0)", rows)
            connection.executemany("insert or ignore into renewed values (?)", [(one,) for one in held.renewed])

        await self._db.write(change)

    def unregistering(self, now: dt.datetime) -> tuple[str, ...]:
        """Whom the index is to be asked to drop: not asked yet, or so long ago that nothing can be under way."""
        return tuple([row[0] for row in self._db.rows(_UNREGISTERING, ((now - SETTLED_AFTER).isoformat(),))])

    async def unregistered(self, pseudonym: str, now: dt.datetime) -> None:
        """The index has dropped this one: when that is the last word, no byte of it stays in the file."""
        values = {"whose": pseudonym, "now": now.isoformat(), "settled": (now - SETTLED_AFTER).isoformat()}

        def change(connection: apsw.Connection) -> None:
            for sql in _UNREGISTERED:
                connection.execute(sql, values)

        last = self._db.rows(_LAST, (pseudonym, values["settled"]))
        await (self._db.forget(change) if last else self._db.write(change))

    def counts(self) -> Counts:
        return Counts(*self._db.rows(_COUNTS)[0])


def taken_from(connection: apsw.Connection, pseudonym: str | None) -> None:
    """A client does not bear this pseudonym any more; when nobody does, no pointer to it stays."""
    if pseudonym:
        connection.execute(_NOBODYS, (pseudonym,))


def _pointers(rows: Iterable[tuple[Any, ...]]) -> tuple[Pointer, ...]:
    return tuple([Pointer(pseudonym, dt.datetime.fromisoformat(until)) for pseudonym, until in rows])
