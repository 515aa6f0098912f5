"""FHIR values as Dutch text, type by type; nothing inside a value gets lost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from babyconnect.delivery import dutch, values


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026", "2026"),
        ("2026-05", "mei 2026"),
        ("2026-05-03", "3 mei 2026"),
        ("2026-05-03T22:30:00Z", "4 mei 2026 00:30"),
        ("2026-01-03T14:38:00+01:00", "3 januari 2026 14:38"),
        ("2026-01-03T14:38:12+01:00", "3 januari 2026 14:38:12"),
    ],
)
def test_dates_are_written_in_dutch_and_in_dutch_time(text: str, written: str) -> None:
    assert dutch.moment(text) == written


@pytest.mark.parametrize(
    ("element", "value", "written"),
    [
        ("valueQuantity", {"value": 7.1, "unit": "mmol/L", "code": "mmol/L"}, "7,1 mmol/l"),
        ("valueQuantity", {"value": Decimal("7.10"), "unit": "mmol/L"}, "7,10 mmol/l"),
        ("valueQuantity", {"value": 5, "comparator": "<", "unit": "d", "code": "d"}, "<5 dagen"),
        ("valueQuantity", {"value": 9}, "9"),
        ("valueBoolean", True, "ja"),
        ("valueString", "vrije tekst", "vrije tekst"),
        ("valueDateTime", "2026-05-03", "3 mei 2026"),
        ("period", {"start": "2026-05-03", "end": "2026-05-04"}, "3 mei 2026 tot en met 4 mei 2026"),
        ("period", {"start": "2026-05-03"}, "vanaf 3 mei 2026"),
        ("period", {"start": "2026-05-03", "end": "2026-05-03"}, "3 mei 2026"),
        ("status", "final", "definitief"),
        ("category", {"coding": [{"system": "http://snomed.info/sct", "code": "1", "display": "iets"}]},
         "iets · SNOMED CT 1"),
        ("code", {"text": "alleen tekst"}, "alleen tekst"),
        ("performer", {"reference": "Practitioner/1", "display": "A. Arts || Gynaecoloog || Oost"},
         "A. Arts · Gynaecoloog · Oost"),
        ("identifier", {"system": "http://fhir.nl/fhir/NamingSystem/agb-z", "value": "08001234"}, "AGB 08001234"),
        ("telecom", {"system": "phone", "value": "0612345678", "use": "mobile"},
         "telefoon 0612345678 (Gebruik: mobiel)"),
        ("address", {"line": ["Knolweg 1"], "postalCode": "9999XA", "city": "STITSWERD"},
         "Knolweg 1, 9999XA STITSWERD"),
        ("note", {"text": "let op", "time": "2026-05-03"}, "let op (3 mei 2026)"),
        ("referenceRange", {"low": {"value": 7.1, "unit": "mmol/L"}, "high": {"value": 9}},
         "Ondergrens: 7,1 mmol/l; Bovengrens: 9"),
        ("_value", [{"extension": [{"url": "x/data-absent-reason", "valueCode": "masked"}]}], ""),
    ],
)  # fmt: skip
def test_a_value_is_written(element: str, value: Any, written: str) -> None:
    if element == "_value":
        assert list(values.parts(element, value, values.nameless)) == [("Reden van ontbreken", "afgeschermd")]
    else:
        assert values.text(value, element) == written


def test_a_backbone_element_is_written_whole_with_its_extensions() -> None:
    value = {"role": {"text": "waarnemer"}, "extension": [{"url": "http://x/nieuw", "valueInteger": 3}], "rank": 2}
    assert values.text(value, "participant") == "Rol: waarnemer; nieuw: 3; rank: 2"


def test_an_extension_on_a_value_goes_behind_it() -> None:
    value = {"value": 3, "unit": "kg", "extension": [{"url": "http://x/zeker", "valueBoolean": False}]}
    assert values.text(value, "valueQuantity") == "3 kg (zeker: nee)"


def test_an_empty_or_odd_value_is_no_fault() -> None:
    for value in ({}, [], [None], {"coding": []}, {"coding": [{}]}, {"reference": "#x"}, {"value": None}):
        assert isinstance(values.text(value, "value"), str)
