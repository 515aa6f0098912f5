"""Invariants in FHIRPath: every published one runs, and says of an element what its words say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from babyconnect.definitions import rows
from babyconnect.fhir.profiles.fhirpath import Around, compiled
from babyconnect.fhir.profiles.fhirpath.parser import parse

NOWHERE = Around({"resourceType": "Observation"}, lambda address: None)
NAMES = "http://hl7.org/fhir/StructureDefinition/"


@pytest.mark.parametrize("row", rows("profiles/invariants"), ids=lambda row: row["id"])
def test_every_published_invariant_can_be_asked_of_an_element_with_nothing_in_it(row: dict[str, str]) -> None:
    assert compiled(row["expression"])({}, NOWHERE) in (True, False)


@pytest.mark.parametrize(
    ("key", "holds", "broken"),
    [
        ("obs-6", {"valueBoolean": True}, {"valueBoolean": True, "dataAbsentReason": {"text": "x"}}),
        ("per-1", {"start": "2024-01", "end": "2024-01-31"}, {"start": "2024-02-01", "end": "2024-01-31"}),
        (
            "per-1",
            {"start": "2024-01-01T10:00:00+01:00", "end": "2024-01-01T09:30:00Z"},
            {"start": "2024-01-01T10:00:00+01:00", "end": "2024-01-01T08:30:00Z"},
        ),
        ("qty-3", {"code": "kg", "system": "http://unitsofmeasure.org"}, {"code": "kg"}),
        (
            "rng-2",
            {"low": {"value": 1}, "high": {"value": Decimal("1.5")}},
            {"low": {"value": 2}, "high": {"value": 1}},
        ),
        ("ext-1", {"url": "u", "valueString": "x"}, {"url": "u"}),
        ("ext-1", {"url": "u", "extension": [{}]}, {"url": "u", "extension": [{}], "valueString": "x"}),
        ("con-3", {"clinicalStatus": "active"}, {"verificationStatus": "confirmed"}),
        (
            "con-4",
            {"abatementString": "x", "clinicalStatus": "resolved"},
            {"abatementAge": {}, "clinicalStatus": "active"},
        ),
        ("org-1", {"name": "x"}, {}),
        ("pro-1", {"notDone": True, "notDoneReason": {}}, {"notDone": False, "notDoneReason": {}}),
        ("mad-3", {"reasonCode": [{}], "notGiven": False}, {"reasonCode": [{}], "notGiven": True}),
        ("tim-9", {"offset": 3, "when": ["AC"]}, {"offset": 3, "when": ["C"]}),
        (
            "nl-postal-code-pattern",
            "1234AB",
            "1234 ab",
        ),
        ("hcim-pregnancy-1", "2024-01-31", "2024-01"),
        ("rat-1", {"numerator": {}, "denominator": {}}, {"numerator": {}}),
        (
            "ait-2",
            {"verificationStatus": "entered-in-error"},
            {"verificationStatus": "entered-in-error", "clinicalStatus": "active"},
        ),
    ],
)
def test_an_invariant_holds_and_is_broken(key: str, holds: Any, broken: Any) -> None:
    [expression] = [row["expression"] for row in rows("profiles/invariants") if row["id"] == key]
    assert compiled(expression)(holds, NOWHERE)
    assert not compiled(expression)(broken, NOWHERE)


def test_a_reference_is_followed_and_what_it_leads_to_has_a_type() -> None:
    [rule] = [row["expression"] for row in rows("profiles/invariants") if row["id"] == "rfr-1"]
    requester = {"agent": {"reference": "Patient/1"}, "onBehalfOf": {"reference": "Organization/1"}}

    def leads_to(type_name: str) -> Around:
        return Around({}, lambda address: {"resourceType": type_name})

    assert compiled(rule)(requester, leads_to("Practitioner"))
    assert not compiled(rule)(requester, leads_to("Patient"))


def test_the_extensions_of_a_primitive_are_found_beside_it() -> None:
    holds = compiled(f"family.extension('{NAMES}humanname-own-prefix').exists()")
    beside = {"family": "van Dijk", "_family": {"extension": [{"url": f"{NAMES}humanname-own-prefix"}]}}
    assert holds(beside, NOWHERE)
    assert not holds({"family": "van Dijk"}, NOWHERE)


@pytest.mark.parametrize("text", ["a.", "a b", "(a", "a ~ b", "unknown()", "'open"])
def test_what_is_no_expression_of_the_closed_set_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        compiled(text)


def test_operators_bind_as_the_specification_orders_them() -> None:
    a, b, c, d = (("path", name) for name in "abcd")
    assert parse("a or b and c implies d") == ("implies", ("or", a, ("and", b, c)), d)
    assert parse("a in 'x' | 'y'") == ("in", a, ("|", ("literal", "x"), ("literal", "y")))
