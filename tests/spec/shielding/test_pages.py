"""The pages of shielding: her own record, a child's, and what the organisation's own people decide (domain §4)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from babyconnect.audit.event import Actor
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Function, Role
from babyconnect.fhir import json
from babyconnect.flows.destroy import Asked, NotDestroyed
from babyconnect.flows.preparing import Said
from babyconnect.flows.registers import Hold, Ward
from babyconnect.labelling.disclosing import Stated
from babyconnect.trust import disclosure
from babyconnect.trust.authority import Authority, Standing
from babyconnect.trust.disclosure import Choice, Disclosure
from babyconnect.wiring import shielding
from tests.spec.shielding.stage import BSN, CHILDS, HERS, PARTNER, SECRET, Practice, mother, without_bsn
from tests.support.node import HOLDER
from tests.support.visitor import Answer, Visitor

LINE = "Mogelijk niet volledig; vraag het uw zorgverlener"


@pytest.fixture
async def practice(tmp_path: Path) -> AsyncIterator[Practice]:
    made = Practice(tmp_path)
    await made.publish(mother())
    yield made
    made.roster.close()
    made.custody.close()


async def post(practice: Practice, visitor: Visitor, address: str, **fields: str) -> Answer:
    return await visitor.post(address, {"csrf": practice.staff_session.csrf, **fields})


async def opened(practice: Practice, visitor: Visitor, **fields: str) -> tuple[str, Answer]:
    """Her page at her own organisation, and its address."""
    to = (await post(practice, visitor, "/viewer/eigen/zoek", **(fields or {"bsn": BSN}))).location
    return to, await visitor.get(to)


async def authority(practice: Practice, gezag: str = "parent", **more: str) -> Answer:
    staff = practice.as_staff()
    address, _ = await opened(practice, staff)
    said = {"kind": practice.id("Patient", "KIND"), "bsn": PARTNER, "gezag": gezag, "bron": "recognition"}
    return await post(practice, staff, f"{address}/gezag", **said, vanaf="2026-09-01", **more)


async def choose(practice: Practice, keuze: str, **more: str) -> Answer:
    staff = practice.as_staff()
    address, page = await opened(practice, staff)
    said = {"item": page.field("item"), "reden": "Samen besproken", "herzien": "2027-03-01", "keuze": keuze}
    return await post(practice, staff, f"{address}/keuze", **said, **more)


async def test_she_reads_her_own_record_and_the_look_is_logged(practice: Practice) -> None:
    page = await practice.as_client().get("/client/dossier/")
    assert page.status == 200 and HERS in page.text and LINE in page.text and "hartslag" in page.text.lower()
    assert BSN not in page.text and SECRET not in page.text
    (look,) = practice.looks
    assert look.client == practice.id("Patient", "JAMILA") and look.by.role == "client"  # type: ignore[union-attr]


async def test_a_list_at_the_top_leads_to_every_section_of_her_record_and_to_nothing_else(practice: Practice) -> None:
    page = (await practice.as_client().get("/client/dossier/")).text
    sections = re.findall(r'<h2 class="[^"]*" id="(d-[^"]+)">', page)
    assert sections and re.findall(r'<li><a class="nl-link" href="#([^"]+)"', page) == sections


async def test_somebody_unknown_here_sees_the_same_line_and_nothing(practice: Practice) -> None:
    page = await practice.as_client(PARTNER).get("/client/dossier/")
    assert page.status == 200 and LINE in page.text and HERS not in page.text and CHILDS not in page.text


@pytest.mark.parametrize(
    ("keuze", "more", "seen"),
    [
        ("show", {}, True),
        ("not-digitally", {}, False),
        ("after-talk", {}, False),
        ("after-talk", {"besproken": "2026-11-20"}, True),
    ],
)
async def test_the_authors_choice_decides_whether_she_sees_an_item_about_safety(
    practice: Practice, keuze: str, more: dict[str, str], seen: bool
) -> None:
    assert (await choose(practice, keuze, **more)).status == 303
    page = await practice.as_client().get("/client/dossier/")
    assert (SECRET in page.text) == seen
    rows = [row for row in re.findall(r"<tr.*?</tr>", page.text, re.DOTALL) if SECRET in row]
    assert all(row.startswith('<tr class="unprinted"') for row in rows), "and on paper it never is"
    assert sum(row.count(SECRET) for row in rows) == page.text.count(SECRET)
    (event,) = [one for one in practice.log if one["type"] == "disclosure.choice"]
    assert "Samen besproken" not in str(event) and "geweld" not in str(event)


async def test_in_her_own_record_each_child_is_a_part_that_can_be_folded_and_her_own_is_not(
    practice: Practice,
) -> None:
    page = await practice.as_client().get("/client/dossier/")
    folds = re.findall(r'<details class="kindvouw" id="kindvouw-[^"]+" open>(.*?)</details>', page.text, re.DOTALL)
    assert len(folds) == 1 and "3500 g" in folds[0] and HERS not in folds[0]
    assert re.search(r'<script src="[^"]+/fold\.[0-9a-f]+\.js" defer>', page.text)


async def test_a_choice_is_taken_back_at_once_and_the_history_stays(practice: Practice) -> None:
    await choose(practice, "show")
    await choose(practice, "not-digitally")
    assert SECRET not in (await practice.as_client().get("/client/dossier/")).text
    made = practice.registers.choices(practice.id("Patient", "JAMILA"))
    assert [one.choice.value for one in made] == ["show", "not-digitally"]


@pytest.mark.parametrize(("field", "value"), [("reden", ""), ("herzien", "2020-01-01"), ("item", "Condition/x")])
async def test_a_choice_that_cannot_be_taken_changes_nothing_and_says_why(
    practice: Practice, field: str, value: str
) -> None:
    staff = practice.as_staff()
    address, page = await opened(practice, staff)
    said = {"item": page.field("item"), "reden": "r", "herzien": "2027-03-01", "keuze": "show", field: value}
    answer = await post(practice, staff, f"{address}/keuze", **said)
    assert answer.status == 422 and 'role="alert"' in answer.text
    assert practice.registers.choices(practice.id("Patient", "JAMILA")) == () and not practice.log


async def test_who_may_not_see_safety_is_offered_no_choice(practice: Practice) -> None:
    _, page = await opened(practice, practice.as_staff(Role.SONOGRAPHER))
    assert SECRET not in page.text and 'name="keuze"' not in page.text


async def test_with_authority_the_child_is_seen_and_nothing_of_its_mother(practice: Practice) -> None:
    assert (await authority(practice)).status == 303
    partner = practice.as_client(PARTNER)
    start = await partner.get("/client/dossier/")
    link = re.search(r'href="(/client/dossier/kind/[^"]+)"', start.text)
    assert link and HERS not in start.text
    page = await partner.get(link[1])
    assert page.status == 200 and CHILDS in page.text and "3500 g" in page.text
    assert HERS not in page.text and "hartslag" not in page.text.lower() and ">72" not in page.text
    assert practice.looks[-1].by.role == "representative"  # type: ignore[union-attr]


@pytest.mark.parametrize("gezag", ["suspended", "none"])
async def test_authority_that_ends_closes_the_page_that_was_open(practice: Practice, gezag: str) -> None:
    await authority(practice)
    partner = practice.as_client(PARTNER)
    link = re.search(r'href="(/client/dossier/kind/[^"]+)"', (await partner.get("/client/dossier/")).text)
    await authority(practice, gezag)
    assert link and (await partner.get(link[1])).status == 404


async def test_a_birth_link_alone_gives_no_access(practice: Practice) -> None:
    page = await practice.as_client(PARTNER).get("/client/dossier/")
    assert "dossier/kind/" not in page.text


async def test_a_secret_address_is_kept_from_then_on_and_logged(practice: Practice) -> None:
    staff = practice.as_staff()
    address, _ = await opened(practice, staff)
    answer = await post(practice, staff, f"{address}/adres", grond="safe_house", vanaf="2026-11-01")
    assert answer.status == 303
    assert practice.staff.is_secret(practice.id("Patient", "JAMILA"))
    assert "geheim" in (await staff.get(answer.location)).text
    assert practice.log[-1]["resource"] == "address"


async def test_a_woman_without_a_bsn_is_found_by_name_and_birth_date_and_shown_as_such(practice: Practice) -> None:
    await practice.publish(without_bsn())
    staff = practice.as_staff()
    found = await post(practice, staff, "/viewer/eigen/zoek", naam="olena", geboren="2000-02-03")
    assert "Zondernummer" in found.text and "zonder BSN" in found.text
    link = re.search(r'href="(/viewer/eigen/[^"/]+)"', found.text)
    assert link
    page = await staff.get(link[1])
    assert page.status == 200 and "geen BSN" in page.text
    assert (await post(practice, staff, "/viewer/eigen/zoek", naam="olena", geboren="2000-02-04")).text.count("li") < 60


async def test_two_of_one_name_and_birth_date_are_two_clients_and_never_one(practice: Practice) -> None:
    one, two = await practice.publish(without_bsn()), await practice.publish(without_bsn("ANDERE"))
    assert one != two
    found = await post(practice, practice.as_staff(), "/viewer/eigen/zoek", naam="zondernummer", geboren="2000-02-03")
    assert len(re.findall(r'href="/viewer/eigen/[^"/]+"', found.text)) == 2 and "nooit samengevoegd" in found.text


async def test_a_bsn_in_two_records_that_contradict_opens_neither_and_says_why(practice: Practice) -> None:
    for id, born in (("EEN", "2000-02-03"), ("TWEE", "2000-03-02")):
        record = json.loads(without_bsn(id))
        record["entry"][0]["resource"]["birthDate"] = born
        record["entry"][0]["resource"]["identifier"] = [
            {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999901631"}
        ]
        await practice.publish(json.dumps(record))
    found = await post(practice, practice.as_staff(), "/viewer/eigen/zoek", bsn="999901631")
    assert found.status == 422 and "meer dan één dossier" in found.text and "999901631" not in found.text
    assert "de geboortedata verschillen" in found.text and "de achternamen" not in found.text


async def test_a_bsn_that_comes_later_links_the_same_client_without_a_second_one(practice: Practice) -> None:
    before = await practice.publish(without_bsn())
    record = json.loads(without_bsn())
    record["entry"][0]["resource"]["identifier"] = [
        {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999901631"}
    ]
    assert await practice.publish(json.dumps(record)) == before
    assert practice.roster.clients(Bsn("999901631")) == (before,)
    assert sum(type == "Patient" and id == before for type, id in practice.store.versions) == 1


async def test_only_the_privacy_officer_destroys_and_only_when_sure(practice: Practice) -> None:
    assert (await practice.as_staff().get("/viewer/vernietigen/")).status == 404
    officer = practice.as_staff(Role.EMPLOYEE, Function.PRIVACY_OFFICER)
    found = await post(practice, officer, "/viewer/vernietigen/zoek", bsn=BSN)
    action = re.search(r'action="(/viewer/vernietigen/[^"]+/uitvoeren)"', found.text)
    assert action and f"{HERS} (01-04-1990)" in found.text and SECRET not in found.text
    unsure = await post(practice, officer, action[1], door="client", op="2026-11-20")
    assert unsure.status == 422 and practice.store.versions
    again = re.search(r'action="(/viewer/vernietigen/[^"]+/uitvoeren)"', unsure.text)
    taken = await post(practice, officer, again[1], door="client", op="2026-11-20", zeker="ja")  # type: ignore[index]
    assert "Wacht op een tweede persoon" in taken.text and "Bevestigen en vernietigen" not in taken.text
    assert practice.store.versions and not [event for event in practice.log if event["type"] == "erase"]


async def confirming(
    practice: Practice, id: str, meanwhile: Callable[[], Awaitable[object]] | None = None, **fields: str
) -> Answer:
    """A privacy officer opens what waits, by the list of it, and confirms; `meanwhile` happens in between."""
    officer = practice.as_staff(Role.EMPLOYEE, Function.PRIVACY_OFFICER, id=id)
    start = await officer.get("/viewer/vernietigen/")
    assert HERS in start.text
    found = await post(practice, officer, "/viewer/vernietigen/zoek", client=start.field("client"))
    drop = re.search(r'action="(/viewer/vernietigen/[^"]+/)vervallen"', found.text)
    seen = re.search(r'name="gezien" value="([^"]+)"', found.text)
    assert drop
    if meanwhile:
        await meanwhile()
    return await post(
        practice, officer, f"{drop[1]}{fields.pop('step', 'bevestigen')}", gezien=seen[1] if seen else "", **fields
    )


async def taken_down(practice: Practice, id: str = "fg-1") -> None:
    officer = practice.as_staff(Role.EMPLOYEE, Function.PRIVACY_OFFICER, id=id)
    found = await post(practice, officer, "/viewer/vernietigen/zoek", bsn=BSN)
    action = re.search(r'action="(/viewer/vernietigen/[^"]+/uitvoeren)"', found.text)
    assert action
    await post(practice, officer, action[1], door="client", op="2026-11-20", zeker="ja")


async def test_a_second_privacy_officer_confirms_and_both_are_in_the_log_of_it(practice: Practice) -> None:
    await taken_down(practice)
    assert (await confirming(practice, "fg-2")).status == 422, "only when sure"
    done = await confirming(practice, "fg-2", zeker="ja")
    assert "Vernietigd" in done.text
    assert not any(versions[-1].publication.client for versions in practice.store.versions.values())
    (erased,) = [event for event in practice.log if event["type"] == "erase"]
    (asked,) = [event for event in practice.log if event.get("object") == erased["object"] and event is not erased]
    assert (asked["actor"]["person"], erased["actor"]["person"]) == ("fg-1", "fg-2")
    assert asked["client"] == erased["client"]


async def test_nobody_confirms_a_request_that_is_ones_own(practice: Practice) -> None:
    await taken_down(practice)
    refused = await confirming(practice, "fg-1", zeker="ja")
    assert refused.status == 422 and practice.store.versions
    assert [event["outcome"] for event in practice.log if event["type"] == "erase"] == ["refused"]


async def test_what_is_confirmed_is_what_the_second_person_saw(practice: Practice) -> None:
    """The first cannot lift a hold, or take down another request, while the second looks at the page."""
    client, registers = practice.id("Patient", "JAMILA"), practice.destroying.registers
    (item, *_) = [key for key in await practice.destroying.writer.items_of(client) if key[0] != "Patient"]
    hold = Hold("/".join(item), "law_forbids", practice.destroying.journal.clock(), "fg-1")
    await registers.hold(client, hold)
    await taken_down(practice)
    for meanwhile in (
        lambda: registers.hold(client, replace(hold, ended=True)),
        lambda: taken_down_again(practice, client),
    ):
        refused = await confirming(practice, "fg-2", meanwhile, zeker="ja")
        assert refused.status == 422 and "intussen iets veranderd" in refused.text
    assert await practice.destroying.writer.items_of(client)
    assert [event["outcome"] for event in practice.log if event["type"] == "erase"] == ["refused", "refused"]
    assert "Vernietigd" in (await confirming(practice, "fg-2", zeker="ja")).text


async def taken_down_again(practice: Practice, client: str) -> None:
    """By the same person, and asked by somebody else."""
    asked = Asked(client, "representative", dt.date(2026, 11, 19), Actor(HOLDER.ura.value, "fg-1"))
    assert not isinstance(await practice.destroying.destroy(asked), NotDestroyed)


async def test_a_request_that_was_dropped_is_confirmed_by_nobody(practice: Practice) -> None:
    await taken_down(practice)
    assert (await confirming(practice, "fg-2", step="vervallen")).status == 200
    assert (
        HERS not in (await practice.as_staff(Role.EMPLOYEE, Function.PRIVACY_OFFICER).get("/viewer/vernietigen/")).text
    )
    by = Actor(HOLDER.ura.value, "fg-2")
    assert await practice.destroying.confirm(practice.id("Patient", "JAMILA"), by, "") == NotDestroyed("request")


async def test_where_there_is_one_privacy_officer_the_organisation_may_let_one_be_enough(practice: Practice) -> None:
    practice.destroying = replace(practice.destroying, alone=True)
    await taken_down(practice)
    assert not any(versions[-1].publication.client for versions in practice.store.versions.values())


async def test_a_hold_keeps_the_record_until_it_ends(practice: Practice) -> None:
    practice.destroying = replace(practice.destroying, alone=True)
    officer = practice.as_staff(Role.EMPLOYEE, Function.PRIVACY_OFFICER)

    async def step(name: str, page: Any, **fields: str) -> Answer:
        action = re.search(rf'action="(/viewer/vernietigen/[^"]+/{name})"', page.text)
        assert action
        return await post(practice, officer, action[1], **fields)

    found = await post(practice, officer, "/viewer/vernietigen/zoek", bsn=BSN)
    held = await step("behouden", found, item="", reden="complaint")
    refused = await step("uitvoeren", held, door="client", op="2026-11-20", zeker="ja")
    assert refused.status == 422 and practice.store.versions
    free = await step("behouden", refused, item="", reden="complaint", vervalt="ja")
    assert "Vernietigd" in (await step("uitvoeren", free, door="client", op="2026-11-20", zeker="ja")).text


async def test_her_copy_holds_what_an_export_may_and_is_logged(practice: Practice) -> None:
    visitor = practice.as_client()
    assert practice.client_session is not None
    answer = await visitor.post("/client/dossier/kopie", {"csrf": practice.client_session.csrf})
    assert answer.status == 200 and answer.headers["content-disposition"].startswith("attachment")
    assert HERS in answer.text and SECRET not in answer.text and BSN not in answer.text
    assert practice.looks[-1].by.channel == "export"  # type: ignore[union-attr]
    assert (await visitor.post("/client/dossier/kopie", {"csrf": "0" * 128})).status == 403


async def test_what_a_source_says_of_showing_is_taken_once_and_undoes_no_later_choice(practice: Practice) -> None:
    client, item = practice.id("Patient", "JAMILA"), "Condition/x"
    link: Any = SimpleNamespace(registers=practice.registers)
    take = shielding.told(link)
    today = shielding.now().date()
    stated = Stated("show", "met haar besproken", today + dt.timedelta(days=30), None, "uzi-1")
    useless = Stated("show", "zonder herziening")
    said = Said(client, ((item, stated), ("Condition/y", useless)), secret=True)
    await take(said)
    await take(said)
    assert [(one.item, one.choice) for one in practice.registers.choices(client)] == [(item, Choice.SHOW)]
    assert len(practice.registers.secrets(client)) == 1
    later = Disclosure(item, Choice.NOT_DIGITALLY, "toch niet", today, "uzi-1", shielding.now())
    await practice.registers.choose(client, later)
    await take(said)
    assert disclosure.in_force(practice.registers.choices(client))[item].choice is Choice.NOT_DIGITALLY


@pytest.mark.parametrize(("years", "seen"), [(8, False), (15, True)])
async def test_a_child_below_twelve_does_not_open_its_own_record_and_a_girl_of_fifteen_does(
    practice: Practice, years: int, seen: bool
) -> None:
    client = practice.id("Patient", "JAMILA")
    born = dt.date(2026 - years, 1, 1)
    parent = practice.registers.handle(Bsn(PARTNER))
    row = Authority(client, parent, Standing.PARENT, "brp", born, born, shielding.now())
    await practice.registers.record_authority(Ward(client, "Jamila", None, row))
    assert (HERS in (await practice.as_client().get("/client/dossier/")).text) == seen
    parent_at_home = practice.as_client(PARTNER)
    parents = await parent_at_home.get("/client/dossier/")
    links = re.findall(r'href="(/client/dossier/kind/[^"]+)"', parents.text)
    assert HERS not in parents.text and len(links) == (years < 12)
    # What is about her as a client bears no child's name, so no authority opens it.
    assert all([(await parent_at_home.get(link)).status == 404 for link in links])
