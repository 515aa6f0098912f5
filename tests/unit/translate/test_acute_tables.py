"""The tables of the acute handover: every concept mapped or said why not, every path and code there, with a source."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from babyconnect.definitions import document, rows
from babyconnect.translate import paths
from babyconnect.translate.acute import mapping
from babyconnect.translate.acute.giving import GIVINGS, SILENT
from babyconnect.translate.acute.tables import codes, concepts, message_rows
from babyconnect.translate.acute.taken import DERIVED, TAKEN
from babyconnect.translate.hl7v3.conditions import CONDITIONS
from babyconnect.translate.hl7v3.fills import FILLS
from babyconnect.translate.hl7v3.rows import Row

MAPPED = rows("acute/map")
NUMBERED = [path for path, one in concepts().items() if one.number]


@pytest.mark.parametrize("path", NUMBERED)
def test_every_concept_of_the_data_set_is_mapped_or_says_why_not(path: str) -> None:
    own = [row for row in MAPPED if row["path"] == path]
    assert own
    for row in own:
        assert row["citation"] or row["reason"]
        assert row["reason"] or row["transform"] == "group" or row["resource"]


@pytest.mark.parametrize("path", NUMBERED)
def test_every_item_of_the_data_set_has_a_row_in_the_message(path: str) -> None:
    reached = {place for row, here in every(message_rows(), "") for place in places(row, here)}
    assert path in reached or any(other.startswith(f"{path}/") for other in reached)


def every(row: Row, here: str) -> Iterator[tuple[Row, str]]:
    yield row, here
    for child in row.children:
        yield from every(child, step(here, row.each))


def step(here: str, path: str) -> str:
    parts = [part for part in here.split("/") if part]
    for part in path.split("/"):
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def places(row: Row, here: str) -> Iterator[str]:
    site = step(here, row.each)
    yield site
    if row.otherwise:
        yield step(here, row.otherwise)
    if row.negated:
        yield step(site if row.negated.startswith("./") else here, row.negated)
    if row.source and row.fill != "GIVEN":
        yield step(site, row.source)


def test_every_path_of_the_message_is_a_concept_or_said_to_be_beyond_the_data_set() -> None:
    for row, here in every(message_rows(), ""):
        for place in places(row, here):
            assert not place or place in concepts(), place
        assert not row.when or row.when.split()[0] in CONDITIONS
        assert not row.fill or row.fill in {*FILLS, "GIVEN", "FIXED"}


def test_every_rule_and_row_speaks_the_closed_lists() -> None:
    names = {rule.name for rule in mapping.rules()}
    for rule in mapping.rules():
        assert not rule.path or rule.path in concepts()
        for link in rule.links:
            assert set(link.rules) <= names
            paths.compiled(link.path)
    for row in mapping.mapped():
        assert not row.path or row.path in concepts(), row.path
        assert row.transform in {*GIVINGS, *SILENT}, row.transform
        assert not row.rule or row.rule in names, row.rule
        if row.target:
            paths.compiled(row.target)


def test_every_transform_has_its_inverse_or_says_nothing_of_its_own() -> None:
    assert GIVINGS.keys() | SILENT == TAKEN.keys() | DERIVED


def test_every_equivalent_is_of_a_code_that_its_list_has_and_no_two_are_of_one() -> None:
    seen: set[tuple[str, str]] = set()
    for row in rows("acute/equivalents"):
        assert (row["system"], row["code"]) in codes(row["list"]), row
        assert (row["list"], row["target"]) not in seen
        seen.add((row["list"], row["target"]))
        assert row["display"] and row["citation"]


def test_what_one_concept_says_of_another_names_concepts() -> None:
    for row in rows("acute/implied"):
        assert row["path"] in concepts()
        assert f"{row['path'].rpartition('/')[0]}/{row['of'].removeprefix('../')}" in concepts()
        assert row["value"] in ("true", "false") and row["citation"]


@pytest.mark.parametrize("table", ["rules", "beyond", "equivalents", "implied"])
def test_every_row_has_a_source(table: str) -> None:
    assert all(row["citation"] for row in rows(f"acute/{table}"))


@pytest.mark.parametrize("table", ["templates", "slices", "message"])
def test_every_block_has_a_source(table: str) -> None:
    assert all(block.get("source") for block in document(f"acute/{table}.toml").values())


def test_own_patterns_and_slices_are_none_that_the_others_have() -> None:
    for table in ("templates", "slices"):
        own, others = document(f"acute/{table}.toml"), document(f"ada/{table}.toml")
        assert not own.keys() & others.keys()
