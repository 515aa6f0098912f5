"""The tables of medication: columns, a source in every row, and that the provided warnings can be read."""

from __future__ import annotations

import pytest

from babyconnect.birthcare.medication import Table
from babyconnect.definitions import content, document, rows
from babyconnect.merge.medication import tables
from babyconnect.translate.medication import chapters

MESSAGE = document("medication/dispense_list.toml")["message"]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("medication/warnings", list(tables.COLUMNS)),
        ("medication/allergies", ["system", "code", "name", "atc", "citation"]),
        ("medication/kinds", ["kind", "atc", "nl", "en", "citation"]),
        ("medication/advised", ["name", "label", "atc", "codes", "until", "citation"]),
    ],
)
def test_a_table_has_its_columns_and_a_source_in_every_row(name: str, columns: list[str]) -> None:
    for row in rows(name):
        assert list(row) == columns and None not in row.values()
        assert len(row["source" if "source" in row else "citation"]) > 5


def test_the_provided_warnings_are_a_table_that_calls_itself_provisional() -> None:
    table = tables.read(content("medication/warnings.csv"))
    assert isinstance(table, Table) and table.provisional and table.version
    assert {rule.phase for rule in table.rules} == {"pregnancy", "lactation"}


def test_every_system_of_products_is_named_on_the_screen() -> None:
    named = {row["system"] for row in rows("sections/systems")}
    assert set(document("medication/zibs.toml")["product"]["systems"]) <= named


def test_every_resource_type_of_the_process_has_a_default_role() -> None:
    assert all("default" in table for table in document("medication/zibs.toml")["role"].values())


def test_every_data_set_that_is_counted_has_chapters_and_a_name_on_the_page() -> None:
    table, texts = document("medication/dataset.toml"), document("texts.toml")["completeness"]
    assert {*document("medication/ada.toml")["transactions"], MESSAGE["data_set"]} == table["sets"].keys()
    for name in table["sets"]:
        assert f"form_{name}" in texts and chapters(name, "")


def test_every_element_that_a_row_translates_is_one_that_is_counted() -> None:
    counted = {
        item.concept
        for name in document("medication/dataset.toml")["sets"]
        for c in chapters(name, "")
        for item in c.items
    }
    for block, row in document("medication/ada.toml")["block"].items():
        for element in row["elements"]:
            assert any(one.startswith(f"{block}/{element}") for one in counted), (block, element)


def test_every_row_of_the_older_list_names_a_block_and_an_element_that_the_newer_process_has() -> None:
    blocks = document("medication/ada.toml")["block"]
    for row in document("medication/dispense_list.toml")["row"]:
        assert row["target"].split("/")[0] in blocks[row["block"]]["elements"], row
