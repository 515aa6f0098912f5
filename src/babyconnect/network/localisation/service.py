"""The index as the region keeps it: pseudonym → organisations.  It holds pointers only, and drops them in time.

Who may know is not decided here: every localisation asks the consent register, and `may_know` (composed from `trust`)
answers from her provisions.  Whatever is withheld looks exactly like what does not exist.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import apsw

from babyconnect.birthcare.access import Asker, Consent
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind
from babyconnect.definitions import document
from babyconnect.network import fhir4
from babyconnect.network.contract import MayKnow, Registration
from babyconnect.network.database import Database
from babyconnect.network.fresh import fresh

SCHEMA = """
create table if not exists registration (
  id text primary key, pseudonym text not null, holder text not null, kind text not null, source text not null,
  until text not null, unique (pseudonym, holder, source));
create index if not exists registration_until on registration (until);
"""
GONE_FOR = dt.timedelta(minutes=10)
"""How long after a removal another one is still about it: a holder says it before and after it destroys a record."""
SWEEP_EVERY = dt.timedelta(hours=1)
MOST_READ = 16_384
"""Pointers whose meaning is remembered, by their row."""
COLUMNS = "id, pseudonym, holder, kind, source, until"


class IndexService:
    def __init__(
        self,
        path: Path,
        clock: Callable[[], dt.datetime],
        may_know: MayKnow,
        overriding: Collection[Ura] = frozenset(),
    ) -> None:
        """`overriding`: holders that opted in to answer a confirmed emergency against an objection."""
        self._db = Database(path, SCHEMA)
        self._clock = clock
        self._may_know, self._overriding = may_know, frozenset(overriding)
        self._swept = clock()
        self._gone: dict[tuple[str, Ura], dt.datetime] = {}
        self._longest = dt.timedelta(days=document("network.toml")["localisation"]["longest_days"])

    def close(self) -> None:
        self._db.close()

    async def register(self, registrations: Sequence[Registration]) -> list[tuple[str, bool]]:
        """(id, whether it is new) of each, all or none.  The same again changes only `until`.

        No pointer outlives the longest term; what is over is removed now and then, in passing.
        """
        now = self._clock()
        if now - self._swept > SWEEP_EVERY:
            self._swept = now
            await self.drop_expired()
        return await self._db.write(lambda connection: [self._register(connection, one, now) for one in registrations])

    def _register(self, connection: apsw.Connection, one: Registration, now: dt.datetime) -> tuple[str, bool]:
        until = fhir4.instant(min(one.until, now + self._longest))
        key = (one.pseudonym, one.holder.value, one.source)
        found = connection.execute(
            "select id from registration where pseudonym = ? and holder = ? and source = ?", key
        ).fetchone()
        if found:
            connection.execute(
                "update registration set until = ?, kind = ? where id = ?", (until, one.kind.value, found[0])
            )
            return found[0], False
        id = str(fresh())
        connection.execute(
            f"insert into registration ({COLUMNS}) values (?, ?, ?, ?, ?, ?)",  # noqa: S608
            (id, one.pseudonym, one.holder.value, one.kind.value, one.source, until),
        )
        return id, True

    def read(self, id: str) -> tuple[str, Registration] | None:
        found = self._db.rows(f"select {COLUMNS} from registration where id = ?", (id,))  # noqa: S608
        return _registration(found[0]) if found else None

    async def unregister(self, holder: Ura, *, id: str = "", pseudonym: str = "", source: str = "") -> int:
        """Remove own pointers: one by id, or those of a pseudonym (and source).  Another's are out of reach."""
        if not id and not pseudonym:
            raise ValueError("an id or a pseudonym")

        def change(connection: apsw.Connection) -> int:
            connection.execute(
                "delete from registration where holder = ?1 and (?2 = '' or id = ?2) and (?3 = '' or pseudonym = ?3)"
                " and (?4 = '' or source = ?4)",
                (holder.value, id, pseudonym, source),
            )
            return connection.changes()

        return await self._db.write(change)

    def gone(self, pseudonym: str, holder: Ura, removed: int) -> bool:
        """Whether a pointer of this holder is gone just now: `removed`, or shortly before this removal of nothing."""
        now = self._clock()
        self._gone = {key: moment for key, moment in self._gone.items() if now - moment < GONE_FOR}
        if removed:
            self._gone[pseudonym, holder] = now
        return (pseudonym, holder) in self._gone

    def localise(
        self, pseudonym: str, asker: Asker, consents: Sequence[Consent], referrers: Collection[Ura] = ()
    ) -> list[tuple[str, Registration]]:
        """What is registered, not over, and known to this asker by her leave, or since that holder referred her to it;
        ordered by holder."""
        knows = self._may_know(asker, consents, self._clock())
        return [
            (id, one)
            for id, one in self.all_of(pseudonym)
            # An organisation knows what it registered itself; that tells it nothing.
            if asker.ura == one.holder
            or knows((one.holder, one.kind), one.holder in referrers, one.holder in self._overriding)
        ]

    def own(self, pseudonym: str, holder: Ura) -> list[tuple[str, Registration]]:
        """What this organisation registered of her, as long as it lasts."""
        found = self._db.rows(
            f"select {COLUMNS} from registration where pseudonym = ? and holder = ? and until > ?"  # noqa: S608
            " order by source",
            (pseudonym, holder.value, fhir4.instant(self._clock())),
        )
        return [_registration(row) for row in found]

    def all_of(self, pseudonym: str) -> list[tuple[str, Registration]]:
        """Everything that is registered and not over: for herself only."""
        found = self._db.rows(
            f"select {COLUMNS} from registration where pseudonym = ? and until > ? order by holder, source",  # noqa: S608
            (pseudonym, fhir4.instant(self._clock())),
        )
        return [_registration(row) for row in found]

    async def drop_expired(self) -> int:
        """Pointers whose time is over are removed, not only hidden."""
        now = fhir4.instant(self._clock())

        def change(connection: apsw.Connection) -> int:
            connection.execute("delete from registration where until <= ?", (now,))
            return connection.changes()

        return await self._db.write(change)

    def count(self) -> int:
        return int(self._db.rows("select count(*) from registration")[0][0])


@functools.lru_cache(maxsize=MOST_READ)
def _registration(row: tuple[str, ...]) -> tuple[str, Registration]:
    id, pseudonym, holder, kind, source, until = row
    return id, Registration(pseudonym, Ura(holder), Kind(kind), source, fhir4.moment(until))
