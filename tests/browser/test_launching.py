"""A real browser opens the viewer from a care system; the public SMART library does the same as an app of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import launch_stage, stage
from tests.browser.conftest import DESKTOP, HOME, _free_port
from tests.support.needs import chromium, required

DESK = f"/zis/{stage.OWN.ura.value}/"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    chromium()
    number = _free_port()
    command = [sys.executable, "-m", "tests.browser.launch_stage", str(number)]
    process = subprocess.Popen(command, cwd=HOME, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{number}{DESK}", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("the stage did not start")
        yield number
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def desk(browser: Any, port: int) -> Iterator[Any]:
    """The care system's page of somebody who works there."""
    context = browser.new_context(locale="nl-NL", viewport=DESKTOP)
    context.set_default_timeout(15_000)
    page = context.new_page()
    work_as(page, port, "anna")
    yield page
    context.close()


def work_as(page: Any, port: int, name: str) -> None:
    page.goto(f"http://localhost:{port}{DESK}")
    page.get_by_label("Gebruikersnaam").fill(name)
    page.get_by_label("Wachtwoord").fill(stage.PASSWORD)
    page.get_by_role("button", name="Aanmelden").click()
    page.get_by_role("button", name="Andere gebruiker").wait_for()


def opened(desk: Any, client: str) -> Any:
    with desk.context.expect_page() as found:
        desk.get_by_role("button", name=f"Open in Babyconnect: {client}").click()
    page = found.value
    page.wait_for_selector("#secties[data-klaar=ja]", state="attached")
    return page


def test_the_open_client_s_record_opens_without_a_second_login(desk: Any) -> None:
    page = opened(desk, "Noor Voorbeeld")
    assert "/viewer/dossier/" in page.url and "999900730" not in page.url
    assert page.get_by_role("heading", name="Noor Voorbeeld").count() and "Anna de Vries" in page.inner_text("header")


def test_another_client_in_the_care_system_empties_the_first_screen_at_once(desk: Any) -> None:
    first = opened(desk, "Noor Voorbeeld")
    second = opened(desk, "Sanne Test")
    first.wait_for_selector("#gesloten:not([hidden])")
    assert "Noor Voorbeeld" not in first.inner_text("main"), "the old client is off the old screen"
    assert second.get_by_role("heading", name="Sanne Test").count()
    first.reload()
    assert "Noor Voorbeeld" not in first.inner_text("body")


def test_another_user_in_the_care_system_ends_the_first_user_s_screen(desk: Any, port: int) -> None:
    first = opened(desk, "Noor Voorbeeld")
    desk.get_by_role("button", name="Andere gebruiker").click()
    first.wait_for_selector("#gesloten:not([hidden])")
    assert "Noor Voorbeeld" not in first.inner_text("main"), "she left, before anybody else came"
    work_as(desk, port, "bea")
    second = opened(desk, "Noor Voorbeeld")
    assert "Bea de Vries" in second.inner_text("header") and "Anna de Vries" not in second.inner_text("header")


def test_the_public_smart_library_launches_from_the_care_system_and_reads_client_user_and_episode(desk: Any) -> None:
    if not launch_stage.LIBRARY.exists():
        message = "fhirclient is absent. To get it: python tools/fetch_assets.py --tests"
        if required("chromium"):
            pytest.fail(message)
        pytest.skip(message)
    base = desk.url.replace("localhost", "127.0.0.1").split("/zis")[0]
    desk.evaluate(
        """base => document.querySelectorAll('form[target]').forEach(form => {
             form.removeAttribute('target');
             form.insertAdjacentElement('beforeend', Object.assign(document.createElement('input'),
               {type: 'hidden', name: 'app', value: base + '/app/launch'})); })""",
        base,
    )
    desk.get_by_role("button", name="Open in Babyconnect: Noor Voorbeeld").click()
    # Not by a function in the page: waiting for one is an `eval`, which the page's own policy rightly forbids.
    desk.locator("#found", has_text="{").wait_for(state="attached")
    found = json.loads(desk.inner_text("#found"))
    assert found == {"patient": "Noor Voorbeeld", "user": "Anna de Vries", "episode": "Patient/c1"}


def faults_of(page: Any, axe: str) -> list[str]:
    """What axe-core has against this page (WCAG 2.2 A and AA)."""
    page.evaluate(axe)
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
    return [f"{row['id']}: {row['nodes'][0]['html'][:120]}" for row in found["violations"]]


@pytest.mark.parametrize("size", [DESKTOP, {"width": 390, "height": 800}], ids=["desktop", "phone"])
def test_a_client_logs_in_and_acts_for_her_child_by_keyboard_on_pages_without_faults(
    browser: Any, port: int, axe: str, size: dict[str, int]
) -> None:
    context = browser.new_context(locale="nl-NL", viewport=size, bypass_csp=True)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}/client/")
    faults = faults_of(page, axe)
    page.get_by_role("link", name="Inloggen").press("Enter")
    faults += faults_of(page, axe)
    page.get_by_label("Gebruikersnaam").fill("noor")
    page.get_by_label("Wachtwoord").fill(stage.PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Verder namens Mees Voorbeeld").wait_for()
    faults += faults_of(page, axe)
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    page.get_by_role("button", name="Verder namens Mees Voorbeeld").press("Enter")
    page.get_by_text("namens Mees Voorbeeld", exact=False).first.wait_for()
    faults += faults_of(page, axe)
    page.get_by_role("button", name="Terug naar uw eigen gegevens").press("Enter")
    page.get_by_role("button", name="Verder namens Mees Voorbeeld").wait_for()
    context.close()
    assert not faults and not wide


def test_the_care_system_s_pages_have_no_faults(browser: Any, port: int, axe: str) -> None:
    context = browser.new_context(locale="nl-NL", viewport={"width": 390, "height": 800}, bypass_csp=True)
    page = context.new_page()
    work_as(page, port, "anna")
    faults = faults_of(page, axe)
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    context.close()
    assert not faults and not wide
