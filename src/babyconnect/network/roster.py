"""Who is a client here, for the regional services and for evidence: pseudonyms, episodes' periods, enrolments.

One SQLite file beside the store, without clinical content but for the days on which a pregnancy is due or ended, from
which today's list counts (`flows.dating`).  It lets a decision know a client's pseudonym and the evidence of a
treatment relationship without reading the store or asking the region, and it is the outbox of pointers that the index
has not taken yet (then, and only then, it holds the BSN from which the pseudonym is still to be made) and of those that
it is to drop: whatever takes a pointer away, by the file's own trigger its pseudonym is listed in that transaction.
A BSN is otherwise known here by its handle only: a keyed hash under a secret of this node.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import orjson

from babyconnect.birthcare.access import Relation
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.one_woman import JOINED
from babyconnect.network import roster_erasing as erasing
from babyconnect.network import roster_outbox as outbox
from babyconnect.network.database import Database

SCHEMA = """
create table if not exists client (client text primary key, handle text not null, pseudonym text);
create index if not exists client_by_handle on client (handle);
create index if not exists client_by_pseudonym on client (pseudonym);
create table if not exists joined (record text primary key, name text not null);
create index if not exists joined_by_name on joined (name);
create table if not exists formerly (record text not null, name text not null, primary key (record, name));
create index if not exists formerly_by_name on formerly (name);
create table if not exists waiting (client text primary key, bsn text not null);
create table if not exists episode (id text primary key, client text not null, content blob not null);
create index if not exists episode_of on episode (client);
drop table if exists birth; -- of before births had a source: what cannot be taken back may not stay
create table if not exists born (
  id text not null, episode text not null, day text not null, primary key (id, episode));
create index if not exists born_in on born (episode);
create table if not exists dating (
  id text primary key, client text not null, grp text not null, fact text not null, day text not null,
  rank text not null);
create index if not exists dating_of on dating (client);
create table if not exists enrolment (
  handle text not null, basis text not null, reference text not null, start text, end text,
  primary key (handle, basis, reference));
create table if not exists appointment (
  handle text not null, start text not null, kind text not null, primary key (handle, start));
"""

# The records of a client: herself, or those that the store keeps as one client under this name.
ITS = "(select ?1 union all select record from joined where name = ?1)"
_AS_KNOWN = "coalesce((select name from joined where record = client), client)"
_PSEUDONYM = f"select pseudonym from client where client in {ITS} order by pseudonym is null limit 1"  # noqa: S608
_HANDLES = f"select handle from client where client in {ITS}"  # noqa: S608
_SAME_HANDLE = f"select handle, client in {ITS} from client where handle in ({_HANDLES})"  # noqa: S608
_NAMED_SO = f"select distinct {_AS_KNOWN} from client where pseudonym = ?"  # noqa: S608
_CLIENTS = f"select distinct {_AS_KNOWN} from client where handle = ?"  # noqa: S608
_NAMES = (
    "select client from client where handle = ?1"
    " union select name from formerly where record in (select client from client where handle = ?1)"
)
_NAMES_OF = f"select record from joined where name = ?1 union select name from formerly where record in {ITS}"  # noqa: S608
_EPISODES = f"select content from episode where client in {ITS}"  # noqa: S608
_BIRTHS = (
    f"select episode, max(day) from born where episode in (select id from episode where client in {ITS})"  # noqa: S608
    " group by episode"
)
_DATINGS = f"select id, client, grp, fact, day, rank from dating where client in {ITS}"  # noqa: S608
_ENROLMENTS = f"select basis, reference, start, end from enrolment where handle in ({_HANDLES})"  # noqa: S608
_ENROLMENTS_SO = "select basis, reference, start, end from enrolment where handle = ?"
_VISITS = (
    f"select {_AS_KNOWN}, start, kind from appointment join client using (handle)"  # noqa: S608
    " where substr(start, 1, 10) = ? order by start desc"
)
_OTHERS = (
    f"select 1 from client where client not in {ITS}"  # noqa: S608
    f" and pseudonym in (select pseudonym from client where client in {ITS})"
)
# Whose pointer went (part of her was destroyed) is not told of again because records are joined otherwise.
_TOLD_ANEW = (
    "insert or ignore into renewed select client from client where client = ?"
    " and pseudonym in (select pseudonym from pointer)"
)
_MOVED = (
    "select 1 from joined where record = ?1"
    " union all select 1 from formerly where name = ?1 and not exists (select 1 from joined where name = ?1)"
)
_JOINED = "select record, name from joined where record = ?"
_BESIDE = "select record from joined where name = (select name from joined where record = ?)"
_KNOWN = f"select 1 from client where client in {ITS}"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Dating:
    """What one resource says of when a pregnancy is due, or ended: `fact` is "due" or "ended", "" and no day when it
    says nothing (any more).  `group`: its data group; `order`: which of several counts, the lowest."""

    id: str
    client: str
    group: str
    fact: str
    day: dt.date | None
    order: str


@dataclass(frozen=True, slots=True)
class Birth:
    """The day of birth that one resource states, and in which episodes; no day when it states none (any more)."""

    id: str
    day: dt.date | None
    episodes: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What publishing showed of one client: her BSN if she has one, her episodes (STU3), and births.  `bare`: her own
    Patient was shown, without a BSN."""

    client: str
    bsn: Bsn | None
    episodes: Sequence[Mapping[str, Any]] = ()
    births: Sequence[Birth] = ()
    datings: Sequence[Dating] = ()
    bare: bool = False


