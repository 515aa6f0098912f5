"""Her own record over all organisations: the same consult as a professional's, with herself as the asker (domain §4).

An organisation that the directory lists as a client portal signs that she is logged in; every holder decides by its own
rules for clients and logs it, this one too.  Who is not listed, or cannot reach the region, shows its own part through
its own door and says so.  What a holder withholds by those rules is not told; which did not answer is.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from babyconnect.birthcare.access import Channel, LoggedIn, Purpose
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Party, Person, Role
from babyconnect.delivery import plain
from babyconnect.delivery.plain import PlainLine
from babyconnect.exchange.contract import Asking
from babyconnect.fhir import json
from babyconnect.flows.own_record import Looking, OwnRecord
from babyconnect.flows.viewing import Asked
from babyconnect.network.contract import RegionFault

Consult = Callable[[Asking], AsyncIterator[Asked | SourceAnswer]]
Copied = Callable[[Asking], Awaitable[bytes]]
"""Makes the file of a copy, in whichever process has room.  Raises NotMade."""


class NotMade(Exception):
    """No copy came of it, and nothing was given; the reason names nobody."""


class Names(Protocol):
    """How a client is named: to the region, and to other organisations as the person who asks."""

    async def in_region(self, bsn: Bsn) -> str: ...
    def as_person(self, bsn: Bsn) -> str: ...


@dataclass(frozen=True, slots=True)
class Answers:
    """What came so far.  `everywhere`: all organisations that keep something of her are asked; else only this one was.
    `busy`: those still to answer, by name; `complete`: nothing more will come."""

    found: tuple[SourceAnswer, ...]
    everywhere: bool
    busy: tuple[Party, ...] = ()
    complete: bool = True

    @property
    def failed(self) -> tuple[SourceAnswer, ...]:
        """Who did not answer.  A holder that releases nothing did answer: there is nothing for her to see."""
        return tuple(one for one in self.found if one.status not in ("answered", "refused"))

    @property
    def gave(self) -> tuple[SourceAnswer, ...]:
        return tuple(one for one in self.found if one.status == "answered" and one.resources)

    @property
    def gave_nothing(self) -> tuple[SourceAnswer, ...]:
        told = {one.source for one in (*self.failed, *self.gave)}
        return tuple(one for one in self.found if one.source not in told)


@dataclass(frozen=True, slots=True)
class OwnEverywhere:
    """`own`: this organisation's part by itself.  `listed`: whether this organisation is a client portal now."""

    own: OwnRecord
    names: Names
    listed: Callable[[Ura], bool]
    consult: Consult
    now: Callable[[], dt.datetime]

    async def here(self, looking: Looking, channel: Channel = Channel.CLIENT_SITE) -> Answers:
        """Her own record at this organisation only, for when others would not believe who asks."""
        return Answers((await self.own.hers(looking, channel),), False)

    async def childs_here(self, looking: Looking, child: str) -> Answers:
        """That of a child over whom she has authority here, known by its id here."""
        found = tuple(await self.own.childs(looking, child))
        return Answers((SourceAnswer(self.own.own, "answered", found),), False)

    async def asking_of_child(self, looking: Looking, child: str) -> Asking | None:
        """The question about a child over whom she has authority here; None as for herself, or when it has no BSN."""
        ward = next((one for one in self.own.children(looking.bsn) if one.authority.child == child), None)
        return await self.asking(looking, Channel.CLIENT_SITE, ward.bsn) if ward and ward.bsn else None

    def may_see(self, looking: Looking, child: str) -> bool:
        """Whether she has authority over this child at this moment."""
        return any(one.authority.child == child for one in self.own.children(looking.bsn))

    async def copy(self, looking: Looking, beside: Copied | None = None) -> bytes:
        """Her electronic copy (Wabvpz 15d): all that may go into an export, one Bundle, each part with its source.

        Each look at a source is durable in the log before what it gave is here, so before any byte leaves.  `beside`:
        who makes it, when it is not this process.  Raises NotMade."""
        asking = await self.asking(looking, Channel.EXPORT)
        if asking is None:
            whole = await self.here(looking, Channel.EXPORT)
            return await asyncio.to_thread(_bundle, whole)
        return await (beside(asking) if beside else copied(self.consult, asking))

    async def asking(self, looking: Looking, channel: Channel, child: Bsn | None = None) -> Asking | None:
        """The question to other organisations; None when they would not, or cannot, believe who asks."""
        if not self.listed(self.own.own.ura) or looking.logged_in is None:
            return None
        try:
            subject = await self.names.in_region(looking.bsn)
        except RegionFault:
            return None
        role = Role.REPRESENTATIVE if child else Role.CLIENT
        person = Person(self.names.as_person(looking.bsn), role.value, role, looking.loa)
        logged_in = LoggedIn(subject, int(looking.logged_in.timestamp()), channel)
        related = looking.bsn if child else None
        return Asking(person, Purpose.OWN_RECORD, child or looking.bsn, logged_in=logged_in, related=related)


async def asked(consult: Consult, asking: Asking) -> AsyncGenerator[Answers, None]:
    """What every organisation that keeps something of her gives, as they answer."""
    parties, found = tuple[Party, ...](), list[SourceAnswer]()
    async for step in consult(asking):
        if isinstance(step, SourceAnswer):
            found.append(step)
        else:
            parties = step.parties
        yield _so_far(parties, found)
    yield replace(_so_far(parties, found), complete=True)


async def copied(consult: Consult, asking: Asking) -> bytes:
    """The file of a copy; made of text in a thread, for a record of years takes a while."""
    *_, whole = [answers async for answers in asked(consult, asking)]
    return await asyncio.to_thread(_bundle, whole)


def told_of_child(answers: Answers) -> tuple[str, list[tuple[Party, tuple[PlainLine, ...]]]]:
    """The child's name, and its lines of each organisation that gave something."""
    found = [one for answer in answers.gave for one in answer.resources]
    name = next((plain.name_of(one) for one in found if one.get("resourceType") == "Patient"), "")
    lines = [(answer.source, plain.lines(answer.resources)) for answer in answers.gave]
    return name, [(party, told) for party, told in lines if told]


def _so_far(asked: Sequence[Party], found: Sequence[SourceAnswer]) -> Answers:
    """Always in the order of names, whoever was first."""
    come = {one.source.ura for one in found}
    busy = (one for one in asked if one.ura not in come)
    return Answers(
        tuple(sorted(found, key=lambda one: _by_name(one.source))), True, tuple(sorted(busy, key=_by_name)), False
    )


def _by_name(party: Party) -> tuple[str, str]:
    return party.name.casefold(), party.ura.value


def _bundle(whole: Answers) -> bytes:
    """What they gave, and which did not answer: a copy that lacks something says so."""
    entries = [_entry(answer.source, one) for answer in whole.gave for one in answer.resources]
    if lacking := [_lacks(one.source) for one in whole.failed]:
        entries.append({"resource": {"resourceType": "OperationOutcome", "issue": lacking}})
    return json.dumps({"resourceType": "Bundle", "type": "collection", **({"entry": entries} if entries else {})})


def _lacks(source: Party) -> dict[str, str]:
    told = f"{source.name} (URA {source.ura}) did not answer: what it keeps is not in this copy"
    return {"severity": "warning", "code": "incomplete", "diagnostics": told}


def _entry(source: Party, resource: Any) -> dict[str, Any]:
    """A resource and whose it is: ids are of each organisation's own making."""
    return {
        "fullUrl": f"urn:babyconnect:{source.ura}:{resource['resourceType']}/{resource['id']}",
        "resource": dict(resource),
    }
