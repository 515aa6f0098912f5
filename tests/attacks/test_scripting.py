"""Hostile markup in every text of a record: taken in by the intake, consulted, and opened in a real browser on every
page that shows something of it, to staff, the privacy officer and the client herself.  No script runs, nothing is
loaded, no element of the attacker's stands on any page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.attacks.edge import MARKER, Edge, ask, pages
from tests.browser.conftest import ARGUMENTS
from tests.spec.publishing import records
from tests.support.needs import chromium

RUN = "window.gehackt=1;document.title='gehackt'"
PAYLOAD = (
    f'"\'><img src=x onerror="{RUN}"><script>{RUN}</script><svg onload={RUN}><a href=javascript:{RUN}>x</a>{{{{7*7}}}}'
)
TEXTS = {"family", "given", "text", "display", "unit", "comment", "line"}
TEXTS |= {"city", "name", "valueString", "title", "note"}


def hostile(value: Any, name: str = "") -> Any:
    """Every text that people write, replaced; what is code, id or date stays."""
    if isinstance(value, dict):
        return {key: hostile(part, key) for key, part in value.items()}
    if isinstance(value, list):
        return [hostile(part, name) for part in value]
    return PAYLOAD if name in TEXTS and isinstance(value, str) else value


def record() -> list[dict[str, Any]]:
    woman = records.woman(bsn=MARKER) | {
        "name": [{"family": "x", "given": ["x"], "text": "x"}],
        "address": [{"line": ["x"], "city": "x", "postalCode": "1234AB"}],
    }
    weight = records.weight() | {"comment": "x", "effectiveDateTime": "2026-11-01", "performer": [{"display": "x"}]}
    told = records.weight("T") | {"code": records.concept("8302-2", "x", "http://loinc.org") | {"text": "x"}}
    told.pop("valueQuantity")
    told |= {"valueString": "x", "effectiveDateTime": "2026-11-02", "comment": "x"}
    pregnant = records.concept("118185001", "x") | {"text": "x"}
    pregnancy = records.pregnancy() | {"note": [{"text": "x"}], "code": pregnant}
    encounter = records.encounter() | {"period": {"start": "2026-11-01"}, "reason": [{"text": "x"}]}
    episode = records.episode() | {"period": {"start": "2026-06-01"}}
    made = [woman, episode, pregnancy, encounter, weight, told, records.organisation()]
    return [hostile(one) for one in made]


@pytest.fixture(scope="module")
def published(edge: Edge) -> None:
    sent = {"authorization": f"Bearer {edge.intake_token()}", "content-type": "application/json"}
    answer = ask(edge.ports["practice"], "POST", "/intake", sent, records.bundle(*record()))
    assert answer.status == 200, answer.body
    assert b'"severity":"error"' not in answer.body


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


class Eyes:
    """A page, what its console said, and every address that it asked for."""

    def __init__(self, edge: Edge, browser: Any, username: str, site: str) -> None:
        self.edge, self.base, self.site = edge, edge.base("practice"), site
        context = browser.new_context(base_url=self.base, locale="nl-NL")
        context.set_default_timeout(15_000)
        self.context, self.page = context, context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append("dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(f"{site}/aanmelden")
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", edge.plan.password)
        self.page.click("form button")
        self.page.wait_for_url(f"**{site}/")

    def judge(self, shows: bool) -> None:
        """Nothing of it ran, is loaded, or became an element; `shows`: the text itself is on this page."""
        self.page.wait_for_timeout(150)
        assert self.page.evaluate("window.gehackt") is None and self.page.title() != "gehackt"
        assert self.page.locator("img[src=x], svg[onload], a[href^=javascript], main script").count() == 0
        assert "49" not in self.page.title()
        ours = (self.base, self.edge.base("region"), "data:")
        assert [one for one in self.asked if not one.startswith(ours) or one.endswith("/x")] == []
        assert [one for one in self.said if "Content Security Policy" in one or one == "dialog"] == []
        assert (RUN in self.page.content().replace("&#39;", "'").replace("&#34;", '"')) is shows or not shows
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 1, "the layout is broken"


def test_the_record_as_staff_see_it_on_screen_and_on_paper(edge: Edge, published: None, browser: Any) -> None:
    eyes = Eyes(edge, browser, "anna.practice", "/viewer")
    eyes.page.fill("input[name=bsn]", MARKER)
    eyes.page.click("form:has(input[name=bsn]) button")
    eyes.page.wait_for_selector("#secties[data-klaar=ja]", state="attached")
    eyes.judge(shows=True)
    at = eyes.page.url
    eyes.page.emulate_media(media="print")
    eyes.judge(shows=True)
    eyes.page.emulate_media(media="screen")
    eyes.page.goto(f"{at}?geheel=1")
    eyes.judge(shows=True)
    handle = at.rpartition("/")[2]
    for path in (f"/viewer/consents/{handle}/", f"/viewer/consents/{handle}/vragen", f"/viewer/spoed/{handle}"):
        eyes.page.goto(path)
        eyes.judge(shows=False)
    for path in ("/viewer/", "/viewer/eigen/", "/viewer/behandelrelatie/"):
        eyes.page.goto(path)
        eyes.judge(shows=False)
    eyes.context.close()


def test_the_record_as_she_sees_it_herself(edge: Edge, published: None, browser: Any) -> None:
    eyes = Eyes(edge, browser, "anna.voorbeeld", "/client")
    walked = sorted(
        {path for method, path in pages(edge.apps["practice"]) if method == "GET" and path.startswith("/client")}
    )
    shown = 0
    for path in walked:
        if "{" in path or path in ("/client/aanmelden", "/client/terug", "/client/afgemeld"):
            continue
        eyes.page.goto(path)
        eyes.judge(shows=False)
        shown += RUN in eyes.page.inner_text("body")
    assert shown, "her own record shows what was recorded"
    eyes.context.close()


@pytest.mark.parametrize("who", ["pim.practice", "ada.practice"])
def test_the_pages_of_the_privacy_officer_and_the_administrator(
    edge: Edge, published: None, browser: Any, who: str
) -> None:
    eyes = Eyes(edge, browser, who, "/viewer")
    for path in (
        "/viewer/privacy/",
        "/viewer/privacy/logboek",
        "/viewer/beheer/",
        "/viewer/spoedbeoordeling/",
        "/viewer/",
    ):
        eyes.page.goto(path)
        eyes.judge(shows=False)
    eyes.context.close()


REFLECTED = [
    "/viewer/?afgemeld=%s", "/viewer/terug?error=%s&state=%s", "/viewer/terug?code=%s&state=x&iss=%s",
    "/viewer/taal/nl?naar=%s",
    "/viewer/dossier/%s", "/viewer/launch?iss=%s&launch=%s",
    "/client/terug?error=%s&error_description=%s", "/client/%s",
    "/%s", "/fhir/stu3/%s", "/fhir/stu3/Patient?%s=1", "/fhir/stu3/Patient/%s?_format=xml",
    "/intake/%s", "/.well-known/%s",
    "/.well-known/audit/growth?since=%s", "/viewer/static/%s",
]  # fmt: skip


@pytest.mark.parametrize("path", REFLECTED)
def test_nothing_that_an_address_holds_comes_back_as_markup(edge: Edge, path: str) -> None:
    from urllib.parse import quote

    sent = path.replace("%s", quote(PAYLOAD, safe=""))
    for cookie in ("", "babyconnect_language=" + quote(PAYLOAD, safe="")):
        answer = ask(edge.ports["practice"], "GET", sent, {"cookie": cookie} if cookie else {})
        assert answer.status < 500
        assert b"<script>" + RUN.encode() not in answer.body and b"<img src=x" not in answer.body
        assert "gehackt" not in answer.headers.get("location", "").partition("?")[0]


def test_the_payload_is_one_that_runs_where_nothing_is_done_against_it(browser: Any) -> None:
    page = browser.new_page()
    page.set_content(f'<p title="{PAYLOAD}">{PAYLOAD}</p>')
    page.wait_for_timeout(300)
    assert page.evaluate("window.gehackt") == 1
    page.close()
