"""The published twin case in two running nodes, `demo --load`: what two organisations published is on one screen.

Once as the FHIR resources and once as ADA XML, whose expected resources the standard publishes too.  Every value of
every published resource is looked for on the screen; what is not there must be less than one in a hundred.
"""

from __future__ import annotations

import datetime as dt
import pathlib
import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from babyconnect.birthcare.resources import HOME
from babyconnect.cli.demonstration import loading, prepare
from babyconnect.cli.demonstration.plan import Plan, Showcase
from babyconnect.cli.demonstration.processes import Processes
from babyconnect.fhir.xml import to_json
from babyconnect.sources import relative_dates
from tests.spec.demo.conftest import PORTS, free_ports
from tests.support.expected_values import expected_values
from tests.support.needs import chromium, nictiz
from tests.support.published import PERI
from tests.support.view_text import plain

TODAY = dt.date(2026, 11, 20)
MOMENT = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[+-]\d\d:\d\d")
CASES = ("gz-izb-kwa-3A-V2_meerling_1elijn", "gz-izb-kwa-3B-V2_meerling_2elijn")
FORMS = ("fhir", "ada")
GENERATED = "urn:oid:2.16.840.1.113883.2.4.3.11.999.7.6"


def published(by_the_clock: bool) -> list[dict[str, Any]]:
    """What the standard publishes.  `by_the_clock`: its fixed offset made that of the day, as ADA means its times."""
    folder = nictiz() / PERI
    files = [file for case in CASES for file in sorted((folder / case).glob("*.xml"))]
    contents = [relative_dates.resolve(file.read_bytes(), {"T": TODAY}) for file in files]
    return [to_json(MOMENT.sub(_here, content) if by_the_clock else content) for content in contents]


def _here(found: re.Match[bytes]) -> bytes:
    return dt.datetime.fromisoformat(found[1].decode()).replace(tzinfo=HOME).isoformat().encode()


def put(source: pathlib.Path, form: str) -> None:
    """The records of each organisation in a folder of its own, as a person would put them there."""
    folder = nictiz() / PERI
    for case, name in zip(CASES, ("eerste-lijn", "tweede-lijn"), strict=True):
        target = source / f"{name}-{form}"
        if form == "fhir":
            shutil.copytree(folder / case, target)
        else:
            target.mkdir(parents=True)
            shutil.copy(folder.parent / "ada_instance" / f"{case}.xml", target)


@pytest.fixture(scope="module", params=FORMS)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    chromium()
    nictiz()
    home = tmp_path_factory.mktemp("twins")
    put(home / "source", request.param)
    plan = Plan(free_ports(PORTS), 0, 0, TODAY, "demo-twins", Showcase("", "", ""))
    loading.load(home, plan, home / "source", lambda _: None)
    prepare.configure(home, plan, {})
    with Processes() as processes:
        processes.start("the region", "region", home / "region" / "region.toml", plan.region_url)
        processes.wait_until_healthy()
        prepare.publish(home, plan, lambda _: None)
        for member in plan.members:
            config = prepare.node_folder(home, member) / "node.toml"
            processes.start(member.name, "node", config, member.base_url)
        processes.wait_until_healthy()
        yield plan


@pytest.fixture
def screen(loaded: Plan, browser: Any) -> Iterator[Any]:
    """The record as the gynaecologist of the second line sees it, every detail open."""
    member = next(member for member in loaded.members if member.slug.startswith("tweede"))
    context = browser.new_context(locale="nl-NL", viewport={"width": 1360, "height": 900})
    page = context.new_page()
    page.goto(f"{member.base_url}/viewer/aanmelden")
    page.get_by_label("Gebruikersnaam").fill(member.log_ins[0].username)
    page.get_by_label("Wachtwoord").fill(loaded.password)
    page.get_by_role("button", name="Aanmelden").click()
    page.get_by_label("Burgerservicenummer").fill(loaded.loaded[0].bsn)
    page.get_by_role("button", name="Dossier openen").click()
    page.wait_for_selector("#secties[data-klaar=ja]", state="attached")
    page.get_by_role("button", name="Alle details").click()
    yield page
    context.close()


def test_both_organisations_know_one_woman_by_one_number(loaded: Plan) -> None:
    assert len(loaded.members) == 2
    assert len(loaded.loaded) == 1


def generated(resource: dict[str, Any], path: str) -> bool:
    """What the published translator made up by itself, and every translator makes up differently.

    The display of a reference is its own words for the target (each is on the screen in ours), and an identifier of
    its own system repeats a generated id.
    """
    if path.endswith(".display") and not path.endswith(".coding.display"):
        return True
    systems = {identifier.get("system") for identifier in _listed(resource.get("identifier"))}
    return ".identifier." in path and systems <= {GENERATED}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def test_at_least_99_percent_of_what_was_published_is_on_the_screen(screen: Any, loaded: Plan) -> None:
    text = plain(screen.inner_text("body"))
    translated = loaded.members[0].slug.endswith("ada")
    values = [
        (resource["resourceType"], path, value)
        for resource in published(translated)
        for path, value in expected_values(resource)
        if not (translated and generated(resource, path))
    ]
    unseen = [one for one in values if plain(one[2]) not in text]
    assert len(values) > 500
    assert len(unseen) <= len(values) * 0.01, unseen


def test_two_children_each_with_their_own_birth_weight_and_apgar_score(screen: Any) -> None:
    children = screen.locator("#sectie-kinderen .deel")
    texts = [children.nth(number).inner_text() for number in range(children.count())]
    of = {name: next(text for text in texts if name in text) for name in ("Louis", "Frida")}
    assert "2089" in of["Louis"] and "2605" not in of["Louis"]
    assert "2605" in of["Frida"] and "2089" not in of["Frida"]
    assert all("apgar" in text.casefold() for text in of.values())


def test_both_sources_answered_and_what_they_disagree_on_stands_side_by_side(screen: Any) -> None:
    assert "2 van 2 bronnen" in screen.inner_text("#bronnen")
    disputes = screen.inner_text("#let-op").casefold()
    assert "dichoriaal" in disputes and "monochoriaal" in disputes
