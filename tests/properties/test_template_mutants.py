"""Mutants of a filled-in template: any cell or row dropped, doubled, swapped or spoilt is refused, told or harmless.

Harmless is: what is left says nothing that the file does not say.  Never a fault, never another client's.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Iterator

import pytest

from babyconnect.birthcare.templates import sheets
from babyconnect.flows.inputs import Input, Refusal, read
from babyconnect.sources import Record
from babyconnect.translate.tabular.build import build
from tests.support import filled_in
from tests.support.filled_in import Filled

TODAY = dt.date(2026, 11, 22)
WHOLE = filled_in.example()
SPOILT = ("§", "-1", "99999999", "01-01-0001", "=1+1", "\u202e", "1e9", "0")
Fact = tuple[str, tuple[tuple[str, str], ...]]


def outcome(filled: Filled) -> tuple[set[Fact], list[str], bool]:
    """What is said, the rules of errors and warnings, and whether it is refused."""
    facts: set[Fact] = set()
    rules: list[str] = []
    refused = False
    for item in read([Input("praktijk", content=filled_in.text(filled))], 9_000_000, {}):
        if isinstance(item, Refusal):
            rules.append(item.finding.rule)
            refused = True
        elif isinstance(item, Record) and item.extract is not None:
            built = build(item.extract, TODAY)
            rules += [finding.rule for finding in built.findings]
            refused = refused or built.record is None
            walked = built.record.root.walk() if built.record else ()
            facts |= {(e.concept, _said(e.attributes.items())) for e in walked if e.concept and not e.children}
    return facts, rules, refused


def _said(attributes: object) -> tuple[tuple[str, str], ...]:
    """Without identities, which name what a row is of."""
    return tuple(sorted((k, v) for k, v in attributes if k != "id"))  # type: ignore[attr-defined]


BEFORE, _, _ = outcome(WHOLE)
CELLS = [(key, header) for key, rows in WHOLE.items() for header in rows[0]]


def without(key: str, header: str) -> Filled:
    return filled_in.changed(WHOLE, key, {header: None})


def test_the_whole_is_taken() -> None:
    assert BEFORE and outcome(WHOLE)[1:] == ([], False)


@pytest.mark.parametrize(("key", "header"), CELLS)
def test_a_dropped_cell_takes_its_own_facts_along_and_no_other(key: str, header: str) -> None:
    facts, rules, refused = outcome(without(key, header))

    assert refused == bool({"empty", "no-client", "no-child", "caregiver"} & set(rules))
    assert refused or not {fact for fact in facts - BEFORE if not _reference_or_number(fact)}


def _reference_or_number(fact: Fact) -> bool:
    """What stands for something that is not there: its own number, a null flavour; or refers to what is named anew."""
    attributes = dict(fact[1])
    return attributes.get("datatype") == "reference" or fact[0] == "682"


@pytest.mark.parametrize(("key", "header"), CELLS)
def test_a_spoilt_cell_is_refused_told_or_said_as_it_stands(key: str, header: str) -> None:
    column = sheets()[key].columns[header]
    for spoilt in SPOILT:
        facts, rules, refused = outcome(filled_in.changed(WHOLE, key, {header: spoilt}))
        # Text is free: it is said as it stands.  A number of days or pieces may be 0; all else is refused or told.
        said = {value for _, attributes in facts for _, value in attributes}
        free = column.type in ("text", "row", "dossier", "caregiver-code", "identifier")
        assert refused or rules or (free and (spoilt in said or column.type != "text")) or spoilt in ("0",), spoilt


def test_swapped_cells_of_a_row_are_refused_told_or_say_what_the_file_says() -> None:
    for key, rows in WHOLE.items():
        headers = list(rows[0])
        for one, other in itertools.pairwise(headers):
            row = dict(rows[0])
            row[one], row[other] = row[other], row[one]
            facts, rules, refused = outcome({**WHOLE, key: [row]})
            kinds = {sheets()[key].columns[h].type for h in (one, other)}
            # A number in a number's place and words in the place of words are what the file says.
            same = len(kinds) == 1 or kinds <= {"number", "whole"} or "text" in kinds
            assert refused or rules or same, (key, one, other, facts - BEFORE)


@pytest.mark.parametrize("key", WHOLE)
def test_a_doubled_row_says_nothing_twice(key: str) -> None:
    facts, rules, refused = outcome({**WHOLE, key: WHOLE[key] * 2})

    assert (facts, refused) == (BEFORE, False)
    assert set(rules) == {"same-row"}


@pytest.mark.parametrize("key", WHOLE)
def test_a_dropped_row_or_sheet_takes_no_other_along(key: str) -> None:
    for filled in ({**WHOLE, key: []}, {k: v for k, v in WHOLE.items() if k != key}):
        facts, rules, refused = outcome(filled)

        assert refused == bool({"no-client", "no-child", "caregiver"} & set(rules))
        assert refused or not {fact for fact in facts - BEFORE if not _reference_or_number(fact)}


def corrupted() -> Iterator[bytes]:
    """Bytes of the workbook and of the text changed, taken out and repeated, the same in every run."""
    chance = random.Random(20261122)
    for content in (filled_in.workbook(WHOLE), filled_in.text(WHOLE)):
        for _ in range(150):
            at, length = chance.randrange(len(content)), chance.randrange(1, 40)
            spoilt = bytes(chance.randrange(256) for _ in range(length))
            yield content[:at] + chance.choice([b"", spoilt, content[at : at + length] * 2]) + content[at + length :]


def test_spoilt_bytes_are_refused_or_read_and_never_a_fault() -> None:
    for content in corrupted():
        for item in read([Input("praktijk", content=content)], 9_000_000, {}):
            assert isinstance(item, Record | Refusal)
            if isinstance(item, Record) and item.extract is not None:
                build(item.extract, TODAY)
