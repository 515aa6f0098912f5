"""Evidence that organisations give each other, and breaking the glass, between running nodes: each opens what
it should.

Evidence that was taken back opens nothing; an emergency keeps to an objection, and every holder that answers books it.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import re
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from babyconnect.birthcare.access import EMERGENCY_SCOPE, Asker, Emergency, Purpose, Relation
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Person, Role
from babyconnect.flows.evidence import EvidenceDesk
from babyconnect.flows.journal import Journal
from babyconnect.flows.viewing import Declared
from babyconnect.network.clients import ConsentCodes
from babyconnect.network.contract import GivenBasis
from babyconnect.network.emergencies import Broken, Emergencies
from babyconnect.trust.rules import rules_on
from babyconnect.wiring.asking import Consulted, consult_once
from babyconnect.wiring.link import now, open_link, settings_of
from tests.spec.demo.conftest import Home
from tests.spec.demo.test_who_sees_what import GYNAECOLOGIST, MIDWIFE, asked, others, special

LATER = dt.timedelta(days=30)
TAKEN_BACK_SECONDS = 1.5
"""How long a holder may believe the register, and a little."""


class Quiet:
    async def append(self, event: Any) -> Any:
        return None


@contextlib.asynccontextmanager
async def desk(region: Home, slug: str) -> AsyncIterator[EvidenceDesk]:
    """What the professional's page of that organisation works with, beside its running node."""
    link = await open_link(region.config(slug))
    try:
        await link.directory.load()
        journal = Journal(link.party, cast(Any, Quiet()), b"k" * 32, now)
        codes = ConsentCodes(link.region)
        yield EvidenceDesk(journal, link.roster, link.pseudonyms, link.evidence, codes, link.directory, rules_on)
    finally:
        await link.close()


def give(region: Home, slug: str, to: str, bsn: Bsn, basis: GivenBasis) -> str:
    async def made() -> str:
        async with desk(region, slug) as here:
            end = now().date() + LATER
            return (await here.give(MIDWIFE, bsn, Ura(region.plan.member(to).ura), basis, end)).reference

    return asyncio.run(made())


def take_back(region: Home, slug: str, reference: str) -> None:
    async def done() -> None:
        async with desk(region, slug) as here:
            assert await here.revoke(MIDWIFE, reference)

    asyncio.run(done())
    time.sleep(TAKEN_BACK_SECONDS)


def test_a_referral_opens_what_is_relevant_without_consent_until_it_is_taken_back(region: Home) -> None:
    bsn = special(region, "No consent recorded")
    practice, hospital = region.plan.member("vkp-zonnewende"), region.plan.member("zkh-ommelhaven")
    assert others(asked(region, hospital.slug, GYNAECOLOGIST, bsn), hospital.ura) == []
    reference = give(region, practice.slug, hospital.slug, bsn, "referral")
    time.sleep(TAKEN_BACK_SECONDS)
    assert others(asked(region, hospital.slug, GYNAECOLOGIST, bsn), hospital.ura) == [practice.ura]
    take_back(region, practice.slug, reference)
    assert others(asked(region, hospital.slug, GYNAECOLOGIST, bsn), hospital.ura) == []


def test_an_announcement_makes_a_relationship_and_her_consent_still_decides(region: Home) -> None:
    stranger = "vkp-wolkewietje"
    leading, consenting = region.plan.member("vkp-de-dageraad"), special(region, "Gave birth six days ago")
    assert others(asked(region, stranger, MIDWIFE, consenting), "", treating=False) == []
    reference = give(region, leading.slug, stranger, consenting, "announcement")
    time.sleep(TAKEN_BACK_SECONDS)
    assert leading.ura in others(asked(region, stranger, MIDWIFE, consenting), "", treating=False)
    take_back(region, leading.slug, reference)
    assert others(asked(region, stranger, MIDWIFE, consenting), "", treating=False) == []
    silent = special(region, "No consent recorded")
    give(region, "vkp-zonnewende", stranger, silent, "announcement")
    assert others(asked(region, stranger, MIDWIFE, silent), "", treating=False) == []


STUDENT = Person("test:student", "Test Student", Role.STUDENT)


def declared(over: bool = False, reason: str = "unconscious") -> Declared:
    now = dt.datetime.now(dt.UTC)
    evidence = Relation("break_glass", secrets.token_hex(12), now.date(), (now + dt.timedelta(hours=1)).date())
    return Declared(Emergency(reason, over), evidence, now + dt.timedelta(hours=1))


def emergency(region: Home, slug: str, bsn: Bsn, by: Declared, person: Person = GYNAECOLOGIST) -> Consulted:
    return asyncio.run(consult_once(region.config(slug), person, bsn, declared=by))


def booked(region: Home, slug: str, reference: str) -> Broken | None:
    path = region.config(slug).parent / settings_of(region.config(slug)).store.path
    with contextlib.closing(Emergencies(path.with_suffix(".emergencies.sqlite"))) as book:
        return next((one for one in book.queue() if one.id == reference), None)


