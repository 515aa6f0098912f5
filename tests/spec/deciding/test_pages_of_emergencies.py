"""Breaking the glass on the screen: offered the same for everybody, declared with a reason, reviewed by another."""

from __future__ import annotations

import re
from typing import Any

import pytest

from babyconnect.network.emergencies import Broken
from tests.spec.viewer.stage import BSN, HOSPITAL, OTHER_BSN, START

from .office import CLIENT, TODAY, Office

GOOD = {"reden": "unconscious", "toelichting": "Bewusteloos, hevig bloedverlies.", "zeker": "ja"}
QUEUE = "/spoedbeoordeling"


async def declare(office: Office, **fields: str) -> Any:
    handle = (await office.stage.open()).rsplit("/", 1)[1]
    page = await office.visitor.get(f"/viewer/spoed/{handle}")
    return await office.visitor.post(f"/viewer/spoed/{handle}", {"csrf": page.field("csrf"), **GOOD, **fields})


def neutral(text: str) -> str:
    """A page without what differs between any two pages: form tokens and handles."""
    return re.sub(r'value="[0-9a-f]{100,}"|/(?:spoed|dossier)/[\w-]+', "", text)


async def test_it_is_offered_with_every_record_and_its_page_differs_by_the_bsn_asked_for_alone(office: Office) -> None:
    await office.stage.log_in()
    pages = []
    for bsn in (BSN, OTHER_BSN):
        address = await office.stage.open(bsn)
        record = (await office.visitor.get(f"{address}?geheel=1")).text
        assert "Spoedinzage…" in record
        page = (await office.visitor.get(f"/viewer/spoed/{address.rsplit('/', 1)[1]}")).text
        assert f"BSN {bsn}" in page
        pages.append(neutral(page).replace(str(bsn), ""))
    assert pages[0] == pages[1] and "tweede bevestiging" in pages[0]


async def test_declared_the_record_is_asked_anew_as_an_emergency_and_says_until_when(office: Office) -> None:
    await office.stage.log_in()
    answer = await declare(office)
    assert answer.status == 303
    page = await office.visitor.get(f"{answer.location}?geheel=1")
    assert "Dit dossier is bij spoed geopend" in page.text
    (declared,) = office.stage.declared
    assert declared.emergency.reason == "unconscious" and not declared.emergency.over_objection
    assert office.book.queue()[0].id == declared.relation.reference
    assert [event["outcome"] for event in office.log.of("breakglass.open")] == ["ok"]


async def test_who_reviews_reads_by_name_who_opened_it(office: Office) -> None:
    await office.stage.log_in()
    await declare(office)
    await office.stage.log_in("fg")
    assert "Anna (local:anna)" in (await office.visitor.get(f"/viewer{QUEUE}/")).text


async def test_the_second_confirmation_goes_along_when_it_was_given(office: Office) -> None:
    await office.stage.log_in()
    answer = await declare(office, **{"ook-bij-bezwaar": "ja"})
    await office.visitor.get(f"{answer.location}?geheel=1")
    assert office.stage.declared[0].emergency.over_objection


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reden": ""}, "Kies een reden"),
        ({"toelichting": "spoed"}, "minstens tien tekens"),
        ({"zeker": ""}, "Bevestig dat er levensgevaar is"),
    ],
)
async def test_without_reason_explanation_or_confirmation_nothing_is_opened(
    office: Office, fields: dict[str, str], said: str
) -> None:
    await office.stage.log_in()
    answer = await declare(office, **fields)
    assert answer.status == 422 and said in answer.text
    assert office.stage.declared == [] and office.book.queue() == ()


async def test_a_student_is_told_that_somebody_else_must(office: Office) -> None:
    await office.stage.log_in("sam")
    answer = await declare(office)
    assert answer.status == 422 and "Vraag iemand die dat wel kan" in answer.text


async def test_a_form_of_somebody_else_breaks_no_glass(office: Office) -> None:
    await office.stage.log_in()
    handle = (await office.stage.open()).rsplit("/", 1)[1]
    assert (await office.visitor.post(f"/viewer/spoed/{handle}", {"csrf": "00", **GOOD})).status == 403
    assert office.log.of("breakglass.open") == []


async def test_the_privacy_officer_reviews_it_and_it_leaves_the_queue(office: Office) -> None:
    await office.stage.log_in()
    await declare(office)
    await office.stage.log_in("fg")
    page = await office.visitor.get(f"/viewer{QUEUE}/")
    assert "hevig bloedverlies" in page.text and BSN not in page.text
    item = office.book.queue()[0].id
    verdict = {"kant": "asker", "bij": "", "item": item, "oordeel": "justified", "opmerking": "Nagegaan bij de dienst."}
    assert (await office.post(f"{QUEUE}/oordeel", **{**verdict, "opmerking": " "})).status == 422
    assert (await office.post(f"{QUEUE}/oordeel", **verdict)).status == 303
    assert office.book.queue() == () and office.book.queue(reviewed=True)[0].remark == "Nagegaan bij de dienst."
    assert (await office.post(f"{QUEUE}/oordeel", **verdict)).status == 422


@pytest.mark.parametrize(
    ("breaker", "said"),
    [
        ("local:fg", "Dit verklaarde u zelf"),
        ("terminal:fg", "niet bekend of u en wie dit verklaarde twee personen zijn"),
    ],
)
async def test_who_may_be_the_one_who_broke_it_reads_why_another_must_judge(
    office: Office, breaker: str, said: str
) -> None:
    item = Broken("ref-1", "asker", "", START, START, breaker, "midwife", "unconscious", "", TODAY)
    await office.book.open(item)
    await office.stage.log_in("fg")
    page = (await office.visitor.get(f"/viewer{QUEUE}/")).text
    assert said in page and 'name="oordeel"' not in page
    verdict = {"kant": "asker", "bij": "", "item": "ref-1", "oordeel": "justified", "opmerking": "Nagegaan."}
    assert (await office.post(f"{QUEUE}/oordeel", **verdict)).status == 422 and len(office.book.queue()) == 1


async def test_what_somebody_wrote_is_shown_as_text(office: Office) -> None:
    await office.stage.log_in()
    await declare(office, toelichting="<script>alert(1)</script> bewusteloos")
    await office.stage.log_in("fg")
    assert "<script>alert" not in (await office.visitor.get(f"/viewer{QUEUE}/")).text


async def test_only_the_privacy_officer_sees_the_queue(office: Office) -> None:
    for username in ("anna", "beheer"):
        await office.stage.log_in(username)
        assert (await office.visitor.get(f"/viewer{QUEUE}/")).status == 404


async def test_whom_to_tell_in_person_stands_there_by_name_until_it_is_done(office: Office) -> None:
    item = Broken(
        "ref-1", "holder", HOSPITAL.ura.value, START, START, "uzi:1", "gynaecologist", "unconscious", CLIENT, TODAY
    )
    await office.book.open(item, tell=("client",))
    await office.stage.log_in("fg")
    page = await office.visitor.get(f"/viewer{QUEUE}/")
    assert "Noor Voorbeeld" in page.text and "Nog te vertellen" in page.text
    assert office.log.of("log.read"), "whoever reads the queue is in the log"
    await office.post(f"{QUEUE}/verteld", bericht=page.field("bericht"))
    assert office.book.unsent() == () and len(office.log.of("notify")) == 1
