"""The register as the region keeps it: every version of every Consent, in one sequence that holders follow.

A change is on disk before it is answered, and wakes every waiting feed at once.  A holder is told only provisions about
its own records, and only of clients it asked for; an asker with a record open is told only that something changed that
is about what it may see.  Who asked for whom is kept in memory, so a restart starts a new `epoch` and every replica
begins anew.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import apsw
import orjson

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind
from babyconnect.definitions import document
from babyconnect.network import fhir4
from babyconnect.network.consent import resources
from babyconnect.network.consent.resources import Origin
from babyconnect.network.database import Database, DatabaseFault
from babyconnect.network.fresh import fresh

SCHEMA = """
create table if not exists consent_version (
  seq integer primary key autoincrement, id text not null, pseudonym text not null, active integer not null,
  recorder text not null, person text not null, capacity text not null, registration text not null,
  moment text not null, content blob not null);
create index if not exists consent_version_of on consent_version (id, seq);
create index if not exists consent_version_about on consent_version (pseudonym, seq);
create index if not exists consent_version_by on consent_version (recorder, pseudonym, seq);
"""
KEPT = "select seq, pseudonym, active, recorder, person, capacity, registration, moment, content from consent_version"
LATEST = "seq = (select max(seq) from consent_version v where v.id = consent_version.id)"
MOST_INTEREST = 200_000
MOST_CHANGES = 500
MOST_STIRS = 1000
MOST_READ = 8_192
"""Provisions whose meaning is remembered, by their bytes: some 1.5 KB each."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One Consent as it stands at `seq`."""

    seq: int
    pseudonym: str
    active: bool
    consent: Consent
    origin: Origin
    moment: dt.datetime

    def resource(self) -> dict[str, Any]:
        return resources.to_resource(
            self.consent,
            self.pseudonym,
            active=self.active,
            version=self.seq,
            origin=self.origin,
            moment=self.moment,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be in force at one instant: new provisions, each with her pseudonym, and ids that end."""

    give: tuple[tuple[str, Consent], ...]
    withdraw: tuple[str, ...] = ()


class ConsentService:
    """`doubtful`: a no could not be logged, so it could not be recorded; until the log works nobody is confirmed in
    what they hold (`api.region_consent`)."""

    def __init__(self, path: Path, clock: Callable[[], dt.datetime]) -> None:
        self._db = Database(path, SCHEMA)
        if self._db.rows("select 1 from sqlite_master where type = 'table' and name = 'version'"):
            # Her objections stand in it: to begin without them would show more than she allows.
            raise DatabaseFault(f"{path} is a consent register of an earlier version")
        self._clock = clock
        self._interest: dict[Ura, set[str]] = {}
        self._anew: Counter[Ura] = Counter()
        self._watched: dict[Ura, dict[str, dt.datetime]] = {}
        self._stirs: deque[tuple[int, str]] = deque([(0, "")], maxlen=MOST_STIRS)
        self._changed = asyncio.Event()
        self.epoch = secrets.token_hex(8)
        self.doubtful = False

    def close(self) -> None:
        self._db.close()

    def sequence(self) -> int:
        return int(self._db.rows("select coalesce(max(seq), 0) from consent_version")[0][0])

    def prepared(self, given: Sequence[tuple[str, Consent]], withdraw: Sequence[str] = ()) -> Change:
        """With ids, and the register's own moment instead of the sender's: what the log is told before it is done."""
        now = self._clock()
        return Change(
            tuple((about, replace(one, id=str(fresh()), recorded=now)) for about, one in given), tuple(withdraw)
        )

    async def apply(self, change: Change, origin: Origin) -> None:
        """All or none.  What is withdrawn already stays so: twice is once."""

        def write(connection: apsw.Connection) -> None:
            now = self._clock().isoformat()
            for id in change.withdraw:
                for row in connection.execute(f"{KEPT} where id = ? order by seq desc limit 1", (id,)).fetchall():
                    kept = _kept(row)
                    if kept.active:
                        _append(connection, (kept.pseudonym, kept.consent, False), origin, now)
            for about, one in change.give:
                _append(connection, (about, one, True), origin, now)

        await self._db.write(write)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def read(self, id: str) -> Kept | None:
        found = self._db.rows(f"{KEPT} where id = ? order by seq desc limit 1", (id,))
        return _kept(found[0]) if found else None

    def first(self, id: str) -> Kept | None:
        """As it was recorded at first."""
        found = self._db.rows(f"{KEPT} where id = ? order by seq limit 1", (id,))
        return _kept(found[0]) if found else None

    def versions(self, id: str) -> list[Kept]:
        """Newest first: nothing is ever overwritten."""
        return [_kept(row) for row in self._db.rows(f"{KEPT} where id = ? order by seq desc", (id,))]

    def all_versions(self, pseudonym: str) -> list[Kept]:
        """Everything that was ever recorded of her, oldest first."""
        return [_kept(row) for row in self._db.rows(f"{KEPT} where pseudonym = ? order by seq", (pseudonym,))]

    def of(self, pseudonym: str) -> list[Kept]:
        """Her provisions in force now, whoever they are about."""
        found = self._db.rows(f"{KEPT} where pseudonym = ? and {LATEST} and active = 1 order by seq", (pseudonym,))
        return [_kept(row) for row in found]

    def allowed(self, pseudonym: str) -> list[Consent]:
        """What `of` says, without who wrote it down: what every localisation is decided by."""
        found = self._db.rows(
            f"select content from consent_version where pseudonym = ? and {LATEST} and active = 1 order by seq",  # noqa: S608
            (pseudonym,),
        )
        return [_provision(content) for (content,) in found]

    def recorded_by(self, pseudonym: str, recorder: Ura) -> list[Kept]:
        """Every version of what this organisation recorded first, oldest first; nothing else is looked at."""
        found = self._db.rows(
            f"{KEPT} where id in (select id from consent_version f where f.recorder = ? and f.pseudonym = ?"  # noqa: S608
            " and f.seq = (select min(seq) from consent_version v where v.id = f.id)) order by seq",
            (recorder.value, pseudonym),
        )
        return [_kept(row) for row in found]

    def follow(self, pseudonym: str, holder: Ura) -> None:
        """From now on this holder's feed tells of changes to her provisions."""
        interest = self._interest.setdefault(holder, set())
        if len(interest) >= MOST_INTEREST:
            # Everybody's replica begins anew: dear, and rare enough.
            self._interest = {}
            self.epoch = secrets.token_hex(8)
            interest = self._interest.setdefault(holder, set())
        interest.add(pseudonym)

    def unfollow(self, pseudonyms: Iterable[str], holder: Ura) -> None:
        """This holder keeps them no more: its feed tells nothing of them, and its replica begins anew, so that what it
        remembers of them is not confirmed either."""
        self._interest.get(holder, set()).difference_update(pseudonyms)
        self._anew[holder] += 1

    def epoch_of(self, holder: Ura) -> str:
        """By which this holder's replicas know whether what they remember still counts."""
        anew = self._anew.get(holder, 0)
        return f"{self.epoch}-{anew}" if anew else self.epoch

    def watch(self, pseudonym: str, asker: Ura) -> None:
        """This organisation has her record open: for a while its feed says when something about it changed."""
        watched, now = self._watched.setdefault(asker, {}), self._clock()
        for one in [one for one, until in watched.items() if until < now] if len(watched) > 1000 else ():
            del watched[one]
        watched[pseudonym] = now + dt.timedelta(seconds=document("network.toml")["consent"]["watch_seconds"])

    def stir(self, pseudonym: str) -> None:
        """Something of hers is no more: whoever has her record open hears that it changed, never what."""
        self._stirs.append((self.stirs + 1, pseudonym))
        self._wake()

    @property
    def stirs(self) -> int:
        """How many times since this register started."""
        return self._stirs[-1][0]

    def stirred(self, party: Ura, since: int) -> frozenset[str]:
        """Of whom, of those whose record this organisation has open, something is no more since then.  Each of its
        processes follows by itself, so nothing is told only once."""
        watched = self._watched.get(party, {})
        return frozenset(pseudonym for place, pseudonym in self._stirs if place > since and pseudonym in watched)

    def changes(self, party: Ura, kind: Kind, since: int) -> tuple[int, list[Kept], frozenset[str]]:
        """(up to where, the changes since then that concern this holder and clients it asked for, and of whom something
        changed that is about what this organisation may see)."""
        found = self._db.rows(f"{KEPT} where seq > ? order by seq limit ?", (since, MOST_CHANGES))
        # Not `sequence()`: a change that is written between two reads would be skipped for ever.
        upto = found[-1][0] if found else since
        interest, watched = self._interest.get(party, set()), self._watched.get(party, {})
        kept = [_kept(row) for row in found if row[1] in interest or row[1] in watched]
        told = [k for k in kept if k.pseudonym in interest and resources.concerns(k.consent, party, kind)]
        seen = {k.pseudonym for k in kept if k.pseudonym in watched and resources.addresses(k.consent, party, kind)}
        return upto, told, frozenset(seen)

    async def wait_for_change(self, since: int, seconds: float, stirred: int | None = None) -> None:
        """Until something is newer than `since` or `stirred`, or the time is over."""
        changed = self._changed
        if self.sequence() > since or (stirred is not None and self.stirs > stirred):
            return
        try:
            async with asyncio.timeout(seconds):
                await changed.wait()
        except TimeoutError:
            return


def _append(connection: apsw.Connection, said: tuple[str, Consent, bool], origin: Origin, moment: str) -> None:
    pseudonym, consent, active = said
    connection.execute(
        "insert into consent_version (id, pseudonym, active, recorder, person, capacity, registration, moment, content)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            consent.id,
            pseudonym,
            int(active),
            origin.recorder.value,
            origin.person,
            origin.capacity,
            origin.registration,
            moment,
            orjson.dumps(resources.to_resource(consent, pseudonym)),
        ),
    )


@functools.lru_cache(maxsize=MOST_READ)
def _provision(content: bytes) -> Consent:
    """What stands in these bytes.  The index and every holder ask for the same ones at one consult."""
    return resources.from_resource(orjson.loads(content))[1]


def _kept(row: tuple[Any, ...]) -> Kept:
    seq, pseudonym, active, recorder, person, capacity, registration, moment, content = row
    return Kept(
        seq,
        pseudonym,
        bool(active),
        _provision(content),
        Origin(Ura(recorder), person, capacity, registration),
        fhir4.moment(moment),
    )
