"""Evidence of a treatment relationship, on both sides, as dated values (domain §4; `definitions/relation_terms.toml`).

Pure: who knows an episode, a referral or an enrolment makes a `Relation` of it here, and `standing` says which of them
hold on a day.  Which basis counts on which side, and how long, is data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from babyconnect.birthcare.access import Relation
from babyconnect.birthcare.parties import Kind
from babyconnect.trust.rules import Terms, rules_on

Side = Literal["asker", "holder"]

PER_EPISODE = frozenset({"episode", "preconception"})
REFERRED_BY = frozenset({"referral", "announcement"})
BREAK_GLASS = "break_glass"
GAVE = "gave_"
_UNDERWAY = frozenset({"planned", "active", "onhold", "finished"})


def terms(side: Side, day: dt.date | None = None) -> Terms:
    """The program's own terms of evidence, as in force on a day."""
    rules = rules_on(day or dt.date.max)
    return rules.asker if side == "asker" else rules.holder


def standing(
    relations: Iterable[Relation], day: dt.date, side: Side, rule: Terms | None = None
) -> tuple[Relation, ...]:
    """The evidence that holds on `day`: its basis counts on this side, and the day lies in its period."""
    rule = rule or terms(side)
    return tuple([relation for relation in relations if holds(relation, day, rule)])


def holds(relation: Relation, day: dt.date, rule: Terms) -> bool:
    """Whether one piece of evidence holds."""
    if relation.basis not in rule.bases or not relation.reference:
        return False
    if (relation.start and day < relation.start) or (relation.end and day > relation.end):
        return False
    longest = rule.longest.get(relation.basis)
    if longest is None:
        return True
    # Short-lived evidence without a start could be of any age.
    return relation.start is not None and day <= relation.start + dt.timedelta(days=longest)


def believed(
    relation: Relation, kind: Kind, day: dt.date, rule: Terms, verified: Collection[Relation]
) -> Collection[Relation]:
    """The asker's evidence as far as the holder may believe it: with the episode it is about, when that is known here.

    `verified`: what the holder found true of this very asker in the register, in the index or in its own roster.  That
    it knows the same number itself proves nothing: an asker tells its numbers to everybody whom it asks.
    """
    kinds = rule.kinds.get(relation.basis)
    if kinds is not None and kind not in kinds:
        return ()
    if rule.check.get(relation.basis) == "claimed":
        return (relation,)
    named = [one for one in verified if one.reference == relation.reference and _in_period(one, day)]
    return [one for one in named if one.basis == relation.basis]


def _in_period(relation: Relation, day: dt.date) -> bool:
    return not ((relation.start and day < relation.start) or (relation.end and day > relation.end))


def gave(relation: Relation) -> Relation:
    """What this side gave another, as its roster keeps it: evidence of a holder, and never of an asker."""
    return replace(relation, basis=GAVE + relation.basis)


def as_holder(relations: Iterable[Relation]) -> tuple[Relation, ...]:
    """Evidence from the roster as the holder's side knows it: what it gave is its own announcement or referral."""
    return tuple(
        replace(one, basis=one.basis.removeprefix(GAVE)) if one.basis.startswith(GAVE) else one for one in relations
    )


def proves_referral(asker: Iterable[Relation], holder: Iterable[Relation]) -> bool:
    """Whether both sides name the same referral: the holder referred her, and it was to this asker."""
    sent = [relation.reference for relation in holder if relation.basis == "referral"]
    return bool(sent) and any(relation.reference in sent for relation in asker if relation.basis in REFERRED_BY)


def from_episodes(
    episodes: Iterable[Mapping[str, Any]],
    side: Side,
    births: Mapping[str, dt.date] | None = None,
    rule: Terms | None = None,
) -> tuple[Relation, ...]:
    """A relation per EpisodeOfCare (STU3): from its start until its tail ends.  `births`: episode id -> date of birth.

    An open episode has no end.  One that was cancelled, entered in error or waits for a place is no evidence; one
    without a start is none either, since its period cannot be checked.
    """
    rule = rule or terms(side)
    found = (_from_episode(episode, rule, (births or {}).get(str(episode.get("id")))) for episode in episodes)
    return tuple(relation for relation in found if relation)


def _from_episode(episode: Mapping[str, Any], rule: Terms, birth: dt.date | None) -> Relation | None:
    period = episode.get("period")
    start = _day(period.get("start"), latest=False) if isinstance(period, Mapping) else None
    if start is None or episode.get("status") not in _UNDERWAY:
        return None
    ended = _day(period.get("end"), latest=True) if isinstance(period, Mapping) else None
    if period.get("end") and ended is None:  # type: ignore[union-attr]
        return None
    ends = [ended + dt.timedelta(days=rule.after_end)] if ended else []
    if birth:
        ends.append(birth + dt.timedelta(days=rule.after_birth))
    # Both tails are grounds of their own: the later one decides, an open episode after a birth ends by the birth.
    return Relation("episode", f"EpisodeOfCare/{episode['id']}", start, max(ends, default=None))


def _day(text: object, latest: bool) -> dt.date | None:
    """The first or last day that a FHIR date or dateTime (YYYY, YYYY-MM, YYYY-MM-DD…) may mean."""
    if not isinstance(text, str):
        return None
    try:
        if len(text) >= 10:
            return dt.date.fromisoformat(text[:10])
        year, month = int(text[:4]), int(text[5:7]) if len(text) == 7 else (12 if latest else 1)
        first = dt.date(year, month, 1)
        after = dt.date(year + month // 12, month % 12 + 1, 1)
        return after - dt.timedelta(days=1) if latest else first
    except ValueError:
        return None


def enrolment(reference: str, start: dt.date | None, end: dt.date | None = None) -> Relation:
    """She is enrolled here (general practice, youth health care, maternity home care before the birth)."""
    return Relation("enrolment", reference, start, end)


def care_team(reference: str, start: dt.date | None, end: dt.date | None = None) -> Relation:
    """The holder's CareTeam for her."""
    return Relation("care_team", reference, start, end)


def referral(reference: str, start: dt.date, end: dt.date | None = None) -> Relation:
    """A referral, named alike at both ends (`reference`)."""
    return Relation("referral", reference, start, end)


def announcement(reference: str, start: dt.date, end: dt.date | None = None) -> Relation:
    """The referring midwife announced her; `reference` is the announcement's, as both ends know it."""
    return Relation("announcement", reference, start, end)


def emergency_registration(reference: str, start: dt.date) -> Relation:
    """She was registered at the emergency or labour ward."""
    return Relation("emergency_registration", reference, start)


def locum(reference: str, start: dt.date, end: dt.date) -> Relation:
    """A locum agreement with the practice that treats her."""
    return Relation("locum", reference, start, end)


def code(reference: str, start: dt.date) -> Relation:
    """A code that she showed; `reference` is the code's opaque id, not the code."""
    return Relation("code", reference, start)
