"""A consult over a whole region: the midwife asks, the index says where, the sources answer for themselves."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from babyconnect.birthcare.access import Consent, Purpose, Relation
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.parties import Party, Person, Role
from babyconnect.exchange.ask import Exchange
from babyconnect.exchange.contract import Asking
from babyconnect.exchange.http1 import Http
from babyconnect.flows.consult import INDEX_URA, ConsultEvent, ConsultingNode, consult
from babyconnect.flows.viewing import Asked
from babyconnect.network.contract import Endpoint, Entry
from babyconnect.trust import asserting, keys
from babyconnect.trust.claims import Claim
from tests.federation import region
from tests.federation.region import GP, HOSPITAL, KRAAM, PRACTICE
from tests.federation.sources import BSN, FakeSource, Reply, everywhere, silent, truthful

ANNA = Person("p1", "Anna", Role.MIDWIFE)
EVIDENCE = Relation("episode", "own-episode")
DEADLINE = 1.5


class World:
    """The practice's node in a region where every organisation has a source of its own."""

    def __init__(self, federation, sources: dict[Party, FakeSource]) -> None:
        self.federation = federation
        self.sources = sources
        self.events: list[ConsultEvent] = []
        self.log_is_full_after = 1000
        self.http = Http()
        practice = federation[PRACTICE]
        self.node = ConsultingNode(
            own=PRACTICE,
            directory=practice.directory,
            pseudonyms=practice.pseudonyms,
            localisation=practice.localisation,
            exchange=Exchange(self.http, self.form, deadline=DEADLINE),
            evidence=self.evidence,
            note=self.note,
            now=time.monotonic,
        )

    def form(self, asking, source):
        claim = Claim(PRACTICE, asking.person, asking.purpose, asking.relations)
        key = self.federation[PRACTICE].key
        return asserting.token_form(key, claim, source.token_endpoint, source.party.ura, time.time())

    async def evidence(self, bsn) -> tuple[Relation, ...]:
        return (EVIDENCE,)

    async def note(self, event: ConsultEvent) -> None:
        if len(self.events) >= self.log_is_full_after:
            raise OSError("no space left on device")
        self.events.append(event)

    async def run(self) -> tuple[Asked, dict[Party, SourceAnswer]]:
        steps = [step async for step in consult(Asking(ANNA, Purpose.TREATMENT, BSN), self.node)]
        asked = [step for step in steps if isinstance(step, Asked)]
        return asked[-1], {step.source: step for step in steps if isinstance(step, SourceAnswer)}


@pytest.fixture
async def world(federation) -> AsyncIterator[World]:
    """She is known at practice, hospital and maternity home care, and lets midwives know of both."""
    async with contextlib.AsyncExitStack() as stack:
        sources = {}
        for party in region.PARTIES:
            source = await stack.enter_async_context(FakeSource().serve())
            source.party = party
            sources[party] = source
            endpoint = Endpoint(f"{source.base}/fhir/stu3", f"{source.base}/oauth/token", True)
            await federation.state.directory.put(Entry(party, endpoint, keys.jwks(federation[party].key)))
        for node in federation.nodes.values():
            await node.directory.refresh()
        pseudonym = await federation[PRACTICE].pseudonyms.of(BSN)
        until = region.now() + dt.timedelta(days=100)
        for party in (PRACTICE, HOSPITAL, KRAAM):
            await federation[party].localisation.register(pseudonym, "xis", until)
        for party in (PRACTICE, HOSPITAL, KRAAM):
            yes = Consent("", True, "kind:midwifery_practice", f"ura:{party.ura}")
            await region.give(federation[party], pseudonym, yes)
        made = World(federation, sources)
        yield made
        made.http.close()


async def test_all_that_know_her_are_asked_and_nobody_else(world):
    asked, answers = await world.run()
    assert set(asked.parties) == set(answers) == {PRACTICE, HOSPITAL, KRAAM}
    assert {a.status for a in answers.values()} == {"answered"}
    assert world.sources[GP].seen == []


async def test_whom_we_ask_is_said_before_any_answer_of_theirs(world):
    said: set[Party] = set()
    async for step in consult(Asking(ANNA, Purpose.TREATMENT, BSN), world.node):
        if isinstance(step, Asked):
            said |= set(step.parties)
        else:
            assert step.source in said


async def test_a_region_that_hangs_delays_the_others_and_not_ones_own_record(world):
    async with FakeSource(silent).serve() as hanging:
        world.node.localisation._region.base = hanging.base
        began = time.monotonic()
        steps = consult(Asking(ANNA, Purpose.TREATMENT, BSN), world.node)
        assert await anext(steps) == Asked((PRACTICE,))
        own = await anext(steps)
        assert (own.source, own.status) == (PRACTICE, "answered")
        assert time.monotonic() - began < 1.8  # the region is given two seconds
        rest = [step async for step in steps]
    assert [step.source.ura for step in rest if isinstance(step, SourceAnswer)] == [INDEX_URA]


