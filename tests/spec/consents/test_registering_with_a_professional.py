"""A professional registers consents with the client whose record is open: what is asked, shown, recorded, told."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from markupsafe import escape

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.parties import Role
from babyconnect.flows import consent_choices as choices
from babyconnect.network.consent.resources import Origin
from babyconnect.trust.rules import rules_on
from babyconnect.web.consents import staff
from tests.spec.viewer.stage import BSN, HOSPITAL, OWN, Clock, Stage, user
from tests.support.consents import LocalRegister, Log, consenting, pseudonym_of
from tests.support.visitor import Answer

KINDS = [receiver.kind.value for receiver in choices.receivers()]
HER = pseudonym_of(BSN)


@dataclass
class Desk:
    """A midwife with a client's record open, and the register that she writes into."""

    stage: Stage
    register: LocalRegister
    log: Log
    address: str = ""

    async def opened(self) -> Desk:
        await self.stage.log_in()
        self.address = (await self.stage.open()).replace("/dossier/", "/consents/")
        return self

    async def get(self, path: str = "") -> Answer:
        return await self.stage.visitor.get(f"{self.address}/{path}")

    async def post(self, step: str, fields: dict[str, str]) -> Answer:
        return await self.stage.visitor.post(f"{self.address}/{step}", {"csrf": await self.stage.csrf(), **fields})

    def in_force(self) -> list[Consent]:
        return [kept.consent for kept in self.register.service.of(HER)]

    async def give(self, *consents: Consent, recorder: Origin | None = None) -> None:
        change = self.register.service.prepared([(HER, one) for one in consents])
        await self.register.service.apply(change, recorder or Origin(OWN.ura))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    log, clock = Log(), Clock()
    register = LocalRegister(tmp_path, OWN, clock.now)
    parties = {party.ura: party for party in (OWN, HOSPITAL)}
    pages = staff.chapter(consenting(register, log), parties.get)
    stage = Stage((user("kantoor", role=Role.EMPLOYEE),), chapters=[pages])
    yield await Desk(stage, register, log).opened()
    await stage.viewer.close()
    register.close()


def yes(*kinds: str) -> dict[str, str]:
    return {f"antwoord-{kind}": "needed" for kind in kinds}


# --- what is asked


async def test_nothing_is_answered_beforehand_and_each_receiver_has_its_reason(desk):
    page = (await desk.get("vragen")).text
    assert page.count('type="radio"') == 3 * len(KINDS) + 3
    assert page.count("checked") == 1  # the shortest period, which is no consent
    assert 'value="pregnancy" checked' in page
    for receiver in choices.receivers():
        assert str(escape(receiver.why["nl"])) in page


async def test_yes_to_everybody_and_no_to_everybody_look_alike(desk):
    page = (await desk.get("vragen")).text
    buttons = [line for line in page.splitlines() if 'name="alles"' in line]
    assert len(buttons) == 2
    assert len({line.split("value=")[0] for line in buttons}) == 1


def test_what_a_receiver_needs_is_never_more_than_its_role_may_see():
    from tests.spec.trust.people import TODAY

    rules = rules_on(TODAY)
    for receiver in choices.receivers():
        assert receiver.needs <= rules.visible[receiver.kind, receiver.role], receiver.kind


# --- what would follow


async def test_before_anything_is_recorded_she_sees_what_each_would_see(desk):
    page = (await desk.post("controle", yes("maternity_home_care"))).text
    assert "Er is nog niets vastgelegd" in page
    kraam = page.split("De kraamzorg")[1].split("</section>")[0]
    assert "Kraamweek" in kraam
    assert "Echobeelden" not in kraam
    hospital = page.split("Het ziekenhuis")[1].split("</section>")[0]
    assert "Ziet niets" in hospital
    assert desk.in_force() == []


async def test_a_no_to_allergies_is_warned_against_and_holds(desk):
    answers = {**yes("hospital"), "niet-allergies": "1"}
    page = (await desk.post("controle", answers)).text
    assert 'role="alert"' in page
    assert "kan gevaarlijk zijn" in page
    assert "blijft uw keuze" in page
    await desk.post("vastleggen", answers)
    for seen in choices.preview(desk.in_force(), OWN, desk.stage.clock.now()):
        assert "allergies" not in seen.visible
    assert any("blood_group" in seen.visible for seen in choices.preview(desk.in_force(), OWN, desk.stage.clock.now()))


