"""Consent and treatment relationship between running nodes: nothing is shown that should not be, nor told otherwise."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import time
from collections.abc import Sequence
from dataclasses import replace

import aiohttp

from babyconnect.birthcare.access import Consent, Purpose
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Person, Role
from babyconnect.exchange import ask
from babyconnect.exchange.contract import Asking
from babyconnect.flows import consult
from babyconnect.network.contract import By
from babyconnect.synthetic import special_cases
from babyconnect.wiring.asking import Consulted, consult_once, opened
from babyconnect.wiring.link import open_link
from tests.spec.demo.conftest import Home

MIDWIFE = Person("test:midwife", "Test Verloskundige", Role.MIDWIFE)
GYNAECOLOGIST = Person("test:gynaecologist", "Test Gynaecoloog", Role.GYNAECOLOGIST)


def special(region: Home, words: str) -> Bsn:
    """The client whose case (`definitions/synthetic/special_cases.toml`) says these words."""
    told = next(case["text_nl"] for case in special_cases() if words in case["text"])
    return Bsn(next(client.bsn for client in region.plan.special if client.text == told))


def asked(region: Home, slug: str, person: Person, bsn: Bsn) -> Sequence[SourceAnswer]:
    return asyncio.run(consult_once(region.config(slug), person, bsn)).answers


def others(answers: Sequence[SourceAnswer], own: str, treating: bool = True) -> list[str]:
    """Who else answered with anything.  Who treats her always has its own record: else the test would show nothing."""
    if treating:
        assert [a.status for a in answers if a.source.ura.value == own] == ["answered"]
    return [a.source.ura.value for a in answers if a.source.ura.value != own and a.resources]


def test_without_any_consent_only_ones_own_record_is_shown_and_no_other_organisation_is_named(region: Home) -> None:
    bsn, own = special(region, "No consent recorded"), region.plan.member("zkh-ommelhaven").ura
    answers = asked(region, "zkh-ommelhaven", GYNAECOLOGIST, bsn)
    assert others(answers, own) == []
    assert {a.source.ura.value for a in answers} <= {own}


def test_a_provider_without_a_relationship_is_shown_nothing_at_all(region: Home) -> None:
    bsn = special(region, "Gave birth six days ago")
    answers = asked(region, "vkp-wolkewietje", MIDWIFE, bsn)
    assert [a for a in answers if a.resources] == []
    assert {a.status for a in answers} <= {"refused"}


def test_an_organisation_that_she_objects_to_learns_of_nobody_while_others_still_see(region: Home) -> None:
    bsn = special(region, "Objects to one hospital")
    objected = region.plan.member("zkh-meerdijk").ura
    assert others(asked(region, "zkh-meerdijk", GYNAECOLOGIST, bsn), objected, treating=False) == []
    practice = region.plan.member("vkp-de-dageraad").ura
    assert others(asked(region, "vkp-de-dageraad", MIDWIFE, bsn), practice) != []


def test_a_consent_that_ended_yesterday_shows_nothing_today(region: Home) -> None:
    bsn, own = special(region, "withdrew it yesterday"), region.plan.member("vkp-rietvink").ura
    assert others(asked(region, "vkp-rietvink", MIDWIFE, bsn), own, treating=False) == []


def test_a_consent_given_shows_at_once_and_withdrawn_a_moment_ago_shows_nothing(region: Home) -> None:
    bsn, own = special(region, "No consent recorded"), region.plan.member("zkh-ommelhaven").ura
    assert others(asked(region, "zkh-ommelhaven", GYNAECOLOGIST, bsn), own) == []
    holder = region.plan.member("vkp-zonnewende")
    yes = Consent("", True, "*", f"ura:{holder.ura}", start=dt.datetime.now(dt.UTC))
    id = asyncio.run(record(region, holder.slug, bsn, yes))
    assert others(asked(region, "zkh-ommelhaven", GYNAECOLOGIST, bsn), own) != []
    asyncio.run(withdraw(region, "zkh-ommelhaven", id))  # she says it where she is
    assert others(asked(region, "zkh-ommelhaven", GYNAECOLOGIST, bsn), own) == []


def test_an_objection_made_a_moment_ago_against_one_organisation_is_kept_at_once(region: Home) -> None:
    bsn, member = special(region, "Gave birth six days ago"), region.plan.member("vkp-de-dageraad")
    assert others(asked(region, member.slug, MIDWIFE, bsn), member.ura) != []
    no = Consent("", False, f"ura:{member.ura}", start=dt.datetime.now(dt.UTC))
    id = asyncio.run(record(region, member.slug, bsn, no))
    assert others(asked(region, member.slug, MIDWIFE, bsn), member.ura) == []
    asyncio.run(withdraw(region, member.slug, id))
    assert others(asked(region, member.slug, MIDWIFE, bsn), member.ura) != []


async def record(region: Home, slug: str, bsn: Bsn, consent: Consent) -> str:
    link = await open_link(region.config(slug))
    try:
        pseudonym = await link.pseudonyms.of(bsn)
        return (await link.desk.change(pseudonym, [consent], [], By("person-1", "midwife")))[0]
    finally:
        await link.close()


async def withdraw(region: Home, slug: str, id: str) -> None:
    link = await open_link(region.config(slug))
    try:
        await link.desk.change("", [], [id], By("person-1", "midwife"))
    finally:
        await link.close()


# --- what was given already: a token, a screen

AT_ONCE_SECONDS = 1.5
"""The lease (0.9 s) and the way there, on a busy machine."""


def objection(ura: str) -> Consent:
    return Consent("", False, f"ura:{ura}", start=dt.datetime.now(dt.UTC))


async def until(status: int, conversation: ask._Conversation, url: str) -> float:
    """How long it took until the same question with the same token got this answer."""
    began = time.monotonic()
    async with asyncio.timeout(AT_ONCE_SECONDS):
        while True:
            answer = await conversation._send("GET", url, conversation._headers())
            if answer.status == status:
                return time.monotonic() - began
            await asyncio.sleep(0.02)


def test_a_token_that_was_given_ends_at_the_holder_with_an_objection(region: Home) -> None:
    bsn = special(region, "Gave birth six days ago")
    member = region.plan.member("vkp-de-dageraad")
    holder = next(m for m in region.plan.members if m.slug.startswith("echo-"))

    async def play() -> None:
        async with opened(region.config(member.slug), Consulted()) as node:
            asking = Asking(MIDWIFE, Purpose.TREATMENT, bsn)
            asking = replace(asking, relations=tuple(await node.evidence(bsn)))
            party = node.directory.party(Ura(holder.ura))
            assert party is not None
            source = consult.source_of(node, party)
            assert source is not None
            trace = ask.new_traceparent(ask.new_trace())
            conversation = ask._Conversation(node.exchange, asking, source, trace)
            await conversation._bind()
            url = f"{source.fhir_base}/EpisodeOfCare"
            assert await until(200, conversation, url) < AT_ONCE_SECONDS
            id = await record(region, holder.slug, bsn, objection(member.ura))
            try:
                assert await until(401, conversation, url) < AT_ONCE_SECONDS
            finally:
                await withdraw(region, holder.slug, id)

    asyncio.run(play())


class Screen:
    """Somebody's browser, without scripts: cookies, forms, pages."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self.session, self.base = session, base

    async def get(self, path: str) -> str:
        async with self.session.get(path if path.startswith("http") else self.base + path) as answer:
            return await answer.text()

    async def post(self, path: str, fields: dict[str, str], origin: str = "") -> tuple[str, str]:
        url = path if path.startswith("http") else self.base + path
        async with self.session.post(url, data=fields, headers={"Origin": origin or self.base}) as answer:
            return str(answer.url), await answer.text()

    async def log_in(self, username: str, password: str, provider: str) -> None:
        form = await self.get("/viewer/aanmelden")
        ticket = re.search(r'name="ticket" value="([^"]+)"', form)
        assert ticket, form[:500]
        fields = {"ticket": ticket[1], "username": username, "password": password}
        await self.post(f"{provider}/idp/authorize", fields, provider)

    async def open(self, bsn: Bsn) -> str:
        csrf = re.search(r'name="csrf" value="([^"]+)"', await self.get("/viewer/"))
        assert csrf
        address, _ = await self.post("/viewer/zoek", {"csrf": csrf[1], "bsn": bsn.value})
        return address


def test_a_screen_that_stands_open_forgets_and_asks_anew(region: Home) -> None:
    bsn = special(region, "Gave birth six days ago")
    member = region.plan.member("vkp-de-dageraad")
    others = [m for m in region.plan.members if m.slug.startswith("echo-")]

    async def play() -> None:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            screen = Screen(session, member.base_url)
            person = next(one for one in member.log_ins if one.role == "midwife")
            await screen.log_in(person.username, region.plan.password, region.plan.region_url)
            address = await screen.open(bsn)
            before = await screen.get(address + "?geheel=1")
            assert others[0].name in before
            turn = re.search(r'data-beurt="(\d+)"', before)
            assert turn
            listening = asyncio.create_task(screen.get(f"{address}/wijziging?b={turn[1]}"))
            await asyncio.sleep(0.2)
            id = await record(region, others[0].slug, bsn, objection(member.ura))
            try:
                began = time.monotonic()
                async with asyncio.timeout(AT_ONCE_SECONDS):
                    assert "event: opnieuw" in await listening
                assert time.monotonic() - began < AT_ONCE_SECONDS
                assert others[0].name not in await screen.get(address + "?geheel=1")
            finally:
                await withdraw(region, others[0].slug, id)

    asyncio.run(play())