def test_where_nothing_is_recorded_it_opens_and_every_holder_books_it(region: Home) -> None:
    bsn, own = special(region, "No consent recorded"), region.plan.member("zkh-ommelhaven").ura
    by = declared()
    found = others(emergency(region, "zkh-ommelhaven", bsn, by).answers, own)
    assert found
    for ura in found:
        member = next(member for member in region.plan.members if member.ura == ura)
        item = booked(region, member.slug, by.relation.reference)
        assert item is not None and (item.side, item.other, item.reason) == ("holder", own, "unconscious")


def test_who_only_looks_where_she_is_known_is_told_of_at_each_that_keeps_her(region: Home) -> None:
    """Nobody is asked anything: the index alone says who keeps her."""
    bsn, hospital = special(region, "No consent recorded"), region.plan.member("zkh-ommelhaven")
    by = declared()

    async def looked() -> list[str]:
        link = await open_link(region.config(hospital.slug))
        try:
            await link.directory.load()
            who = Asker(
                *(link.party.ura, link.party.kind, GYNAECOLOGIST.id, GYNAECOLOGIST.role, Purpose.EMERGENCY),
                (by.relation,),
                scopes=frozenset({EMERGENCY_SCOPE}),
                emergency=by.emergency,
            )
            found = await link.localisation.localise(await link.pseudonyms.of(bsn), who)
            return [one.holder.value for one in found.located if one.holder != link.party.ura]
        finally:
            await link.close()

    found = asyncio.run(looked())
    assert found
    for member in region.plan.members:
        if member.ura in found:
            item = soon(lambda member=member: booked(region, member.slug, by.relation.reference))  # type: ignore[misc]
            assert (item.side, item.other, item.located) == ("holder", hospital.ura, True)


def soon(find: Callable[[], Broken | None], seconds: float = 90.0) -> Broken:
    until = time.monotonic() + seconds
    while (found := find()) is None:
        assert time.monotonic() < until, "it is fetched every five seconds"
        time.sleep(0.5)
    return found


def test_an_objection_is_kept_also_on_the_second_confirmation(region: Home) -> None:
    bsn, objected = special(region, "Objects to one hospital"), region.plan.member("zkh-meerdijk").ura
    for over in (False, True):
        answers = emergency(region, "zkh-meerdijk", bsn, declared(over)).answers
        assert others(answers, objected, treating=False) == []
        assert {answer.source.ura.value for answer in answers} <= {objected}


def test_without_a_reason_of_the_table_or_by_somebody_who_may_not_it_opens_nothing(region: Home) -> None:
    bsn, own = special(region, "No consent recorded"), region.plan.member("zkh-ommelhaven").ura
    curious = emergency(region, "zkh-ommelhaven", bsn, declared(reason="curious"))
    assert others(curious.answers, own, treating=False) == []
    student = emergency(region, "zkh-ommelhaven", bsn, declared(), STUDENT)
    assert others(student.answers, own, treating=False) == []


def terminal(region: Home, slug: str, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "babyconnect", "consult", "--config", str(region.config(slug)), *words]
    return subprocess.run(command, input=said, capture_output=True, text=True, check=False, timeout=120)


def test_from_a_terminal_it_takes_a_reason_a_story_and_a_confirmation_and_is_booked(region: Home) -> None:
    bsn, own = special(region, "No consent recorded"), region.plan.member("zkh-ommelhaven")
    asked_for = ("--bsn", bsn.value, "--as", "gynaecologist", "--purpose", "emergency")
    story = ("--reason", "unconscious", "--explanation", "-")
    for lacking in ((), story, ("--reason", "unconscious", "--life-at-stake"), (*story[2:], "--life-at-stake")):
        done = terminal(region, own.slug, *asked_for, *lacking)
        assert (done.returncode, done.stdout) == (2, "") and bsn.value not in done.stderr
    short = terminal(region, own.slug, *asked_for, *story, "--life-at-stake", said="spoed")
    assert short.returncode == 1 and "ten characters" in short.stderr
    clerk = ("--bsn", bsn.value, "--as", "outpatient_clerk", "--purpose", "emergency", *story, "--life-at-stake")
    assert "cannot declare" in terminal(region, own.slug, *clerk, said="Zij is buiten bewustzijn.").stderr
    done = terminal(region, own.slug, *asked_for, *story, "--life-at-stake", said="Zij is buiten bewustzijn.")
    assert done.returncode == 0, done.stderr
    found = re.search(r"item ([a-p]{24})", done.stderr)
    assert found
    answered = [member for member in region.plan.members if f"{member.name}: answered" in done.stdout]
    assert len(answered) >= 2
    for member in answered:
        item = booked(region, member.slug, found[1])
        side = "asker" if member.slug == own.slug else "holder"
        assert item is not None and (item.side, item.reason) == (side, "unconscious")
        assert item.explanation == ("Zij is buiten bewustzijn." if side == "asker" else "")


def test_a_reason_without_an_emergency_is_bad_use(region: Home) -> None:
    bsn = special(region, "No consent recorded")
    done = terminal(region, "zkh-ommelhaven", "--bsn", bsn.value, "--reason", "unconscious")
    assert done.returncode == 2 and "--purpose emergency" in done.stderr
