"""The professional's page of treatment relationships: what is made, logged and taken back (domain §4)."""

from __future__ import annotations

import datetime as dt

import pytest

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.trust import relation
from tests.spec.viewer.stage import BSN, HOSPITAL, OTHER_BSN, OWN

from .office import EPISODE, TODAY, Office

PAGE = "/behandelrelatie"
SOON = str(TODAY + dt.timedelta(days=20))


async def test_a_code_she_shows_becomes_evidence_dated_and_logged(office: Office) -> None:
    await office.stage.log_in()
    answer = await office.post(f"{PAGE}/code", bsn=BSN, code="K7-PLUM")
    assert answer.status == 200 and "De code klopt" in answer.text
    (kept,) = office.roster.enrolments(Bsn(BSN))
    assert (kept.basis, kept.reference, kept.start) == ("code", "code-1", TODAY)
    (event,) = office.log.of("relation.record")
    assert event["object"] == "evidence/code-1" and BSN not in str(office.log.events)


@pytest.mark.parametrize(("bsn", "code"), [(BSN, "K7-PEAR"), (OTHER_BSN, "K7-PLUM"), (BSN, "x" * 65)])
async def test_another_code_or_another_client_is_no_evidence(office: Office, bsn: str, code: str) -> None:
    await office.stage.log_in()
    answer = await office.post(f"{PAGE}/code", bsn=bsn, code=code)
    assert answer.status == 422 and office.roster.enrolments(Bsn(bsn)) == ()


async def test_codes_cannot_be_tried_without_end(office: Office) -> None:
    await office.stage.log_in()
    answers = [await office.post(f"{PAGE}/code", bsn=BSN, code=f"K7-{n}") for n in range(11)]
    assert [answer.status for answer in answers] == [422] * 10 + [429]


async def test_an_organisation_without_a_ward_registers_nobody_at_it(office: Office) -> None:
    await office.stage.log_in()
    assert "Opname op spoed" not in (await office.visitor.get(f"/viewer{PAGE}/")).text
    assert (await office.post(f"{PAGE}/opname", bsn=BSN)).status == 422
    assert office.roster.enrolments(Bsn(BSN)) == ()


@pytest.mark.parametrize("basis", ["announcement", "referral"])
async def test_what_is_given_to_another_stands_at_both_ends_bound_to_her_episode(office: Office, basis: str) -> None:
    await office.keep_her()
    await office.stage.log_in()
    answer = await office.post(f"{PAGE}/aankondiging", bsn=BSN, soort=basis, aan=HOSPITAL.ura.value, tot=SOON)
    ((pseudonym, given),) = office.region.given
    assert answer.status == 200 and given.reference in answer.text
    assert (given.basis, given.issuer, given.receiver) == (basis, OWN.ura, HOSPITAL.ura)
    assert given.episode == EPISODE and BSN not in pseudonym
    (kept,) = office.roster.enrolments(Bsn(BSN))
    assert relation.as_holder([kept])[0].basis == basis and kept.reference == given.reference
    assert relation.standing([kept], TODAY, "asker") == (), "what one gives another is no evidence of one's own"


async def test_what_was_given_is_taken_back_at_both_ends(office: Office) -> None:
    await office.stage.log_in()
    await office.post(f"{PAGE}/aankondiging", bsn=BSN, soort="referral", aan=HOSPITAL.ura.value, tot=SOON)
    ((_, given),) = office.region.given
    assert (await office.post(f"{PAGE}/intrekken", kenmerk=given.reference)).status == 200
    (kept,) = office.roster.enrolments(Bsn(BSN))
    assert kept.end == TODAY - dt.timedelta(days=1)
    assert [event["outcome"] for event in office.log.of("relation.revoke")] == ["ok"]


async def test_a_locum_agreement_lasts_a_month_at_most_and_is_about_no_client(office: Office) -> None:
    await office.stage.log_in()
    late = str(TODAY + dt.timedelta(days=200))
    await office.post(f"{PAGE}/waarneming", aan=HOSPITAL.ura.value, tot=late)
    ((pseudonym, given),) = office.region.given
    assert pseudonym == "" and given.end == TODAY + dt.timedelta(days=31)


@pytest.mark.parametrize(
    "fields",
    [
        {"bsn": "123456789"},
        {"aan": OWN.ura.value},
        {"aan": "00000099"},
        {"tot": str(TODAY - dt.timedelta(days=1))},
        {"tot": "morgen"},
    ],
)
async def test_what_is_incomplete_is_not_recorded(office: Office, fields: dict[str, str]) -> None:
    await office.stage.log_in()
    good = {"bsn": BSN, "soort": "announcement", "aan": HOSPITAL.ura.value, "tot": SOON}
    assert (await office.post(f"{PAGE}/aankondiging", **{**good, **fields})).status == 422
    assert office.region.given == [] and office.log.of("relation.record") == []


async def test_when_the_region_is_away_nothing_is_recorded_and_it_is_said(office: Office) -> None:
    await office.stage.log_in()
    office.region.away = True
    answer = await office.post(f"{PAGE}/code", bsn=BSN, code="K7-PLUM")
    assert answer.status == 503 and office.roster.enrolments(Bsn(BSN)) == ()


async def test_a_student_names_under_whose_responsibility_she_acts_and_it_is_logged(office: Office) -> None:
    await office.stage.log_in("sam")
    page = await office.visitor.get(f"/viewer{PAGE}/")
    assert "Onder wiens verantwoordelijkheid" in page.text
    answer = await office.post(f"{PAGE}/verantwoordelijke", wie="uzi:900012345", functie="midwife")
    assert answer.status == 200 and "uzi:900012345" in answer.text
    (event,) = office.log.of("delegate")
    assert event["actor"]["responsible"] == "uzi:900012345"
    await office.stage.record()
    (_, person) = office.stage.asked[0]
    assert person.responsible is not None and person.responsible.id == "uzi:900012345"


async def test_nobody_can_be_responsible_who_cannot_bear_it(office: Office) -> None:
    await office.stage.log_in("sam")
    for role in ("student", "employee", "king", ""):
        assert (await office.post(f"{PAGE}/verantwoordelijke", wie="uzi:9", functie=role)).status == 422
    assert office.log.of("delegate") == []


async def test_who_gives_no_care_does_not_see_the_page(office: Office) -> None:
    await office.stage.log_in("fg")
    assert (await office.visitor.get(f"/viewer{PAGE}/")).status == 404
