"""The events of a record that is asked for in many requests: made once, then only what differs is put in.

Everything about who, whom, why and by which rules is the same as long as the decision is, literally, the same; type,
moment, network addresses, trace and what was asked are of each request.
"""

from __future__ import annotations

from typing import Any

from babyconnect.audit.event import harmless, without_bsn
from babyconnect.audit.reading import text_of
from babyconnect.birthcare.access import Asker
from babyconnect.birthcare.parties import Party
from babyconnect.flows.door import Happening, Read
from babyconnect.flows.door_events import as_event

MOST = 4096
Key = tuple[Any, ...]


class DoorEvents:
    """The events of one holder's door, which answers at `address`."""

    def __init__(self, holder: Party, node: str, address: str = "") -> None:
        self._holder, self._node, self._address = holder, node, address
        self._made: dict[Key, tuple[Happening, dict[str, Any]]] = {}

    def of(self, happening: Happening) -> dict[str, Any]:
        """What the log keeps of it."""
        by, request, wire, asked = happening.by, happening.request, happening.wire, happening.interaction
        resource, _, query = wire.text.partition("?")
        if not isinstance(by, Asker) or request is None or by.emergency is not None or not resource:
            return as_event(happening, self._holder, self._node, self._address)
        now = isinstance(asked, Read) and asked.version is None
        key = (request.client, by.person, by.ura.value, type(asked), now, *map(bool, (wire.address, wire.trace, query)))
        last = self._made.get(key)
        if last is None or not _same(last[0], happening):
            made = as_event(happening, self._holder, self._node, self._address)
            if len(self._made) >= MOST:
                self._made.clear()
            self._made[key] = (happening, made)
            return made.copy()
        made = last[1].copy()
        made["at"] = text_of(happening.moment)
        if wire.address:
            made["network"] = [wire.address, self._address]
        if wire.trace:
            made["trace"] = wire.trace
        made["resource"] = without_bsn(resource)
        if query:
            made["query"] = harmless(query)
        return made


def _same(before: Happening, now: Happening) -> bool:
    """Whether both rest on the same; what was done is in the key."""
    old, new = before.request, now.request
    assert old is not None
    assert new is not None
    if before.decision is not now.decision or before.client != now.client:
        return False
    if old is new:  # a decision that stands
        return True
    return (
        (before.by is now.by or before.by == now.by)
        and old.consents == new.consents
        and old.episodes == new.episodes
        and old.holder_relations == new.holder_relations
        and old.verified == new.verified
    )
