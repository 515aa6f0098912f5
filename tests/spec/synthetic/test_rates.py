"""A synthetic region is calibrated: its rates are those of the Dutch figures, within chance and the stated slack.

The tolerance of each rate is its figure's `slack` (years and definitions differ) plus three standard errors of a
binomial share of this many women or children, so that a wrong rate fails and chance does not.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import pytest

from babyconnect.synthetic import region
from babyconnect.synthetic.course import Child, Course
from babyconnect.synthetic.figures import figures, growth
from tests.support.synthetic_region import TODAY

WOMEN, SEED = 5000, 20


class Births(NamedTuple):
    """What the region's women went through, special cases left out."""

    courses: list[Course]
    children: list[tuple[Course, Child]]


@pytest.fixture(scope="module")
def births() -> Births:
    found = [c.courses[-1] for c in region(WOMEN, SEED, TODAY) if c.courses and not c.woman.key]
    courses = [course for course in found if course.outcome == "birth"]
    return Births(courses, [(course, child) for course in courses for child in course.children])


def tolerance(key: str, n: int) -> float:
    """As a share of one: the slack and three standard errors."""
    figure = figures()[key]
    per = 1000 if figure.unit.startswith("per 1000") else 100
    return figure.slack / per + 3 * math.sqrt(figure.share * (1 - figure.share) / n)


def check(key: str, told: Iterable[bool]) -> None:
    values = list(told)
    rate = sum(values) / len(values)
    assert abs(rate - figures()[key].share) <= tolerance(key, len(values)), f"{key}: {rate:.4f} of {len(values)}"


@pytest.mark.parametrize("place", ["home", "birth_centre", "outpatient", "second_line", "unknown"])
def test_births_are_where_dutch_births_are(births: Births, place: str) -> None:
    check(f"place.{place}", ((c.place if c.place_known else "unknown") == place for c in births.courses))


def test_caesareans_and_epidurals_are_as_frequent(births: Births) -> None:
    check("caesarean", ("caesarean" in c.mode for c in births.courses))
    check("epidural", (c.epidural for c in births.courses))
    check("primary_of_caesarean", (c.mode == "primary_caesarean" for c in births.courses if "caesarean" in c.mode))


def test_labour_begun_in_the_first_line_is_referred_by_parity(births: Births) -> None:
    begun = [c for c in births.courses if c.first_line_labour]
    check("referral.nulliparous", (c.referred_in_labour for c in begun if c.parity == 0))
    check("referral.multiparous", (c.referred_in_labour for c in begun if c.parity > 0))
    check("referral.all", (c.referred_in_labour for c in begun))


def test_children_are_born_preterm_and_small_as_often(births: Births) -> None:
    check("preterm", (c.days < 259 for c, _ in births.children))
    check("sga", (child.small for _, child in births.children))


@pytest.mark.parametrize("week", [22, 24, 26, 32, 37, 42])
def test_gestation_at_birth_is_spread_over_the_groups_of_the_figure(births: Births, week: int) -> None:
    weeks = [22, 24, 26, 32, 37, 42]
    check(f"gestation.{week}", (max(w for w in weeks if 7 * w <= c.days) == week for c, _ in births.children))


def test_small_means_under_the_tenth_percentile_of_the_table(births: Births) -> None:
    for course, child in births.children:
        median = growth("weight_boy" if child.sex == "M" else "weight_girl", course.days)
        assert (child.weight < round(median * (1 - 1.2816 * 0.125))) == child.small or abs(
            child.weight / median - (1 - 1.2816 * 0.125)) < 0.002  # fmt: skip


def test_children_die_around_birth_as_often_and_by_gestation(births: Births) -> None:
    check("perinatal_mortality", (not child.alive for _, child in births.children))
    early = [child for course, child in births.children if course.days < 24 * 7]
    assert early and sum(not child.alive for child in early) / len(early) > 0.8


def test_twins_are_as_frequent(births: Births) -> None:
    check("twins", (bool(c.twins) for c in births.courses))


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_parity_is_that_of_dutch_births(births: Births, rank: int) -> None:
    check(f"parity.{rank}", (c.parity == rank for c in births.courses))


@pytest.mark.parametrize("day", range(7))
def test_births_follow_the_week(births: Births, day: int) -> None:
    check(f"weekday.{day}", (c.end.weekday() == day for c in births.courses))


def test_births_follow_the_year(births: Births) -> None:
    """Over the eleven months past only: with the months ahead, some would be counted twice."""
    year = Counter(c.end.month for c in births.courses if 0 <= (TODAY - c.end).days < 330)
    summer, winter = sum(year[m] for m in (7, 8, 9)), sum(year[m] for m in (2, 3, 4))
    expected = sum(figures()[f"month.{m}"].value for m in (7, 8, 9)) / sum(
        figures()[f"month.{m}"].value for m in (2, 3, 4)
    )
    assert abs(summer / winter - expected) < 3 * expected * math.sqrt(1 / summer + 1 / winter)


def test_births_follow_the_day(births: Births) -> None:
    """Spontaneous births mostly at night, planned caesareans on weekday mornings (Martin 2018)."""
    planned = [c for c in births.courses if c.mode == "primary_caesarean"]
    assert all(9 <= c.children[0].born.hour < 12 for c in planned)
    assert sum(c.end.weekday() < 5 for c in planned) / len(planned) > 0.9
    hours = Counter(c.children[0].born.hour for c in births.courses if c.mode != "primary_caesarean")
    night, afternoon = sum(hours[h] for h in range(1, 7)), sum(hours[h] for h in range(13, 19))
    assert night > 1.25 * afternoon


def test_a_wrong_rate_would_fail() -> None:
    """The tolerances are no formality: a common rate that is three tenths off is outside them."""
    for key in ("caesarean", "epidural", "place.home", "referral.all", "preterm", "sga"):
        assert tolerance(key, 4500) < 0.3 * figures()[key].share
