"""A value that can be nobody's is told, whatever format it came in: a wrong unit of the right kind tells nothing."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import pytest

from babyconnect.definitions import rows
from babyconnect.fhir import json
from babyconnect.flows.examples import EXAMPLES, case
from tests.spec.publishing.records import Node, Resource, bundle, concept, record, weight

TODAY = dt.date(2026, 11, 21)
LOINC = "http://loinc.org"
PLAIN = {"profile": ["http://hl7.org/fhir/StructureDefinition/Observation"]}


@cache
def example(format: str) -> bytes:
    return next(iter(EXAMPLES[format](case(TODAY)))).content


async def doubted(content: bytes) -> list[str]:
    report = await Node().one(content)
    assert report.status.startswith("published"), report.findings
    return [f.place.rpartition(" ")[2] for f in report.findings if f.rule == "implausible"]


def with_(**value: Any) -> bytes:
    return bundle(*record(), {**{k: v for k, v in weight("X").items() if k != "valueQuantity"}, **value})


def quantity(value: str, unit: str) -> Resource:
    return {"valueQuantity": {"value": json.decimal(value), "unit": unit, "code": unit,
                              "system": "http://unitsofmeasure.org"}}  # fmt: skip


@pytest.mark.parametrize("format", ["ada", "stu3", "hl7v3-acute"])
async def test_what_an_example_holds_is_plausible(format: str) -> None:
    assert await doubted(example(format)) == []


@pytest.mark.parametrize("format", ["ada", "hl7v3-acute"])
async def test_a_birth_weight_in_kilograms_that_was_written_in_grams_is_told_and_kept(format: str) -> None:
    wrong = example(format).replace(b'unit="g"', b'unit="kg"')
    assert wrong != example(format)

    assert "Observation.valueQuantity" in await doubted(wrong)


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [("68.50", "kg", False), ("68500", "g", False), ("68500", "kg", True), ("68.50", "g", True), ("0", "kg", True),
     ("450", "kg", False), ("450.1", "kg", True), ("-70", "kg", True)],
)  # fmt: skip
async def test_a_weight_is_judged_in_its_own_unit(value: str, unit: str, told: bool) -> None:
    assert bool(await doubted(with_(**quantity(value, unit)))) is told


@pytest.mark.parametrize(("value", "told"), [("7", False), ("11", True)])
async def test_a_score_without_a_unit_is_judged_by_its_number(value: str, told: bool) -> None:
    score = with_(code=concept("9272-6", "Apgar", LOINC), meta=PLAIN, valueQuantity={"value": json.decimal(value)})

    assert bool(await doubted(score)) is told


async def test_each_part_of_a_blood_pressure_is_judged() -> None:
    part = [{"code": concept("8480-6", "systolisch", LOINC), **quantity("1200", "mm[Hg]")},
            {"code": concept("8462-4", "diastolisch", LOINC), **quantity("80", "mm[Hg]")}]  # fmt: skip

    assert await doubted(with_(code=concept("85354-9", "bloeddruk", LOINC), meta=PLAIN, component=part)) == [
        "Observation.component.valueQuantity"
    ]


@pytest.mark.parametrize("value", [{"valueQuantity": {"value": 70, "unit": "stone"}}, {"valueString": "zwaar"}, {}])
async def test_of_what_cannot_be_said_in_that_unit_nothing_is_doubted(value: Resource) -> None:
    assert await doubted(with_(**value)) == []


async def test_a_spreadsheet_is_judged_by_its_reader_and_not_twice() -> None:
    content = example("csv")
    report = await Node().one(content.replace(b";3780;", b";37800;"))
    assert content != content.replace(b";3780;", b";37800;")

    assert len([f for f in report.findings if f.rule == "implausible"]) == 1


def test_limits_are_in_order_and_once_for_a_code() -> None:
    table = rows("checks/plausible")
    assert all(float(row["least"]) < float(row["most"]) for row in table)
    assert len({row["code"] for row in table}) == len(table)
