"""The tables of the HL7v3 and CDA messages: every path exists in the record, every element of the record has a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from babyconnect.definitions import document, rows
from babyconnect.translate.hl7v3.conditions import CONDITIONS
from babyconnect.translate.hl7v3.fills import FILLS
from babyconnect.translate.hl7v3.rows import Row, message

MESSAGES: Mapping[str, Any] = document("hl7v3/messages.toml")
MADE = {"GIVEN", "FIXED", "THERE"}


def elements(name: str) -> dict[str, Mapping[str, str]]:
    return {row["path"]: row for row in rows(f"hl7v3/{MESSAGES[name]['elements']}")}


def within(known: set[str], paths: set[str], place: str) -> set[str]:
    """The paths of the record that a row's path leads to; `->` leads to whatever has an id."""
    found: set[str] = {""} if place.startswith("/") else paths
    for step in place.strip("/").split("/"):
        if step in ("", "."):
            continue
        if step == "..":
            found = {path.rpartition("/")[0] for path in found}
        elif step == "*":
            found = {path for path in known if path.rpartition("/")[0] in found}
        elif step == "->":
            found = {path for path in known if path.rpartition("/")[2] == "probleem"}
        else:
            found = {f"{path}/{step}".lstrip("/") for path in found} & known
    return found


def touched(known: set[str], row: Row, here: set[str]) -> Iterator[tuple[str, set[str]]]:
    """What the rows look at: a path as the table has it, and the elements that it leads to."""
    places = within(known, here, row.each) if row.each else here
    if row.each:
        yield row.each, places
    if row.otherwise:
        yield row.otherwise, within(known, here, row.otherwise)
    if row.negated:
        yield row.negated, within(known, places if row.negated.startswith("./") else here, row.negated)
    if row.source and row.fill not in MADE:
        yield row.source, within(known, places, row.source)
    if row.when:
        _, first, *other = row.when.split()
        yield first, within(known, places, first)
        for place in other:
            yield place, within(known, here, place)
    for child in row.children:
        yield from touched(known, child, places)


def every(row: Row) -> Iterator[Row]:
    yield row
    for child in row.children:
        yield from every(child)


def looked_at(name: str) -> list[tuple[str, set[str]]]:
    wanted = MESSAGES[name]
    return list(touched(set(elements(name)), message(tuple(wanted["tables"]), wanted["version"]), {""}))


@pytest.mark.parametrize("name", [name for name, wanted in MESSAGES.items() if "codes" in wanted])
def test_every_path_of_a_row_leads_somewhere_in_the_record(name: str) -> None:
    """Where the data set is published; of the others only what the published records happened to hold is known."""
    assert not [place for place, found in looked_at(name) if not found]


@pytest.mark.parametrize("name", MESSAGES)
def test_every_element_that_can_hold_something_has_a_row_or_a_reason(name: str) -> None:
    used = set().union(*(found for _, found in looked_at(name)))
    reasons = {row["path"] for row in rows("hl7v3/not_mapped") if name in row["messages"].split()}
    later = {path for path in elements(name) if is_later(name, path)}
    groups = {path for path, row in elements(name).items() if row["datatype"] == "group"}

    assert sorted(set(elements(name)) - used - reasons - groups - later) == []


def is_later(name: str, path: str) -> bool:
    """An element that another version of the same data set added: its rows are of that version."""
    table = MESSAGES[name]["tables"][-1]
    return any(row["versions"] and MESSAGES[name]["version"] not in row["versions"].split()
               and row["each"].rpartition("/")[2] in path.split("/") for row in rows(f"hl7v3/{table}"))  # fmt: skip


@pytest.mark.parametrize("name", MESSAGES)
def test_a_row_uses_words_of_the_closed_lists_only(name: str) -> None:
    wanted = MESSAGES[name]
    for row in every(message(tuple(wanted["tables"]), wanted["version"])):
        assert not row.fill or row.fill in FILLS or row.fill in MADE
        assert not row.when or row.when.split()[0] in CONDITIONS


def test_every_reason_is_cited() -> None:
    assert all(row["citation"] and row["reason"] for row in rows("hl7v3/not_mapped"))
