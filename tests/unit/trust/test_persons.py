"""Four eyes are of two people, not of two accounts."""

from __future__ import annotations

import pytest

from babyconnect.trust.persons import Persons, read, without_a_list

LIST = "account,person\nuzi:1,P7\nlocal:anna,p7\nterminal:anna, P7 \nuzi:2,P8\nterminal:bas,P8\n"


@pytest.mark.parametrize(
    ("first", "other", "doubt"),
    [
        ("uzi:1", "uzi:2", ""), ("terminal:anna", "uzi:2", ""), ("terminal:anna", "terminal:bas", ""),
        ("uzi:1", "uzi:1", "same"), ("uzi:1", "local:anna", "same"), ("terminal:anna", "uzi:1", "same"),
        ("uzi:1", "uzi:9", "unlisted"), ("uzi:9", "uzi:1", "unlisted"), ("uzi:8", "uzi:9", "unlisted"),
        ("terminal:root", "uzi:2", "unlisted"), ("uzi:1", "", "unlisted"),
    ],
)  # fmt: skip
def test_with_a_list_two_accounts_are_two_people_only_when_both_are_on_it_with_two_numbers(
    first: str, other: str, doubt: str
) -> None:
    persons = read(LIST)
    assert persons.second(first, other) == doubt
    assert persons.second(other, first) == doubt, "whoever went first"


@pytest.mark.parametrize(
    ("first", "other", "doubt"),
    [
        ("uzi:1", "uzi:2", ""), ("uzi:1", "uzi:1", "same"), ("terminal:anna", "terminal:anna", "same"),
        ("terminal:anna", "uzi:1", "unlisted"), ("uzi:1", "terminal:anna", "unlisted"),
        ("terminal:anna", "terminal:bas", "unlisted"),
    ],
)  # fmt: skip
def test_without_a_list_an_account_of_the_machine_is_known_to_be_nobodys(first: str, other: str, doubt: str) -> None:
    assert without_a_list(first, other) == doubt


def test_an_empty_list_lets_nobody_confirm_anything() -> None:
    assert read("account,person\n").second("uzi:1", "uzi:2") == "unlisted" == Persons({}).second("a", "b")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1), ("person,account\n1,2\n", 1), ("account,person\nuzi:1\n", 2), ("account,person\nuzi:1,\n", 2),
        ("account,person\na,1\n ,2\n", 3), ("account,person\na,1\na,2\n", 3), ("account,person\na,1,2\n", 2),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_read_is_refused_by_line_and_rule_and_quotes_nobody(text: str, line: int) -> None:
    with pytest.raises(ValueError, match=f"^line {line}: ") as refused:
        read(text)
    assert "uzi" not in str(refused.value)


def test_a_spreadsheets_mark_at_the_beginning_and_empty_lines_are_no_matter() -> None:
    assert read("\ufeffaccount,person\r\n\r\na,1\r\nb,2\r\na,1\r\n").second("a", "b") == ""
