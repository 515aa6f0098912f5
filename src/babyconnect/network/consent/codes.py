"""Codes that a client shows or says at a hospital, as the region keeps them: a keyed hash, bound to her pseudonym.

Eight digits are few, so a code is worth nothing by itself: it is looked up together with her pseudonym, under a key of
the region, and wrong tries are few for whoever asks and for whomever it is about.  Showing a code is evidence of a
treatment relationship (domain §4) and, when its maker said so, a yes to that one organisation about its records.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import apsw
import orjson

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Ura
from babyconnect.definitions import document
from babyconnect.network import fhir4
from babyconnect.network.consent import resources
from babyconnect.network.contract import MadeCode, ShownCode
from babyconnect.network.database import Database
from babyconnect.network.fresh import fresh
from babyconnect.network.limits import Limits

SCHEMA = """
create table if not exists code (
  reference text primary key, hash text not null unique, pseudonym text not null, maker text not null,
  made text not null, until text not null, permit blob);
create table if not exists shown (
  reference text not null, ura text not null, moment text not null, primary key (reference, ura));
"""
MOST_MADE = 5
"""Codes of one client that are valid at the same time."""


@dataclass(frozen=True, slots=True)
class Found:
    """A valid code: what it is evidence of, who made it, and the yes that showing it gives."""

    shown: ShownCode
    permit: Consent | None
    first: bool


class CodeService:
    """`key`: at least 32 secret bytes of the region.  `clock`: an aware moment; `monotonic`: seconds for the limits."""

    def __init__(
        self, path: Path, key: bytes, clock: Callable[[], dt.datetime], monotonic: Callable[[], float]
    ) -> None:
        self._db = Database(path, SCHEMA)
        self._key = hashlib.sha256(b"consent codes\n" + key).digest()
        self._clock, self._monotonic = clock, monotonic
        self._table = document("network.toml")["codes"]
        per_asker, per_client = self._table["tries_per_hour_organisation"], self._table["tries_per_hour_client"]
        self._askers, self._clients = Limits(per_asker / 3600, per_asker), Limits(per_client / 3600, per_client)

    def close(self) -> None:
        self._db.close()

    def _hash(self, code: str, pseudonym: str) -> str:
        return hmac.new(self._key, f"{code}\n{pseudonym}".encode(), hashlib.sha256).hexdigest()

    def longest(self) -> dt.timedelta:
        return dt.timedelta(days=self._table["longest_days"])

    async def make(self, pseudonym: str, maker: Ura, until: dt.datetime, permit: Consent | None) -> MadeCode:
        """Raises ValueError for a period that is over, or longer than codes live."""
        now = self._clock()
        if not now < until <= now + self.longest() + dt.timedelta(minutes=1):
            raise ValueError(f"a code lives at most {self._table['longest_days']} days")
        digits = self._table["digits"]
        code = f"{secrets.randbelow(10**digits):0{digits}}"
        reference = str(fresh())
        kept = orjson.dumps(resources.to_resource(permit, pseudonym)) if permit else None

        def write(connection: apsw.Connection) -> None:
            connection.execute("delete from code where until <= ?", (fhir4.instant(now),))
            connection.execute(
                "delete from code where reference in (select reference from code where pseudonym = ?"
                " order by made desc, reference limit -1 offset ?)",
                (pseudonym, MOST_MADE - 1),
            )
            connection.execute("delete from shown where reference not in (select reference from code)")
            connection.execute(
                "insert into code values (?, ?, ?, ?, ?, ?, ?)",
                (
                    reference,
                    self._hash(code, pseudonym),
                    pseudonym,
                    maker.value,
                    fhir4.instant(now),
                    fhir4.instant(until),
                    kept,
                ),
            )

        await self._db.write(write)
        return MadeCode(code, reference, until)

    def wait(self, pseudonym: str, asker: Ura) -> int:
        """Counts a try.  0, or after how many seconds this organisation, or anybody about her, may try again."""
        now = self._monotonic()
        return self._askers.take(asker.value, 1, now) or self._clients.take(pseudonym, 1, now)

    def find(self, code: str, pseudonym: str, asker: Ura) -> Found | None:
        """A code of hers that is valid now.  The caller counts the try first (`wait`)."""
        digits = "".join(code.split()).replace("-", "")
        if not (digits.isascii() and digits.isdigit()) or len(digits) != self._table["digits"]:
            return None
        rows = self._db.rows(
            "select reference, maker, made, until, permit from code where hash = ? and until > ?",
            (self._hash(digits, pseudonym), fhir4.instant(self._clock())),
        )
        if not rows:
            return None
        reference, maker, made, until, permit = rows[0]
        before = self._db.rows("select 1 from shown where reference = ? and ura = ?", (reference, asker.value))
        shown = ShownCode(reference, fhir4.moment(made), fhir4.moment(until), Ura(maker))
        return Found(shown, resources.from_resource(orjson.loads(permit))[1] if permit else None, not before)

    async def note_shown(self, reference: str, asker: Ura) -> None:
        moment = fhir4.instant(self._clock())

        def write(connection: apsw.Connection) -> None:
            connection.execute("insert or ignore into shown values (?, ?, ?)", (reference, asker.value, moment))

        await self._db.write(write)

    def shown(self, reference: str, pseudonym: str, asker: Ura) -> ShownCode | None:
        rows = self._db.rows(
            "select maker, moment, until from code join shown using (reference)"
            " where reference = ? and pseudonym = ? and ura = ? and until > ?",
            (reference, pseudonym, asker.value, fhir4.instant(self._clock())),
        )
        if not rows:
            return None
        maker, moment, until = rows[0]
        return ShownCode(reference, fhir4.moment(moment), fhir4.moment(until), Ura(maker))

    async def end(self, reference: str, pseudonym: str) -> None:
        """She does not want it to open anything any more."""

        def write(connection: apsw.Connection) -> None:
            connection.execute("delete from code where reference = ? and pseudonym = ?", (reference, pseudonym))
            connection.execute("delete from shown where reference not in (select reference from code)")

        await self._db.write(write)
