"""What an organisation's own people decide about a record, and how they find a client who has no BSN (domain §4, §2).

Reading goes through the door like any answer, with this organisation as the asker.  Who is looked for by name and birth
date is looked for here only: nobody is ever localised, asked for elsewhere or joined with another by a name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.access import Asker, Purpose, Relation
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Party, Person
from babyconnect.birthcare.resources import HOME, Resource, bsn_of, key_of
from babyconnect.definitions import document
from babyconnect.delivery import plain
from babyconnect.delivery.view import View
from babyconnect.exchange.ask import new_trace, new_traceparent
from babyconnect.fhir.search_names import types
from babyconnect.flows import reducing
from babyconnect.flows.door import Door, Everything, Wire, Withheld
from babyconnect.flows.journal import About, Grounds, Journal
from babyconnect.flows.picture import picture
from babyconnect.flows.registers import Registers, Ward
from babyconnect.store.contract import Client, Page
from babyconnect.trust import disclosure, secrecy
from babyconnect.trust.authority import Authority, Standing
from babyconnect.trust.disclosure import Disclosure
from babyconnect.trust.secrecy import Basis, Secrecy

LISTED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class FoundClient:
    """A client of this organisation as its own list has her; without a BSN nobody else is asked, and that is shown."""

    id: str
    name: str
    birth_date: str
    has_bsn: bool


@dataclass(frozen=True, slots=True)
class SafetyItem:
    """An item about safety, and the choice in force for it."""

    item: str
    label: str
    when: str
    choice: Disclosure | None
    shown: bool


@dataclass(frozen=True, slots=True)
class ListedChild:
    id: str
    name: str
    birth_date: str
    bsn: Bsn | None


@dataclass(frozen=True, slots=True)
class _Staff:
    """This organisation asking itself, bound to one of its clients (what the door calls a session)."""

    asker: Asker
    client: str
    episodes: frozenset[str]
    herself: None = None


async def _nothing(record: str) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class OwnStaff:
    """One node's.  `evidence`: this side's treatment relations with a client; `episodes`: her episodes' ids;
    `differing`: what contradicts between records of ours that bear one BSN."""

    own: Party
    door: Door
    registers: Registers
    journal: Journal
    clients: Callable[[Bsn], tuple[str, ...]]
    evidence: Callable[[str], tuple[Relation, ...]]
    episodes: Callable[[str], frozenset[str]]
    now: Callable[[], dt.datetime]
    differing: Callable[[str], Awaitable[tuple[str, ...]]] = _nothing

    def today(self) -> dt.date:
        return self.now().astimezone(HOME).date()

    async def named(self, person: Person, name: str, born: dt.date) -> list[FoundClient]:
        """Our own clients with this birth date whose name has every word that was typed; each by herself."""
        words = name.casefold().split()
        found = [client async for client in self._listed(person)]
        return [
            one
            for client in found
            if (one := _found(client)).birth_date == born.isoformat()
            and words
            and all(word in one.name.casefold() for word in words)
        ]

    async def _listed(self, person: Person) -> AsyncIterator[Client]:
        wire, after = Wire(new_traceparent(new_trace())), ""
        while page := await self.door.clients(person, wire, after, LISTED_AT_ONCE):
            for client in page:
                yield client
            after = page[-1].id

    async def record(self, person: Person, client: str) -> list[Resource]:
        """All of her here that this person's role may see, through the door; empty when that is nothing."""
        asker = Asker(
            self.own.ura, self.own.kind, person.id, person.role, Purpose.TREATMENT, self.evidence(client),
            responsible=person.responsible, loa=person.loa,
        )  # fmt: skip
        staff = _Staff(asker, client, self.episodes(client))
        wire = Wire(new_traceparent(new_trace()))
        entry = await self.door.enter(staff, Everything(tuple(sorted(types())), "json"), wire)
        if isinstance(entry, Withheld):
            return []
        page = await entry.release()
        return reducing.resources(page) if isinstance(page, Page) else []

    async def differs(self, clients: Sequence[str]) -> list[str]:
        """Why a number in these clients' records, their own or that of a child spoken of there, finds nobody."""
        records = [record for client in clients for record in self.registers.records(client)]
        return sorted({code for record in records for code in await self.differing(record)})

    def view(self, resources: Sequence[Resource]) -> View:
        return picture([SourceAnswer(self.own, "answered", tuple(resources))], self.today())

    def safety(self, client: str, resources: Sequence[Resource]) -> list[SafetyItem]:
        chosen = disclosure.in_force(self.registers.choices(client))
        return [
            SafetyItem(key_of(one), label, when, held, bool(held and disclosure.may_show(held, self.today())))
            for one in resources
            if _about_safety(one)
            for label, when in [_line(one)]
            for held in [chosen.get(key_of(one))]
        ]

    async def choose(self, person: Person, client: str, made: Disclosure, items: Sequence[SafetyItem]) -> str:
        """Record a choice; a code when it cannot be taken.  Only who may see the item chooses for it."""
        if made.item not in {item.item for item in items}:
            return "item"
        wrong = disclosure.problem(made.choice, made.reason, made.review, made.talked, self.today())
        if not wrong:
            await self._note("disclosure.choice", person, client, made.item)
            await self.registers.choose(client, made)
        return wrong

    async def keep_secret(self, person: Person, client: str, basis: Basis, start: dt.date, end: dt.date | None) -> str:
        if end is not None and end < start:
            return "period"
        await self._note("disclosure.choice", person, client, "address")
        await self.registers.keep_secret(client, Secrecy(basis, start, self.now(), end, person.id))
        return ""

    def is_secret(self, client: str) -> bool:
        return secrecy.is_secret(self.registers.secret_now(client), self.today())

    def herself(self, client: str, resources: Sequence[Resource]) -> Resource:
        """Her Patient among what was read of her: the first, when several source systems have one."""
        records = self.registers.records(client)
        return next((one for one in resources if key_of(one) in {f"Patient/{record}" for record in records}), {})

    def children(self, client: str, resources: Sequence[Resource]) -> list[ListedChild]:
        return [
            ListedChild(str(one["id"]), plain.name_of(one), str(one.get("birthDate", "")), _bsn(one))
            for one in resources
            if one.get("resourceType") == "Patient" and one.get("id") not in self.registers.records(client)
        ]

    async def record_authority(
        self, person: Person, client: str, child: ListedChild, whom: Bsn, said: Mapping[str, Any]
    ) -> str:
        """What a source said of somebody's authority over a child of this record; a code when it cannot be taken."""
        if said["source"] not in said["sources"]:
            return "source"
        if not child.birth_date or (said["end"] and said["end"] < said["start"]):
            return "period"
        row = Authority(
            child.id,
            self.registers.handle(whom),
            Standing(said["standing"]),
            said["source"],
            said["start"],
            dt.date.fromisoformat(child.birth_date[:10]),
            self.now(),
            said["end"],
            person.id,
        )
        await self._note("authority.record", person, client, f"Patient/{child.id}")
        await self.registers.record_authority(Ward(client, child.name, child.bsn, row))
        return ""

    async def _note(self, type: str, person: Person, client: str, resource: str) -> None:
        """Before anything changes; of what was chosen and why the log says nothing."""
        about = About(client=client, resource=resource)
        await self.journal.note(type, "ok", self.journal.person(person, person.loa), about, Grounds())


def _found(client: Client) -> FoundClient:
    patient = client.patient
    return FoundClient(client.id, plain.name_of(patient), str(patient.get("birthDate", "")), bool(bsn_of(patient)))


def _bsn(patient: Resource) -> Bsn | None:
    number = bsn_of(patient)
    return Bsn(number) if number else None


def _about_safety(resource: Resource) -> bool:
    system = document("shielded.toml")["system"]
    labels = (resource.get("meta") or {}).get("security") or ()
    return any(label.get("system") == system and label.get("code") == "safety" for label in labels)


def _line(resource: Resource) -> tuple[str, str]:
    made = plain.lines([resource])
    return (f"{made[0].label} {made[0].text}".strip(), made[0].when) if made else (str(resource["resourceType"]), "")
