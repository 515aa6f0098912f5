"""The due date: the source's definitive one; else by conception, early ultrasound or last menstruation, as computed."""

from __future__ import annotations

import datetime as dt

from babyconnect.birthcare.record import DueDate
from babyconnect.merge import merge
from tests.support.made import LOINC, MIDWIFE, TODAY, Dossier, code, day, dossier


def _due(made: Dossier) -> DueDate:
    due = merge([made.answer()], TODAY).pregnancies[0].due
    assert due is not None
    return due


def _crl(made: Dossier, id: str, millimetres: float, when: int) -> None:
    made.observe(
        id,
        code("11957-8", LOINC),
        when,
        made.pregnancy,
        valueQuantity={"value": millimetres, "unit": "mm", "code": "mm"},
    )


def test_the_definitive_date_of_a_source_goes_before_everything() -> None:
    made = dossier(MIDWIFE)
    made.menstruation(-200)
    made.due(70, when=-120, method="31541000146106")
    assert _due(made) == DueDate(dt.date.fromisoformat(day(70)), "ultrasound", True, False, _due(made).items)


def test_the_last_menstruation_is_280_days_before_and_the_date_is_marked_as_computed() -> None:
    made = dossier(MIDWIFE)
    made.menstruation(-200)
    due = _due(made)
    assert (due.date.isoformat(), due.method, due.computed) == (day(80), "lmp", True)


def test_a_crown_rump_length_goes_before_the_last_menstruation() -> None:
    made = dossier(MIDWIFE)
    made.menstruation(-200)
    _crl(made, "c", 45.0, -120)
    due = _due(made)
    assert (due.method, due.computed) == ("crl", True)


def test_a_length_outside_20_to_68_mm_dates_nothing() -> None:
    made = dossier(MIDWIFE)
    made.menstruation(-200)
    _crl(made, "small", 12.0, -150)
    _crl(made, "large", 75.0, -110)
    assert _due(made).method == "lmp"


def test_of_several_lengths_the_one_nearest_10_weeks_counts_and_a_later_scan_never_re_dates() -> None:
    made = dossier(MIDWIFE)
    _crl(made, "early", 33.0, -130)
    first = _due(made)
    _crl(made, "late", 66.0, -100)
    assert _due(made) == first


def test_a_known_conception_goes_before_an_ultrasound() -> None:
    made = dossier(MIDWIFE)
    _crl(made, "c", 45.0, -120)
    made.observe("ivf", code("289207008"), None, made.pregnancy, valueDateTime=day(-186))
    due = _due(made)
    assert (due.method, due.date.isoformat()) == ("ivf", day(80))


def test_two_last_menstruations_that_differ_compute_nothing() -> None:
    made = dossier(MIDWIFE)
    made.menstruation(-200)
    made.observe("lmp2", code("21840007"), None, made.pregnancy, valueDateTime=day(-190))
    assert merge([made.answer()], TODAY).pregnancies[0].due is None


def test_gestation_counts_calendar_days_in_the_netherlands() -> None:
    made = dossier(MIDWIFE)
    made.due(84)
    assert str(merge([made.answer()], TODAY).pregnancies[0].gestation) == "28+0"
    assert str(merge([made.answer()], TODAY + dt.timedelta(days=1)).pregnancies[0].gestation) == "28+1"


def test_after_the_birth_the_gestation_is_that_of_the_day_it_ended() -> None:
    made = dossier(MIDWIFE)
    made.due(0)
    # Half past eleven in the evening, universal time, is the next day here.
    made.child("a", "male", "2026-05-27T22:30:00Z")
    pregnancy = merge([made.answer()], TODAY).pregnancies[0]
    assert pregnancy.ended == dt.date(2026, 5, 28)
    assert str(pregnancy.gestation) == "39+3"
