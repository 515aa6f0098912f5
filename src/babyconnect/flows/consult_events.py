"""What happened in a consult, as the event that the log keeps (NEN 7513; the asker's end of an exchange)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from babyconnect.audit import event
from babyconnect.audit.event import About, Actor, Grounds, Outcome, Place
from babyconnect.birthcare.parties import Party
from babyconnect.flows.consult import ConsultEvent

_OUTCOMES: dict[str, Outcome] = {"started": "ok", "answered": "ok", "refused": "refused"}


def as_event(happened: ConsultEvent, own: Party, node: str, moment: dt.datetime, key: bytes) -> dict[str, Any]:
    """The event at the node `node` of the organisation `own`; `key` makes her pseudonym (`client_pseudonym`).

    The beginning names no holder; every result names the holder, and bears the trace that the holder logs too.
    """
    asking = happened.asking
    begun = happened.source is None
    return event.event(
        "consult",
        _OUTCOMES.get(happened.status, "fault"),
        moment,
        Actor(own.ura.value, asking.person.id, asking.person.role.value),
        Place(node, "asker", "" if happened.source is None else happened.source.ura.value, trace=happened.traceparent),
        About(pseudonym=event.client_pseudonym(key, asking.bsn), count=None if begun else happened.resources),
        Grounds(
            purpose=asking.purpose.value,
            relations=asking.relations,
            reasons=tuple(reason for reason in (happened.status, happened.reason) if reason),
        ),
    )
