"""People in a real browser at two running organisations: an emergency from its reason to its review, and every page of
every site judged by axe-core (WCAG 2.2 A and AA), in Dutch and English, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.attacks.edge import MARKER, Edge, ask, pages
from tests.attacks.edge import edge as served
from tests.browser.conftest import DESKTOP
from tests.spec.publishing import records
from tests.support.ada_material import full_xml

PHONE = {"width": 390, "height": 844}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
EXPLANATION = "Zij is buiten bewustzijn binnengebracht en niemand kan het haar vragen."
MOTHER = f"{records.BC}bc-Woman"


def her_record(value: int, name: str) -> bytes:
    weight = records.weight() | {"effectiveDateTime": "2026-11-01"}
    weight["valueQuantity"] = {**weight["valueQuantity"], "value": value}
    episode = records.episode() | {"period": {"start": "2026-06-01"}}
    woman = records.woman(bsn=MARKER) | {"name": [{"given": ["Anna"], "family": name}], "birthDate": "1995-02-03"}
    return records.bundle(woman, episode, records.pregnancy(), records.encounter(), weight, records.organisation())


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """A practice and a hospital that both keep her; she said nothing about consent to either."""
    with served(tmp_path_factory.mktemp("people")) as edge:
        for slug, value in (("practice", 3111), ("hospital", 4222)):
            headers = {"authorization": f"Bearer {edge.intake_token(slug)}", "content-type": "application/json"}
            answer = ask(edge.ports[slug], "POST", "/intake", headers, her_record(value, "Voorbeeld"))
            assert answer.status == 200, answer.body
        yield edge


class People:
    """Contexts of one browser, one for each who is logged in."""

    def __init__(self, browser: Any, region: Edge) -> None:
        self._browser, self._region, self._contexts = browser, region, dict[str, Any]()

    def page(self, username: str, slug: str = "practice", site: str = "/viewer") -> Any:
        """A page of hers, logged in; the same one each time."""
        key = f"{username} {slug}"
        if key not in self._contexts:
            context = self._browser.new_context(
                base_url=self._region.base(slug), locale="nl-NL", viewport=DESKTOP, bypass_csp=False
            )
            context.set_default_timeout(30_000)
            page = self._contexts[key] = context.new_page()
            page.goto(f"{site}/aanmelden")
            page.fill("input[name=username]", username)
            page.fill("input[name=password]", self._region.plan.password)
            page.click("form button")
            page.wait_for_url(f"**{site}/")
        return self._contexts[key]

    def close(self) -> None:
        for page in self._contexts.values():
            page.context.close()


@pytest.fixture(scope="module")
def people(browser: Any, region: Edge) -> Iterator[People]:
    made = People(browser, region)
    yield made
    made.close()


def opened(page: Any) -> str:
    """Her record, whole; the handle in its address."""
    page.goto("/viewer/")
    page.fill("input[name=bsn]", MARKER)
    page.click("form:has(input[name=bsn]) button")
    page.wait_for_selector("#secties[data-klaar=ja]", state="attached")
    return str(page.url).rpartition("/")[2]


def test_an_emergency_from_its_reason_to_both_reviews_and_what_she_is_told(people: People) -> None:
    midwife = people.page("anna.practice")
    opened(midwife)
    assert "3111" in midwife.content() and "4222" not in midwife.content()
    midwife.get_by_role("link", name="Spoedinzage").click()
    assert "buiten bewustzijn" not in midwife.content()

    # Without a reason, an explanation and her word there is no emergency; a short story is none either.
    start = midwife.get_by_role("button", name="Spoedinzage starten")
    start.click()
    assert "/spoed/" in midwife.url and midwife.locator("input:invalid, textarea:invalid").count() >= 2
    midwife.locator("input[name=reden]").first.check()
    midwife.get_by_label("Er is levensgevaar").check()
    midwife.get_by_label("Toelichting").fill("Spoed")
    start.click()
    assert midwife.get_by_role("alert").inner_text().startswith("Schrijf kort op")
    midwife.get_by_label("Toelichting").fill(EXPLANATION)
    midwife.get_by_label("Er is levensgevaar").check()
    midwife.get_by_role("button", name="Spoedinzage starten").click()
    midwife.wait_for_selector("#secties[data-klaar=ja]", state="attached")
    assert "4222" in midwife.content() and "Dit dossier is bij spoed geopend" in midwife.inner_text("body")

    # At the holder: in the queue, judged, and it stays judged.  The story stays with the asker.
    holder = people.page("pim.hospital", "hospital")
    holder.goto("/viewer/spoedbeoordeling/")
    assert "Organisatie practice" in holder.inner_text("main") and EXPLANATION not in holder.content()
    judge(holder, "Nagegaan bij de praktijk.")
    asker = people.page("pim.practice")
    asker.goto("/viewer/spoedbeoordeling/")
    assert EXPLANATION in asker.inner_text("main")
    judge(asker, "Besproken in het team.")

    # She is told in person unless she calls another channel safe; what she then reads says nobody's name and no reason.
    herself = people.page("anna.voorbeeld", "hospital", "/client")
    herself.goto("/client/berichten/")
    assert herself.get_by_text("Er zijn geen berichten.").count() == 1
    assert herself.get_by_label("Persoonlijk").is_checked()
    herself.get_by_label("Op de eigen pagina's, na inloggen").check()
    herself.get_by_role("button", name="Zo is het goed").click()
    told = herself.inner_text("main")
    assert "Uw keuze is vastgelegd" in told and "Er is een bericht over wie uw gegevens heeft bekeken" in told
    assert "practice" not in told and "spoed" not in told.lower()
    herself.goto("/client/wie-keek/")
    looked = herself.inner_text("main")
    (line,) = [one for one in herself.locator("tr.look-emergency").all_inner_texts() if "Organisatie practice" in one][
        :1
    ]
    assert "verloskundige" in line and "toegestaan" in line, looked


def judge(page: Any, remark: str) -> None:
    waiting = page.locator("form[action$=oordeel]")
    assert waiting.count() == 1
    waiting.locator("input[name=oordeel]").first.check()
    waiting.locator("textarea").fill(remark)
    waiting.get_by_role("button").click()
    page.wait_for_url("**/spoedbeoordeling/")
    assert page.locator("form[action$=oordeel]").count() == 0
    page.locator("details.card summary").first.click()
    assert remark in page.inner_text("main")


# --- every page


def of(edge: Edge, site: str) -> list[str]:
    """Addresses of a site that need nothing more to be opened, by its own table of routes."""
    found = {path for method, path in pages(edge.apps["practice"]) if method == "GET" and path.startswith(site)}
    left_out = ("aanmelden", "terug", "afgemeld", "launch", "wijziging", "logboek.csv", "gezondheid")
    return sorted(path for path in found if "{" not in path and not path.rstrip("/").endswith(left_out))


def speak(page: Any, language: str) -> None:
    page.context.add_cookies([{"name": "babyconnect_language", "value": language, "url": page.url}])


def faults(page: Any, axe: str, path: str) -> list[str]:
    """What is wrong with a page in each language and at each width."""
    found = []
    for language in ("nl", "en"):
        speak(page, language)
        answer = page.goto(path)
        if answer is None or not str(answer.headers.get("content-type", "")).startswith("text/html"):
            return found
        assert answer.status < 400, (path, answer.status)
        found += faults_here(page, axe, f"{path} {language}")
    speak(page, "nl")
    return found


def faults_here(page: Any, axe: str, path: str) -> list[str]:
    """The same of a page as it stands, which came of a form."""
    found = []
    page.evaluate(axe)
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        told = page.evaluate("tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", TAGS)[
            "violations"
        ]
        found += [f"{path} {size['width']}: {one['id']} {_where(one)}" for one in told]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{path} {size['width']}: {wide} px too wide"] if wide > 1 else []
    page.set_viewport_size(DESKTOP)
    return found


def _where(violation: dict[str, Any]) -> str:
    return "; ".join(str(node["html"])[:160] for node in violation["nodes"][:3])


def test_every_page_of_her_own_site(people: People, region: Edge, axe: str) -> None:
    page, walked = people.page("anna.voorbeeld", "practice", "/client"), of(region, "/client")
    assert {"/client/", "/client/dossier/", "/client/wie-keek/", "/client/berichten/", "/client/consents/"} <= {*walked}
    assert [fault for path in walked for fault in faults(page, axe, path)] == []


@pytest.mark.parametrize("who", ["anna.practice", "pim.practice", "ada.practice"])
def test_every_page_of_staff(people: People, region: Edge, axe: str, who: str) -> None:
    page = people.page(who)
    walked = []
    for path in of(region, "/viewer"):
        answer = page.goto(path)
        if answer is not None and answer.status == 200:
            walked.append(path)
    assert len(walked) >= 3
    assert [fault for path in walked for fault in faults(page, axe, path)] == []


def of_another(record: bytes) -> bytes:
    """The record of a woman whom nothing else here is about: one BSN in two records is answered to nobody."""
    assert MARKER.encode() in record
    return record.replace(MARKER.encode(), b"999911120")


def test_the_completeness_of_an_export_that_came_in(people: People, region: Edge, axe: str) -> None:
    """With every group unfolded: what arrives, what never does, what cannot be translated."""
    headers = {"authorization": f"Bearer {region.intake_token()}", "content-type": "application/xml"}
    assert ask(region.ports["practice"], "POST", "/intake", headers, of_another(full_xml())).status == 200
    page, found = people.page("ada.practice"), []
    for language in ("nl", "en"):
        speak(page, language)
        assert page.goto("/viewer/volledigheid/").status == 200
        assert page.locator("details.card").count() >= 5
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        found += faults_here(page, axe, f"/viewer/volledigheid/ {language}")
    speak(page, "nl")
    assert found == []


def test_every_page_about_an_open_record(people: People, axe: str) -> None:
    page = people.page("anna.practice")
    page.set_viewport_size(DESKTOP)
    handle = opened(page)
    walked = [f"/viewer/dossier/{handle}?geheel=1", f"/viewer/consents/{handle}/", f"/viewer/consents/{handle}/vragen"]
    walked.append(f"/viewer/spoed/{handle}")
    assert [fault for path in walked for fault in faults(page, axe, path)] == []


def test_the_look_finds_faults_where_there_are_some(browser: Any, axe: str) -> None:
    page = browser.new_page()
    page.set_content('<title>x</title><img src="data:,"><button></button><p style="color:#ccc">bleek</p>')
    page.evaluate(axe)
    told = page.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)["violations"]
    assert {"image-alt", "button-name", "color-contrast", "html-has-lang"} <= {one["id"] for one in told}
    page.close()


def test_pages_that_come_of_a_form(people: People, axe: str) -> None:
    """The privacy officer's answer and report; the administrator's refused document and preview; her page at her own
    organisation; what she chose."""
    officer = people.page("pim.practice")
    found = []
    for button in ("vraag", "inzage"):
        officer.goto("/viewer/privacy/")
        officer.fill("form[action$=vraag] input[name=bsn]", MARKER)
        submit = (
            "form[action$=vraag] button[name=inzage]" if button == "inzage" else "form[action$=vraag] button >> nth=0"
        )
        officer.click(submit)
        officer.wait_for_load_state()
        assert officer.locator("table.looks, table").count()
        found += faults(officer, axe, officer.url)
    administrator = people.page("ada.practice")
    administrator.goto("/viewer/beheer/")
    administrator.fill("textarea[name=document]", "{}")
    administrator.click("form[action$=nieuw] button")
    administrator.get_by_role("alert").wait_for()
    found += faults_here(administrator, axe, "a document refused")
    for language in ("nl", "en"):
        speak(administrator, language)
        administrator.goto("/viewer/beheer/")
        administrator.fill("#voorbeeld input[name=bsn]", "123456789")
        administrator.click("#voorbeeld button")
        administrator.get_by_role("alert").wait_for()
        found += faults_here(administrator, axe, f"a preview refused {language}")
    speak(administrator, "nl")
    midwife = people.page("anna.practice")
    midwife.goto("/viewer/eigen/")
    midwife.fill("input[name=bsn]", MARKER)
    midwife.click("form[action$=zoek] button")
    midwife.wait_for_load_state()
    assert "Voorbeeld" in midwife.inner_text("main")
    found += faults(midwife, axe, midwife.url)
    herself = people.page("anna.voorbeeld", "hospital", "/client")
    herself.goto("/client/berichten/")
    herself.get_by_role("button", name="Zo is het goed").click()
    herself.get_by_role("status").wait_for()
    found += faults_here(herself, axe, "a channel chosen")
    assert found == []


def test_every_page_before_logging_in(browser: Any, region: Edge, axe: str) -> None:
    context = browser.new_context(base_url=region.base("practice"), locale="nl-NL", viewport=DESKTOP)
    page = context.new_page()
    page.goto("/viewer/")
    walked = ["/viewer/", "/client/", "/viewer/aanmelden", "/client/aanmelden", "/viewer/?afgemeld=1"]
    assert [fault for path in walked for fault in faults(page, axe, path)] == []
    context.close()
