"""A node's book of broken glass: what was declared here or answered here, its review, and who is still to be told.

One SQLite file beside the store.  What somebody wrote as explanation stays here, with the item, and never goes into the
log; the log has the category.  A client is known by the node's own opaque id or by her pseudonym in this node's log.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import apsw

from babyconnect.network.database import Database, DatabaseFault
from babyconnect.network.unheard import UnheardList

Side = Literal["asker", "holder"]

SCHEMA = """
create table if not exists emergency (
  id text not null, side text not null, other text not null, opened text not null, until text not null,
  person text not null, role text not null, responsible text not null, reason text not null, over integer not null,
  explanation text not null, client text not null, due text not null,
  outcome text not null default '', remark text not null default '', reviewer text not null default '',
  reviewed text not null default '', handle text not null default '', located integer not null default 0,
  primary key (side, other, id));
create table if not exists notice (
  number integer primary key, side text not null, other text not null, emergency text not null,
  recipient text not null, client text not null, made text not null, channel text not null default '',
  sent text not null default '');
create table if not exists channel (
  client text primary key, channel text not null, person text not null, since text not null);
"""


@dataclass(frozen=True, slots=True)
class Broken:
    """One declaration, at one end.  `other`: the asker's URA at the holder's end, "" at the asker's own.

    `client`: opaque.  `explanation`: free text, at the asker's end only.  `due`: when its review must be done.
    `handle`: keyed, of whoever it is about at the asker's end, known here or not (yet).  `located`: at the holder's
    end, where the region told that she was searched for and nothing was asked here (yet).
    """

    id: str
    side: Side
    other: str
    opened: dt.datetime
    until: dt.datetime
    person: str
    role: str
    reason: str
    client: str
    due: dt.date
    responsible: str = ""
    over_objection: bool = False
    explanation: str = ""
    outcome: str = ""
    remark: str = ""
    reviewer: str = ""
    reviewed: dt.datetime | None = None
    handle: str = ""
    located: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody is to be told: the client over the channel she called safe, or this organisation itself."""

    number: int
    emergency: str
    recipient: Literal["client", "holder"]
    client: str
    made: dt.datetime
    channel: str = ""
    sent: dt.datetime | None = None


COLUMNS = (
    "id, side, other, opened, until, person, role, responsible, reason, over, explanation, client, due, outcome,"
    " remark, reviewer, reviewed, handle, located"
)
NOTICE = "number, emergency, recipient, client, made, channel, sent"


