"""A real Chromium at a stage of its own; both end with the test run."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser import stage as play
from tests.support.needs import chromium, required

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
HOME = pathlib.Path(__file__).parents[2]
DESKTOP = {"width": 1360, "height": 900}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="session")
def stage() -> Iterator[str]:
    """The base address of a running stage."""
    chromium()
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.browser.stage", str(port)], cwd=HOME, stdout=subprocess.DEVNULL
    )
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{base}/viewer/", timeout=2).close()
                break
            time.sleep(0.1)
        else:
            pytest.fail("the stage did not start")
        yield base
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright; skipped, saying how to get it, where it is absent.

    Per module: Playwright keeps an event loop in this thread, and other tests want one of their own.
    """
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


class Watched:
    """A page and everything that its console said."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)


@pytest.fixture
def visit(browser: Any, stage: str) -> Iterator[Callable[..., Watched]]:
    """Opens a page as somebody who is logged in (or not), in a context of its own."""
    contexts = []

    def opened(logged_in: bool = True, **options: Any) -> Watched:
        context = browser.new_context(base_url=stage, locale="nl-NL", **{"viewport": DESKTOP, **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        watched = Watched(context.new_page())
        if logged_in:
            log_in(watched.page)
        return watched

    yield opened
    for context in contexts:
        context.close()


@contextlib.contextmanager
def person(browser: Any, base: str, username: str, password: str) -> Iterator[Any]:
    """A page of somebody who logged in at a running organisation."""
    context = browser.new_context(base_url=base, locale="nl-NL", viewport=DESKTOP)
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto("/viewer/aanmelden")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.click("form button")
    page.wait_for_url("**/viewer/")
    yield page
    context.close()


def too_wide(page: Any, width: int) -> int:
    """How many pixels have to be scrolled sideways at this width."""
    size = page.viewport_size
    page.set_viewport_size({**size, "width": width})
    found = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.set_viewport_size(size)
    return int(found)


def log_in(page: Any, name: str = "anna") -> None:
    page.goto("/viewer/")
    page.get_by_role("link", name="Aanmelden").click()
    page.get_by_label("Gebruikersnaam").fill(name)
    page.get_by_label("Wachtwoord").fill(play.PASSWORD)
    page.get_by_role("button", name="Aanmelden").click()
    page.wait_for_url("**/viewer/")


def find(page: Any, bsn: str, complete: bool = True) -> None:
    page.get_by_label("Burgerservicenummer").fill(bsn)
    page.get_by_role("button", name="Dossier openen").click()
    page.wait_for_selector("#secties", state="attached")
    if complete:
        page.wait_for_selector("#secties[data-klaar=ja]", state="attached")


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's source; fetched for tests only."""
    path = HOME / "build" / "test-assets" / "axe.min.js"
    if not path.exists():
        subprocess.run([sys.executable, "tools/fetch_assets.py", "--tests"], cwd=HOME, check=False)
    if not path.exists():
        message = "axe-core is absent. To get it: python tools/fetch_assets.py --tests"
        if required("chromium"):
            pytest.fail(message)
        pytest.skip(message)
    return path.read_text()