async def test_the_asking_side_proves_its_relation_in_every_token_request(world):
    await world.run()
    from urllib.parse import parse_qs

    from babyconnect.trust import jose

    for party in (PRACTICE, HOSPITAL, KRAAM):
        sent = parse_qs(world.sources[party].seen[0].body.decode())
        claims = jose.unverified(sent["client_assertion"][0])
        assert claims["target_audience"] == party.ura.value
        assert [r["basis"] for r in claims["treatment_relation"]] == ["episode"]


async def test_each_answer_is_in_the_log_before_it_is_on_the_screen_with_the_holders_trace(world):
    async for step in consult(Asking(ANNA, Purpose.TREATMENT, BSN), world.node):
        if isinstance(step, SourceAnswer):
            (event,) = [e for e in world.events if e.source == step.source]
            assert (event.status, event.resources) == (step.status, len(step.resources))
            assert {s.headers["traceparent"] for s in world.sources[step.source].seen} == {event.traceparent}
    assert world.events[0].status == "started"
    assert len({e.traceparent.split("-")[1] for e in world.events}) == 1


async def test_when_the_log_is_full_before_anything_nobody_is_asked(world):
    world.log_is_full_after = 0
    with pytest.raises(OSError, match="no space"):
        await world.run()
    assert not any(source.seen for source in world.sources.values())


async def test_when_the_log_is_full_later_no_answer_is_shown(world):
    world.log_is_full_after = 1
    shown: list[SourceAnswer] = []

    async def watch() -> None:
        async for step in consult(Asking(ANNA, Purpose.TREATMENT, BSN), world.node):
            if isinstance(step, SourceAnswer):
                shown.append(step)

    with pytest.raises(OSError, match="no space"):
        await watch()
    assert shown == []


async def test_one_of_each_fault_at_once_and_the_others_still_answer_in_time(world):
    world.sources[HOSPITAL].handle = silent
    world.sources[KRAAM].handle = everywhere(Reply(b"<html>", type="text/html"))
    began = time.monotonic()
    first = None
    answers = {}
    async for step in consult(Asking(ANNA, Purpose.TREATMENT, BSN), world.node):
        if isinstance(step, SourceAnswer):
            first = first or time.monotonic() - began
            answers[step.source] = step.status
    assert answers == {PRACTICE: "answered", HOSPITAL: "timed_out", KRAAM: "invalid"}
    assert first < DEADLINE
    assert time.monotonic() - began < DEADLINE + 2


async def test_a_stopped_source_is_named_unreachable(world):
    entry = region.entry(HOSPITAL, world.federation[HOSPITAL].key, base="http://127.0.0.1:1")
    await world.federation.state.directory.put(entry)
    await world.node.directory.refresh()
    _, answers = await world.run()
    assert answers[HOSPITAL].status == "unreachable"
    assert answers[KRAAM].status == "answered"


async def test_a_source_without_endpoint_is_named_and_not_forgotten(world):
    entry = region.entry(HOSPITAL, world.federation[HOSPITAL].key)
    await world.federation.state.directory.put(replace(entry, endpoint=None))
    await world.node.directory.refresh()
    asked, answers = await world.run()
    assert HOSPITAL in asked.parties
    assert answers[HOSPITAL].status == "unreachable"


async def test_an_index_that_fails_is_said_and_own_records_still_come(world):
    world.node.localisation._region.base = "http://127.0.0.1:1"
    _, answers = await world.run()
    assert answers[PRACTICE].status == "answered"
    (index,) = [a for a in answers.values() if a.source.ura == INDEX_URA]
    assert (index.status, index.source.name) == ("unreachable", "Verwijsindex van de regio")
    assert INDEX_URA in {e.source.ura for e in world.events if e.source}


async def test_without_consent_only_ones_own_source_is_asked(world):
    pseudonym = await world.node.pseudonyms.of(BSN)
    for kept in world.federation.state.consents.of(pseudonym):
        await region.take_back(world.federation[GP], kept.consent.id)  # she says it where she is
    asked, answers = await world.run()
    assert asked.parties == (PRACTICE,)
    assert set(answers) == {PRACTICE}


async def test_when_the_viewer_goes_away_the_asking_stops(world):
    gone = asyncio.Event()

    async def slow(source, seen):
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            gone.set()
            raise
        return await truthful(source, seen)

    world.sources[HOSPITAL].handle = slow
    steps = consult(Asking(ANNA, Purpose.TREATMENT, BSN), world.node)
    async for step in steps:
        if isinstance(step, SourceAnswer):
            break
    await steps.aclose()
    await asyncio.sleep(0)
    assert not [t for t in asyncio.all_tasks() if "_one" in repr(t.get_coro())]
