"""How long a decision is the one that would be made anew for the same request, asked later.

Until the next moment at which a provision begins or ends or the day changes (evidence is dated in days).  An emergency
ends by the minute: it is decided anew every time.
"""

from __future__ import annotations

import datetime as dt

from babyconnect.birthcare.access import AccessRequest, Purpose
from babyconnect.birthcare.resources import HOME


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


def lasts(request: AccessRequest) -> dt.datetime:
    """The first moment, after the request's own, at which it might be decided otherwise; its own for an emergency."""
    asker = request.asker
    if asker.purpose is Purpose.EMERGENCY or asker.emergency is not None or request.declared is not None:
        return request.moment
    bounds = [_midnight(request.moment.astimezone(HOME).date() + dt.timedelta(days=1))]
    for consent in request.consents:
        bounds += [bound for bound in (consent.start, consent.end) if bound and bound > request.moment]
    return min(bounds)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), HOME).astimezone(dt.UTC)
