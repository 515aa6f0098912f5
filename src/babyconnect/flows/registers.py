"""The custodian's decisions beside a record, as the values that `trust` decides by (`network.custody` keeps them)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.network.custody import Custody, Decided, Kind
from babyconnect.trust.authority import Authority, Standing
from babyconnect.trust.disclosure import Choice, Disclosure
from babyconnect.trust.secrecy import Basis, Secrecy


@dataclass(frozen=True, slots=True)
class Hold:
    """An item that may not be destroyed, why (`definitions/destruction.toml`), and until when."""

    item: str
    reason: str
    recorded: dt.datetime
    by: str
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request to destroy a record that one person took down and a second is to confirm.  `ended`: it is not to be."""

    reference: str
    asked_by: str
    asked_on: dt.date
    by: str
    recorded: dt.datetime
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Ward:
    """A child over whom somebody has authority: by what the client's site shows and finds it."""

    client: str
    name: str
    bsn: Bsn | None
    authority: Authority


class Records(Protocol):
    """Whose records are joined here (`network.roster.Roster`)."""

    def records(self, client: str) -> Sequence[str]: ...
    def name(self, record: str) -> str: ...
    def names_of(self, client: str) -> Sequence[str]: ...


class Each:
    """Every record is a client by itself."""

    def records(self, client: str) -> Sequence[str]:
        return (client,)

    def name(self, record: str) -> str:
        return record

    def names_of(self, client: str) -> Sequence[str]:
        return (client,)