class Roster:
    """The file, opened; look-ups are immediate, writes durable."""

    def __init__(self, path: Path, key: bytes) -> None:
        """`key`: 32 secret bytes of this node."""
        self._db = Database(path, SCHEMA + outbox.SCHEMA)
        self.outbox = outbox.Outbox(self._db)
        if self._db.rows("pragma user_version") == [(0,)]:
            self._db.write_now(_since_who_waits_is_untold)
        self._key = hashlib.sha256(b"roster\n" + key).digest()

    def handle(self, bsn: Bsn) -> str:
        """By which a BSN is known here, whether she is a client or not."""
        return hmac.new(self._key, bsn.value.encode(), hashlib.sha256).hexdigest()

    def close(self) -> None:
        self._db.close()

    async def note(self, seen: Iterable[Seen]) -> None:
        """Remember what was published; who has no pseudonym yet waits for one."""
        batch = [(one, self.handle(one.bsn) if one.bsn else "") for one in seen]

        def change(connection: apsw.Connection) -> None:
            for one, handle in batch:
                _note(connection, one, handle)

        await self._db.write(change)

    async def join(self, records: Collection[str], names: Mapping[str, str]) -> bool:
        """Whose records are joined now (record -> name of the client), as far as it concerns `records`.  Whether that
        was not known yet.

        What a client was called before stays known: by that name she is in the log."""
        concerned = self.beside({*records, *names})
        known = self.every_joined(concerned)
        if known == {one: names[one] for one in concerned if one in names}:
            return False

        def change(connection: apsw.Connection) -> None:
            connection.executemany("delete from joined where record = ?", [(one,) for one in concerned])
            connection.executemany("insert into joined values (?, ?)", list(names.items()))
            connection.executemany("insert or ignore into formerly values (?, ?)", list(names.items()))
            connection.executemany(_TOLD_ANEW, [(one,) for one in names])

        await self._db.write(change)
        return True

    def beside(self, records: Collection[str]) -> set[str]:
        """These records, and those that are joined with them here; read from the file, for whoever is to change it."""
        return set(records) | {row[0] for record in records for row in self._db.rows(_BESIDE, (record,))}

    def every_joined(self, records: Collection[str] | None = None) -> dict[str, str]:
        """Record -> the name of the client, of these records as far as they are joined, or of all; from the file."""
        if records is None:
            return dict(self._db.rows("select record, name from joined"))
        return dict([row for record in records for row in self._db.rows(_JOINED, (record,))])

    def name(self, record: str) -> str:
        """The client whose record this is: by the name of all records that are joined with it."""
        found = self._db.known("select name from joined where record = ?", (record,))
        return str(found[0][0]) if found else record

    def records(self, client: str) -> tuple[str, ...]:
        """The records of a client, one unless several are joined; none of a name that stands for nobody any more."""
        if not client.startswith(JOINED):  # so it is for nearly everybody, and it is asked for every answer
            return (client,)
        found = self._db.known("select record from joined where name = ? order by record", (client,))
        return tuple([row[0] for row in found])

    def parted(self, client: str) -> bool:
        """Whether this was the name of several records that are not one client's any more."""
        if not client.startswith(JOINED) or self.records(client):
            return False
        return bool(self._db.known("select 1 from formerly where name = ?", (client,)))

    def moved(self, client: str) -> bool:
        """Whether what was kept by this name is kept by another since: joined with others, or parted."""
        return bool(self._db.known(_MOVED, (client,)))

    def names_of(self, client: str) -> tuple[str, ...]:
        """Every name under which something of a client's may have been written down, now or before: hers, that of each
        of her records, and those of the clients that these were."""
        rows = self._db.rows(_NAMES_OF, (client,))
        return tuple(dict.fromkeys([client, *(row[0] for row in rows)]))

    def names(self, bsn: Bsn) -> tuple[str, ...]:
        """The same for whoever bears this BSN here."""
        rows = self._db.rows(_NAMES, (self.handle(bsn),))
        return tuple(row[0] for row in rows)

    def waiting(self) -> tuple[tuple[str, Bsn], ...]:
        """Clients whose pseudonym is still to be made."""
        return tuple((client, Bsn(bsn)) for client, bsn in self._db.rows("select client, bsn from waiting"))

    def renewed(self) -> tuple[tuple[str, str], ...]:
        """Clients of whom the index is to be told, or told anew: who is new here, or of whom episodes were published
        since; with their pseudonyms, as far as these are made."""
        rows = self._db.rows("select client, pseudonym from client join renewed using (client) where pseudonym <> ''")
        return tuple((client, pseudonym) for client, pseudonym in rows)

    async def named(self, pseudonyms: Mapping[str, str], made_of: Mapping[str, Bsn] | None = None) -> None:
        """Clients got their pseudonyms: their BSN is forgotten here.  `made_of`: of which number each was made; whose
        number was corrected while it was being made still waits."""
        numbers = made_of or {}

        def change(connection: apsw.Connection) -> None:
            for client, pseudonym in pseudonyms.items():
                if (made := numbers.get(client)) is not None:
                    connection.execute("delete from waiting where client = ? and bsn = ?", (client, made.value))
                    if not connection.changes():
                        continue
                connection.execute("update client set pseudonym = ? where client = ?", (pseudonym, client))
                connection.execute("delete from waiting where client = ?", (client,))

        await self._db.write(change)

    def pseudonym(self, client: str) -> str | None:
        found = self._db.known(_PSEUDONYM, (client,))
        return found[0][0] if found else None

    def handle_of(self, client: str) -> str:
        """This client's handle, unless another client here has it too; "" when there is none."""
        rows = self._db.rows(_SAME_HANDLE, (client,))
        return str(rows[0][0]) if rows and all(hers for _, hers in rows) else ""

    def stand_in(self, name: str) -> str:
        """In the shape of a pseudonym, of nobody: what is asked about where there is none."""
        made = hmac.new(self._key, b"stand-in\n" + name.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()

    def named_so(self, pseudonym: str) -> tuple[str, ...]:
        """Whom the region knows by this pseudonym."""
        return tuple(row[0] for row in self._db.rows(_NAMED_SO, (pseudonym,)))

    def clients(self, bsn: Bsn) -> tuple[str, ...]:
        """One for all records that are joined; several where something contradicts."""
        return tuple(row[0] for row in self._db.rows(_CLIENTS, (self.handle(bsn),)))

    def episodes(self, client: str) -> tuple[Mapping[str, Any], ...]:
        """Id, status and period of the client's episodes, as EpisodeOfCare."""
        return tuple(orjson.loads(row[0]) for row in self._db.rows(_EPISODES, (client,)))

    def version(self) -> int:
        """A number that is another one once anything here may be different."""
        return self._db.version()

    def births(self, client: str) -> dict[str, dt.date]:
        rows = self._db.known(_BIRTHS, (client,))
        return {episode: dt.date.fromisoformat(day) for episode, day in rows}

    def datings(self, client: str) -> tuple[Dating, ...]:
        rows = self._db.rows(_DATINGS, (client,))
        return tuple(Dating(id, whose, group, fact, _day(day), rank) for id, whose, group, fact, day, rank in rows)

    async def keep_only(self, records: Collection[str], kept: Collection[str]) -> None:
        """Part of these records of one client was destroyed: of her episodes, births, due dates and visits stays what
        the resources in `kept` say.  The index was told that there is nothing of her here, and is told of her again
        only when something is published.  Her pseudonym may still have to be made (`waiting`): what she refused is
        known by it, also to our own people."""
        await self._db.forget(lambda connection: erasing.keep_only(connection, records, kept))

    async def taken_back(self, id: str) -> None:
        """This resource is kept no more: neither is what it said."""
        if erasing.said_by(self._db.rows, id):
            await self._db.forget(lambda connection: erasing.take_back(connection, id))

    async def enrol(self, rows: Iterable[tuple[Bsn, Relation]]) -> None:
        """Evidence for clients who are enrolled here, announced, or otherwise ours without an episode."""
        batch = [(self.handle(bsn), r.basis, r.reference, _text(r.start), _text(r.end)) for bsn, r in rows]

        def change(connection: apsw.Connection) -> None:
            connection.executemany("insert or replace into enrolment values (?, ?, ?, ?, ?)", batch)

        await self._db.write(change)

    def enrolments(self, bsn: Bsn) -> tuple[Relation, ...]:
        return self._enrolments(_ENROLMENTS_SO, self.handle(bsn))

    def enrolments_of(self, client: str) -> tuple[Relation, ...]:
        return self._enrolments(_ENROLMENTS, client)

    def _enrolments(self, sql: str, value: str) -> tuple[Relation, ...]:
        rows = self._db.known(sql, (value,))
        return tuple(Relation(basis, reference, _day(start), _day(end)) for basis, reference, start, end in rows)

    async def end_evidence(self, reference: str, last: dt.date) -> None:
        """Evidence that was recorded here holds no longer than `last`."""

        def change(connection: apsw.Connection) -> None:
            connection.execute("update enrolment set end = ? where reference = ?", (last.isoformat(), reference))

        await self._db.write(change)

    async def expect_visits(self, rows: Iterable[tuple[Bsn, dt.datetime, str]]) -> None:
        """The diary: moment and kind of visit."""
        batch = [(self.handle(bsn), start.isoformat(), kind) for bsn, start, kind in rows]

        def change(connection: apsw.Connection) -> None:
            connection.executemany("insert or replace into appointment values (?, ?, ?)", batch)

        await self._db.write(change)

    def visits(self, day: dt.date) -> dict[str, tuple[dt.datetime, str]]:
        """Who is expected on a day: opaque client id -> moment and kind of visit."""
        rows = self._db.rows(_VISITS, (day.isoformat(),))
        return {client: (dt.datetime.fromisoformat(start), kind) for client, start, kind in rows}

    def alone(self, client: str) -> bool:
        """Whether no other client here bears the same pseudonym: only then may its pointer go."""
        return not self._db.rows(_OTHERS, (client,))

    def known(self, client: str) -> bool:
        """Whether this is a client of ours with a BSN."""
        return bool(self._db.rows(_KNOWN, (client,)))

    async def forget(self, client: str) -> None:
        """The client was erased from the store: nothing of her stays here either."""
        records = self.records(client)

        def change(connection: apsw.Connection) -> None:
            for record in records:
                erasing.forget(connection, record)

        await self._db.forget(change)


def _since_who_waits_is_untold(connection: apsw.Connection) -> None:
    """Once per file: before, the index was told of whoever waited for a pseudonym without its being noted."""
    connection.execute("insert or ignore into renewed select client from waiting")
    connection.execute("pragma user_version = 1")


def _note(connection: apsw.Connection, seen: Seen, handle: str) -> None:
    known = list(connection.execute("select handle, pseudonym from client where client = ?", (seen.client,)))
    if seen.bsn is not None and [row[0] for row in known] != [handle]:
        connection.execute("insert or replace into client values (?, ?, null)", (seen.client, handle))
        outbox.taken_from(connection, known[0][1] if known else None)
        connection.execute("insert or replace into waiting values (?, ?)", (seen.client, seen.bsn.value))
        connection.execute("insert or ignore into renewed values (?)", (seen.client,))
    elif seen.bare and known:
        # The number was a mistake: whoever bears it is somebody else, who must not find this record as her own.
        for table in ("client", "waiting", "renewed"):
            connection.execute(f"delete from {table} where client = ?", (seen.client,))  # noqa: S608 - a closed list
        outbox.taken_from(connection, known[0][1])
    elif seen.episodes:
        connection.execute("insert or ignore into renewed values (?)", (seen.client,))
    for episode in seen.episodes:
        kept = {key: episode[key] for key in ("resourceType", "id", "status", "period") if key in episode}
        connection.execute(
            "insert or replace into episode values (?, ?, ?)", (episode["id"], seen.client, orjson.dumps(kept))
        )
    for birth in seen.births:
        connection.execute("delete from born where id = ?", (birth.id,))
        if birth.day is not None:
            rows = [(birth.id, episode, birth.day.isoformat()) for episode in birth.episodes]
            connection.executemany("insert into born values (?, ?, ?)", rows)
    for one in seen.datings:
        connection.execute("delete from dating where id = ?", (one.id,))
        if one.day is not None:
            row = (one.id, one.client, one.group, one.fact, one.day.isoformat(), one.order)
            connection.execute("insert into dating values (?, ?, ?, ?, ?, ?)", row)


def _text(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
