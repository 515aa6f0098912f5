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
from babyconnect.translate.referring import REFERENCES
from babyconnect.translate.tables import ada_map
from babyconnect.translate.values import TRANSFORMS, Context
from tests.support.ada_material import EVERY_VERSION, leaf_codes

EACH = pytest.mark.parametrize(("structure", "names"), EVERY_VERSION, ids=[names for _, names in EVERY_VERSION])
LAYERS = ("basis", "echo", "kraam", "uitbreiding", "echo_beta", "kraam_beta", "uitbreiding_beta")
OWN_TRANSFORMS = {"group", "none", "follow", "self", "part", "element", "suffix", *REFERENCES, *ASSEMBLE}
TODAY = dt.date(2024, 6, 15)


def mapped(structure: str, names: str) -> dict[str, list[dict[str, str]]]:
    """Rows by concept, as the layers of a map give them."""
    found: dict[str, list[dict[str, str]]] = {}
    known = {row["concept"] for row in rows(f"ada/{structure}")}
    for name in names.split():
        layer: dict[str, list[dict[str, str]]] = defaultdict(list)
        for row in rows(f"ada/{name}_map"):
            if row["concept"] in known:
                layer[row["concept"]].append(row)
        found |= layer
    return found


def test_verloskunde_basis_has_its_532_concepts() -> None:
    assert len({row["concept"] for row in rows("ada/basis_structure")}) == 532


@EACH
def test_every_concept_has_a_row_that_maps_it_or_says_why_not(structure: str, names: str) -> None:
    table = mapped(structure, names)
    for concept in rows(f"ada/{structure}"):
        found = table.get(concept["concept"], [])
        assert found, f"{concept['concept']} {concept['element']} has no row"
        assert all(row["transform"] != "none" or row["reason"] for row in found), concept["concept"]


def test_no_row_is_of_a_concept_that_the_transaction_does_not_have() -> None:
    for name in LAYERS:
        known = {row["concept"]: row["element"] for row in rows(f"ada/{name}_structure")}
        assert all(known.get(row["concept"]) == row["element"] for row in rows(f"ada/{name}_map"))


TABLES = [f"{name}_{kind}" for name in LAYERS for kind in ("map", "rules", "borrowed")]


@pytest.mark.parametrize("table", [*(f"ada/{table}" for table in (*TABLES, "concept_maps")), "terminology/oids"])
def test_every_row_cites_its_source(table: str) -> None:
    assert all(len(row["citation"]) > 3 for row in rows(table))


@pytest.mark.parametrize("table", ["links", "slices", "templates", "anchors"])
def test_every_block_cites_its_source(table: str) -> None:
    assert all(block["source"] for block in document(f"ada/{table}.toml").values())


@EACH
def test_rows_name_transforms_of_the_closed_list_paths_of_the_grammar_and_rules_that_exist(
    structure: str, names: str
) -> None:
    table = ada_map(names, structure)
    for row in (row for found in table.rows.values() for row in found):
        assert row.transform in OWN_TRANSFORMS | set(TRANSFORMS), row
        assert not row.resource or row.resource in table.rule_of or row.resource.removeprefix("@") in table.links, row
        assert not row.path or paths.compiled(row.path), row
        assert not row.when or _parsed(row.when), row
    for borrowed in (row for found in table.borrowed.values() for row in found):
        assert borrowed.transform in TRANSFORMS
        assert borrowed.resource in table.rule_of
        assert paths.compiled(borrowed.path)


@EACH
def test_templates_name_links_and_slices_that_exist(structure: str, names: str) -> None:
    table = ada_map(names, structure)
    for rule in table.rule_of.values():
        assert not rule.when or _parsed(rule.when)
        for path, link in rule.template.links:
            assert link in table.links, link
            assert all(not step.slice or step.slice in paths.slices() for step in paths.compiled(path))
        assert all(name in table.links or name in table.rule_of for name, _ in rule.supports)


def test_links_end_at_a_rule() -> None:
    rules = {row["rule"] for name in LAYERS for row in rows(f"ada/{name}_rules")}
    for link in document("ada/links.toml").values():
        assert link["rule"] in rules
        assert link.get("otherwise", "woman") in document("ada/links.toml")


@pytest.mark.parametrize("name", LAYERS)
def test_map_paths_name_slices_that_exist(name: str) -> None:
    for row in rows(f"ada/{name}_map"):
        if row["path"]:
            assert all(not s.slice or s.slice in paths.slices() for s in paths.compiled(row["path"])), row


CODED = [
    pytest.param(
        row, mapped(structure, names)[row["concept"]], id=f"{names.split()[-1]}-{row['concept']}-{row['element']}"
    )
    for structure, names in EVERY_VERSION
    for row in rows(f"ada/{structure}")
    if row["lists"]
]


@pytest.mark.parametrize(("concept", "found"), CODED)
def test_every_code_of_a_value_list_is_translated(concept: dict[str, str], found: list[dict[str, str]]) -> None:
    """With a system that has an address, a display, and no remark that it is unknown; mapped codes to a FHIR code."""
    row = next((row for row in found if row["transform"] in {*TRANSFORMS, "part"}), None)
    if row is None:
        assert any(row["reason"] or row["transform"] == "follow" for row in found)
        return
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
            assert coding["code"] == ("unknown" if given.absent and code["code"] == "UNK" else code["code"])
            assert coding["display"], code
            assert coding["system"].startswith(("http", "urn:")), code


def test_the_typing_error_of_the_mapping_reaches_no_table() -> None:
    for name in (*(f"ada/{table}" for table in TABLES), "terminology/stated_oids", "terminology/oids"):
        assert all("http://snomed/info" not in value for row in rows(name) for value in row.values())