class Registers:
    """One node's.  What is decided about a client is kept with each of her records, so that it holds for each when they
    turn out to be two women's; what any of them has holds for her."""

    def __init__(self, custody: Custody, joined: Records | None = None) -> None:
        self._custody = custody
        self._joined = joined or Each()

    def version(self) -> int:
        """A number that is another one once a custodian decided anything; what is joined is the roster's."""
        return self._custody.version()

    def records(self, client: str) -> Sequence[str]:
        """The records of a client; the ids of her Patients."""
        return self._joined.records(client)

    def _of(self, kind: Kind, client: str) -> tuple[Decided, ...]:
        records = self._joined.records(client)
        if len(records) == 1:
            return self._custody.of(kind, records[0])
        rows = [one for record in records for one in self._custody.of(kind, record)]
        told = {(one.key, one.recorded, repr(one.content)): one for one in rows}
        return tuple(sorted(told.values(), key=lambda one: one.recorded))

    async def _decide(self, kind: Kind, one: Decided) -> None:
        for record in self._joined.records(one.client):
            await self._custody.decide(kind, replace(one, client=record))

    def handle(self, bsn: Bsn) -> str:
        return self._custody.handle(bsn)

    def choices(self, client: str) -> tuple[Disclosure, ...]:
        return tuple(_disclosure(one) for one in self._of("disclosure", client))

    async def choose(self, client: str, one: Disclosure) -> None:
        content = {
            "choice": one.choice.value,
            "reason": one.reason,
            "review": one.review.isoformat(),
            "author": one.author,
            "talked": one.talked.isoformat() if one.talked else None,
        }
        await self._decide("disclosure", Decided(client, one.item, one.recorded, content))

    def secrets(self, client: str) -> tuple[Secrecy, ...]:
        kept = self._of("secrecy", client)
        return tuple([_secrecy(one) for one in kept]) if kept else ()

    async def keep_secret(self, client: str, one: Secrecy) -> None:
        """The latest row of a basis replaces the earlier ones of it; they stay as history."""
        content = {"start": one.start.isoformat(), "end": one.end.isoformat() if one.end else None, "by": one.by}
        await self._decide("secrecy", Decided(client, one.basis.value, one.recorded, content))

    def secret_now(self, client: str) -> tuple[Secrecy, ...]:
        """The latest row of each basis."""
        kept = self.secrets(client)
        return tuple({one.basis: one for one in kept}.values()) if kept else ()

    def authorities(self, client: str) -> tuple[Authority, ...]:
        return tuple(_ward(one).authority for one in self._of("authority", client))

    def wards(self, person: str) -> tuple[Ward, ...]:
        """Every row about this person, over all records here."""
        rows = [_ward(one) for one in self._custody.about("authority", person)]
        return tuple(dict.fromkeys(replace(one, client=self._joined.name(one.client)) for one in rows))

    async def record_authority(self, ward: Ward) -> None:
        row = ward.authority
        content = {
            "child": row.child,
            "standing": row.standing.value,
            "source": row.source,
            "start": row.start.isoformat(),
            "end": row.end.isoformat() if row.end else None,
            "born": row.born.isoformat(),
            "by": row.by,
            "name": ward.name,
            "bsn": ward.bsn.value if ward.bsn else "",
        }
        await self._decide("authority", Decided(ward.client, row.person, row.recorded, content))

    def holds(self, client: str) -> dict[str, Hold]:
        """What may not be destroyed now, by item; "" is the whole record."""
        latest = {one.key: _hold(one) for one in self._of("hold", client)}
        return {item: hold for item, hold in latest.items() if not hold.ended}

    async def hold(self, client: str, one: Hold) -> None:
        content = {"reason": one.reason, "by": one.by, "ended": one.ended}
        await self._decide("hold", Decided(client, one.item, one.recorded, content))

    def request(self, client: str) -> Request | None:
        """The request to destroy that waits to be confirmed.  It is about exactly the records that she had then: when
        others are joined, or parted, it waits no more."""
        if not self._is_client(client):
            return None
        latest = [_request(one) for one in self._custody.of("request", client)][-1:]
        return latest[0] if latest and not latest[0].ended else None

    def requests(self) -> dict[str, Request]:
        """Every request that waits, by client."""
        latest = {one.client: _request(one) for one in self._custody.every("request")}
        return {client: one for client, one in latest.items() if not one.ended and self._is_client(client)}

    def _is_client(self, client: str) -> bool:
        """Neither a record of a client who has several, nor a name of whoever is parted since."""
        return self._joined.name(client) == client and bool(self._joined.records(client))

    async def take_request(self, client: str, one: Request) -> None:
        """The latest replaces what waited; it goes with the record."""
        content = {
            "asked_by": one.asked_by,
            "asked_on": one.asked_on.isoformat(),
            "by": one.by,
            "ended": one.ended,
        }
        await self._custody.decide("request", Decided(client, one.reference, one.recorded, content))

    async def forget(self, client: str) -> None:
        for name in self._joined.names_of(client):
            await self._custody.forget(name)


def _disclosure(one: Decided) -> Disclosure:
    content = one.content
    return Disclosure(
        one.key,
        Choice(content["choice"]),
        content["reason"],
        dt.date.fromisoformat(content["review"]),
        content["author"],
        one.recorded,
        _date(content, "talked"),
    )


def _secrecy(one: Decided) -> Secrecy:
    start = dt.date.fromisoformat(one.content["start"])
    return Secrecy(Basis(one.key), start, one.recorded, _date(one.content, "end"), one.content["by"])


def _hold(one: Decided) -> Hold:
    return Hold(one.key, one.content["reason"], one.recorded, one.content["by"], one.content["ended"])


def _request(one: Decided) -> Request:
    said, on = one.content, dt.date.fromisoformat(one.content["asked_on"])
    return Request(one.key, said["asked_by"], on, said["by"], one.recorded, said["ended"])


def _ward(one: Decided) -> Ward:
    content = one.content
    row = Authority(
        content["child"],
        one.key,
        Standing(content["standing"]),
        content["source"],
        dt.date.fromisoformat(content["start"]),
        dt.date.fromisoformat(content["born"]),
        one.recorded,
        _date(content, "end"),
        content["by"],
    )
    return Ward(one.client, content["name"], Bsn(content["bsn"]) if content["bsn"] else None, row)


def _date(content: Mapping[str, Any], name: str) -> dt.date | None:
    return dt.date.fromisoformat(content[name]) if content.get(name) else None
