"""The templates for small sources: every row is whole, cited, and agrees with the data set."""

from __future__ import annotations

import datetime as dt
import string

import pytest

from babyconnect.birthcare.tabular import Cell
from babyconnect.birthcare.templates import Column, Given, Sheet, folded, sheets, templates
from babyconnect.definitions import document, rows
from babyconnect.translate.tabular.build import _WARNINGS
from babyconnect.translate.tabular.cells import TYPES, Fault, coded, value
from babyconnect.translate.tabular.structure import STRUCTURE, choices, concepts

TABLE = {row["concept"]: row for name in reversed(STRUCTURE.split()) for row in rows(f"ada/{name}")}
COLUMNS = [(sheet, column) for sheet in sheets().values() for column in sheet.columns.values()]
GIVEN = [(sheet, given) for sheet in sheets().values() for given in sheet.given]
FITS = {
    "text": {"string", "text", "identifier"}, "number": {"quantity"}, "whole": {"quantity", "count", "ordinal"},
    "gestation": {"quantity"}, "date": {"datetime", "date"}, "moment": {"datetime"}, "yes-no": {"boolean"},
    "code": {"code"}, "bsn": {"identifier"}, "identifier": {"identifier"}, "caregiver": {"reference"},
    "child": {"complex"}, "fetus": {"complex"},
}  # fmt: skip


def test_every_row_says_where_it_comes_from() -> None:
    tables = ("columns", "given", "orders")
    assert all(row["citation"] for table in tables for row in rows(f"tabular/{table}"))
    assert all(
        block["source"] for name in ("sheets", "templates") for block in document(f"tabular/{name}.toml").values()
    )


@pytest.mark.parametrize(("sheet", "column"), COLUMNS, ids=lambda one: getattr(one, "header", getattr(one, "key", "")))
def test_a_column_fits_its_data_element_and_its_own_example(sheet: Sheet, column: Column) -> None:
    assert column.type in TYPES
    if column.concept:
        assert TABLE[column.concept]["datatype"] in FITS[column.type]
        assert column.type != "code" or choices(column.concept)
        units = TABLE[column.concept]["units"].split()
        assert not units or column.argument in (*units, "1")
    else:
        assert column.type in ("dossier", "row", "caregiver-code")
    if column.example:
        made = value(Cell(column.example), column, dt.date(2026, 11, 22))
        assert not isinstance(made, Fault) and not made.warnings


@pytest.mark.parametrize(("sheet", "given"), GIVEN, ids=lambda one: getattr(one, "concept", getattr(one, "key", "")))
def test_what_a_row_gives_can_be_given(sheet: Sheet, given: Given) -> None:
    assert given.concept in TABLE
    if given.source == "column":
        assert given.argument in sheet.columns
    elif given.source == "code":
        assert coded(given.concept, given.argument)["code"] == given.argument
    elif given.source == "reference":
        target = {"organisation": "956"}.get(given.argument, given.argument if given.argument.isdigit() else "675")
        assert TABLE[given.concept]["target"] == target
    elif given.source == "coded":
        assert given.argument.count("|") == 2
    else:
        assert given.source in ("value", "null", "dossier")


def test_an_instance_of_its_own_is_of_a_group_that_there_may_be_more_of_or_lies_in_one() -> None:
    for sheet in sheets().values():
        for group in sheet.per:
            path = [*concepts()[group].path, group]
            assert any(TABLE[one]["max"] == "*" for one in path), (sheet.key, group)


def test_an_order_is_of_two_columns_that_compare() -> None:
    for sheet in sheets().values():
        for less, more in sheet.orders:
            kinds = {"moment" if sheet.columns[h].type == "date" else sheet.columns[h].type for h in (less, more)}
            assert len(kinds) == 1 and kinds <= {"moment", "whole", "number"}


def test_headers_are_told_apart_whatever_their_capitals_and_signs() -> None:
    for sheet in sheets().values():
        assert len({folded(header) for header in sheet.columns}) == len(sheet.columns)
    assert len({folded(sheet.name) for sheet in sheets().values()}) == len(sheets())
    assert all(len(sheet.name) <= 31 for sheet in sheets().values())  # what a spreadsheet allows


def test_a_template_that_speaks_of_a_child_has_the_sheet_of_children() -> None:
    for template in templates().values():
        held = {sheet.key for sheet in template.sheets}
        speaks = any(c.type == "child" for sheet in template.sheets for c in sheet.columns.values())
        assert {"organisatie", "clienten"} <= held and (not speaks or "kinderen" in held)


def test_what_is_told_of_a_cell_quotes_nothing_of_it() -> None:
    faults = document("tabular/faults.toml")
    for words in faults.values():
        assert {name for _, name, _, _ in string.Formatter().parse(words) if name} <= {"expected"}
    assert faults.keys() >= _WARNINGS
