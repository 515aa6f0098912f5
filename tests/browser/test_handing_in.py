"""Handing in a sheet in a real browser: what is wrong, what disappears, what came of it; on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from tests.browser.conftest import Watched, log_in
from tests.browser.test_viewer import violations
from tests.support import filled_in
from tests.support.filled_in import changed, joined, small

Visit = Callable[..., Watched]
PHONE = {"viewport": {"width": 320, "height": 640}}
GROWN = {**small(), "controles": [*small()["controles"], {"Dossiernummer": "D-1", "Datum en tijd": "12-05-2026"}]}
WRONG = joined(small(), changed(small("D-2", "999990019"), "controles", {
    "Gewicht (kg)": "zwaar", "Datum en tijd": "31-02-2026", "Zwangerschapsduur (weken+dagen)": "13",
    "Fundusstand": "ergens", "Bloeddruk systolisch (mmHg)": "1185",
}))  # fmt: skip


def hand_in(page: Any, content: bytes, replaces: bool = False) -> None:
    file = {"name": "praktijk.xlsx", "mimeType": "", "buffer": content}
    page.get_by_label("Bestand", exact=True).set_input_files(file)
    if replaces:
        page.get_by_label("Dit bestand vervangt").check()
    page.get_by_role("button", name="Controleren").click()
    page.wait_for_load_state()


@pytest.mark.parametrize("options", [{}, {**PHONE, "color_scheme": "dark"}], ids=["desk", "dark phone"])
def test_every_step_is_accessible_and_nothing_is_cut_off(visit: Visit, axe: str, options: dict[str, Any]) -> None:
    watched = visit(logged_in=False, **options)
    page = watched.page
    log_in(page, "bas")
    page.goto("/viewer/aanleveren/")

    def whole(step: str) -> None:
        assert violations(page, axe) == [], step
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), step

    whole("start")
    hand_in(page, filled_in.workbook(WRONG))
    whole("what is wrong")
    hand_in(page, filled_in.workbook(GROWN))
    page.get_by_role("button", name="Publiceer wat goed is").click()
    page.wait_for_load_state()
    whole("published")
    hand_in(page, filled_in.workbook(small()), replaces=True)
    assert page.get_by_text("Controles: 12-05-2026").count() >= 1
    whole("what disappears")
    page.get_by_role("button", name="Publiceer wat goed is").click()
    assert page.get_by_text("Ingetrokken:").count() == 0  # the browser asks for the tick first
    page.get_by_label("Ik heb gezien wat er verdwijnt").check()
    page.get_by_role("button", name="Publiceer wat goed is").click()
    page.get_by_text("Ingetrokken:").wait_for()
    whole("taken back")
    assert not watched.complaints


def test_the_file_comes_down_with_what_is_wrong_beside_it(visit: Visit, tmp_path: Any) -> None:
    page = visit(logged_in=False).page
    log_in(page, "bas")
    page.goto("/viewer/aanleveren/")
    hand_in(page, filled_in.workbook(WRONG))

    with page.expect_download() as coming:
        page.get_by_role("button", name="Download uw bestand").click()
    coming.value.save_as(tmp_path / "fouten.xlsx")

    assert openpyxl.load_workbook(tmp_path / "fouten.xlsx")["Controles"]["H3"].value == "zwaar"