async def test_allergies_and_blood_group_go_along_with_every_yes_of_who_may_see_them(desk):
    await desk.post("vastleggen", yes(*KINDS))
    for seen in choices.preview(desk.in_force(), OWN, desk.stage.clock.now()):
        could = {"allergies", "blood_group"} & {*seen.visible, *seen.withheld}
        assert could <= set(seen.visible)


# --- what is recorded


async def test_a_registration_is_recorded_for_these_records_until_its_day_and_logged(desk):
    answer = await desk.post(
        "vastleggen", {**yes("hospital", "maternity_home_care"), "antwoord-general_practitioner": "no"}
    )
    assert answer.status == 303
    kept = {one.actor: one for one in desk.in_force()}
    assert {actor: one.permit for actor, one in kept.items()} == {
        "kind:hospital": True, "kind:maternity_home_care": True, "kind:general_practitioner": False,
    }  # fmt: skip
    assert {one.holder for one in kept.values()} == {f"ura:{OWN.ura}"}
    assert all((one.end is not None) == one.permit for one in kept.values())  # a no holds until it is lifted
    types = [event["type"] for event in desk.log.events]
    assert types.count("consent.record") == 2
    assert types.count("consent.object") == 1
    assert BSN.encode() not in orjson.dumps(desk.log.events)
    done = (await desk.stage.visitor.get(answer.location)).text
    assert "Vastgelegd" in done


async def test_the_consent_in_this_nodes_log_and_at_the_region_have_one_trace(desk):
    await desk.post("vastleggen", yes("hospital"))
    (event,) = [event for event in desk.log.events if event["type"] == "consent.record"]
    assert event["trace"].startswith("00-")


async def test_answering_anew_replaces_the_earlier_answer_and_what_was_said_of_everybody(desk):
    await desk.give(Consent("", True, "*", f"ura:{OWN.ura}"))
    await desk.post("vastleggen", {"antwoord-hospital": "all"})
    await desk.post("vastleggen", yes("hospital"))
    (one,) = desk.in_force()
    needs = next(r.needs for r in choices.receivers() if r.kind.value == "hospital")
    assert (one.actor, one.groups) == ("kind:hospital", needs)


async def test_answering_anew_shows_what_she_answered_before_so_that_nothing_is_undone_in_silence(desk):
    await desk.post("vastleggen", {**yes("hospital"), "antwoord-youth_health_care": "no", "niet-psychosocial": "1"})
    page = (await desk.get("vragen")).text
    assert 'name="antwoord-hospital" value="needed" checked' in page
    assert 'name="antwoord-youth_health_care" value="no" checked' in page
    assert 'name="niet-psychosocial" value="1" checked' in page


async def test_her_own_objection_and_that_of_another_stay_and_are_shown_before_recording(desk):
    await desk.give(Consent("", False, "kind:hospital"), recorder=Origin(HOSPITAL.ura))
    await desk.give(
        Consent("", False, "*", f"ura:{OWN.ura}", frozenset({"delivery"})), recorder=Origin(OWN.ura, "p", "client")
    )
    checked = (await desk.post("controle", yes("hospital"))).text
    assert "blijven gelden" in checked
    assert (await desk.post("vastleggen", yes("hospital"))).status == 303
    assert sum(not one.permit for one in desk.in_force()) == 2
    overview = (await desk.get()).text
    assert overview.count("Alleen daar op te heffen") == 2
    assert "Opheffen" not in overview


async def test_nothing_chosen_is_said_and_nothing_recorded(desk):
    for step in ("controle", "vastleggen"):
        answer = await desk.post(step, {"tot": "open"})
        assert answer.status == 422
        assert "nog niets gekozen" in answer.text
    assert desk.in_force() == []


@pytest.mark.parametrize("step", ["controle", "vastleggen", "code", "intrekken"])
async def test_while_the_register_is_away_nothing_changes_and_that_is_said(desk, step):
    desk.register.away = True
    answer = await desk.post(step, {**yes("hospital"), "welke": "x"})
    assert answer.status == 503
    assert "niets veranderd" in answer.text


