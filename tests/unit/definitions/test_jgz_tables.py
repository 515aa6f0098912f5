"""What the versions of a file of youth health care differ in: every row is whole, and says where it comes from."""

from __future__ import annotations

from collections import Counter

import pytest

from babyconnect.definitions import document, rows

VERSIONS = set(document("jgz/versions.toml")["interactions"])


@pytest.mark.parametrize("table", ["jgz/elements", "jgz/codes"])
def test_every_row_has_a_source_and_versions_that_exist(table: str) -> None:
    assert all(row["source"] and set(row["versions"].split()) <= VERSIONS and row["versions"] for row in rows(table))


def test_every_element_and_group_stands_once_and_has_no_name_in_a_version_that_has_it_not() -> None:
    table = rows("jgz/elements")
    assert set(Counter((row["kind"], row["code"]) for row in table).values()) == {1}
    for row in table:
        for version in VERSIONS:
            assert bool(row[f"display_{version}"]) == (version in row["versions"]), row["code"]


def test_every_code_is_one_that_the_versions_have_not_in_common_or_call_otherwise() -> None:
    table = rows("jgz/codes")
    assert set(Counter((row["system"], row["code"]) for row in table).values()) == {1}
    for row in table:
        assert row["places"] and (row["versions"] in VERSIONS or row["display_4.1.3"] != row["display_4.2.0"])


def test_words_name_one_code_only_where_they_become_a_code_again() -> None:
    said = Counter(
        (place, row["display_4.2.0"])
        for row in rows("jgz/codes")
        for place in row["places"].split()
        if row["versions"] == "4.2.0" and row["display_4.2.0"]
    )
    assert set(said.values()) == {1}
