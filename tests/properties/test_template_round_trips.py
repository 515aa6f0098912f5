"""A record written as rows of a template and read again says what it said, and nothing else."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.birthcare.templates import sheets, templates
from babyconnect.flows.examples import case
from babyconnect.flows.inputs import Input, read
from babyconnect.flows.material import Wanted
from babyconnect.flows.translating import write
from babyconnect.sources import Record
from babyconnect.translate.tabular.build import build
from babyconnect.translate.tabular.structure import TRANSACTION
from babyconnect.translate.tabular.taking import take
from babyconnect.translate.to_ada.record import to_ada
from tests.properties.test_template_laws import QUICK, SAID_BY_ROWS, rows
from tests.support import filled_in

TODAY = dt.date(2026, 11, 22)
GIVEN = {given.concept for sheet in sheets().values() for given in sheet.given}


def record(content: bytes) -> AdaRecord:
    (item,) = read([Input("rijen", content=content)], 9_000_000, {})
    assert isinstance(item, Record) and item.extract is not None, item
    built = build(item.extract, TODAY)
    assert built.record is not None, built.findings
    return built.record


def said(of: AdaRecord) -> list[tuple[str, str, str]]:
    """Every value with its unit; references and what stands for nothing left out."""
    leaves = (e for e in of.root.walk() if e.is_filled and not e.is_reference)
    return sorted((e.concept, e.code or e.value, e.attributes.get("unit", "")) for e in leaves)


def again(of: AdaRecord) -> AdaRecord:
    taken = take(of, TODAY)
    assert not [f for f in taken.findings if f.severity != "information"], taken.findings
    return record(filled_in.text({key: [dict(row) for row in found] for key, found in taken.rows.items()}))


@pytest.mark.parametrize("kind", templates())
def test_the_example_of_a_template_comes_back_whole(kind: str) -> None:
    first = record(filled_in.text(filled_in.example(kind)))

    assert said(again(first)) == said(first)


@QUICK
@given(st.sampled_from(SAID_BY_ROWS).flatmap(lambda key: st.tuples(st.just(key), rows(key))))
def test_any_row_comes_back_whole(made: tuple[str, tuple[dict[str, str], dict[str, str]]]) -> None:
    key, (cells, _) = made
    filled = filled_in.small()
    filled[key] = [{"Dossiernummer": "D-1", **cells}]
    first = record(filled_in.text(filled))

    taken = take(first, TODAY)
    lost = {f.concept for f in taken.findings if f.severity != "information"}
    second = record(filled_in.text({key: [dict(row) for row in found] for key, found in taken.rows.items()}))

    # A row that has only what tells it apart says nothing, and is not written.
    assert lost <= {c.concept for c in sheets()[key].columns.values() if c.required}
    for one in sheets()[key].given:  # what the row says of itself by that same cell goes with it
        unwritten = not taken.rows.get(key)
        if unwritten or (one.source == "column" and sheets()[key].columns[one.argument].concept in lost):
            lost.add(one.concept)
    assert [one for one in said(second) if one[0] not in lost] == [one for one in said(first) if one[0] not in lost]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_written_of_a_synthetic_record_is_all_its_own(seed: int) -> None:
    made = case(TODAY, seed)
    whole = to_ada(made.outcome.resources, TRANSACTION, TODAY).record
    assert whole is not None
    written = write(made.outcome, "csv", Wanted(TODAY, with_bsn=True))
    own = {(concept, value) for concept, value, _ in said(whole)}

    found = {(concept, value) for concept, value, _ in said(record(written.content))}

    assert len(found) > 20
    assert {one for one in found - own if one[0] not in GIVEN and one[0] != "3358"} == set()
    told = {f.text for f in written.findings}
    assert "no column of the templates takes it as it stands" in told


def test_without_leave_no_bsn_is_written() -> None:
    made = case(TODAY)
    number = next(
        i["value"] for r in made.outcome.resources if r["resourceType"] == "Patient"
        for i in r.get("identifier", ()) if i["system"].endswith("/bsn")
    )  # fmt: skip

    assert number.encode() not in write(made.outcome, "csv", Wanted(TODAY)).content
    assert number.encode() in write(made.outcome, "csv", Wanted(TODAY, with_bsn=True)).content
