"""Our ADA tables against the published standard they are distilled from."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from babyconnect.definitions import document, rows
from babyconnect.sources.ada import read
from babyconnect.translate.tables import codings
from tests.support.needs import nictiz

ROOT = Path(__file__).resolve().parents[2]
BASIS = "geboortezorg-stu3/dataset-pwd32/izk-3.0_Transaction_BeschikbaarstellenMedMijVerloskundeBasis.xml"
RETRIEVE = "geboortezorg-stu3/dataset-pwd32/RetrieveTransaction_BeschikbaarstellenMedMij{}.xml"
FHIR = "{http://hl7.org/fhir}"


def test_every_concept_of_the_published_transaction_has_a_row() -> None:
    root = etree.parse(str(nictiz() / BASIS)).getroot()
    published = {c.get("id").rsplit(".", 1)[1]: c.get("shortName") for c in root.iter("concept")
                 if c.getparent().tag in ("concept", "dataset")}  # fmt: skip
    ours = {row["concept"]: row["element"] for row in rows("ada/basis_map")}
    assert len(published) == 532
    assert ours == published


@pytest.mark.parametrize(
    ("file", "layers", "count"), [("Echo", ("basis", "echo"), 290), ("Kraam", ("basis", "echo", "kraam"), 820)]
)
def test_every_concept_of_the_other_transactions_has_a_row(file: str, layers: tuple[str, ...], count: int) -> None:
    root = etree.parse(str(nictiz() / RETRIEVE.format(file))).getroot()
    published = {c.get("id").rsplit(".", 1)[1] for c in root.iter("concept")
                 if c.getparent().tag in ("concept", "dataset")}  # fmt: skip
    mapped = {row["concept"] for name in layers for row in rows(f"ada/{name}_map")}
    assert len(published) >= count
    assert not published - mapped


WIKI = "geboortezorg-stu3/mapping-tables-izk30/wiki_transaction_addendum_BeschikbaarstellenMedMijVerloskundeUitbreiding"


def test_every_concept_of_the_transaction_that_only_the_wiki_publishes_has_a_row() -> None:
    text = (nictiz() / f"{WIKI}.mediawiki.txt").read_text(encoding="utf-8")
    published = re.findall(r"\n\|\|(\d+)\n\|\|", text)
    structure = [row["concept"].rpartition(".")[2] for row in rows("ada/uitbreiding_structure")]
    mapped = {row["concept"] for name in ("basis", "echo", "kraam", "uitbreiding") for row in rows(f"ada/{name}_map")}
    assert len(published) == 2107
    assert sorted(published) == sorted(c for c in structure if c not in SUPPLEMENT)
    assert not {row["concept"] for row in rows("ada/uitbreiding_structure")} - mapped


SUPPLEMENT = {"3272", "3273", "3274", "3275", "9683"}
"""Data elements of the published inputs that the wiki table leaves out (tools/ada_map/uitbreiding_structure.csv)."""


def test_element_names_follow_from_the_names_of_data_elements_in_every_published_view() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    element_name = importlib.import_module("ada_wiki").element_name
    views = sorted((nictiz() / "geboortezorg-stu3/dataset-pwd32").glob("*.xml"))
    concepts = (c for path in views for c in etree.parse(str(path)).getroot().iter("concept") if c.get("shortName"))
    named = {(c.get("shortName"), "".join(c.find("name").itertext()).strip()) for c in concepts}
    other = {(element, name) for element, name in named if element_name(name) != element}
    assert len(named) > 600
    assert not other


def test_names_and_references_are_those_of_the_published_inputs() -> None:
    table = {row["concept"]: row for row in rows("ada/uitbreiding_structure")}
    folder = nictiz() / "hl7-mappings/ada-2-fhir-stu3/peri-3.2.6/med_mij_uitbreiding_verloskunde_beschikbaarstellen"
    checked = 0
    for path in sorted((folder / "ada_instance").glob("*.xml")):
        record = read(path.read_bytes())
        at = {e.id: e.concept for e in record.root.walk() if e.id}
        for element in record.root.walk():
            if element.concept in table:
                row = table[element.concept]
                assert row["element"] == element.name
                if element.is_reference and element.value in at and row["target"].isdigit():
                    assert row["target"] == at[element.value], element.concept
                checked += 1
    assert checked > 3000


@pytest.mark.parametrize("file", [BASIS, *(RETRIEVE.format(name) for name in ("Echo", "Kraam"))])
def test_every_code_of_the_published_value_lists_is_in_ours(file: str) -> None:
    root = etree.parse(str(nictiz() / file)).getroot()
    published = {
        (f"{s.get('id')}--{re.sub('[^0-9]', '', s.get('effectiveDate'))}", c.get("code"), c.get("codeSystem"))
        for s in root.iter("valueSet") for c in s.iterfind("conceptList/*") if c.tag in ("concept", "exception")
    }  # fmt: skip
    ours = {(row["list"], row["code"], row["system"]) for row in rows("ada/value_lists")}
    assert len(published) > 500
    assert not published - ours


@pytest.mark.parametrize("tool", ["distil_ada.py", "distil_ada_map.py"])
def test_the_generator_makes_the_same_tables_again(tool: str, tmp_path: Path) -> None:
    definitions = [f"src/babyconnect/definitions/{name}" for name in ("ada", "terminology")]
    shutil.copytree(ROOT / "tools" / "ada_map", tmp_path / "tools" / "ada_map")
    for folder in definitions:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for script in ("ada_wiki.py", tool):
        shutil.copy(ROOT / "tools" / script, tmp_path / "tools" / script)
    subprocess.run([sys.executable, str(tmp_path / "tools" / tool), str(nictiz())], check=True, capture_output=True)
    for folder in definitions:
        for made in (tmp_path / folder).iterdir():
            assert made.read_bytes() == (ROOT / folder / made.name).read_bytes(), made.name


def addendum() -> dict[str, tuple[str, str, str]]:
    """Data element → (system, code, display) of the code table per observation pattern."""
    text = (nictiz() / "geboortezorg-stu3/mapping-tables-izk30/Addendum_profile_mapping.mediawiki.txt").read_text()
    found = {}
    for row in text.split("\n|-")[1:]:
        cells = [cell.strip() for cell in row.split("\n||")]
        if len(cells) > 8 and cells[6]:
            found.setdefault(cells[1], (cells[5], cells[6], cells[7]))
    return found


def test_codes_of_observations_are_those_of_the_code_table() -> None:
    published, checked = addendum(), 0
    for rule in rows("ada/basis_rules"):
        cited = re.fullmatch(r"Addendum_profile_mapping (\d+)", rule["citation"])
        if cited and rule["code"]:
            [coding] = codings(rule["code"])
            system, code, display = published[cited[1]]
            assert (coding["system"], coding["code"], coding["display"]) == (system, code, display)
            checked += 1
    assert checked >= 14


def _profile(name: str) -> str:
    [path] = [*(nictiz() / "geboortezorg-stu3/structuredefinitions").rglob(f"{name}.xml"),
              *(nictiz() / "stu3-zib2017/structuredefinitions").glob(f"{name}.xml")]  # fmt: skip
    return path.read_text(encoding="utf-8")


def test_codes_of_components_stand_in_the_profile_that_is_cited() -> None:
    checked = 0
    for name, slice in document("ada/slices.toml").items():
        cited = re.search(r"([A-Za-z0-9-]+)\.xml component", slice["source"])
        if cited:
            code = slice["content"]["code"]["coding"][0]["code"]
            assert f'"{code}"' in _profile(cited[1]), name
            checked += 1
    assert checked >= 14


def test_extensions_have_the_address_that_their_definition_gives() -> None:
    for name, slice in document("ada/slices.toml").items():
        cited = re.search(r"/([A-Za-z0-9-]+)\.xml", slice["source"])
        if "url" in slice["content"] and cited and "profiles/" not in slice["source"]:
            url = re.search(r'<url value="([^"]+)"', _profile(cited[1]))
            assert url and url[1] == slice["content"]["url"], name


def test_profiles_of_templates_exist() -> None:
    published = {
        found[1]
        for folder in ("geboortezorg-stu3/structuredefinitions", "stu3-zib2017/structuredefinitions")
        for path in (nictiz() / folder).rglob("*.xml")
        if (found := re.search(r'<url value="([^"]+)"', path.read_text(encoding="utf-8")))
    }
    templates = document("ada/templates.toml").values()
    used = {profile for template in templates for profile in template["profiles"]
            if not template["source"].startswith("4.0.0-beta: profile not published")}  # fmt: skip
    assert not used - published


def _map(name: str) -> list[tuple[str, str, Any]]:
    root = etree.parse(str(next((nictiz() / "stu3-zib2017/conceptmaps").glob(f"{name}.xml")))).getroot()
    return [(element.find(f"{FHIR}code").get("value"), target.find(f"{FHIR}code").get("value"), element)
            for element in root.iter(f"{FHIR}element") for target in element.findall(f"{FHIR}target")
            if target.find(f"{FHIR}code") is not None]  # fmt: skip


def test_concept_maps_say_what_the_published_ones_say() -> None:
    checked = 0
    for row in rows("ada/concept_maps"):
        cited = re.match(r"stu3-zib2017 (conceptmap-[A-Za-z-]+)", row["citation"])
        if cited:
            assert (row["code"], row["target"]) in {(code, target) for code, target, _ in _map(cited[1])}, row
            checked += 1
    assert checked > 30
