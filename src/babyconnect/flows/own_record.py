"""Her own record at this organisation: what a client reads of herself, and of a child over whom she has authority.

Through the door like everything: decided by `trust.client_access`, in the log before it is shown, one event a look.
The BSN of a client is her masked form here too: she knows it, and who looks over her shoulder need not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from babyconnect.birthcare.access import Channel, Herself
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Party
from babyconnect.birthcare.resources import HOME, Resource
from babyconnect.exchange.ask import new_trace, new_traceparent
from babyconnect.fhir.search_names import types
from babyconnect.flows import reducing
from babyconnect.flows.door import Door, Everything, Wire, Withheld
from babyconnect.flows.registers import Registers, Ward
from babyconnect.store.contract import Page
from babyconnect.trust import authority, client_access


@dataclass(frozen=True, slots=True)
class Looking:
    """Who is behind the log-in, how well that was established, from which network address, and when she logged in."""

    bsn: Bsn
    loa: str = ""
    address: str = ""
    logged_in: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """One node's.  `clients`: the opaque ids under which somebody with this BSN is herself the client here."""

    own: Party
    door: Door
    registers: Registers
    clients: Callable[[Bsn], tuple[str, ...]]
    pseudonym: Callable[[Bsn], str]
    now: Callable[[], dt.datetime]

    async def hers(self, looking: Looking, channel: Channel = Channel.CLIENT_SITE) -> SourceAnswer:
        """What is about her here, as one answer of this organisation; empty when there is nothing to show."""
        found: list[Resource] = []
        for client in self.clients(looking.bsn):
            found += await self._read(self._who(looking, client, channel), looking)
        return SourceAnswer(self.own, "answered", tuple(found), 0.0)

    def children(self, bsn: Bsn) -> list[Ward]:
        """The children over whom she has authority today and whose age lets her look."""
        today, handle = self.now().astimezone(HOME).date(), self.registers.handle(bsn)
        known = self.registers.wards(handle)
        rows = [ward.authority for ward in known]
        latest = {ward.authority.child: ward for ward in known}
        return [ward for child, ward in latest.items() if _may(rows, child, handle, ward, today)]

    async def childs(self, looking: Looking, child: str, channel: Channel = Channel.CLIENT_SITE) -> list[Resource]:
        """The child's view; empty when there is no authority over it, alike."""
        ward = next((ward for ward in self.children(looking.bsn) if ward.authority.child == child), None)
        if ward is None:
            return []
        return await self._read(self._who(looking, ward.client, channel, child), looking)

    def _who(self, looking: Looking, client: str, channel: Channel, child: str = "") -> Herself:
        return Herself(
            person=self.registers.handle(looking.bsn),
            pseudonym=self.pseudonym(looking.bsn),
            client=client,
            own=not child,
            channel=channel,
            child=child,
            loa=looking.loa,
        )

    async def _read(self, who: Herself, looking: Looking) -> list[Resource]:
        wire = Wire(new_traceparent(new_trace()), looking.address)
        entry = await self.door.show(who, Everything(tuple(sorted(types())), "json_masked"), wire)
        if isinstance(entry, Withheld):
            return []
        page = await entry.release()
        return reducing.resources(page) if isinstance(page, Page) else []


def _may(rows: list[authority.Authority], child: str, handle: str, ward: Ward, today: dt.date) -> bool:
    standing = authority.standing(rows, child, handle, today)
    born = min(row.born for row in rows if row.child == child)
    return standing in authority.HOLDS and client_access.may_represent(standing, born, today)
