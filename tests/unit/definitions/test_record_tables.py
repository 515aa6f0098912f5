"""The tables of the merge and of the record's screen: columns, codes, windows and a source for every rule."""

from __future__ import annotations

import re

import pytest

from babyconnect.definitions import document, rows

COLUMNS = {
    "checks/expected": [
        "check",
        "label",
        "codes",
        "from",
        "until",
        "due",
        "applies",
        "withheld",
        "stays",
        "status",
        "citation",
    ],
    "checks/choices": ["choice", "label", "done", "choice_codes", "from", "until", "withheld", "citation"],
    "checks/answers": ["code", "value", "source"],
    "merge/timeline": ["type", "kind"],
    "rules/signals": ["signal", "code", "unit", "below", "at_least", "from", "until", "text", "status", "citation"],
    "sections/sections": ["section", "title", "empty"],
    "sections/assignment": ["by", "key", "section"],
    "sections/grids": ["grid", "column", "codes"],
    "sections/types": ["type", "label", "headline"],
    "sections/elements": ["element", "label", "place"],
    "sections/extensions": ["extension", "label"],
    "sections/enumerations": ["element", "code", "text"],
    "sections/systems": ["system", "name"],
    "sections/labels": ["system", "code", "label", "citation"],
    "sections/booleans": ["system", "code", "yes", "no", "citation"],
    "sections/labels_own": ["system", "code", "label", "citation"],
}
CODE = re.compile(r"(https?://|urn:)[^|\s]+\|\S+")
GESTATION = re.compile(r"\d{1,2}\+[0-6]")


@pytest.mark.parametrize("name", COLUMNS)
def test_a_table_has_its_columns_in_every_row(name: str) -> None:
    for row in rows(name):
        assert list(row) == COLUMNS[name]
        assert None not in row.values()


@pytest.mark.parametrize("name", ["checks/expected", "checks/choices", "rules/signals"])
def test_a_clinical_rule_cites_its_source_and_says_whether_that_was_read(name: str) -> None:
    for row in rows(name):
        assert len(row["citation"]) > 3
        assert row.get("status", "verified") in ("verified", "provisional")


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("checks/expected", "codes"),
        ("checks/choices", "done"),
        ("checks/answers", "code"),
        ("sections/grids", "codes"),
        ("rules/signals", "code"),
    ],
)
def test_codes_are_system_and_code(name: str, column: str) -> None:
    for row in rows(name):
        assert all(CODE.fullmatch(code) for code in row[column].split())


@pytest.mark.parametrize("name", ["checks/expected", "checks/choices", "rules/signals"])
def test_windows_are_gestational_ages_in_order(name: str) -> None:
    def days(text: str) -> int:
        assert GESTATION.fullmatch(text)
        weeks, rest = text.split("+")
        return int(weeks) * 7 + int(rest)

    for row in rows(name):
        if row["from"]:
            assert days(row["from"]) <= days(row["until"])
        if row.get("due"):
            assert days(row["until"]) <= days(row["due"])


def test_a_section_that_items_go_to_exists_and_no_rule_is_there_twice() -> None:
    sections = {row["section"] for row in rows("sections/sections")}
    assigned = [(row["by"], row["key"]) for row in rows("sections/assignment")]
    assert {row["section"] for row in rows("sections/assignment")} <= sections
    assert len(assigned) == len(set(assigned))
    assert {by for by, _ in assigned} == {"code", "profile", "subject", "type"}


@pytest.mark.parametrize("name", ["sections/elements", "sections/extensions", "sections/types", "sections/systems"])
def test_a_name_has_one_row(name: str) -> None:
    keys = [next(iter(row.values())) for row in rows(name)]
    assert sorted({key for key in keys if keys.count(key) > 1}) == []


def test_every_value_that_a_code_answers_a_choice_with_has_a_phrase() -> None:
    phrases = document("sections/phrases.toml")
    assert {row["value"] for row in rows("checks/answers")} <= set(phrases["choice"])
    assert {row["kind"] for row in rows("merge/timeline")} <= set(phrases["event"])


def test_every_fact_and_value_cites_its_source_and_no_code_states_two_facts() -> None:
    table = document("merge/facts.toml")
    codes = [code for fact in table["fact"].values() for code in fact["codes"]]
    assert all(CODE.fullmatch(code) for code in [*codes, *table["value"], *table["method"]])
    assert len(codes) == len(set(codes))
    cited = [*table["fact"].values(), *table["kind"].values(), *table["value"].values(), *table["method"].values()]
    assert all(row["source"] for row in cited)
