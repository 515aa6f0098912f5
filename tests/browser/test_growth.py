"""Growth and images of an ultrasound in a real browser: readable, the same as the table, on every screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import stage as play
from tests.browser.conftest import Watched, find
from tests.browser.test_viewer import violations

Visit = Callable[..., Watched]


def test_the_growth_of_twins_is_drawn_with_a_name_at_each_curve_and_listed_as_a_table(visit: Visit) -> None:
    page = visit().page
    find(page, play.SCANS)
    picture = page.locator("#groei svg")
    names = picture.locator("g > text").all_text_contents()
    assert len(names) == 4 and {name.split(":")[0] for name in names} == {"Foetus 1", "Foetus 2"}
    assert picture.locator("circle").count() == 12
    label = picture.get_attribute("aria-label") or ""
    assert "tabel Biometrie" in label and page.locator("#biometrie").is_visible()
    assert "(p7)" in page.locator("#biometrie").inner_text()


@pytest.mark.parametrize("options", [{}, {"viewport": {"width": 390, "height": 844}}, {"color_scheme": "dark"}])
def test_the_picture_is_accessible_and_nothing_is_cut_off(visit: Visit, axe: str, options: dict[str, Any]) -> None:
    page = visit(**options).page
    find(page, play.SCANS)
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
