"""Images and documents of a record in a real browser: seen when opened, by mouse, by keyboard, on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import stage as play
from tests.browser.conftest import Watched, find
from tests.browser.test_viewer import violations

Visit = Callable[..., Watched]
PHONE = {"viewport": {"width": 390, "height": 844}}
STRIP = "#beelden-echo"


def opened(visit: Visit, **options: Any) -> tuple[Watched, list[str]]:
    """The record with images, and the files that its page asks for from now on."""
    watched = visit(**options)
    asked: list[str] = []
    watched.page.on("request", lambda r: asked.append(r.url) if "bestand=" in r.url else None)
    find(watched.page, play.SCANS)
    return watched, asked


def test_no_image_is_fetched_until_somebody_opens_them(visit: Visit) -> None:
    watched, asked = opened(visit)
    assert watched.page.locator(f"{STRIP} img").count() == 4
    watched.page.wait_for_timeout(300)
    assert asked == []


def test_opened_by_keyboard_each_image_is_there_with_title_day_and_source(visit: Visit) -> None:
    watched, asked = opened(visit)
    page = watched.page
    page.locator(f"{STRIP} > summary").focus()
    page.keyboard.press("Enter")
    for image in page.locator(f"{STRIP} img").all():
        image.scroll_into_view_if_needed()
        page.wait_for_function("one => one.complete", arg=image.element_handle())
    shown = page.evaluate(f"[...document.querySelectorAll('{STRIP} img')].map(i => [i.naturalWidth > 0, i.alt])")
    assert [one for one, _ in shown].count(True) == 3 and len(asked) >= 4
    assert all(alt.endswith("bron Echocentrum Zicht") and "202" in alt for _, alt in shown)
    assert any(alt.startswith("Profiel, Foetus 1, ") for _, alt in shown)


def test_an_image_opened_by_itself_is_only_an_image(visit: Visit) -> None:
    watched, _ = opened(visit)
    page = watched.page
    page.locator(f"{STRIP} > summary").click()
    with page.context.expect_page() as fresh:
        page.locator(f"{STRIP} a").last.click()
    answer = page.context.request.get(fresh.value.url)
    assert answer.headers["content-type"] == "image/png" and answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert answer.headers["cache-control"] == "no-store"


def test_a_document_is_handed_over_as_a_file_under_a_name_that_says_nothing(visit: Visit) -> None:
    watched, _ = opened(visit)
    with watched.page.expect_download() as download:
        watched.page.get_by_role("link", name="Openen als bestand (PDF) Bevalplan").click()
    assert download.value.suggested_filename == "bestand.pdf"


@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}])
def test_the_images_are_accessible_and_nothing_is_cut_off(visit: Visit, axe: str, options: dict[str, Any]) -> None:
    watched, _ = opened(visit, **options)
    page = watched.page
    page.locator(f"{STRIP} > summary").click()
    page.locator(f"{STRIP} img").first.scroll_into_view_if_needed()
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
