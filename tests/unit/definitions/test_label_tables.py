"""The tables of labels: every group exists, every row has a source, no code says two things."""

from __future__ import annotations

from collections import Counter

import pytest

from babyconnect.birthcare.access import Shielded
from babyconnect.definitions import document, rows
from babyconnect.fhir.grammar import resource_types

GROUPS = {row["group"] for row in rows("role_matrix")}
COLUMNS = {
    "data_groups": {"type", "profile", "system", "code", "group", "child_group", "citation"},
    "data_group_codes": {"type", "profile", "system", "code", "group", "concept", "citation"},
    "data_group_sections": {"concept", "name", "group", "citation"},
    "shielded_codes": {"profile", "system", "code", "group", "name", "concept", "citation"},
    "shielded_lists": {"list", "group", "name", "concept", "citation"},
    "default_profiles": {"type", "profile", "citation"},
}


@pytest.mark.parametrize("table", COLUMNS)
def test_a_table_has_its_columns_and_a_citation_in_every_row(table: str) -> None:
    assert rows(table)
    assert all(set(row) == COLUMNS[table] and row["citation"] for row in rows(table))


@pytest.mark.parametrize("table", ["data_groups", "data_group_codes", "data_group_sections"])
def test_a_data_group_is_a_row_of_the_role_matrix(table: str) -> None:
    named = {row[column] for row in rows(table) for column in ("group", "child_group") if row.get(column)}

    assert named <= GROUPS


@pytest.mark.parametrize("table", ["shielded_codes", "shielded_lists"])
def test_a_shielded_group_is_one_of_the_domains(table: str) -> None:
    assert {row["group"] for row in rows(table)} <= {group.value for group in Shielded}


def test_every_shielded_group_has_codes() -> None:
    named = {row["group"] for table in ("shielded_codes", "shielded_lists") for row in rows(table)}

    assert named == {group.value for group in Shielded} == set(document("shielded.toml")["group"])


def test_a_type_is_one_of_stu3() -> None:
    for table in ("data_groups", "data_group_codes", "default_profiles"):
        assert {row["type"] for row in rows(table)} <= resource_types()
    assert set(document("compartments.toml")["shared"]) <= resource_types()
    assert set(document("displays.toml")["names"]) <= resource_types()


def test_no_row_says_again_what_another_says() -> None:
    for table in ("data_groups", "data_group_codes", "shielded_codes"):
        keys = Counter((row.get("type", ""), row["profile"], row["system"], row["code"]) for row in rows(table))
        assert [key for key, times in keys.items() if times > 1] == []


def test_a_shielded_list_is_a_value_list_of_the_data_set() -> None:
    known = {row["list"].split("--")[0] for row in rows("ada/value_lists")}

    assert {row["list"] for row in rows("shielded_lists")} <= known


def test_search_parameters_are_of_types_that_exist() -> None:
    parameters = document("stu3_search_parameters.json")["parameters"]

    assert len(parameters) > 1000
    assert {row["base"] for row in parameters} <= resource_types() | {"Resource", "DomainResource"}
