"""The tables of the ADA map: whole, cited, and of nothing but what the engine knows."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import pytest

from babyconnect.birthcare.ada import AdaElement
from babyconnect.definitions import document, rows
from babyconnect.translate import codes, paths
from babyconnect.translate.composites import ASSEMBLE
from babyconnect.translate.conditions import _parsed
from babyconnect.translate.tables import ada_map
from babyconnect.translate.values import TRANSFORMS, Context
from tests.ada_material import leaf_codes

STRUCTURE, MAP = "basis_structure", "basis"
OWN_TRANSFORMS = {"group", "none", "follow", "reference", "practitioner", "performer", "self", "part", *ASSEMBLE}
TODAY = dt.date(2024, 6, 15)


def test_the_transaction_has_its_532_concepts() -> None:
    assert len({row["concept"] for row in rows(f"ada/{STRUCTURE}")}) == 532


def test_every_concept_has_a_row_that_maps_it_or_says_why_not() -> None:
    mapped = defaultdict(list)
    for row in rows(f"ada/{MAP}_map"):
        mapped[row["concept"]].append(row)
    for concept in rows(f"ada/{STRUCTURE}"):
        found = mapped[concept["concept"]]
        assert found, f"{concept['concept']} {concept['element']} has no row"
        assert all(row["transform"] != "none" or row["reason"] for row in found), concept["concept"]


def test_no_row_is_of_a_concept_that_the_transaction_does_not_have() -> None:
    known = {row["concept"]: row["element"] for row in rows(f"ada/{STRUCTURE}")}
    assert all(known.get(row["concept"]) == row["element"] for row in rows(f"ada/{MAP}_map"))


@pytest.mark.parametrize("table", [f"{MAP}_map", f"{MAP}_rules", f"{MAP}_borrowed", "concept_maps", "systems"])
def test_every_row_cites_its_source(table: str) -> None:
    assert all(len(row["citation"]) > 3 for row in rows(f"ada/{table}"))


@pytest.mark.parametrize("table", ["links", "slices", "templates", "anchors"])
def test_every_block_cites_its_source(table: str) -> None:
    assert all(block["source"] for block in document(f"ada/{table}.toml").values())


def test_rows_name_transforms_of_the_closed_list_paths_of_the_grammar_and_rules_that_exist() -> None:
    table = ada_map(MAP, STRUCTURE)
    for row in (row for found in table.rows.values() for row in found):
        assert row.transform in OWN_TRANSFORMS | set(TRANSFORMS), row
        assert not row.resource or row.resource in table.rule_of, row
        assert not row.path or paths.compiled(row.path), row
        assert not row.when or _parsed(row.when), row
    for borrowed in (row for found in table.borrowed.values() for row in found):
        assert borrowed.transform in TRANSFORMS
        assert borrowed.resource in table.rule_of
        assert paths.compiled(borrowed.path)


def test_templates_name_links_and_slices_that_exist() -> None:
    table = ada_map(MAP, STRUCTURE)
    for rule in table.rule_of.values():
        assert not rule.when or _parsed(rule.when)
        for path, link in rule.template.links:
            assert link in table.links, link
            assert all(not step.slice or step.slice in paths.slices() for step in paths.compiled(path))
        assert all(name in table.links or name in table.rule_of for name, _ in rule.supports)
    for link in table.links.values():
        assert not link.otherwise or link.otherwise in table.links
        assert link.rule in table.rule_of


def test_map_paths_name_slices_that_exist() -> None:
    for row in rows(f"ada/{MAP}_map"):
        if row["path"]:
            assert all(not s.slice or s.slice in paths.slices() for s in paths.compiled(row["path"])), row


CODED = [row for row in rows(f"ada/{STRUCTURE}") if row["lists"]]
TRANSLATED = {
    row["concept"]: row
    for row in rows(f"ada/{MAP}_map")
    if row["transform"] in TRANSFORMS or row["transform"] == "part"
}


@pytest.mark.parametrize("concept", CODED, ids=lambda row: f"{row['concept']}-{row['element']}")
def test_every_code_of_a_value_list_is_translated(concept: dict[str, str]) -> None:
    """With a system that has an address, a display, and no remark that it is unknown; mapped codes to a FHIR code."""
    if concept["concept"] not in TRANSLATED:
        rows_of = [row for row in rows(f"ada/{MAP}_map") if row["concept"] == concept["concept"]]
        assert any(row["reason"] or row["transform"] == "follow" for row in rows_of)
        return
    row = TRANSLATED[concept["concept"]]
    transform = TRANSFORMS[row["transform"] if row["transform"] in TRANSFORMS else "concept"]
    for code in leaf_codes(concept["lists"]):
        remarks: list[str] = []
        attributes = {"code": code["code"], "codeSystem": code["system"]}
        element = AdaElement(concept["element"], concept["concept"], attributes, (), 1)
        context = Context(
            TODAY, tuple(concept["lists"].split()), row["argument"], lambda *r, to=remarks: to.append(r[1])
        )
        given = transform(element, context)
        assert given is not None, code
        assert not remarks, (code, remarks)
        assert codes.is_known_system(code["system"]), code
        if row["transform"] == "mapped-code":
            assert given.value, f"{code['code']} has no counterpart in the concept map {row['argument']}"
        elif row["transform"] in ("concept", "value-concept", "interpretation"):
            coding = (given.value or given.absent)["coding"][-1]
            assert coding["code"] == code["code"]
            assert coding["display"], code
            assert coding["system"].startswith(("http", "urn:")), code


def test_the_typing_error_of_the_mapping_reaches_no_table() -> None:
    for name in (f"{MAP}_rules", f"{MAP}_map", "stated_systems", "systems"):
        assert all("http://snomed/info" not in value for row in rows(f"ada/{name}") for value in row.values())
