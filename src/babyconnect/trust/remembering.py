"""A decision made again only when something that it rests on is different: a record is asked for in many requests.

What is remembered is the last decision per client and person, with everything it was made from.  It is given again for
an equal request, by the very same rules, before the next moment at which a provision begins or ends or the day changes
(evidence is dated in days).  So it is the decision that `decide` would make, never an older one; an emergency, which
ends by the minute, is always decided anew.  Only provisions and opaque ids are kept here, no content.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from babyconnect.birthcare.access import AccessRequest, Decision, Purpose
from babyconnect.birthcare.resources import HOME
from babyconnect.trust.decision import decide
from babyconnect.trust.rules import Rules

MOST = 4096


@dataclass(frozen=True, slots=True)
class _Made:
    request: AccessRequest
    rules: Rules
    until: dt.datetime
    decision: Decision


class Decisions:
    """`rules_of` gives the rules in force on a day; rules that changed are another object."""

    def __init__(
        self,
        rules_of: Callable[[dt.date], Rules],
        make: Callable[[AccessRequest, Rules], Decision] = decide,
    ) -> None:
        self._rules_of, self._make = rules_of, make
        self._made: dict[tuple[str, str, str], _Made] = {}
        self._days = Days()

    def decide(self, request: AccessRequest) -> Decision:
        rules = self._rules_of(self._days.of(request.moment))
        asker = request.asker
        key = (request.client, asker.person, asker.ura.value)
        last = self._made.get(key)
        if last is not None and last.rules is rules and _holds(last, request):
            return last.decision
        made = self._make(request, rules)
        if asker.purpose is not Purpose.EMERGENCY and asker.emergency is None and request.declared is None:
            if len(self._made) >= MOST:
                self._made.clear()
            self._made[key] = _Made(request, rules, changes(request), made)
        return made


class Days:
    """Which day it is at home: worked out once a day, not for every answer."""

    def __init__(self) -> None:
        self._known: tuple[dt.datetime, dt.datetime, dt.date] | None = None

    def of(self, moment: dt.datetime) -> dt.date:
        known = self._known
        if known is None or not known[0] <= moment < known[1]:
            day = moment.astimezone(HOME).date()
            self._known = known = (_midnight(day), _midnight(day + dt.timedelta(days=1)), day)
        return known[2]


def changes(request: AccessRequest) -> dt.datetime:
    """The next moment at which the same request might be decided otherwise."""
    bounds = [_midnight(request.moment.astimezone(HOME).date() + dt.timedelta(days=1))]
    for consent in request.consents:
        bounds += [bound for bound in (consent.start, consent.end) if bound and bound > request.moment]
    return min(bounds)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), HOME).astimezone(dt.UTC)


def _holds(last: _Made, request: AccessRequest) -> bool:
    """Whether a request is the remembered one, at a moment for which its decision holds."""
    before = last.request
    return (
        before.moment <= request.moment < last.until
        and before.client == request.client
        and (before.asker is request.asker or before.asker == request.asker)
        and before.consents == request.consents
        and before.episodes == request.episodes
        and before.holder_relations == request.holder_relations
        and before.verified == request.verified
        and request.declared is None
        and before.emergency_terms == request.emergency_terms
        and before.holder == request.holder
        and before.holder_kind is request.holder_kind
    )
