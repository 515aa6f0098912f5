"""What the asking side's log keeps of a consult: that it began, then how each source answered.

Who asks, about whom and on what grounds is the same for all of it, so the event of a source is made once for each
question, and only what differs is put in (measured: 31 µs an event, 5 so; a consult has nine).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from babyconnect.audit.event import About, Actor, Grounds, Outcome, Place, client_pseudonym, event
from babyconnect.audit.reading import text_of
from babyconnect.birthcare.access import Channel
from babyconnect.birthcare.parties import Party, Person
from babyconnect.exchange.contract import Asking
from babyconnect.flows.consult import ConsultEvent

OUTCOMES: Mapping[str, Outcome] = {"started": "ok", "answered": "ok", "refused": "refused"}


class ConsultEvents:
    """The events of consults by `own`.  `key` keys the pseudonyms in its log."""

    def __init__(self, own: Party, key: bytes) -> None:
        self._own = own
        self._key = key

    def of(self, happened: ConsultEvent, moment: dt.datetime) -> dict[str, Any]:
        """What the log keeps of it."""
        if happened.source is None or happened.item:
            return self.whole(happened, moment)
        made = happened.asking.once(self._any_source).copy()
        made["outcome"] = OUTCOMES.get(happened.status, "fault")
        made["at"] = text_of(moment)
        made["holder"] = happened.source.ura.value
        made["trace"] = happened.traceparent
        made["resource"] = happened.status
        made["count"] = happened.resources
        if happened.reason:
            made["reasons"] = [happened.reason]
        return made

    def whole(self, happened: ConsultEvent, moment: dt.datetime) -> dict[str, Any]:
        """The same, every part of it made anew."""
        asking, source = happened.asking, happened.source
        return event(
            "consult",
            OUTCOMES.get(happened.status, "fault"),
            moment,
            _actor(self._own, asking.person),
            Place(self._own.ura.value, "asker", source.ura.value if source else "", trace=happened.traceparent),
            About(
                pseudonym=client_pseudonym(self._key, asking.bsn),
                resource=happened.status,
                object=_object(happened),
                count=happened.resources if source else None,
            ),
            Grounds(asking.purpose.value, relations=asking.relations, reasons=_reasons(happened)),
        )

    def _any_source(self, asking: Asking) -> dict[str, Any]:
        """What differs stands in it too, so that it keeps its place when it is put in."""
        return self.whole(ConsultEvent(asking, "-", self._own, "answered"), dt.datetime.min.replace(tzinfo=dt.UTC))


def _actor(own: Party, person: Person) -> Actor:
    responsible = person.responsible.id if person.responsible else ""
    return Actor(own.ura.value, person.id, person.role.value, responsible, person.loa)


def _object(happened: ConsultEvent) -> str:
    """What besides the record: the emergency, the one item, or that it is for a copy that she takes with her."""
    asking = happened.asking
    if asking.emergency:
        return f"breakglass/{asking.relations[0].reference}"
    return "export" if asking.logged_in and asking.logged_in.channel is Channel.EXPORT else happened.item


def _reasons(happened: ConsultEvent) -> tuple[str, ...]:
    looked = (f"read {happened.item}",) if happened.item and happened.asking.emergency else ()
    return (*looked, happened.reason) if happened.reason else looked
