"""Settle an emergency that this node was told of and can never take note of: by two people, in the log, for good.

What is settled is told no more by the region, so nobody will be told of it by the queue: the log keeps who settled it,
which organisation had asked and when, and the officer asks that organisation who was looked for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from babyconnect.birthcare.parties import Person
from babyconnect.flows.journal import About, Came, Grounds, Journal, Outcome
from babyconnect.network.contract import RegionFault
from babyconnect.network.unheard import Unheard, UnheardList
from babyconnect.trust.persons import Second, without_a_list


@dataclass(frozen=True, slots=True)
class Settling:
    """`taken`: the region tells these no more, or raises RegionFault; `second`: whether two accounts are two people."""

    journal: Journal
    listed: UnheardList
    taken: Callable[[Collection[int]], Awaitable[None]]
    second: Second = without_a_list

    async def look(self, by: Person, came: Came) -> tuple[Unheard, ...]:
        """Logged before it is shown."""
        about = About(object="breakglass/unheard")
        await self.journal.note("log.read", "ok", self.journal.person(by), about, came=came)
        return self.listed.all()

    async def settle(self, number: int, by: Person, came: Came) -> str:
        """`asked` after the first of two people, `settled` after the second; else why not: unknown, same, unlisted,
        region.  Raises AuditFault: then nothing was settled."""
        found = self.listed.find(number)
        if found is None:
            return "unknown"
        if not found.settles:
            await self._note(found, by, "ok", "settles", came)
            await self.listed.settles(number, by.id)
            return "asked"
        if doubt := self.second(found.settles, by.id):
            await self._note(found, by, "refused", doubt, came)
            return doubt
        await self._note(found, by, "ok", "settled", came)
        try:
            await self.taken([number])
        except RegionFault:
            await self._note(found, by, "fault", "region", came)
            return "region"
        await self.listed.forget([number])
        return "settled"

    async def drop(self, number: int, by: Person, came: Came) -> None:
        """It is not to be settled: it is tried again and again, as before."""
        found = self.listed.find(number)
        if found is not None and found.settles:
            await self._note(found, by, "ok", "dropped", came)
            await self.listed.settles(number, "")

    async def _note(self, found: Unheard, by: Person, outcome: Outcome, step: str, came: Came) -> None:
        about = About(object=f"sought/{found.number}", resource=f"asker {found.asker or '?'} at {found.moment or '?'}")
        grounds = Grounds(reasons=(step, f"unheard_{found.why}"))
        await self.journal.note("breakglass.unheard", outcome, self.journal.person(by), about, grounds, came)
