"""A client is found by more numbers than her own (her child's); the Mitz is asked about her by hers, whichever came."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from babyconnect.birthcare.access import Asker, EmergencyTerms, Purpose, Relation
from babyconnect.birthcare.identifiers import BSN_SYSTEM, Bsn
from babyconnect.birthcare.one_woman import JOINED
from babyconnect.birthcare.parties import Role
from babyconnect.flows.door import Bind, Door, Entry, Happening, Parts, Search, Wire, Withheld
from babyconnect.flows.enrol import EnrollingWriter
from babyconnect.flows.mitz import Listening, MitzBeside, said_to
from babyconnect.network.mitz.client import MitzAnswers
from babyconnect.network.mitz.question import Question
from babyconnect.network.mitz.subscribed import Subscribed
from babyconnect.store.contract import Publication, Query
from babyconnect.store.memory import MemoryStore
from babyconnect.trust import decision
from babyconnect.wiring.holding import HolderGrounds
from tests.spec.store.test_joining import NUMBER, OTHERS, record
from tests.spec.viewer.stage import HOSPITAL, OWN
from tests.support.material import NOON, episode, observation, publication, woman

from .office import TODAY, Office

HERS, HER_CHILDS = NUMBER, OTHERS
STRANGERS = "999990019"


@dataclass
class Session:
    asker: Asker
    client: str | None = None
    episodes: frozenset[str] = frozenset()
    herself: Any = None


@dataclass
class Holder:
    """A practice with the Mitz.  `choices`: what the Mitz says by number; `asked`: the numbers that it heard."""

    folder: Path
    choices: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    subscribed: list[str] = field(default_factory=list)
    looks: list[Happening] = field(default_factory=list)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.office, self.store = Office(self.folder), MemoryStore()
        self.writer = EnrollingWriter(self.store.writer, self.office.roster)
        self.kept = Subscribed(self.folder / "mitz.sqlite")
        roster, journal = self.office.roster, self.office.journal
        answers = MitzAnswers(self.mitz, OWN, said_to(journal), lambda: self.seconds, self.sleep)  # type: ignore[arg-type]
        listening = Listening(self.subscribe, self.kept, roster.clients, lambda *_: 0, roster.handle)
        self.beside = MitzBeside(OWN, journal, answers, listening)
        rules = self.office.policies.on(TODAY)
        register: Any = Silent()
        grounds = HolderGrounds(
            *(OWN.ura, roster, register, lambda: rules, register, lambda *_: None, EmergencyTerms()),
            self.beside.consents,
        )
        self.door = Door(
            Parts(
                *(OWN, self.store.open_reader, grounds, lambda asked: decision.decide(asked, rules)),
                *(self.bind, self.note, lambda: NOON + dt.timedelta(seconds=self.seconds)),
            )
        )
        self.beside.number = self.door.number

    async def keeps(self, *batch: Publication) -> None:
        await self.writer.publish(list(batch), [], NOON)
        await self.office.roster.named({client: f"name of {client}" for client, _ in self.office.roster.waiting()})

    async def mitz(self, question: Question, message: uuid.UUID) -> str:
        self.asked.append(question.bsn.value)
        return self.choices[question.bsn.value]

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    async def subscribe(self, bsn: Bsn) -> bool:
        self.subscribed.append(bsn.value)
        return True

    async def note(self, happening: Happening) -> None:
        self.looks.append(happening)

    @staticmethod
    def bind(session: Session, client: str, episodes: frozenset[str]) -> bool:
        session.client, session.episodes = client, episodes
        return True

    async def found(self, number: str, session: Session | None = None) -> Session:
        """Whoever asks for this number, a while after the last answer."""
        self.seconds += 5
        relations = (Relation("episode", "EpisodeOfCare/there", dt.date(2026, 1, 1)),)
        who = Asker(HOSPITAL.ura, HOSPITAL.kind, "p1", Role.GYNAECOLOGIST, Purpose.TREATMENT, relations)
        session = session or Session(who)
        asked = Bind(f"{BSN_SYSTEM}|{number}", Query("Patient"), "json")
        await self.door.enter(session, asked, Wire("trace"))
        return session

    async def reads(self, session: Session) -> Entry | Withheld:
        self.seconds += 5
        return await self.door.enter(session, Search(Query("Observation"), "json"), Wire("trace"))


class Silent:
    """The region's register, in which nobody said anything; the asker's evidence is as claimed."""

    async def of(self, pseudonym: str) -> tuple[()]:
        return ()

    as_if = of

    def concern(self, asker: Asker) -> list[Relation]:
        return []


@pytest.fixture
async def holder(tmp_path: Path) -> AsyncIterator[Holder]:
    made = Holder(tmp_path)
    yield made
    await made.beside.close()
    made.kept.close()
    made.office.close()


def mother_and_child() -> list[Publication]:
    child = publication({**woman("bo", HER_CHILDS).resource, "birthDate": "2026-02-10"}, "anna", "patient")
    return [woman("anna", HERS), episode("anna"), child, observation("anna", "o", "EpisodeOfCare/anna-episode")]


@pytest.mark.parametrize("typed", [HERS, HER_CHILDS])
async def test_her_no_in_the_mitz_holds_by_whichever_number_she_is_asked_for(holder: Holder, typed: str) -> None:
    await holder.keeps(*mother_and_child())
    holder.choices = {HERS: "deny", HER_CHILDS: "permit"}
    session = await holder.found(typed)
    assert session.client is None and holder.looks[-1].decision.reasons == ("objection",)
    assert holder.asked == [HERS]


async def test_her_yes_holds_by_her_childs_number_too_and_what_is_read_after_is_asked_by_hers(holder: Holder) -> None:
    await holder.keeps(*mother_and_child())
    holder.choices = {HERS: "permit", HER_CHILDS: "deny"}
    session, other = await holder.found(HERS), await holder.found(HER_CHILDS)
    assert (session.client, other.client) == ("anna", "anna")
    assert isinstance(await holder.reads(session), Entry) and isinstance(await holder.reads(other), Entry)
    assert set(holder.asked) == {HERS}
    holder.choices[HERS] = "deny"
    assert isinstance(await holder.reads(session), Withheld) and isinstance(await holder.reads(other), Withheld)


async def test_the_mitz_is_asked_to_tell_of_her_and_not_of_her_child(holder: Holder) -> None:
    await holder.keeps(*mother_and_child())
    holder.choices = {HERS: "permit"}
    for number in (HER_CHILDS, HERS, HER_CHILDS):
        await holder.found(number)
        await asyncio.sleep(0.05)
    assert holder.subscribed == [HERS]


async def test_a_subscription_that_was_made_by_another_number_is_made_anew(holder: Holder) -> None:
    await holder.keeps(*mother_and_child())
    await holder.kept.note("anna", holder.office.roster.handle(Bsn(HER_CHILDS)), NOON)
    holder.choices = {HERS: "permit"}
    await holder.found(HERS)
    await asyncio.sleep(0.05)
    assert holder.subscribed == [HERS]


async def test_a_client_with_two_records_is_asked_about_by_the_number_of_both(holder: Holder) -> None:
    await holder.keeps(*record("anna"), *record("bea"))
    holder.choices = {HERS: "permit"}
    session = await holder.found(HERS)
    assert session.client is not None and session.client.startswith(JOINED)
    assert await holder.door.number(session.client) == f"{BSN_SYSTEM}|{HERS}"
    assert isinstance(await holder.reads(session), Entry) and set(holder.asked) == {HERS}


async def test_a_token_for_two_records_that_are_parted_since_is_asked_about_by_no_number(holder: Holder) -> None:
    await holder.keeps(*record("anna"), *record("bea"))
    holder.choices = {HERS: "permit", OTHERS: "permit"}
    session = await holder.found(HERS)
    await holder.keeps(woman("bea", OTHERS))
    holder.asked.clear()
    assert isinstance(await holder.reads(session), Withheld)
    assert holder.asked == [] and await holder.door.number(session.client or "") == ""


async def test_who_has_no_number_of_her_own_is_asked_about_by_nobody_elses(holder: Holder) -> None:
    without = publication({"resourceType": "Patient", "id": "anna", "birthDate": "1990-01-01"}, "anna", "patient")
    await holder.keeps(without, *mother_and_child()[1:])
    holder.choices = {HER_CHILDS: "permit"}
    assert (await holder.found(HER_CHILDS)).client is None
    assert holder.asked == []


async def test_a_stranger_is_waited_for_as_long_as_a_client_and_asked_about_nowhere(holder: Holder) -> None:
    await holder.keeps(*mother_and_child())
    before = holder.seconds
    assert (await holder.found(STRANGERS)).client is None
    assert holder.asked == [] and holder.seconds > before + 5, "as long as the Mitz usually takes"
