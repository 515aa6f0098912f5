"""The check of structure: what STU3 requires, by rule and place."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from babyconnect.fhir import check
from babyconnect.fhir.dates import is_date, is_date_time, is_instant, is_time

GOOD: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "a",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
    "subject": {"reference": "Patient/1"},
    "effectiveDateTime": "2026-02-28T10:00:00+01:00",
    "valueQuantity": {"value": Decimal("68.5")},
}


def found(**changes: Any) -> list[tuple[str, str]]:
    resource = {k: v for k, v in {**GOOD, **changes}.items() if v is not ...}
    return [(issue.place, issue.rule) for issue in check.structure(resource)]


def test_a_good_resource_has_no_issues() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "place", "rule"),
    [
        ({"status": ...}, "Observation.status", "cardinality"),
        ({"status": "klaar"}, "Observation.status", "code"),
        ({"id": "een twee"}, "Observation.id", "value"),
        ({"id": "x" * 65}, "Observation.id", "value"),
        ({"waarde": 1}, "Observation", "unknown-element"),
        ({"_code": {"id": "a"}}, "Observation", "unknown-element"),
        ({"valueString": "x"}, "Observation.value[x]", "choice"),
        ({"effectiveDateTime": "2026-02-30"}, "Observation.effectiveDateTime", "date"),
        ({"effectiveDateTime": "2026-02-28T10:00"}, "Observation.effectiveDateTime", "date"),
        ({"issued": "2026-02-28"}, "Observation.issued", "date"),
        ({"category": {"text": "x"}}, "Observation.category", "type"),
        ({"category": []}, "Observation.category", "empty"),
        ({"code": {}}, "Observation.code", "empty"),
        ({"comment": ""}, "Observation.comment", "empty"),
        ({"comment": "a\x00b"}, "Observation.comment", "character"),
        ({"comment": 3}, "Observation.comment", "type"),
        ({"valueQuantity": {"value": "68.5"}}, "Observation.valueQuantity.value", "type"),
        ({"valueQuantity": {"value": True}}, "Observation.valueQuantity.value", "type"),
        ({"subject": {}}, "Observation.subject", "empty"),
        ({"subject": {"reference": "zomaar"}}, "Observation.subject", "reference"),
        ({"subject": {"reference": "Pasient/1"}}, "Observation.subject", "reference"),
        ({"contained": [{"resourceType": "Niets"}]}, "Observation.contained[0]", "root"),
        ({"component": [{"valueString": "x"}]}, "Observation.component[0].code", "cardinality"),
        ({"extension": [{"valueString": "x"}]}, "Observation.extension[0].url", "cardinality"),
    ],
)
def test_a_deviation_is_named_with_its_place_and_rule(changes: dict[str, Any], place: str, rule: str) -> None:
    assert (place, rule) in found(**changes)


def test_a_required_element_may_be_only_an_extension() -> None:
    absent = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "error"}]
    }

    assert found(status=..., _status=absent) == []


@pytest.mark.parametrize("code", ["a" * 50_000 + " ", "a " * 20_000])
def test_a_hostile_code_costs_no_time(code: str) -> None:
    assert ("Observation.valueCodeableConcept.coding[0].code", "value") in found(
        valueQuantity=..., valueCodeableConcept={"coding": [{"code": code}]}
    )


def test_dates_exist_or_are_refused() -> None:
    assert all(map(is_date, ("2024", "2024-02", "2024-02-29", "0001-01-01")))
    assert not any(map(is_date, ("2023-02-29", "2024-13", "24", "0000", "2024-1-1", "2024-02-29 ", "２０２４", "")))
    assert is_date_time("2024-02-29T23:59:60Z")
    assert not is_date_time("2024-02-29T24:00:00Z")
    assert not is_instant("2024-02-29T10:00:00")
    assert is_time("10:00:00")
    assert not is_time("25:00:00")
