"""The tables of searching: columns, kinds, targets and a source for every row; only types and paths of STU3."""

from __future__ import annotations

from babyconnect.definitions import document, rows

COLUMNS = ["resource", "name", "type", "path", "targets", "citation"]


def test_every_parameter_has_its_columns_and_a_citation() -> None:
    for row in rows("search_parameters"):
        assert list(row) == COLUMNS and None not in row.values()
        assert row["type"] in ("token", "reference", "date") and row["path"]
        assert row["citation"].startswith(("FHIR STU3", "Nictiz-STU3-Zib2017", "MedMij"))


def test_a_parameter_is_there_once() -> None:
    names = [(row["resource"], row["name"]) for row in rows("search_parameters")]
    assert len(names) == len(set(names))


def test_a_reference_names_its_targets_and_nothing_else_does() -> None:
    for row in rows("search_parameters"):
        assert bool(row["targets"]) == (row["type"] == "reference"), row


def test_nothing_that_would_name_the_client_can_be_searched() -> None:
    assert not {row["name"] for row in rows("search_parameters")} & {
        "patient",
        "subject",
        "name",
        "family",
        "birthdate",
    }


def test_providers_are_not_searched() -> None:
    searched = {row["resource"] for row in rows("search_parameters")}
    assert not searched & set(document("source_api.toml")["read_only"]["types"])
