"""STU3 → ADA: what is about a born child is never told of its mother or of a foetus, and the other way round."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from babyconnect.birthcare.ada import AdaElement
from babyconnect.translate.to_ada.record import Made, to_ada, transactions

TODAY = dt.date(2026, 11, 21)
BORN = "2026-06-03"
PROFILE = "http://nictiz.nl/fhir/StructureDefinition/"
CORE = "http://fhir.nl/fhir/StructureDefinition/"
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
HEAD = ((LOINC, "9843-4"), (SNOMED, "363812007"), (SNOMED, "56792006"))
HEART = ((LOINC, "8867-4"),)


def patient(name: str, kind: str, born: str) -> dict[str, Any]:
    profiles = [f"{CORE}nl-core-patient", f"{PROFILE}{kind}"]
    return {"resourceType": "Patient", "id": name, "meta": {"profile": profiles}, "birthDate": born}


WOMAN, CHILD = patient("w", "bc-Woman", "1990-02-28"), patient("c", "bc-Child", BORN)
FETUS: dict[str, Any] = {
    "resourceType": "BodySite", "id": "f", "meta": {"profile": [f"{PROFILE}bc-Fetus"]},
    "code": {"coding": [{"system": SNOMED, "code": "83418008"}]}, "patient": {"reference": "Patient/w"},
}  # fmt: skip


def measured(of: str, when: str, codes: tuple[tuple[str, str], ...], profile: str, unit: str, **more: Any) -> Any:
    return {
        "resourceType": "Observation", "id": "o", "status": "final",
        **({"meta": {"profile": [f"{PROFILE}{profile}"]}} if profile else {}),
        "code": {"coding": [{"system": system, "code": code} for system, code in codes]},
        "subject": {"reference": f"Patient/{of}"}, "effectiveDateTime": when,
        "valueQuantity": {"value": 34, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}, **more,
    }  # fmt: skip


def made_of(*resources: Any, transaction: str = "uitbreiding") -> Made:
    return to_ada([WOMAN, CHILD, *resources], transactions()[transaction], TODAY)


def holders(made: Made) -> dict[str, AdaElement]:
    """The elements right above the value 34, by name."""
    assert made.record is not None
    return {
        above.name: above for above in made.record.root.walk() for one in above.children if one.value in ("34", "340")
    }


def not_held(made: Made) -> list[str]:
    return [f.text for f in made.findings if f.rule == "not-held" and f.place == "Observation[1]"]


FOCUS = {"extension": [{"url": f"{PROFILE}observation-focusSTU3", "valueReference": {"reference": "BodySite/f"}}]}


@pytest.mark.parametrize("transaction", ["basis", "echo", "kraam", "uitbreiding"])
@pytest.mark.parametrize(
    ("codes", "profile", "unit"),
    [(HEAD, "zib-HeadCircumference", "cm"), (HEAD, "", "cm"), (HEART, "zib-HeartRate", "/min"), (HEART, "", "/min"),
     (((LOINC, "8302-2"),), "zib-BodyHeight", "cm"), (((LOINC, "85354-9"),), "zib-BloodPressure", "mm[Hg]")],
)  # fmt: skip
def test_what_was_measured_of_a_child_days_after_its_birth_is_no_foetus_and_no_mothers_and_named_where_it_has_no_place(
    codes: tuple[tuple[str, str], ...], profile: str, unit: str, transaction: str
) -> None:
    made = made_of(measured("c", "2026-06-08", codes, profile, unit), transaction=transaction)
    assert not holders(made) and len(not_held(made)) == 1


@pytest.mark.parametrize(
    ("codes", "profile", "group", "date"),
    [(HEAD[:1], "zib-HeadCircumference", "schedelomvang", "2026-06-03"),
     (HEAD, "", "schedelomvang", "2026-06-03T04:10:00+02:00"),
     (((LOINC, "8302-2"),), "zib-BodyHeight", "lichaamslengte", "2026-06-03")],
)  # fmt: skip
def test_what_was_measured_of_a_child_on_the_day_of_its_birth_stands_in_its_own_examination(
    codes: tuple[tuple[str, str], ...], profile: str, group: str, date: str
) -> None:
    made = made_of(measured("c", date, codes, profile, "cm"))
    assert list(holders(made)) == [group] and not not_held(made)
    assert made.record is not None
    [kind] = [one for one in made.record.root.walk() if one.name == "kind" and holders(made)[group] in one.walk()]
    assert any(one.attributes.get("datatype") == "reference" for one in kind.walk())


def test_the_weight_and_the_temperature_of_a_child_of_any_day_are_the_childs() -> None:
    for code, profile, unit in (("29463-7", "zib-BodyWeight", "g"), ("8310-5", "zib-BodyTemperature", "Cel")):
        made = made_of(measured("c", "2026-06-08", ((LOINC, code),), profile, unit))
        assert not not_held(made)
        [one] = holders(made).values()
        assert made.record is not None
        users = [e for e in made.record.root.walk() if e.value and e.value == one.attributes.get("id")]
        groups = [e for e in made.record.root.walk() if any(user in e.walk() for user in users)]
        assert any(e.name in ("kind", "controles_kind") for e in groups), code


@pytest.mark.parametrize(
    ("codes", "profile", "unit", "group"),
    [(HEAD, "zib-HeadCircumference", "cm", "foetale_schedelomvang"),
     (HEART, "bc-FetalHeartRate", "/min", "foetale_hartslag_hartfrequentie")],
)  # fmt: skip
def test_what_says_of_which_foetus_it_is_stands_in_the_foetal_biometry(
    codes: tuple[tuple[str, str], ...], profile: str, unit: str, group: str
) -> None:
    made = made_of(FETUS, measured("w", "2026-04-01", codes, profile, unit, **FOCUS))
    assert list(holders(made)) == [group]


@pytest.mark.parametrize(
    ("codes", "profile", "unit"), [(HEAD, "zib-HeadCircumference", "cm"), (HEART, "zib-HeartRate", "/min")]
)
def test_what_is_measured_of_the_woman_and_says_no_foetus_is_none_of_a_foetus(
    codes: tuple[tuple[str, str], ...], profile: str, unit: str
) -> None:
    made = made_of(measured("w", "2026-04-01", codes, profile, unit))
    assert not holders(made) and len(not_held(made)) == 1


def test_what_only_a_group_of_its_mother_could_take_of_a_child_is_named_so() -> None:
    pressure = (((LOINC, "85354-9"),), "zib-BloodPressure", "mm[Hg]")
    assert not not_held(made_of(measured("w", "2026-06-08", *pressure)))
    assert not_held(made_of(measured("c", "2026-06-08", *pressure))) == [
        "this transaction has a place for it of somebody else only, not of whom it is about"
    ]


def test_what_is_of_a_patient_whom_the_record_is_not_about_is_nobodys_here() -> None:
    father = patient("x", "unknown", "1988-01-01")
    made = made_of(father, measured("x", "2026-06-08", ((LOINC, "29463-7"),), "zib-BodyWeight", "kg"))
    assert made.record is None or not holders(made)
