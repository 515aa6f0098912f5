"""The register as the region keeps it: every version of every Consent, in one sequence that holders follow.

A change is on disk before it is answered, and wakes every waiting feed at once.  A holder is told only provisions about
its own records, and only of clients it asked for; what a holder asked for is kept in memory (`interest`), so a restart
starts a new `epoch` and every replica begins anew.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import apsw
import orjson

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind
from babyconnect.network.consent import resources
from babyconnect.network.database import Database

SCHEMA = """
create table if not exists version (
  seq integer primary key autoincrement, id text not null, pseudonym text not null, active integer not null,
  recorder text not null, moment text not null, content blob not null);
create index if not exists version_of on version (id, seq);
create index if not exists version_about on version (pseudonym, seq);
"""
LATEST = "seq = (select max(seq) from version v where v.id = version.id)"
MOST_INTEREST = 200_000
MOST_CHANGES = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """One Consent as it stands at `seq`."""

    seq: int
    pseudonym: str
    active: bool
    consent: Consent

    def resource(self) -> dict[str, Any]:
        return resources.to_resource(self.consent, self.pseudonym, active=self.active, version=self.seq)


class ConsentService:
    def __init__(self, path: Path, clock: Callable[[], dt.datetime]) -> None:
        self._db = Database(path, SCHEMA)
        self._clock = clock
        self._interest: dict[Ura, set[str]] = {}
        self._changed = asyncio.Event()
        self.epoch = secrets.token_hex(8)

    def close(self) -> None:
        self._db.close()

    def sequence(self) -> int:
        return int(self._db.rows("select coalesce(max(seq), 0) from version")[0][0])

    async def record(self, given: Sequence[tuple[str, Consent]], recorder: Ura) -> list[str]:
        """New provisions, each with her pseudonym, all or none; returns their ids.

        Their moment is the register's own, not the sender's.
        """
        kept = [(about, replace(one, id=str(uuid.uuid4()), recorded=self._clock())) for about, one in given]

        def change(connection: apsw.Connection) -> None:
            for about, one in kept:
                self._append(connection, about, one, True, recorder)

        await self._db.write(change)
        self._wake()
        return [one.id for _, one in kept]

    async def withdraw(self, id: str, recorder: Ura) -> bool:
        """Out of force from this moment; False when there is none by this id.  Twice is once."""
        found = self.read(id)
        if found is None:
            return False
        if found.active:
            await self._db.write(
                lambda connection: self._append(connection, found.pseudonym, found.consent, False, recorder)
            )
            self._wake()
        return True

    def _append(
        self, connection: apsw.Connection, pseudonym: str, consent: Consent, active: bool, recorder: Ura
    ) -> None:
        content = orjson.dumps(resources.to_resource(consent, pseudonym, active=active))
        connection.execute(
            "insert into version (id, pseudonym, active, recorder, moment, content) values (?, ?, ?, ?, ?, ?)",
            (consent.id, pseudonym, int(active), recorder.value, self._clock().isoformat(), content),
        )

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def read(self, id: str) -> Kept | None:
        found = self._db.rows(
            "select seq, pseudonym, active, content from version where id = ? order by seq desc limit 1", (id,)
        )
        return _kept(found[0]) if found else None

    def recorder(self, id: str) -> Ura | None:
        """Who took it down at first."""
        found = self._db.rows("select recorder from version where id = ? order by seq limit 1", (id,))
        return Ura(found[0][0]) if found else None

    def versions(self, id: str) -> list[Kept]:
        """Newest first: nothing is ever overwritten."""
        found = self._db.rows(
            "select seq, pseudonym, active, content from version where id = ? order by seq desc", (id,)
        )
        return [_kept(row) for row in found]

    def of(self, pseudonym: str) -> list[Kept]:
        """Her provisions in force now, whoever they are about."""
        found = self._db.rows(
            f"select seq, pseudonym, active, content from version where pseudonym = ? and {LATEST} and active = 1"  # noqa: S608
            " order by seq",
            (pseudonym,),
        )
        return [_kept(row) for row in found]

    def for_holder(self, pseudonym: str, holder: Ura, kind: Kind) -> tuple[int, list[Kept]]:
        """(sequence, what concerns this holder); from now on its feed tells of changes to her provisions."""
        interest = self._interest.setdefault(holder, set())
        if len(interest) >= MOST_INTEREST:
            # Everybody's replica begins anew: dear, and rare enough.
            self._interest = {}
            self.epoch = secrets.token_hex(8)
            interest = self._interest.setdefault(holder, set())
        interest.add(pseudonym)
        return self.sequence(), [k for k in self.of(pseudonym) if resources.concerns(k.consent, holder, kind)]

    def changes(self, holder: Ura, kind: Kind, since: int) -> tuple[int, list[Kept]]:
        """(up to where, the changes since then that concern this holder and clients it asked for)."""
        found = self._db.rows(
            "select seq, pseudonym, active, content from version where seq > ? order by seq limit ?",
            (since, MOST_CHANGES),
        )
        # Not `sequence()`: a change that is written between two reads would be skipped for ever.
        upto = found[-1][0] if found else since
        interest = self._interest.get(holder, set())
        kept = [_kept(row) for row in found if row[1] in interest]
        return upto, [k for k in kept if resources.concerns(k.consent, holder, kind)]

    async def wait_for_change(self, since: int, seconds: float) -> None:
        """Until something is newer than `since`, or the time is over."""
        changed = self._changed
        if self.sequence() > since:
            return
        try:
            async with asyncio.timeout(seconds):
                await changed.wait()
        except TimeoutError:
            return


def _kept(row: tuple[Any, ...]) -> Kept:
    seq, pseudonym, active, content = row
    return Kept(seq, pseudonym, bool(active), resources.from_resource(orjson.loads(content))[1])
