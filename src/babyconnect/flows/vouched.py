"""Whom a client portal's token is about at this holder: the number in the request held against who is logged in.

The portal signed a pseudonym of the region; the number comes in the body of `POST Patient/_search`.  They must be one
woman, or nothing is answered.  For a child the same request names who asks on its behalf as well (`related`), and it is
that number that must be who logged in; whether she has authority is decided by `trust.client_access`, at every request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from babyconnect.birthcare.access import Asker, Herself, LoggedIn
from babyconnect.birthcare.identifiers import BSN_SYSTEM, Bsn, passes_eleven_check
from babyconnect.birthcare.parties import Role
from babyconnect.flows.registers import Registers


@dataclass(frozen=True, slots=True)
class Vouched:
    """`clients`: under which ids somebody is herself the client here.  `in_log`: her pseudonym in this node's log;
    `in_region`: that of the region (raises RegionFault when nobody can say now: then nothing is answered)."""

    registers: Registers
    clients: Callable[[Bsn], Sequence[str]]
    in_log: Callable[[Bsn], str]
    in_region: Callable[[Bsn], Awaitable[str]]

    async def of(self, asker: Asker, identifier: str, related: str) -> Herself | None:
        """Who asks, as known here; None when the request is about somebody else than its token."""
        logged_in, about, on_behalf = asker.logged_in, _bsn(identifier), _bsn(related)
        if logged_in is None or about is None or bool(related) != (on_behalf is not None):
            return None
        if (on_behalf is not None) != (asker.role is Role.REPRESENTATIVE):
            return None
        if await self.in_region(on_behalf or about) != logged_in.subject:
            return None
        return self._child(asker, logged_in, about, on_behalf) if on_behalf else self._own(asker, logged_in, about)

    def _own(self, asker: Asker, logged_in: LoggedIn, about: Bsn) -> Herself:
        found = self.clients(about)
        return Herself(
            person=self.registers.handle(about),
            pseudonym=self.in_log(about),
            client=found[0] if len(found) == 1 else "",
            own=True,
            channel=logged_in.channel,
            loa=asker.loa,
            about=about,
        )

    def _child(self, asker: Asker, logged_in: LoggedIn, about: Bsn, on_behalf: Bsn) -> Herself:
        handle = self.registers.handle(on_behalf)
        ward = next((one for one in self.registers.wards(handle) if one.bsn == about), None)
        return Herself(
            person=handle,
            pseudonym=self.in_log(on_behalf),
            client=ward.client if ward else "",
            own=False,
            channel=logged_in.channel,
            child=ward.authority.child if ward else "",
            loa=asker.loa,
            about=about,
        )


def _bsn(identifier: str) -> Bsn | None:
    system, _, value = identifier.rpartition("|")
    return Bsn(value) if system == BSN_SYSTEM and passes_eleven_check(value) else None
