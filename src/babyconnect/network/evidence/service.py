"""The region's register of evidence: who announced or referred whom to whom, who stands in for whom, until when.

A pseudonym, two organisations, two dates.  Who is no party to an entry learns nothing of it: a holder asks about one
reference, one asker and one client together, and a wrong combination and none are the same answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.resources import HOME
from babyconnect.network.contract import Given
from babyconnect.network.database import Database

MOST_OF_ONE = 20_000
SCHEMA = """
create table if not exists given (
  reference text primary key, pseudonym text not null, basis text not null, issuer text not null,
  receiver text not null, start text not null, end text not null, episode text not null, person text not null,
  made text not null, revoked text);
create index if not exists given_to on given (receiver, pseudonym);
create index if not exists given_by on given (issuer, made);
"""
COLUMNS = "reference, basis, issuer, receiver, start, end, episode, revoked is null"
KeepsHer = Callable[[str, Ura], bool]
"""Whether an organisation has a pointer for this pseudonym in the index."""


class EvidenceService:
    """`keeps`: evidence says something of a client only while its issuer keeps her itself."""

    def __init__(self, path: Path, clock: Callable[[], dt.datetime], keeps: KeepsHer) -> None:
        self._db = Database(path, SCHEMA)
        self._clock = clock
        self._keeps = keeps

    def close(self) -> None:
        self._db.close()

    async def give(self, pseudonym: str, given: Given, person: str) -> bool:
        """False when the reference is taken, or the issuer holds too many."""
        row = (
            *(given.reference, pseudonym, given.basis, given.issuer.value, given.receiver.value),
            *(given.start.isoformat(), given.end.isoformat(), given.episode, person, self._clock().isoformat()),
        )

        def change(connection: apsw.Connection) -> bool:
            held = connection.execute("select count(*) from given where issuer = ?", (given.issuer.value,)).fetchone()
            taken = connection.execute("select 1 from given where reference = ?", (given.reference,)).fetchone()
            if taken or (held and held[0] >= MOST_OF_ONE):
                return False
            connection.execute("insert into given values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null)", row)
            return True

        return await self._db.write(change)

    def received(self, pseudonym: str, receiver: Ura) -> tuple[Given, ...]:
        """What stands about this client for this receiver."""
        rows = self._db.rows(
            f"select {COLUMNS} from given where receiver = ? and pseudonym in (?, '') and revoked is null",  # noqa: S608
            (receiver.value, pseudonym),
        )
        return tuple(one for one in map(_given, rows) if self._stands(one, pseudonym))

    def made(self, issuer: Ura) -> tuple[Given, ...]:
        rows = self._db.rows(
            f"select {COLUMNS} from given where issuer = ? order by made desc limit 200",  # noqa: S608
            (issuer.value,),
        )
        return tuple(map(_given, rows))

    def confirm(self, pseudonym: str, reference: str, basis: str, asker: Ura) -> Given | None:
        rows = self._db.rows(
            f"select {COLUMNS} from given where reference = ? and basis = ? and receiver = ?"  # noqa: S608
            " and pseudonym in (?, '') and revoked is null",
            (reference, basis, asker.value, pseudonym),
        )
        found = _given(rows[0]) if rows else None
        return found if found is not None and self._stands(found, pseudonym) else None

    async def revoke(self, reference: str, issuer: Ura) -> bool:
        """By its issuer only."""

        def change(connection: apsw.Connection) -> bool:
            connection.execute(
                "update given set revoked = ? where reference = ? and issuer = ? and revoked is null",
                (self._clock().isoformat(), reference, issuer.value),
            )
            return connection.changes() == 1

        return await self._db.write(change)

    def _stands(self, one: Given, pseudonym: str) -> bool:
        today = self._clock().astimezone(HOME).date()
        return one.start <= today <= one.end and self._keeps(pseudonym, one.issuer)


def _given(row: tuple[Any, ...]) -> Given:
    reference, basis, issuer, receiver, start, end, episode, standing = row
    return Given(
        *(reference, basis, Ura(issuer), Ura(receiver)),
        *(dt.date.fromisoformat(start), dt.date.fromisoformat(end), episode, bool(standing)),
    )
