"""Her own pages in a real browser: a record that fills in as organisations answer, and choices that fit a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import her_site
from tests.browser import stage as play
from tests.browser.conftest import DESKTOP, Watched
from tests.browser.test_people_in_a_region import PHONE, faults_here

Visit = Callable[..., Watched]


@pytest.fixture
def at_home(visit: Visit) -> Callable[..., Watched]:
    """A page of hers, logged in."""

    def opened(path: str = "", username: str = "noor", **options: Any) -> Watched:
        watched = visit(logged_in=False, **options)
        page = watched.page
        page.goto("/client/aanmelden")
        page.get_by_label("Gebruikersnaam").fill(username)
        page.get_by_label("Wachtwoord").fill(play.PASSWORD)
        page.get_by_role("button", name="Aanmelden").click()
        page.wait_for_url("**/client/")
        if path:
            page.goto(path)
        return watched

    return opened


def test_her_record_shows_before_the_slowest_has_answered_and_is_whole_afterwards(at_home: Any, axe: str) -> None:
    watched = at_home("/client/dossier/", viewport=PHONE)
    page, slow, away = watched.page, play.PARTIES[-1].name, play.PARTIES[2].name
    page.get_by_text("70 /min").first.wait_for()
    busy = page.locator("#bronnen").inner_text()
    assert f"{slow}: is nog bezig." in busy and "Gegevens worden opgehaald" in busy
    assert page.locator("#secties").get_attribute("data-klaar") == "nee" and "79" not in page.inner_text("#secties")
    page.wait_for_selector("#secties[data-klaar=ja]", state="attached")
    said = page.locator("#bronnen").inner_text()
    assert "79 /min" in page.inner_text("#secties") and "is nog bezig" not in said
    assert f"{away}: is nu niet bereikbaar." in said and "niet alle organisaties gaven antwoord" in said
    assert "niet alle organisaties" in page.locator("#melding").inner_text(), "who listens hears that it is done"
    assert faults_here(page, axe, "her record") == [] and not watched.complaints


def test_without_a_script_it_comes_whole_by_itself(at_home: Any) -> None:
    page = at_home("/client/dossier/", java_script_enabled=False).page
    page.wait_for_url("**/geheel")
    assert "79 /min" in page.inner_text("#secties") and "is nog bezig" not in page.inner_text("body")
    assert page.locator(".voortgang-complete").count() == 1


def test_who_logs_out_in_another_tab_has_the_page_emptied_at_once(at_home: Any) -> None:
    watched = at_home(username="sara")
    page, other = watched.page, watched.page.context.new_page()
    page.goto("/client/dossier/")
    page.get_by_text("70 /min").first.wait_for()
    other.goto("/client/")
    other.get_by_role("button", name="Afmelden").click()
    page.locator("#gesloten").wait_for(state="visible")
    assert page.inner_text("#secties") == "" and "/min" not in page.inner_text("body")


@pytest.fixture
def consents(at_home: Any) -> Callable[..., Any]:
    return lambda **options: at_home("/client/consents/", **options).page


def test_on_a_phone_each_organisation_is_folded_with_what_is_on_and_off_in_sight(consents: Any, axe: str) -> None:
    page = consents(viewport=PHONE)
    folds = page.locator("details.vouw[id^=van-]")
    assert folds.count() == len(play.PARTIES)
    assert page.locator("details.vouw[open]").count() == 0
    for number, party in enumerate(play.PARTIES):
        summary = folds.nth(number).locator("> summary")
        assert summary.is_visible() and summary.bounding_box()["height"] >= 44
        said = summary.inner_text()
        assert "Ja" in said and "ziekenhuizen" in said and "Nee" in said, party.name
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height < 3.5 * PHONE["height"], height
    assert faults_here(page, axe, "consents, folded") == []


def test_the_folds_open_by_keyboard_and_everything_can_be_taken_back_there(consents: Any, axe: str) -> None:
    page = consents(viewport=PHONE)
    first = page.locator("details.vouw[id^=van-]").first
    first.locator("> summary").focus()
    page.keyboard.press("Enter")
    assert first.get_attribute("open") is not None
    assert first.get_by_role("button", name="Intrekken").first.is_visible()
    inner = first.locator("details.vouw > summary").first
    inner.focus()
    page.keyboard.press("Space")
    assert "onderwerpen" in inner.inner_text() and inner.locator("..").get_attribute("open") is not None
    assert faults_here(page, axe, "consents, open") == []


def test_at_a_desk_on_paper_and_without_a_script_nothing_is_folded(consents: Any) -> None:
    desk = consents(viewport=DESKTOP)
    assert desk.locator("details.vouw:not([open])").count() == 0
    assert consents(viewport=PHONE, java_script_enabled=False).locator("details.vouw:not([open])").count() == 0
    phone = consents(viewport=PHONE)
    phone.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert phone.locator("details.vouw:not([open])").count() == 0
    phone.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert phone.locator("details.vouw[open]").count() == 0


def test_on_a_phone_what_she_answered_before_is_folded_and_what_is_new_is_open(at_home: Any, axe: str) -> None:
    page = at_home("/client/consents/vragen", viewport=PHONE).page
    hospital, pharmacy = page.locator("#vraag-hospital"), page.locator("#vraag-pharmacy")
    assert hospital.get_attribute("open") is None and pharmacy.get_attribute("open") is not None
    said = hospital.locator("> summary")
    assert said.inner_text().startswith("Ja, wat nodig is") and "Nog geen antwoord" in pharmacy.inner_text()
    said.click()
    page.get_by_role("group", name="Het ziekenhuis").get_by_label("Nee").check()
    said.click()
    assert said.inner_text().startswith("Nee"), "a folded answer is what is ticked now"
    assert faults_here(page, axe, "the form, folded") == []


def test_both_languages_say_what_is_on(consents: Any) -> None:
    page = consents(viewport=PHONE)
    page.context.add_cookies([{"name": "babyconnect_language", "value": "en", "url": page.url}])
    page.reload()
    said = page.locator("details.vouw[id^=van-] > summary").first.inner_text()
    assert said.startswith("Yes") and "No " in said
    assert her_site.HER not in page.content()
