"""Consent and treatment relationship between running nodes: nothing is shown that should not be, nor told otherwise."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Person, Role
from babyconnect.network.contract import By
from babyconnect.synthetic import special_cases
from babyconnect.wiring.asking import consult_once
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
