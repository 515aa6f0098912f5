"""Laws of synthetic clients, whatever the seed and the day."""

from __future__ import annotations

import datetime as dt
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.synthetic import published
from babyconnect.synthetic.organisations import Network
from babyconnect.synthetic.population import client
from babyconnect.synthetic.recording import record

NETWORK = Network(published())
DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2032, 12, 31))
SEEDS = st.integers(0, 10**9)
INDEXES = st.integers(0, 400)


def date(when: dt.date | dt.datetime) -> dt.date:
    return when.date() if isinstance(when, dt.datetime) else when


@settings(max_examples=50, deadline=None)
@given(SEEDS, INDEXES, DAYS)
def test_nothing_is_recorded_before_it_happens(seed: int, index: int, today: dt.date) -> None:
    for dossier in record(client(index, 401, seed, today, NETWORK), seed, today, NETWORK):
        assert dossier.start <= today
        assert dossier.end is None or dossier.end <= today
        assert all(date(e.when) <= today for e in dossier.encounters)
        assert all(date(f.when) <= today for f in dossier.facts if f.when is not None)
        assert all(date(p.when) <= today for p in dossier.pressures)
        assert all(date(s.when) <= today for s in dossier.scans)
        assert all(p.start is None or p.start <= today for p in dossier.problems)
        assert all(day > today for day in dossier.planned)
        assert all(date(act.when) <= today for act in dossier.acts)


@settings(max_examples=50, deadline=None)
@given(SEEDS, INDEXES, DAYS)
def test_no_child_is_known_before_birth(seed: int, index: int, today: dt.date) -> None:
    for dossier in record(client(index, 401, seed, today, NETWORK), seed, today, NETWORK):
        assert all(child.born.date() <= today for child in dossier.children)


@settings(max_examples=50, deadline=None)
@given(SEEDS, INDEXES, DAYS)
def test_pregnancies_of_one_woman_do_not_overlap_and_count_up(seed: int, index: int, today: dt.date) -> None:
    courses = client(index, 401, seed, today, NETWORK).courses
    for before, after in itertools.pairwise(courses):
        assert before.end < after.last_period
        assert before.gravidity < after.gravidity and before.parity < after.parity


@settings(max_examples=50, deadline=None)
@given(SEEDS, INDEXES, DAYS)
def test_a_client_is_the_same_however_often_she_is_drawn(seed: int, index: int, today: dt.date) -> None:
    first, again = (client(index, 401, seed, today, NETWORK) for _ in range(2))
    assert first == again
    assert record(first, seed, today, NETWORK) == record(again, seed, today, NETWORK)


@settings(max_examples=50, deadline=None)
@given(SEEDS, INDEXES, DAYS)
def test_nobody_is_a_mother_too_young_for_it(seed: int, index: int, today: dt.date) -> None:
    found = client(index, 401, seed, today, NETWORK)
    for course in found.courses:
        assert (course.end - found.woman.born).days / 365.25 > 15
        assert all(child.died is None or child.died >= child.born.date() for child in course.children)
        assert len(course.children) == (0 if course.outcome != "birth" else 2 if course.twins else 1)
