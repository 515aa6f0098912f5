"""Conflicts are shown with everyone who states a value; nothing is overwritten and nothing chosen."""

from __future__ import annotations

import pytest

from babyconnect.birthcare.record import Record
from babyconnect.merge import merge
from tests.support.made import GP, HOSPITAL, LOINC, MIDWIFE, TODAY, Dossier, code, day, dossier, ref


def _pair() -> tuple[Dossier, Dossier]:
    made = (dossier(MIDWIFE), dossier(HOSPITAL))
    for one in made:
        one.due(60, definitive=False)
    return made


def _topics(record: Record) -> list[str]:
    return [conflict.topic for conflict in record.conflicts]


@pytest.mark.parametrize(
    ("topic", "loinc", "one_value", "other_value"),
    [
        ("blood_group", "883-9", "58460004", "112144000"),
        ("rhesus_d", "1305-2", "165746003", "165747007"),
        ("rhesus_c", "1159-3", "733119003", "733120009"),
    ],
)
def test_blood_groups_that_differ_are_a_conflict(topic: str, loinc: str, one_value: str, other_value: str) -> None:
    one, other = _pair()
    one.lab("x", loinc, one_value, -100)
    other.lab("y", loinc, other_value, -20)
    record = merge([one.answer(), other.answer()], TODAY)
    assert _topics(record) == [topic]
    assert {o.source for s in record.conflicts[0].values for o in s.origins} == {MIDWIFE, HOSPITAL}


def test_the_same_blood_group_in_two_code_systems_of_value_is_no_conflict() -> None:
    one, other = _pair()
    one.lab("x", "1305-2", "165746003", -100)
    other.lab("y", "10331-7", "260385009", -20)
    record = merge([one.answer(), other.answer()], TODAY)
    assert _topics(record) == []
    assert record.blood.rhesus_certain


def test_rhesus_is_uncertain_on_a_conflict_without_a_value_and_while_a_source_is_missing() -> None:
    one, other = _pair()
    assert not merge([one.answer()], TODAY).blood.rhesus_certain
    one.lab("x", "1305-2", "165746003", -100)
    assert merge([one.answer(), other.answer()], TODAY).blood.rhesus_certain
    assert not merge([one.answer(), Dossier(GP).answer("timed_out")], TODAY).blood.rhesus_certain
    other.lab("y", "1305-2", "165747007", -20)
    assert not merge([one.answer(), other.answer()], TODAY).blood.rhesus_certain


def test_definitive_due_dates_that_differ_are_a_conflict_and_the_earliest_recorded_is_followed() -> None:
    one, other = _pair()
    one.due(60, when=-100, method="278292003", id="d")
    other.due(63, when=-50, method="278292003", id="d")
    record = merge([one.answer(), other.answer()], TODAY)
    assert _topics(record) == ["due_date"]
    due = record.pregnancies[0].due
    assert due is not None
    assert due.date.isoformat() == day(60)


def test_an_estimate_beside_a_definitive_date_is_no_conflict() -> None:
    one, other = _pair()
    other.due(63, when=-50, id="d")
    assert _topics(merge([one.answer(), other.answer()], TODAY)) == []


def test_estimates_that_differ_are_a_conflict_while_no_source_has_a_definitive_date() -> None:
    one, other = dossier(MIDWIFE), dossier(HOSPITAL)
    one.due(60, definitive=False)
    other.due(67, definitive=False)
    assert _topics(merge([one.answer(), other.answer()], TODAY)) == ["due_date"]


@pytest.mark.parametrize(("topic", "loinc"), [("gravidity", "11996-6"), ("parity", "11977-6")])
def test_counts_that_differ_are_a_conflict_but_a_later_count_of_the_same_source_is_not(topic: str, loinc: str) -> None:
    one, other = _pair()
    one.observe("n1", code(loinc, LOINC), -100, valueQuantity={"value": 1})
    one.observe("n2", code(loinc, LOINC), -10, valueQuantity={"value": 2})
    assert _topics(merge([one.answer()], TODAY)) == []
    other.observe("n", code(loinc, LOINC), -20, valueQuantity={"value": 3})
    record = merge([one.answer(), other.answer()], TODAY)
    assert _topics(record) == [topic]
    assert [s.value for s in record.conflicts[0].values] == ["2", "3"]


def test_chorionicity_that_differs_is_a_conflict_and_a_coarser_name_is_not() -> None:
    one, other = _pair()
    twin = code("65147003")
    one.observe("c", twin, -100, one.pregnancy, valueCodeableConcept=code("459168005"))
    other.observe("c", twin, -90, other.pregnancy, valueCodeableConcept=code("459167000"))
    assert _topics(merge([one.answer(), other.answer()], TODAY)) == []
    other.observe("d", twin, -80, other.pregnancy, valueCodeableConcept=code("459166009"))
    assert _topics(merge([one.answer(), other.answer()], TODAY)) == ["chorionicity"]


def test_a_twin_pregnancy_beside_a_child_that_is_no_twin_is_a_conflict() -> None:
    one, other = _pair()
    one.observe("c", code("65147003"), -100, one.pregnancy, valueCodeableConcept=code("459168005"))
    other.child("a", "male", "2026-05-27", multipleBirthBoolean=False)
    assert "multiple_pregnancy" in _topics(merge([one.answer(), other.answer()], TODAY))


def test_an_allergy_beside_no_known_allergies_is_a_conflict() -> None:
    one, other = _pair()
    one.add("AllergyIntolerance", "a", patient=ref("Patient/w"), code=code("716186003"), clinicalStatus="active")
    other.add("AllergyIntolerance", "a", patient=ref("Patient/w"), code=code("294505008"), clinicalStatus="active")
    assert _topics(merge([one.answer(), other.answer()], TODAY)) == ["allergy"]


def test_an_allergy_that_another_source_refuted_is_a_conflict() -> None:
    one, other = _pair()
    for made, status in ((one, "confirmed"), (other, "refuted")):
        made.add(
            "AllergyIntolerance",
            "a",
            patient=ref("Patient/w"),
            code=code("294505008"),
            clinicalStatus="active",
            verificationStatus=status,
        )
    assert _topics(merge([one.answer(), other.answer()], TODAY)) == ["allergy"]


def test_a_child_that_one_source_calls_dead_and_another_alive_is_a_conflict_and_never_folds() -> None:
    one, other = _pair()
    one.child("a", "male", "2026-05-27", 3000, deceasedDateTime="2026-05-28")
    other.child("a", "male", "2026-05-27", 3000, deceasedBoolean=False)
    record = merge([one.answer(), other.answer()], TODAY)
    (child,) = record.children
    assert child.death.reported
    assert child.death.disputed
    assert _topics(record) == ["death"]
    assert len(child.persons) == 2


def test_life_recorded_by_another_source_after_a_death_is_a_conflict() -> None:
    one, other = _pair()
    one.child("a", "male", "2026-05-27", 3000, deceasedDateTime="2026-05-28")
    other.child("a", "male", "2026-05-27", 3000)
    other.observe("w", code("29463-7", LOINC), "2026-05-30", subject="Patient/a", valueQuantity={"value": 2900})
    assert _topics(merge([one.answer(), other.answer()], TODAY)) == ["death"]


def test_an_undisputed_death_is_a_state_and_no_conflict() -> None:
    one, _ = _pair()
    one.child("a", "male", "2026-05-27", 3000, deceasedDateTime="2026-05-28")
    record = merge([one.answer()], TODAY)
    assert record.children[0].death.reported
    assert _topics(record) == []
