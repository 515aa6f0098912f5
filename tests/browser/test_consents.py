"""Consent in under a minute, in a real browser: how many presses it takes, on a desk and on a phone, for everybody."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import stage as play
from tests.browser.conftest import Watched, find

Visit = Callable[..., Watched]
PHONE = {"viewport": {"width": 320, "height": 640}}


class Hand:
    """Counts what a person does: each press is one action."""

    def __init__(self, page: Any) -> None:
        self.page, self.actions = page, 0

    def press(self, role: str, name: str, within: Any = None, exact: bool = True) -> None:
        (within or self.page).get_by_role(role, name=name, exact=exact).click()
        self.actions += 1


def at_the_form(visit: Visit, bsn: str = play.ALL_ANSWER, **options: Any) -> tuple[Watched, Hand]:
    watched = visit(**options)
    find(watched.page, bsn)
    hand = Hand(watched.page)
    hand.press("link", "Toestemming")
    hand.press("link", "Samen met de cliënt vastleggen")
    return watched, hand


def test_the_whole_registration_takes_four_presses_from_an_open_record(visit: Visit) -> None:
    watched, hand = at_the_form(visit)
    hand.press("button", "Ja, aan iedereen wat nodig is")
    hand.press("button", "Vastleggen")
    watched.page.get_by_text("Vastgelegd. Het geldt vanaf nu.").wait_for()
    assert hand.actions == 4
    assert watched.page.get_by_role("button", name="Afdrukken om mee te geven").is_visible()
    watched.page.emulate_media(media="print")
    assert watched.page.get_by_role("button", name="Intrekken").count() == 0  # on paper: what holds, no buttons
    assert watched.page.locator(".consent-lines").first.is_visible()
    assert not watched.complaints


def test_answering_for_each_receiver_apart_takes_ten_and_with_a_refusal_eleven(visit: Visit) -> None:
    watched, hand = at_the_form(visit)
    page, began = watched.page, time.monotonic()
    for name in ("Het ziekenhuis", "De kraamzorg", "Het echocentrum", "Het consultatiebureau (JGZ)", "De huisarts"):
        hand.press("radio", "Ja, wat nodig is", page.get_by_role("group", name=name))
    hand.press("radio", "Nee", page.get_by_role("group", name="Een (andere) verloskundigenpraktijk"))
    hand.press("button", "Bekijk wat zij dan zien")
    hand.press("button", "Vastleggen")
    page.get_by_text("Vastgelegd. Het geldt vanaf nu.").wait_for()
    assert hand.actions == 10
    assert time.monotonic() - began < 60
    assert not watched.complaints


def test_by_keyboard_alone_too(visit: Visit) -> None:
    watched, _ = at_the_form(visit, play.NOBODY)
    page = watched.page
    first = page.get_by_role("group", name="De kraamzorg").get_by_role("radio").first
    first.focus()
    page.keyboard.press("Space")
    assert first.is_checked()
    page.keyboard.press("Enter")  # sends the form by its first button: a yes or a no to everybody is never sent so
    page.get_by_role("heading", name="Klopt dit?").wait_for()
    kraam = page.locator(".seen", has=page.get_by_role("heading", name="De kraamzorg"))
    assert "Ziet:" in kraam.inner_text()
    assert "Ziet niets" in page.locator(".seen", has=page.get_by_role("heading", name="De huisarts")).inner_text()


def test_an_open_screen_forgets_at_once_and_fills_anew_when_she_changes_something(visit: Visit) -> None:
    looking = visit()
    find(looking.page, play.ALL_ANSWER)
    turn = looking.page.locator("#secties").get_attribute("data-beurt")
    _, hand = at_the_form(visit)
    hand.press("button", "Nee, aan niemand")
    hand.press("button", "Vastleggen")
    looking.page.locator(f"#secties:not([data-beurt='{turn}'])").wait_for(state="attached", timeout=2000)
    looking.page.wait_for_selector("#secties[data-klaar=ja]", state="attached")
    assert not looking.complaints


def test_a_code_stands_large_on_the_page_that_makes_it(visit: Visit) -> None:
    watched = visit()
    find(watched.page, play.ALL_ANSWER)
    watched.page.get_by_role("link", name="Toestemming").click()
    watched.page.get_by_role("button", name="Code voor een ziekenhuis maken").click()
    code = watched.page.locator(".the-code").inner_text()
    assert len(code) == 9 and code.replace(" ", "").isdigit()
    watched.page.reload()
    assert watched.page.locator(".the-code").count() <= 1


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_every_step_is_accessible_and_nothing_is_cut_off(visit: Visit, axe: str, options: dict[str, Any]) -> None:
    watched, _ = at_the_form(visit, **options)
    page = watched.page

    def check(step: str) -> None:
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})")
        assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found["violations"]] == [], step
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), step

    def unfold() -> None:
        while page.locator("details.vouw:not([open]) > summary:visible").count():
            page.locator("details.vouw:not([open]) > summary:visible").first.click()

    check("form")
    unfold()
    page.get_by_label("Niet delen: Allergieën").check()
    page.get_by_role("group", name="De kraamzorg").get_by_label("Ja, wat nodig is").check()
    page.get_by_role("button", name="Bekijk wat zij dan zien").click()
    page.get_by_role("alert").wait_for()
    check("check")
    page.get_by_role("button", name="Vastleggen").click()
    page.get_by_text("Vastgelegd. Het geldt vanaf nu.").wait_for()
    check("overview")
    unfold()
    page.get_by_role("button", name="Intrekken").first.click()
    page.get_by_role("heading", name="Deze toestemming intrekken?").wait_for()
    check("end")
