"""The medication overview in a real browser: what is warned of is seen, readable, and reachable on every screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import stage as play
from tests.browser.conftest import Watched, find
from tests.browser.test_viewer import violations

Visit = Callable[..., Watched]
NOTICES = "#sectie-medicatie .melding"


def test_what_is_in_use_stands_first_with_its_dose_warnings_and_lines_per_source(visit: Visit) -> None:
    watched = visit()
    find(watched.page, play.MEDICINES)
    section = watched.page.locator("#sectie-medicatie")
    assert section.locator("h3").all_inner_texts()[0].startswith("Nu in gebruik")
    medicines = section.locator(".deel .deel")
    names = [medicines.nth(n).locator("> h4").inner_text().split("\n")[0] for n in range(medicines.count())]
    assert [name.split()[0] for name in names] == ["Labetalol", "Naproxen", "Zelfzorgmiddel", "Amoxicilline"]
    labetalol = medicines.nth(0).inner_text()
    assert "2 × per dag 1 tablet" in labetalol and "3 × per dag 2 tabletten" in labetalol
    assert "Dosering verschilt tussen bronnen" in labetalol
    assert medicines.nth(0).locator("li.regel").count() == 2
    assert "Niet gebruiken (zwangerschap" in medicines.nth(1).inner_text()
    assert "Niet beoordeeld" in medicines.nth(2).inner_text()
    assert not watched.complaints


def test_what_is_advised_against_now_is_said_above_the_record_and_leads_to_its_line(visit: Visit) -> None:
    page = visit().page
    find(page, play.MEDICINES)
    banner = page.locator("#banners [data-code=medication_warning]")
    assert banner.count() == 1 and "aproxen" in banner.inner_text()
    banner.locator("a").first.click()
    assert page.evaluate("document.querySelector(location.hash).innerText").count("naproxen")


def test_a_warning_is_told_in_english_too_with_its_table(visit: Visit) -> None:
    page = visit().page
    find(page, play.MEDICINES)
    page.get_by_role("link", name="English").click()
    page.wait_for_selector("#secties[data-klaar=ja]", state="attached")
    texts = " ".join(page.locator(NOTICES).all_inner_texts())
    assert "In the third trimester" in texts and "Not judged" in texts and "Table: Babyconnect" in texts


def test_shared_screen_mode_shows_no_warning_above_the_record(visit: Visit) -> None:
    page = visit().page
    find(page, play.MEDICINES)
    page.keyboard.press("F8")
    assert not page.locator("#banners [data-code=medication_warning]").is_visible()


@pytest.mark.parametrize("options", [{}, {"viewport": {"width": 390, "height": 844}}, {"color_scheme": "dark"}])
def test_the_overview_is_accessible_and_nothing_is_cut_off(visit: Visit, axe: str, options: dict[str, Any]) -> None:
    page = visit(**options).page
    find(page, play.MEDICINES)
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
