"""Evidence of a treatment relationship: what an episode, and what else, proves on which day (domain §4)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from babyconnect.birthcare.access import Relation
from babyconnect.trust import relation
from babyconnect.trust.relation import Side

DAY = dt.timedelta(days=1)
START = dt.date(2026, 1, 10)


def episode(status: str = "active", **period: str) -> dict[str, Any]:
    return {"resourceType": "EpisodeOfCare", "id": "e1", "status": status, "period": period}


def proof(side: Side, birth: dt.date | None = None, status: str = "active", **period: str) -> Relation | None:
    births = {"e1": birth} if birth else None
    found = relation.from_episodes([episode(status, **period)], side, births)
    return found[0] if found else None


def holds(evidence: Relation | None, day: dt.date, side: Side) -> bool:
    return evidence is not None and relation.standing([evidence], day, side) == (evidence,)


def test_an_open_episode_is_evidence_from_its_first_day_on() -> None:
    evidence = proof("asker", start="2026-01-10")
    assert not holds(evidence, START - DAY, "asker")
    assert holds(evidence, START, "asker") and holds(evidence, START + 200 * DAY, "asker")


def test_after_a_birth_the_asker_has_eight_weeks_also_when_the_episode_stays_open() -> None:
    birth = dt.date(2026, 6, 1)
    evidence = proof("asker", birth, start="2026-01-10")
    assert holds(evidence, birth + 56 * DAY, "asker")
    assert not holds(evidence, birth + 57 * DAY, "asker")


def test_a_finished_episode_keeps_its_tail_so_not_only_active_ones_count() -> None:
    evidence = proof("asker", status="finished", start="2026-01-10", end="2026-03-01")
    assert holds(evidence, dt.date(2026, 3, 1) + 56 * DAY, "asker")
    assert not holds(evidence, dt.date(2026, 3, 1) + 57 * DAY, "asker")


def test_a_holder_that_referred_her_early_still_has_evidence_until_after_the_birth() -> None:
    evidence = proof("holder", status="finished", start="2026-01-10", end="2026-02-01")
    assert holds(evidence, dt.date(2026, 2, 1) + 42 * 7 * DAY, "holder")
    assert not holds(evidence, dt.date(2026, 2, 1) + 351 * DAY, "holder")


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error", "waitlist", "nonsense", ""])
def test_an_episode_that_never_took_place_is_no_evidence(status: str) -> None:
    assert proof("holder", status=status, start="2026-01-10") is None


@pytest.mark.parametrize("period", [{}, {"end": "2026-02-01"}, {"start": "soon"}, {"start": "2026-01-10", "end": "x"}])
def test_an_episode_whose_period_cannot_be_checked_is_no_evidence(period: dict[str, str]) -> None:
    assert proof("holder", **period) is None


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2026", "2026", dt.date(2026, 1, 1), dt.date(2026, 12, 31)),
        ("2026-02", "2026-02", dt.date(2026, 2, 1), dt.date(2026, 2, 28)),
        ("2025-12", "2025-12", dt.date(2025, 12, 1), dt.date(2025, 12, 31)),
        ("2026-02-03T10:00:00+01:00", "2026-02-04", dt.date(2026, 2, 3), dt.date(2026, 2, 4)),
    ],
)
def test_partial_dates_are_read_as_widely_as_they_may_mean(start: str, end: str, first: dt.date, last: dt.date) -> None:
    evidence = proof("asker", status="finished", start=start, end=end)
    assert evidence is not None and (evidence.start, evidence.end) == (first, last + 56 * DAY)


def test_evidence_names_the_episode_it_is_about() -> None:
    evidence = proof("holder", start="2026-01-10")
    assert evidence is not None and evidence.reference == "EpisodeOfCare/e1"


def test_an_emergency_registration_is_evidence_for_three_days() -> None:
    evidence = relation.emergency_registration("seh/1", START)
    assert holds(evidence, START + 3 * DAY, "asker") and not holds(evidence, START + 4 * DAY, "asker")


def test_a_code_that_she_shows_is_evidence_until_the_next_day() -> None:
    evidence = relation.code("code/1", START)
    assert holds(evidence, START + DAY, "asker") and not holds(evidence, START + 2 * DAY, "asker")


def test_a_locum_agreement_ends_when_it_says() -> None:
    evidence = relation.locum("agreement/1", START, START + 5 * DAY)
    assert holds(evidence, START + 5 * DAY, "asker") and not holds(evidence, START + 6 * DAY, "asker")


@pytest.mark.parametrize(
    ("basis", "asker", "holder"),
    [
        ("episode", True, True),
        ("preconception", True, True),
        ("announcement", True, False),
        ("emergency_registration", True, False),
        ("locum", True, False),
        ("code", True, False),
        ("referral", True, True),
        ("enrolment", True, True),
        ("care_team", False, True),
        ("hearsay", False, False),
    ],
)
def test_which_evidence_counts_on_which_side(basis: str, asker: bool, holder: bool) -> None:
    evidence = Relation(basis, "x", START, START + DAY)
    assert (holds(evidence, START, "asker"), holds(evidence, START, "holder")) == (asker, holder)


def test_evidence_without_a_reference_is_none() -> None:
    assert not holds(Relation("episode", "", START), START, "holder")
