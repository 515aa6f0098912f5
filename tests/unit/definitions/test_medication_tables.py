"""The tables of medication: columns, a source in every row, and that the provided warnings can be read."""

from __future__ import annotations

import pytest

from babyconnect.birthcare.medication import Table
from babyconnect.definitions import content, document, rows
from babyconnect.merge.medication import tables


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
