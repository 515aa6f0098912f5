"""She registers, reads and takes back her consents herself; a parent those of a child."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Ura
from babyconnect.network.consent.resources import Origin
from babyconnect.network.contract import By
from babyconnect.web.consents import client
from tests.spec.client.stage import CHILD, ClientStage, child
from tests.spec.viewer.stage import BSN, HOSPITAL, OWN, Clock
from tests.support.consents import LocalRegister, Log, consenting, pseudonym_of
from tests.support.visitor import Answer

HERS = pseudonym_of(BSN)


class Listening(LocalRegister):
    """Also remembers who spoke."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.spoke: list[By] = []

    async def change(self, pseudonym: str, give: Any, withdraw: Any, by: By, traceparent: str = "") -> list[str]:
        self.spoke.append(by)
        return await super().change(pseudonym, give, withdraw, by, traceparent)


@dataclass
class Home:
    stage: ClientStage
    register: Listening
    log: Log

    async def get(self, path: str = "") -> str:
        return (await self.stage.visitor.get(f"/client/consents/{path}")).text

    async def post(self, step: str, fields: dict[str, str]) -> Answer:
        csrf = (await self.stage.visitor.get("/client/consents/")).field("csrf")
        return await self.stage.visitor.post(f"/client/consents/{step}", {"csrf": csrf, **fields})

    def in_force(self, pseudonym: str = HERS) -> list[Consent]:
        return [kept.consent for kept in self.register.service.of(pseudonym)]


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    log, register = Log(), Listening(tmp_path, OWN, Clock().now)
    parties = {party.ura: party for party in (OWN, HOSPITAL)}
    chapter = client.chapter(consenting(register, log), parties.get, lambda session: dt.timedelta(minutes=3))
    stage = ClientStage(chapters=(chapter,))
    await stage.log_in()
    yield Home(stage, register, log)
    await stage.site.close()
    register.close()


async def test_she_gives_a_yes_and_the_register_hears_that_it_is_she_and_how_she_logged_in(home):
    answer = await home.post("vastleggen", {"antwoord-hospital": "needed"})
    assert answer.status == 303
    (by,) = home.register.spoke
    assert (by.capacity, by.role, by.assurance) == ("client", "client", "substantial")
    assert by.login == Clock().now() - dt.timedelta(minutes=3)
    assert BSN not in by.person
    (kept,) = home.register.service.of(HERS)
    assert kept.origin.capacity == "client"
    assert "door de cliënt zelf" in await home.get()


async def test_she_sees_what_was_recorded_anywhere_by_whose_records_and_who_did_it(home):
    for holder, recorder in ((OWN, OWN), (HOSPITAL, HOSPITAL)):
        change = home.register.service.prepared([(HERS, Consent("", True, "*", f"ura:{holder.ura}"))])
        await home.register.service.apply(change, Origin(recorder.ura, "dr"))
    page = await home.get()
    assert page.index(f"Gegevens van {OWN.name}") < page.index(f"Gegevens van {HOSPITAL.name}")
    assert "door een zorgverlener, samen met de cliënt" in page


async def test_she_takes_back_with_plain_words_about_what_follows_and_lifts_what_others_recorded(home):
    change = home.register.service.prepared([(HERS, Consent("", False, "*"))])
    await home.register.service.apply(change, Origin(Ura("00000009")))
    (no,) = home.in_force()
    asked = (await home.post("intrekken", {"welke": no.id})).text
    assert "Dit bezwaar opheffen?" in asked
    assert (await home.post("intrekken", {"welke": no.id, "zeker": "ja"})).status == 303
    assert home.in_force() == []


async def test_stopping_everything_ends_every_yes_and_leaves_one_no(home):
    await home.post("vastleggen", {"antwoord-hospital": "needed", "antwoord-youth_health_care": "all"})
    asked = (await home.post("intrekken", {"welke": "alles"})).text
    assert "Alle toestemmingen intrekken?" in asked
    assert len(home.in_force()) == 2
    await home.post("intrekken", {"welke": "alles", "zeker": "ja"})
    (one,) = home.in_force()
    assert (one.permit, one.actor, one.holder) == (False, "*", "*")


async def test_a_parent_speaks_for_a_child_as_its_representative(home):
    home.stage.wards = [child()]
    start = await home.stage.visitor.get("/client/")
    handle = start.text.split('name="wie" value="')[1].split('"')[0]
    await home.stage.visitor.post("/client/namens", {"csrf": start.field("csrf"), "wie": handle})
    await home.post("vastleggen", {"antwoord-youth_health_care": "needed"})
    assert home.register.spoke[-1].capacity == "representative"
    assert home.in_force() == []
    assert len(home.in_force(pseudonym_of(CHILD.value))) == 1
    (event,) = [event for event in home.log.events if event["type"] == "consent.record"]
    assert event["actor"]["role"] == "representative"


async def test_no_number_of_hers_is_in_the_log_or_in_a_page(home):
    await home.post("vastleggen", {"antwoord-hospital": "needed"})
    assert BSN.encode() not in orjson.dumps(home.log.events)
    for page in (await home.get(), await home.get("vragen")):
        assert BSN not in page


async def test_a_form_drawn_for_her_child_records_nothing_for_herself(home):
    """Two tabs: she goes back to her own record in the one, and presses the button in the other."""
    home.stage.wards = [child()]
    await home.stage.act_for()
    drawn = (await home.stage.visitor.get("/client/consents/")).field("csrf")
    await home.stage.act_for("-")
    sent = {"csrf": drawn, "antwoord-hospital": "needed"}
    assert (await home.stage.visitor.post("/client/consents/vastleggen", sent)).status == 403
    assert home.in_force() == [] and home.in_force(pseudonym_of(CHILD.value)) == []
    assert (await home.post("vastleggen", {"antwoord-hospital": "needed"})).status == 303


async def test_a_form_drawn_for_her_child_is_void_when_her_authority_ends(home):
    home.stage.wards = [child()]
    await home.stage.act_for()
    drawn = (await home.stage.visitor.get("/client/consents/")).field("csrf")
    home.stage.wards = []
    sent = {"csrf": drawn, "antwoord-hospital": "needed"}
    for _ in range(2):
        assert (await home.stage.visitor.post("/client/consents/vastleggen", sent)).status in (303, 403)
    assert home.register.spoke == []
