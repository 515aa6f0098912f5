"""The published twin case on the screen of a real browser: every value that two organisations published can be read.

What need not be shown (narrative, metadata, technical keys) is listed with its reason in `tests/support`.
"""

from __future__ import annotations

from collections.abc import Callable

from babyconnect.merge import merge
from tests.browser import stage as play
from tests.browser.conftest import Watched, find
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
