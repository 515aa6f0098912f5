"""How far a client of this organisation is, for today's list: due dates that its own records state, kept in the roster.

Noted when they are published, gone when they are taken back or destroyed.  The same order as on her record
(`merge.due`): a definitive date first, then by method, then the earliest recorded.  What was not stated is not reckoned
here, and of a pregnancy that ended, or that no open care goes with, nothing is said.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from babyconnect.birthcare import gestation
from babyconnect.birthcare.resources import codes_in, day
from babyconnect.definitions import document
from babyconnect.merge.due import OVERDUE, RANK
from babyconnect.merge.facts import FACT_BY_CODE, fact_by_codes, method_of, value_of
from babyconnect.network.roster import Dating, Roster
from babyconnect.store.contract import Publication

STATED = {"due_definitive": "0", "due_estimated": "1", "ended": ""}
VOID = frozenset({"entered-in-error", "suspended", "aborted"})
"""As what a procedure did not happen."""
_KINDS = document("merge/facts.toml")["kind"]
BIRTHS = frozenset({*_KINDS["birth"]["codes"], *_KINDS["delivery"]["codes"]})


def tells(publication: Publication) -> bool:
    """Whether this may date a pregnancy, or did before it was changed."""
    codes = codes_in(publication.resource.get("code"))
    if publication.type == "Procedure":
        return not BIRTHS.isdisjoint(codes)
    return publication.type == "Observation" and any(FACT_BY_CODE.get(code) in STATED for code in codes)


def dating(publication: Publication) -> Dating:
    """What it says now; with nothing in it when it takes back what it said, or is shielded."""
    resource, about = publication.resource, (publication.id, publication.client, publication.group)
    fact = fact_by_codes(resource, codes_in(resource.get("code")))
    if publication.type == "Procedure":
        void = resource.get("status") in VOID
        moment = resource.get("performedDateTime") or (resource.get("performedPeriod") or {}).get("end") or ""
        found = None if void else day(str(moment))
        return Dating(*about, "ended" if found else "", found, "")
    value = value_of(fact, resource)[0] if fact in STATED else ""
    if not value or (publication.shielded and fact != "ended"):
        return Dating(*about, "", None, "")
    recorded = str(resource.get("effectiveDateTime") or resource.get("issued") or "9")
    order = f"{STATED[fact]}{RANK[method_of(resource) or 'stated']}{recorded}"
    return Dating(*about, "ended" if fact == "ended" else "due", dt.date.fromisoformat(value), order)


def shown(roster: Roster, client: str, today: dt.date, groups: Iterable[str]) -> str:
    """`28+3`, or "" where it is not known or not among the data `groups` of who looks."""
    if not any(episode.get("status") == "active" for episode in roster.episodes(client)):
        return ""
    known = [(one, one.day) for one in roster.datings(client) if one.day is not None]
    ends = [day for one, day in known if one.fact == "ended"]
    running = [
        (one.order, one.id, one.group, gestation.days_on(due, today))
        for one, due in known
        if one.fact == "due"
        and 0 <= gestation.days_on(due, today) <= OVERDUE
        and not any(0 <= gestation.days_on(due, end) <= OVERDUE for end in ends)
    ]
    if not running:
        return ""
    _, _, group, days = min(running)
    return gestation.text(days) if group in groups else ""
