"""The main job in a real browser: log in, find a client, see her record fill in; by mouse, by keyboard, on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import stage as play
from tests.browser.conftest import Watched, find

Visit = Callable[..., Watched]
# Every state that the page goes through: how many sections there are and what the progress says.
WATCH = """
window.seen = [];
new MutationObserver(() => {
  const progress = document.getElementById("voortgang");
  const sections = document.querySelectorAll("#secties > .sectie").length;
  if (progress) window.seen.push([sections, progress.textContent.trim()]);
}).observe(document, { childList: true, subtree: true });
"""
PHONE = {"viewport": {"width": 320, "height": 640}}


def test_a_midwife_opens_a_record_and_sees_it_fill_in_without_a_reload(visit: Visit) -> None:
    watched = visit()
    page = watched.page
    page.add_init_script(WATCH)
    find(page, play.ALL_ANSWER)
    seen = page.evaluate("window.seen")
    sections = [count for count, _ in seen]
    assert sections == sorted(sections) and len(set(sections)) >= 3, "sections came one after the other, in one page"
    assert any("wordt nog gewacht" in text for _, text in seen)
    assert re.search(r"Compleet: 5 van 5 bronnen, om \d\d:\d\d", page.locator("#voortgang").inner_text())
    assert play.ALL_ANSWER not in page.url and play.ALL_ANSWER not in page.content()
    assert not watched.complaints


def test_a_screen_reader_is_told_once_that_the_record_is_complete(visit: Visit) -> None:
    page = visit().page
    find(page, play.ALL_ANSWER)
    status = page.locator("#melding")
    assert status.get_attribute("aria-live") == "polite" and "Compleet: 5 van 5" in status.text_content()


def test_what_the_reader_opened_and_where_the_focus_is_survives_an_update(visit: Visit) -> None:
    page = visit().page
    find(page, play.ALL_ANSWER, complete=False)
    page.wait_for_selector("#gebeurtenissen")
    page.locator("#gebeurtenissen > summary").click()
    page.locator("#wegwijzer a").first.focus()
    page.wait_for_selector("#secties[data-klaar=ja]", state="attached")
    assert page.evaluate("document.getElementById('gebeurtenissen').open")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#sectie-zwangerschap"


def test_sources_in_trouble_are_named_and_a_refusal_is_not(visit: Visit) -> None:
    page = visit().page
    find(page, play.TROUBLE)
    bar = " ".join(page.locator("#bronnen").inner_text().split())
    assert "niet compleet" in bar and "Ziekenhuis Oostpoort: niet op tijd" in bar and "JGZ Oost: onleesbaar" in bar
    assert "De Wieg" not in bar


def test_a_consult_that_breaks_off_says_so(visit: Visit) -> None:
    page = visit().page
    find(page, play.BROKEN)
    assert "onderbroken door een storing" in page.locator("#voortgang").inner_text()
    assert "must not" not in page.content() and play.BROKEN not in page.content()


def test_hostile_texts_of_a_source_stay_text_in_a_browser(visit: Visit) -> None:
    watched = visit()
    find(watched.page, play.HOSTILE_TEXTS)
    assert watched.page.locator("text=<script>document.title").count() > 20
    assert watched.page.locator("img[src=x]").count() == 0 and "gehackt" not in watched.page.title()
    assert not watched.complaints


def test_everything_works_by_keyboard_alone(visit: Visit, stage: str) -> None:
    page = visit(logged_in=False).page
    page.goto("/viewer/")
    press_to(page, "Aanmelden")
    page.keyboard.press("Enter")
    page.wait_for_selector("#username")
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type(play.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#bsn")
    page.keyboard.type(play.ALL_ANSWER)
    page.keyboard.press("Enter")
    page.wait_for_selector("#secties[data-klaar=ja]", state="attached")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Naar de inhoud"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "inhoud"
    press_to(page, "Sluiten")
    page.keyboard.press("Enter")
    page.wait_for_selector("#bsn")


def press_to(page: Any, text: str) -> None:
    """Tab until something with this text has the focus, which must then be visible."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == text:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    pytest.fail(f"{text} cannot be reached by keyboard")


