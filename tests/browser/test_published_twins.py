"""The published twin case on the screen of a real browser: every value that two organisations published can be read.

What need not be shown (narrative, metadata, technical keys) is listed with its reason in `tests/support`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from babyconnect.merge import merge
from tests.browser import stage as play
from tests.browser.conftest import Watched, find
from tests.browser.test_viewer import violations
from tests.support.expected_values import expected_values
from tests.support.needs import nictiz
from tests.support.view_text import plain

LINES = "Object.fromEntries([...document.querySelectorAll('li.regel')].map((line) => [line.id, line.innerText]))"


def test_every_published_value_of_the_twin_case_is_visible_on_the_line_of_its_fact(
    visit: Callable[..., Watched],
) -> None:
    nictiz()
    today = play.now().date()
    answers = play.twin_answers(today)
    watched = visit()
    page = watched.page
    find(page, play.TWINS)
    page.get_by_role("button", name="Alle details").click()
    lines = {name: plain(text) for name, text in page.evaluate(LINES).items()}
    record = merge(answers, today)
    items = [*record.items, *(item for apart in record.apart for item in apart.items)]
    line_of = {(origin.source.ura, origin.reference): item.id for item in items for origin in item.origins}
    total, unseen = 0, []
    for answer in answers:
        for resource in answer.resources:
            key = f"{resource['resourceType']}/{resource['id']}"
            on_screen = lines.get(line_of.get((answer.source.ura, key), ""), "")
            for path, value in expected_values(dict(resource)):
                total += 1
                if plain(value) not in on_screen:
                    unseen.append(f"{key} {path}: {value}")
    assert total > 500
    assert len(unseen) <= total * 0.01, unseen[:20]
    assert not watched.complaints


def test_the_twins_are_one_womans_two_children_with_their_own_birth_weights_and_apgar_scores(
    visit: Callable[..., Watched],
) -> None:
    nictiz()
    page = visit().page
    find(page, play.TWINS)
    assert page.locator("h1").inner_text() == "Jamila J XXX_Kwee"
    children = page.locator("#sectie-kinderen .deel")
    texts = [children.nth(number).inner_text() for number in range(children.count())]
    of = {name: next(text for text in texts if name in text) for name in ("Louis", "Frida")}
    assert "2089 g" in of["Louis"] and "2605 g" not in of["Louis"]
    assert "2605 g" in of["Frida"] and "2089 g" not in of["Frida"]
    assert all("Apgar" in text or "apgar" in text for text in of.values())


PHONE = {"width": 390, "height": 844}
FOLDS = "#sectie-kinderen details.kindvouw"


@pytest.fixture
def on_a_phone(visit: Callable[..., Watched]) -> Watched:
    nictiz()
    watched = visit(viewport=PHONE, bypass_csp=True)
    find(watched.page, play.TWINS)
    return watched


def test_on_a_phone_both_children_are_in_sight_at_once_and_each_unfolds_by_keyboard(on_a_phone: Watched) -> None:
    page = on_a_phone.page
    section = page.locator("#sectie-kinderen")
    assert section.bounding_box()["height"] < PHONE["height"] / 2
    assert section.locator("h3").all_inner_texts()[0].startswith("Louis")
    assert not page.get_by_text("2089 g; Kleding").is_visible()
    summary = page.locator(f"{FOLDS} > summary").first
    assert "over Louis" in summary.text_content() and summary.bounding_box()["height"] >= 44
    summary.focus()
    page.keyboard.press("Enter")
    assert page.get_by_text("2089 g; Kleding").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert not on_a_phone.complaints


def test_a_folded_child_opens_for_what_points_into_it_and_for_paper(on_a_phone: Watched) -> None:
    page = on_a_phone.page
    folds = page.locator(FOLDS)
    inside = folds.first.locator("li.regel").first.get_attribute("id")
    page.evaluate(
        """(id) => {
        const link = document.createElement("a");
        Object.assign(link, { href: "#" + id, id: "naar", textContent: "naar" });
        document.querySelector("#banners").append(link);
    }""",
        inside,
    )
    page.locator("#naar").click()
    assert page.locator(f"[id='{inside}']").is_visible() and not folds.nth(1).locator("li.regel").first.is_visible()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator(f"{FOLDS}[open]").count() == folds.count() == 2
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator(f"{FOLDS}[open]").count() == 1


def test_folded_or_not_axe_finds_nothing_serious(on_a_phone: Watched, axe: str) -> None:
    assert not violations(on_a_phone.page, axe)
    on_a_phone.page.locator(f"{FOLDS} > summary").first.click()
    assert not violations(on_a_phone.page, axe)


def test_at_a_desk_and_without_javascript_nothing_is_folded(visit: Callable[..., Watched]) -> None:
    nictiz()
    for options in ({}, {"viewport": PHONE, "java_script_enabled": False}):
        page = visit(**options).page
        page.get_by_label("Burgerservicenummer").fill(play.TWINS)
        page.get_by_role("button", name="Dossier openen").click()
        page.wait_for_selector("text=2089 g; Kleding")
        assert page.locator(f"{FOLDS}[open]").count() == 2