async def test_what_cannot_be_logged_is_not_recorded(desk):
    desk.log.fault = OSError("no space left on device")
    assert (await desk.post("vastleggen", yes("hospital"))).status == 500
    assert desk.in_force() == []


@pytest.mark.parametrize(
    "answers", [{"niet-allergies": "1"}, {"antwoord-midwifery_practice": "no"}, {"alles": "no", "niet-history": "1"}]
)
async def test_what_nobody_else_may_see_the_people_who_wrote_it_still_see(desk, answers):
    from babyconnect.birthcare.access import AccessRequest, Asker, Permit, Purpose, Relation
    from babyconnect.birthcare.identifiers import Ura
    from babyconnect.trust.decision import decide

    now = desk.stage.clock.now()
    treats = (Relation("episode", "EpisodeOfCare/e1", now.date()),)

    def sees(ura: Ura) -> frozenset[str]:
        asker = Asker(ura, OWN.kind, "p", Role.MIDWIFE, Purpose.TREATMENT, treats)
        said = tuple(desk.in_force())
        decided = decide(AccessRequest(asker, OWN.ura, OWN.kind, "c", frozenset({"e1"}), treats, said, now))
        return decided.filter.groups if isinstance(decided, Permit) else frozenset()

    before = sees(OWN.ura)
    await desk.post("vastleggen", answers)
    assert sees(OWN.ura) == before
    refused = {name.removeprefix("niet-") for name in answers if name.startswith("niet-")}
    assert not sees(Ura("90000077")) & (refused or before)
    page = (await desk.get("vragen")).text
    assert all(f'name="{name}" value="{value}" checked' in page for name, value in answers.items() if name != "alles")


# --- taking back


async def test_taking_back_says_first_what_follows_and_is_done_with_one_more_press(desk):
    await desk.post("vastleggen", yes("hospital"))
    (one,) = desk.in_force()
    asked = await desk.post("intrekken", {"welke": one.id})
    assert "zien zij deze gegevens niet meer" in asked.text
    assert desk.in_force() == [one]
    done = await desk.post("intrekken", {"welke": one.id, "zeker": "ja"})
    assert done.status == 303
    assert desk.in_force() == []
    history = (await desk.get()).text
    assert "ingetrokken" in history


async def test_what_does_not_hold_any_more_cannot_be_taken_back_again(desk):
    answer = await desk.post("intrekken", {"welke": "unknown", "zeker": "ja"})
    assert answer.status == 404


# --- the code


async def test_a_code_is_shown_once_and_gives_no_more_than_a_hospital_needs(desk):
    await desk.post("vastleggen", {**yes("hospital"), "niet-history": "1"})
    page = (await desk.post("code", {})).text
    shown = page.split('class="the-code">')[1][:9]
    assert shown.replace(" ", "").isdigit()
    assert shown not in (await desk.get()).text
    found = desk.register.kept_codes.find(shown, HER, HOSPITAL.ura)
    assert found.permit.holder == f"ura:{OWN.ura}"
    assert "history" not in found.permit.groups
    assert shown.encode() not in orjson.dumps(desk.log.events)


# --- keeping out


async def test_only_who_gives_care_and_has_her_record_open_comes_here(desk):
    assert (await desk.stage.visitor.get("/viewer/consents/elsewhere/vragen")).status == 404
    address = desk.address
    await desk.stage.visitor.post("/viewer/afmelden", {"csrf": await desk.stage.csrf()})
    assert (await desk.stage.visitor.get(f"{address}/vragen")).status == 303
    await desk.stage.log_in("kantoor")
    assert (await desk.stage.visitor.get(f"{address}/vragen")).status == 404


async def test_a_form_of_somebody_else_is_refused_and_no_page_has_her_number_in_an_address(desk):
    answer = await desk.stage.visitor.post(f"{desk.address}/vastleggen", {"csrf": "00", **yes("hospital")})
    assert answer.status == 403
    for page in (await desk.get(), await desk.get("vragen")):
        addresses = re.findall(r'(?:href|action|src|value)="([^"]*)"', page.text)
        assert len(addresses) > 5 and not [address for address in addresses if BSN in address]


async def test_english_is_there_for_every_sentence(desk):
    await desk.stage.visitor.get("/viewer/taal/en")
    page = (await desk.get("vragen")).text
    assert "Who may see your data?" in page
    assert "Yes, what is needed" in page