class Emergencies:
    """The file, opened; look-ups are immediate, writes durable when they return."""

    def __init__(self, path: Path) -> None:
        self._db = Database(path, SCHEMA)
        self._db.write_now(_of_this_version)
        self.unheard = UnheardList(self._db)

    def close(self) -> None:
        self._db.close()

    async def open(self, broken: Broken, tell: Sequence[Literal["client", "holder"]] = ()) -> None:
        """Once per declaration and end; declared again it stays as it first was.  Raises DatabaseFault when it was
        about somebody else: then nothing may be released, since nobody would be told."""
        row = (
            *(broken.id, broken.side, broken.other, broken.opened.isoformat(), broken.until.isoformat()),
            *(broken.person, broken.role, broken.responsible, broken.reason, int(broken.over_objection)),
            *(broken.explanation, broken.client, broken.due.isoformat(), broken.handle, int(broken.located)),
        )

        def change(connection: apsw.Connection) -> None:
            connection.execute(
                "insert or ignore into emergency (id, side, other, opened, until, person, role, responsible, reason,"
                " over, explanation, client, due, handle, located)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            if not connection.changes():
                key = (broken.side, broken.other, broken.id)
                about = "select client from emergency where side = ? and other = ? and id = ?"
                if list(connection.execute(about, key)) != [(broken.client,)]:
                    raise DatabaseFault("one declaration was used for two clients")
                if not broken.located:
                    # She had been searched for; from its first answer on this holder counts its minutes.
                    answered = (broken.opened.isoformat(), broken.until.isoformat(), int(broken.over_objection), *key)
                    connection.execute(
                        "update emergency set located = 0, opened = ?, until = ?, over = ?"
                        " where side = ? and other = ? and id = ? and located = 1",
                        answered,
                    )
                return
            for recipient in tell:
                connection.execute(
                    "insert into notice (side, other, emergency, recipient, client, made) values (?, ?, ?, ?, ?, ?)",
                    (broken.side, broken.other, broken.id, recipient, broken.client, broken.opened.isoformat()),
                )

        await self._db.write(change)

    async def tell_client(self, broken: Broken) -> None:
        """She is to be told of what needs no second item: her own provider broke the glass on its own record."""

        def change(connection: apsw.Connection) -> None:
            made = (broken.side, broken.other, broken.id, "client", broken.client, broken.opened.isoformat())
            connection.execute(
                "insert into notice (side, other, emergency, recipient, client, made) select ?1, ?2, ?3, ?4, ?5, ?6"
                " where not exists (select 1 from notice where emergency = ?3 and client = ?5)",
                made,
            )

        await self._db.write(change)

    def find(self, side: Side, other: str, id: str) -> Broken | None:
        rows = self._db.rows(
            f"select {COLUMNS} from emergency where side = ? and other = ? and id = ?",  # noqa: S608
            (side, other, id),
        )
        return _broken(rows[0]) if rows else None

    def queue(self, reviewed: bool = False, most: int = 200) -> tuple[Broken, ...]:
        """What waits for review, the most urgent first; or what was reviewed, the latest first."""
        where = "outcome <> '' order by reviewed desc" if reviewed else "outcome = '' order by due, opened"
        rows = self._db.rows(f"select {COLUMNS} from emergency where {where} limit ?", (most,))  # noqa: S608
        return tuple(map(_broken, rows))

    async def review(
        self, key: tuple[Side, str, str], verdict: tuple[str, str], reviewer: str, moment: dt.datetime
    ) -> bool:
        """`verdict`: outcome and remark.  Once: False when it was reviewed already, or is not there, or would be
        reviewed by the very person who broke the glass."""

        def change(connection: apsw.Connection) -> bool:
            connection.execute(
                "update emergency set outcome = ?, remark = ?, reviewer = ?, reviewed = ?"
                " where side = ? and other = ? and id = ? and outcome = '' and (side = 'holder' or person <> ?)",
                (*verdict, reviewer, moment.isoformat(), *key, reviewer),
            )
            return connection.changes() == 1

        return await self._db.write(change)

    def unsent(self) -> tuple[Notice, ...]:
        rows = self._db.rows(f"select {NOTICE} from notice where sent = '' order by number")  # noqa: S608
        return tuple(map(_notice, rows))

    def sent_to(self, client: str) -> tuple[Notice, ...]:
        """What this client was told, the latest first."""
        rows = self._db.rows(
            f"select {NOTICE} from notice where client = ? and recipient = 'client' and sent <> ''"  # noqa: S608
            " order by number desc",
            (client,),
        )
        return tuple(map(_notice, rows))

    async def sent(self, number: int, channel: str, moment: dt.datetime) -> None:
        await self._db.write(
            _execute(
                "update notice set channel = ?, sent = ? where number = ? and sent = ''",
                (channel, moment.isoformat(), number),
            )
        )

    def channel(self, client: str) -> str:
        """The channel that she called safe; "" when she named none."""
        rows = self._db.rows("select channel from channel where client = ?", (client,))
        return rows[0][0] if rows else ""

    async def choose_channel(self, client: str, channel: str, person: str, moment: dt.datetime) -> None:
        await self._db.write(
            _execute(
                "insert or replace into channel values (?, ?, ?, ?)", (client, channel, person, moment.isoformat())
            )
        )

    def about(self, handle: str) -> int:
        """How many items are about whoever has this handle."""
        return int(self._db.rows("select count(*) from emergency where handle = ? and handle <> ''", (handle,))[0][0])

    async def forget(self, client: str, handle: str = "") -> None:
        """She had her record destroyed: what somebody wrote about her goes, the item itself stays without her.

        By her `handle` also what was written before she was known here, and what is about nobody who is.
        """

        def change(connection: apsw.Connection) -> None:
            connection.execute(
                "update emergency set explanation = '', remark = '', client = '', handle = ''"
                " where (client <> '' and client = ?) or (handle <> '' and handle = ?)",
                (client, handle),
            )
            for table in ("notice", "channel"):
                connection.execute(f"delete from {table} where client <> '' and client = ?", (client,))  # noqa: S608

        await self._db.forget(change)


def _of_this_version(connection: apsw.Connection) -> None:
    """A book of before these columns gets them."""
    present = {row[1] for row in connection.execute("pragma table_info(emergency)")}
    for name, kind in (("handle", "text not null default ''"), ("located", "integer not null default 0")):
        if name not in present:
            connection.execute(f"alter table emergency add column {name} {kind}")


def _execute(sql: str, bindings: tuple[Any, ...]) -> Callable[[apsw.Connection], None]:
    def change(connection: apsw.Connection) -> None:
        connection.execute(sql, bindings)

    return change


def _broken(row: tuple[Any, ...]) -> Broken:
    id, side, other, opened, until, person, role, responsible, reason, over, explanation, client, due = row[:13]
    outcome, remark, reviewer, reviewed, handle, located = row[13:]
    return Broken(
        *(id, side, other, _moment(opened), _moment(until), person, role, reason, client),
        due=dt.date.fromisoformat(due),
        responsible=responsible,
        over_objection=bool(over),
        explanation=explanation,
        outcome=outcome,
        remark=remark,
        reviewer=reviewer,
        reviewed=_moment(reviewed) if reviewed else None,
        handle=handle,
        located=bool(located),
    )


def _notice(row: tuple[Any, ...]) -> Notice:
    number, emergency, recipient, client, made, channel, sent = row
    return Notice(number, emergency, recipient, client, _moment(made), channel, _moment(sent) if sent else None)


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
