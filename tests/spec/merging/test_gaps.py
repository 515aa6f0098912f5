"""Gaps with names: failed sources, expected checks, choices nobody knows.  A refusal is not a gap: it is nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from babyconnect.birthcare.record import Record
from babyconnect.delivery import build_view
from babyconnect.merge import merge
from tests.support.made import GP, HOSPITAL, KRAAM, LOINC, MIDWIFE, SNOMED, TODAY, Dossier, code, dossier, ref

FIRST = ["blood_group", "rhesus_d", "rhesus_c", "antibodies", "hepatitis_b", "syphilis", "hiv"]


def _at(weeks: int) -> Dossier:
    """A dossier of a woman who is so many weeks pregnant today."""
    made = dossier(MIDWIFE)
    made.due(280 - 7 * weeks)
    return made


def _checks(record: Record) -> list[str]:
    return [gap.code for gap in record.gaps if gap.kind == "check"]


def _choices(record: Record) -> dict[str, str]:
    return {choice.code: choice.value for choice in record.pregnancies[0].choices}


def test_a_source_that_refused_changes_nothing_at_all() -> None:
    answers = [_at(20).answer(), dossier(KRAAM).answer()]
    secret = dossier(HOSPITAL)
    secret.lab("x", "1305-2", "165746003", -100)
    refusal = replace(secret.answer("refused"), reason="objection")
    assert build_view(merge([*answers, refusal], TODAY)) == build_view(merge(answers, TODAY))


@pytest.mark.parametrize("status", ["unreachable", "timed_out", "invalid"])
def test_a_technical_failure_is_named(status: str) -> None:
    record = merge([_at(8).answer(), Dossier(KRAAM).answer(status)], TODAY)  # type: ignore[arg-type]
    assert [(gap.code, gap.source) for gap in record.gaps if gap.kind == "source"] == [(status, KRAAM)]


def test_a_source_that_failed_halfway_keeps_its_part_and_is_named() -> None:
    part = _at(20)
    record = merge([replace(part.answer(), status="timed_out")], TODAY)
    assert record.pregnancies
    assert [gap.code for gap in record.gaps if gap.kind == "source"] == ["timed_out"]


def test_the_first_blood_tests_are_missed_from_13_weeks_and_not_before() -> None:
    assert _checks(merge([_at(12).answer()], TODAY)) == []
    assert _checks(merge([_at(13).answer()], TODAY)) == FIRST


def test_a_test_of_any_source_fills_the_gap() -> None:
    other = dossier(GP)
    other.due(140)
    other.lab("bg", "883-9", "58460004", -80)
    assert "blood_group" not in _checks(merge([_at(20).answer(), other.answer()], TODAY))


def test_a_test_that_was_entered_in_error_fills_no_gap() -> None:
    made = _at(20)
    made.lab("bg", "883-9", "58460004", -80)
    made.resources[-1]["status"] = "entered-in-error"
    assert "blood_group" in _checks(merge([made.answer()], TODAY))


def test_a_blood_group_of_an_earlier_pregnancy_counts_and_an_infection_test_does_not() -> None:
    made = _at(20)
    made.lab("bg", "883-9", "58460004", -900)
    made.observe("hbs", code("58452-4", LOINC), -900, valueQuantity={"value": 0})
    checks = _checks(merge([made.answer()], TODAY))
    assert "blood_group" not in checks
    assert "hepatitis_b" in checks


def test_rhesus_d_negative_asks_for_blood_in_week_27_and_anti_d_in_week_30() -> None:
    made = _at(33)
    made.lab("d", "1305-2", "165746003", -150)
    assert {"antibodies_27_d", "fetal_rhesus_d", "anti_d"} <= set(_checks(merge([made.answer()], TODAY)))
    made.observe("f", code("100670-9", LOINC), -38, valueCodeableConcept=code("260385009"))
    checks = _checks(merge([made.answer()], TODAY))
    assert "fetal_rhesus_d" not in checks
    assert "anti_d" not in checks


def test_a_fetus_typed_as_rhesus_d_positive_asks_for_anti_d_until_it_was_given() -> None:
    made = _at(33)
    made.lab("d", "1305-2", "165746003", -150)
    made.observe("f", code("100670-9", LOINC), -38, valueBoolean=True)
    assert "anti_d" in _checks(merge([made.answer()], TODAY))
    made.add(
        "Procedure",
        "given",
        code=code("870534008"),
        subject=ref("Patient/w"),
        status="completed",
        context=ref(made.episode),
        performedDateTime="2026-05-15",
    )
    assert "anti_d" not in _checks(merge([made.answer()], TODAY))


def test_a_conflict_about_rhesus_d_is_treated_as_negative() -> None:
    one, other = _at(33), dossier(HOSPITAL)
    other.due(280 - 7 * 33)
    one.lab("d", "1305-2", "165747007", -150)
    assert "anti_d" not in _checks(merge([one.answer(), other.answer()], TODAY))
    other.lab("d", "1305-2", "165746003", -100)
    assert "anti_d" in _checks(merge([one.answer(), other.answer()], TODAY))


def test_blood_taken_before_27_weeks_does_not_count_as_the_test_of_week_27() -> None:
    made = _at(33)
    made.lab("c", "1159-3", "733119003", -150)
    made.observe("iea", code("312457003"), -7 * 7, valueBoolean=False)
    assert "antibodies_27_c" in _checks(merge([made.answer()], TODAY))
    made.observe("iea2", code("312457003"), -6 * 7 + 3, valueBoolean=False)
    assert "antibodies_27_c" not in _checks(merge([made.answer()], TODAY))


def test_after_the_birth_only_the_first_blood_tests_are_still_missed_and_only_for_six_weeks() -> None:
    made = _at(39)
    made.child("a", "female", "2026-05-27")
    assert _checks(merge([made.answer()], TODAY)) == FIRST
    assert _checks(merge([made.answer()], TODAY + dt.timedelta(days=37))) == FIRST
    assert _checks(merge([made.answer()], TODAY + dt.timedelta(days=38))) == []


def test_who_comes_late_without_a_due_date_misses_the_first_blood_tests_too() -> None:
    made = dossier(MIDWIFE)
    assert _checks(merge([made.answer()], TODAY)) == FIRST
    made.lab("bg", "883-9", "58460004")
    made.observe("hbs", code("58452-4", LOINC), -3, valueQuantity={"value": 0})
    assert {"blood_group", "hepatitis_b"}.isdisjoint(_checks(merge([made.answer()], TODAY)))


def test_no_blood_test_is_missed_of_a_pregnancy_that_ended_before_it_was_due() -> None:
    made = _at(9)
    made.observe("end", code("118951000146109"), -1, made.pregnancy, valueDateTime="2026-05-31")
    record = merge([made.answer()], TODAY)
    assert record.pregnancies[0].ended and _checks(record) == []


def _declining(made: Dossier) -> None:
    made.observe(
        "nipt",
        code("7751000146103"),
        -60,
        dataAbsentReason={
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "asked-declined"}]
        },
    )


def _not_wanting(made: Dossier) -> None:
    made.observe(
        "nipt",
        code("1186606009"),
        -60,
        valueCodeableConcept=code("does-not-want-to-know", "urn:babyconnect:screening-choice"),
    )


def _not_offered(made: Dossier) -> None:
    made.observe(
        "nipt", code("1186606009"), -60, valueCodeableConcept=code("not-offered", "urn:babyconnect:screening-choice")
    )


def test_the_four_values_of_a_screening_choice_are_kept_apart_and_only_two_are_gaps() -> None:
    for record_it, value, gap in [
        (_declining, "declined", False),
        (_not_wanting, "does_not_want_to_know", False),
        (_not_offered, "not_offered", True),
        (lambda made: None, "unknown", True),
    ]:
        made = _at(22)
        record_it(made)
        record = merge([made.answer()], TODAY)
        assert _choices(record)["nipt"] == value
        assert (f"nipt:{value}" in [g.code for g in record.gaps]) is gap


def test_a_scan_that_was_made_is_done_and_one_that_is_not_yet_due_is_no_gap() -> None:
    made = _at(16)
    made.add(
        "Procedure",
        "s",
        code=code("143691000146108"),
        subject=ref("Patient/w"),
        status="completed",
        context=ref(made.episode),
        performedDateTime="2026-05-10",
    )
    record = merge([made.answer()], TODAY)
    assert _choices(record)["scan_13"] == "done"
    assert "scan_20:unknown" not in [gap.code for gap in record.gaps]
    assert f"{SNOMED}|143691000146108" in next(i for i in record.items if i.type == "Procedure").codes
