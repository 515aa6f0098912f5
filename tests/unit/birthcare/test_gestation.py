"""Gestational age: published points of Robinson's curve, and arithmetic in whole days."""

from __future__ import annotations

import datetime as dt

import pytest

from babyconnect.birthcare import gestation

DUE = dt.date(2026, 8, 24)


@pytest.mark.parametrize(("before", "text"), [(280, "0+0"), (84, "28+0"), (81, "28+3"), (0, "40+0"), (-3, "40+3")])
def test_weeks_and_days_count_back_from_the_due_date(before: int, text: str) -> None:
    days = gestation.days_on(DUE, DUE - dt.timedelta(days=before))
    assert gestation.text(days) == text
    assert gestation.days_of(text) == days


def test_the_last_menstruation_and_conception_differ_by_14_days() -> None:
    day = dt.date(2025, 11, 17)
    assert gestation.due_from_last_menstruation(day) == DUE
    assert gestation.due_from_conception(day + dt.timedelta(days=14)) == DUE


@pytest.mark.parametrize(
    ("millimetres", "weeks"), [(20.0, 8.7), (33.0, 10.1), (45.0, 11.2), (60.0, 12.5), (68.0, 13.1)]
)
def test_crown_rump_length_follows_robinson(millimetres: float, weeks: float) -> None:
    days = gestation.days_from_crl(millimetres)
    assert days is not None
    assert days / 7 == pytest.approx(weeks, abs=0.1)


@pytest.mark.parametrize("millimetres", [19.9, 68.1, 0, -1])
def test_a_length_outside_the_range_dates_nothing(millimetres: float) -> None:
    assert gestation.days_from_crl(millimetres) is None
    assert gestation.due_from_crl(DUE, millimetres) is None


@pytest.mark.parametrize(("born", "age"), [((1995, 6, 1), 31), ((1995, 6, 2), 30), ((1996, 2, 29), 30)])
def test_age_counts_birthdays(born: tuple[int, int, int], age: int) -> None:
    assert gestation.age_on(dt.date(*born), dt.date(2026, 6, 1)) == age