def test_nothing_scrolls_sideways_on_a_screen_of_320_pixels(visit: Visit) -> None:
    page = visit(**PHONE).page
    widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    assert page.evaluate(widths) == [320, 320]
    find(page, play.ALL_ANSWER)
    assert page.evaluate(widths) == [320, 320]
    find_hostile = page.get_by_role("button", name="Sluiten")
    find_hostile.click()
    find(page, play.HOSTILE_TEXTS)
    assert page.evaluate(widths) == [320, 320]


def test_without_javascript_the_record_comes_whole(visit: Visit) -> None:
    page = visit(java_script_enabled=False).page
    page.get_by_label("Burgerservicenummer").fill(play.ALL_ANSWER)
    page.get_by_role("button", name="Dossier openen").click()
    page.wait_for_selector("text=Compleet: 5 van 5")
    assert page.locator("#secties > .sectie").count() >= 4


def test_shared_screen_mode_hides_pregnancies_and_history_by_one_key_and_in_print(visit: Visit) -> None:
    page = visit().page
    find(page, play.ALL_ANSWER)
    assert page.locator("#kop .feit-gravidity_parity").is_visible()
    page.keyboard.press("F8")
    assert not page.locator("#kop .feit-gravidity_parity").is_visible()
    assert page.locator("#meekijken").get_attribute("aria-pressed") == "true"
    assert not page.locator("#tijdlijn").locator("section").is_visible()
    assert page.locator("#kop .feit-blood_group .mark").is_visible(), "what protects her stays"
    page.emulate_media(media="print")
    assert not page.locator("#kop .feit-gravidity_parity").is_visible()
    assert page.locator(".withheld").is_visible()


def test_shared_screen_mode_stays_on_after_reloading_and_fetching_again(visit: Visit) -> None:
    page = visit().page
    find(page, play.ALL_ANSWER)
    page.keyboard.press("F8")
    page.reload()
    assert not page.locator("#kop .feit-gravidity_parity").is_visible()
    page.get_by_role("button", name="Opnieuw ophalen").click()
    page.wait_for_selector("#kop .feit-blood_group")
    assert not page.locator("#kop .feit-gravidity_parity").is_visible()
    page.keyboard.press("F8")
    page.reload()
    assert page.locator("#kop .feit-gravidity_parity").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [{"width": 1360, "height": 900}, {"width": 360, "height": 740}])
def test_axe_finds_nothing_serious(visit: Visit, axe: str, scheme: str, viewport: dict[str, int]) -> None:
    page = visit(color_scheme=scheme, viewport=viewport, bypass_csp=True).page
    assert not violations(page, axe)
    find(page, play.TROUBLE)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert not violations(page, axe)


def test_axe_finds_nothing_serious_on_the_pages_before_logging_in(visit: Visit, axe: str) -> None:
    page = visit(logged_in=False, bypass_csp=True).page
    page.goto("/viewer/")
    assert not violations(page, axe)
    page.get_by_role("link", name="Aanmelden").click()
    page.wait_for_selector("#username")
    assert not violations(page, axe)


def violations(page: Any, axe: str) -> list[str]:
    """Serious and critical findings, one line each."""
    page.evaluate(axe)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = page.evaluate("(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}})", tags)["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in serious]


def test_the_browser_loads_little_and_from_nowhere_else(visit: Visit, stage: str) -> None:
    watched = visit()
    loaded: list[str] = []
    watched.page.on("request", lambda request: loaded.append(request.url))
    find(watched.page, play.ALL_ANSWER)
    assert loaded and all(url.startswith(stage) for url in loaded)
    assert not any(play.ALL_ANSWER in url for url in loaded)
