"""Pregnancies over sources (domain §8).

The same pregnancy: a definitive or estimated due date within 14 days, or touching periods with the same last
menstruation.  Everything else stays two, and is shown as "possibly the same" when both cannot be.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from babyconnect.birthcare.gestation import TERM_DAYS
from babyconnect.birthcare.resources import day
from babyconnect.definitions import document
from babyconnect.merge.facts import value_of
from babyconnect.merge.gather import Holding
from babyconnect.merge.persons import Key
from babyconnect.merge.places import Places
from babyconnect.merge.read import Read
from babyconnect.merge.union import Groups

_RULES = document("merge/facts.toml")["linking"]
_DUE = dt.timedelta(days=_RULES["due_date_days"])
_TOUCH = dt.timedelta(days=_RULES["touching_days"])
_LONGEST = dt.timedelta(days=_RULES["normal_days"])
_TERM = dt.timedelta(days=TERM_DAYS)


@dataclass(slots=True)
class Local:
    """What one source says of one pregnancy that bears on linking it."""

    key: Key
    due: set[dt.date] = field(default_factory=set)
    menstruations: set[dt.date] = field(default_factory=set)
    ends: set[dt.date] = field(default_factory=set)
    periods: list[tuple[dt.date, dt.date | None]] = field(default_factory=list)
    recorded: bool = False
    active: bool = False


# Facts that date a pregnancy, and where a local pregnancy keeps them.
_DATES = {"due_definitive": "due", "due_estimated": "due", "last_menstruation": "menstruations", "ended": "ends"}


def _read(local: Local, read: Read) -> None:
    if read.type == "EpisodeOfCare":
        period = read.resource.get("period") or {}
        local.recorded = True
        local.active |= read.resource.get("status") == "active"
        if start := day(str(period.get("start", ""))):
            local.periods.append((start, day(str(period.get("end", "")))))
    elif read.kind in ("birth", "delivery"):
        if born := day(read.moment):
            local.ends.add(born)
    elif read.fact in _DATES and (value := value_of(read.fact, read.resource)[0]):
        getattr(local, _DATES[read.fact]).add(dt.date.fromisoformat(value))


def locals_of(holding: Holding, places: Places, keys: Iterable[str]) -> dict[Key, Local]:
    """The source's own pregnancies, from the resources that are hers (`keys`)."""
    found: dict[Key, Local] = {}
    for key in keys:
        if pregnancy := places.pregnancy(key):
            name = (holding.source.ura.value, pregnancy)
            _read(found.setdefault(name, Local(name)), holding.reads[key])
    return found


def _near(first: set[dt.date], second: set[dt.date], within: dt.timedelta) -> bool:
    return any(abs(a - b) <= within for a in first for b in second)


def window(local: Local, today: dt.date) -> tuple[dt.date, dt.date] | None:
    """The days in which this pregnancy can have been, or None when nothing tells."""
    starts = {d - _TERM for d in local.due} | set(local.menstruations)
    if local.ends:
        return (min(starts) if starts else min(local.ends) - _LONGEST, max(local.ends))
    if starts:
        return min(starts), max(starts) + _LONGEST
    if local.periods:
        return min(p[0] for p in local.periods), max(p[1] or today for p in local.periods)
    return None


def _touching(first: Local, second: Local, today: dt.date) -> bool:
    """Whether the care periods meet, with at most one visit interval between them; unknown periods do not forbid."""
    return not (first.periods and second.periods) or any(
        a[0] - _TOUCH <= (b[1] or today) and b[0] - _TOUCH <= (a[1] or today)
        for a in first.periods
        for b in second.periods
    )


def reason_to_join(first: Local, second: Local, today: dt.date) -> str:
    """`due_date`, `last_menstruation`, or "" (not proven the same)."""
    if _near(first.due, second.due, _DUE):
        return "due_date"
    if first.menstruations & second.menstruations and _touching(first, second, today):
        return "last_menstruation"
    return ""


def link(found: dict[Key, Local], today: dt.date) -> tuple[list[list[Key]], dict[Key, set[str]]]:
    """The groups of local pregnancies that are one, and per first member of a group why."""
    groups: Groups[Key] = Groups(found)
    reasons: list[tuple[Key, str]] = []
    for one, other in itertools.combinations(sorted(found), 2):
        if because := reason_to_join(found[one], found[other], today):
            groups.join(one, other)
            reasons.append((one, because))
    why: dict[Key, set[str]] = {}
    for member, because in reasons:
        why.setdefault(groups.root(member), set()).add(because)
    return groups.all(), why


def _both_cannot_be(first: Sequence[Local], second: Sequence[Local], today: dt.date) -> str:
    ends = [{end for local in side for end in local.ends} for side in (first, second)]
    if all(ends) and not _near(ends[0], ends[1], _TOUCH):
        return ""
    windows = [[w for local in side if (w := window(local, today))] for side in (first, second)]
    if all(windows):
        low, high = max(min(w[0] for w in side) for side in windows), min(max(w[1] for w in side) for side in windows)
        return "overlapping_periods" if low < high else ""
    # A record of care without a single date may be any of them; a mere mention in a history says too little.
    return "no_dates" if all(any(local.recorded for local in side) for side in (first, second)) else ""


def possibly_same(groups: Sequence[Sequence[Local]], today: dt.date) -> list[tuple[int, int, str]]:
    """Pairs of groups that are not joined but cannot both be, with the reason."""
    pairs = itertools.combinations(range(len(groups)), 2)
    found = ((i, j, _both_cannot_be(groups[i], groups[j], today)) for i, j in pairs)
    return [(i, j, because) for i, j, because in found if because]
