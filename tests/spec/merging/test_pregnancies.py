"""Pregnancies over organisations: one due date within 14 days, or touching periods with one last menstruation."""

from __future__ import annotations

import pytest

from babyconnect.merge import merge
from tests.support.made import HOSPITAL, KRAAM, MIDWIFE, TODAY, Dossier, dossier


def _two(one: Dossier, other: Dossier) -> tuple[int, list[str]]:
    record = merge([one.answer(), other.answer()], TODAY)
    return len(record.pregnancies), [pair.because for pair in record.possibly_same]


@pytest.mark.parametrize(("difference", "pregnancies"), [(0, 1), (14, 1), (15, 2)])
def test_due_dates_within_14_days_are_one_pregnancy(difference: int, pregnancies: int) -> None:
    one, other = dossier(MIDWIFE), dossier(HOSPITAL)
    one.due(60)
    other.due(60 + difference, definitive=False)
    assert _two(one, other)[0] == pregnancies


def test_due_dates_too_far_apart_are_shown_as_possibly_the_same_and_never_merged() -> None:
    one, other = dossier(MIDWIFE), dossier(HOSPITAL)
    one.due(60)
    other.due(90)
    assert _two(one, other) == (2, ["overlapping_periods"])


def test_the_same_last_menstruation_with_touching_periods_is_one_pregnancy() -> None:
    one, other = Dossier(MIDWIFE), Dossier(HOSPITAL)
    for made, start, end in ((one, -200, -190), (other, -189, None)):
        made.patient()
        made.record(start, end)
        made.menstruation(-240)
    record = merge([one.answer(), other.answer()], TODAY)
    assert [p.merged_by for p in record.pregnancies] == [("last_menstruation",)]


def test_the_same_last_menstruation_with_a_gap_in_care_is_only_possibly_the_same() -> None:
    one, other = Dossier(MIDWIFE), Dossier(HOSPITAL)
    for made, start, end in ((one, -230, -200), (other, -100, None)):
        made.patient()
        made.record(start, end)
        made.menstruation(-240)
    assert _two(one, other) == (2, ["overlapping_periods"])


def test_two_records_without_any_date_but_their_periods_are_possibly_the_same() -> None:
    assert _two(dossier(MIDWIFE, -100), dossier(HOSPITAL, -50)) == (2, ["overlapping_periods"])


def test_an_earlier_pregnancy_is_another_one_without_a_doubt() -> None:
    made = dossier(MIDWIFE)
    made.due(60)
    made.record(-1000, -700, "finished", suffix="2")
    made.due(-760, id="due2")
    record = merge([made.answer()], TODAY)
    assert len(record.pregnancies) == 2
    assert record.possibly_same == ()
    assert record.current == record.pregnancies[0].id


def test_three_organisations_make_one_pregnancy_and_each_keeps_its_own_facts() -> None:
    made = [dossier(MIDWIFE), dossier(HOSPITAL), dossier(KRAAM)]
    for number, one in enumerate(made):
        one.due(60 + number)
        one.pressure("bp", 110 + number, 70, -number - 1)
    record = merge([one.answer() for one in made], TODAY)
    assert len(record.pregnancies) == 1
    assert set(record.pregnancies[0].sources) == {HOSPITAL, KRAAM, MIDWIFE}
    pressures = [item for item in record.items if "http://loinc.org|85354-9" in item.codes]
    assert [item.source for item in sorted(pressures, key=lambda i: i.moment)] == [KRAAM, HOSPITAL, MIDWIFE]


def test_a_result_without_an_episode_belongs_to_the_pregnancy_in_which_its_day_lies() -> None:
    made = dossier(MIDWIFE)
    made.due(60)
    made.episode = "EpisodeOfCare/not-hers"
    made.resources.append(
        {
            "resourceType": "Observation",
            "id": "hb",
            "status": "final",
            "subject": {"reference": "Patient/w"},
            "effectiveDateTime": "2026-05-01",
        }
    )
    record = merge([made.answer()], TODAY)
    assert [i.pregnancy for i in record.items if i.moment == "2026-05-01"] == [record.current]
