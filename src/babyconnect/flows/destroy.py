"""Destroy a record at her request (WGBO 7:455): true erasure, while the content-free log stays.

Only what this organisation recorded lies in its store, so only that can be destroyed here; another organisation must be
asked itself.  First the roster lists her pointer as one to be dropped, for as long as it takes (`enrol.send_pointers`),
and the region is told to drop it (if it cannot be, nothing is destroyed yet), then the event is durable in the log, and
only then everything goes: versions, indexes, originals, shelves, roster, registers, caches.
What the law forbids to destroy stays, item by item, with its reason.  Withdrawing a consent destroys nothing, and
destroying withdraws no consent; an item that its source calls a mistake is withdrawn by publishing, not here.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from babyconnect.audit import AuditFault
from babyconnect.audit.event import About, Actor, Grounds, Outcome
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.resources import HOME
from babyconnect.definitions import document
from babyconnect.flows.enrol import SOURCE
from babyconnect.flows.journal import Journal
from babyconnect.flows.registers import Hold, Registers, Request
from babyconnect.network.contract import Localisation, RegionFault
from babyconnect.network.roster import Roster
from babyconnect.store.contract import Writer
from babyconnect.trust.persons import Second, without_a_list

Key = tuple[str, str]
WHOLE = ""
"""Stands for the whole record in a hold."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: for whom, by whom (`definitions/destruction.toml`), when, and who of ours carries it out."""

    client: str
    asked_by: str
    asked_on: dt.date
    by: Actor


@dataclass(frozen=True, slots=True)
class Found:
    """What destroying would do: how many items go, and which stay for which reason.  `reference`: of the request that
    waits for a second person, "" when none does."""

    items: int
    holds: tuple[Hold, ...]
    reference: str = ""

    @property
    def seen(self) -> str:
        """What a second person had on the screen; another as soon as any of it is."""
        shown = self.reference, self.items, sorted((hold.item, hold.reason) for hold in self.holds)
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Destroyed:
    versions: int
    kept: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class NotDestroyed:
    """`reason`: unknown, held, asked_by, date or region, request (none waits), same (a second person confirms),
    unlisted (nobody knows that they are two people) or changed (it is not any more what that person saw); for who
    carries it out."""

    reason: str


async def _nothing(client: str, handle: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Destroying:
    """What destroying needs of a node.  `alone`: one person is enough; else a second confirms, and `second` says
    whether two accounts are two people.

    `forget`: lets go of what this process remembers of a client; `told`: of what was written about her beside her
    record, by client or handle (the book of emergencies); `written`: how much that is by handle; `changed`: has
    the screens ask anew that show her, by her pseudonym.
    """

    writer: Writer
    roster: Roster
    registers: Registers
    localisation: Localisation
    journal: Journal
    forget: Callable[[str], None] = lambda client: None
    written: Callable[[str], int] = lambda handle: 0
    told: Callable[[str, str], Awaitable[None]] = _nothing
    alone: bool = False
    second: Second = without_a_list
    changed: Callable[[str], None] = lambda pseudonym: None

    def clients(self, bsn: Bsn) -> tuple[str, ...]:
        """Her opaque ids here; one, unless her records were never joined."""
        return self.roster.clients(bsn)

    async def destroy_written(self, bsn: Bsn, asked: Asked) -> int:
        """Of somebody who is no client here (any more): what was written about her in an emergency; how many items.

        `asked.client` says nothing here.  Raises AuditFault: then nothing was destroyed.
        """
        handle = self.roster.handle(bsn)
        count = self.written(handle)
        about = About(pseudonym=self.journal.pseudonym(bsn), resource=_request(asked), count=count)
        wrong = self._asked_wrongly(asked) or ("" if count else "unknown")
        grounds = Grounds(reasons=(wrong or "at_her_request",))
        await self.journal.note("erase", "refused" if wrong else "ok", asked.by, about, grounds)
        if wrong:
            return 0
        await self.told("", handle)
        return count

    async def examine(self, client: str) -> Found:
        items = await self.writer.items_of(client)
        holds = tuple(self.registers.holds(client).values())
        kept = set(await self._kept(items, holds, client))
        waiting = self.registers.request(client)
        return Found(len([item for item in items if item not in kept]), holds, waiting.reference if waiting else "")

    async def destroy(self, asked: Asked) -> Destroyed | NotDestroyed | Request:
        """All of it or, when it may not be, nothing.  A Request where a second person is to confirm it: nothing was
        destroyed by it yet.  Raises AuditFault: then nothing was destroyed either."""
        return await self._carry_out(asked, "") if self.alone else await self._take_down(asked)

    async def confirm(self, client: str, by: Actor, seen: str) -> Destroyed | NotDestroyed:
        """By somebody else than who took the request down; both are in the log, under its reference.

        `seen` (`Found.seen`): what is confirmed.  Else the first could lift a hold, or put another request in the place
        of this one, while the second looks at the page."""
        waiting = self.registers.request(client)
        if waiting is None:
            return NotDestroyed("request")
        asked = Asked(client, waiting.asked_by, waiting.asked_on, by)
        if doubt := self.second(waiting.by, by.person):
            await self._note(asked, "refused", 0, doubt, waiting.reference)
            return NotDestroyed(doubt)
        if seen != (await self.examine(client)).seen:
            await self._note(asked, "refused", 0, "changed", waiting.reference)
            return NotDestroyed("changed")
        return await self._carry_out(asked, waiting.reference)

    async def drop(self, client: str, by: Actor) -> None:
        """The request that waits is not to be carried out."""
        waiting = self.registers.request(client)
        if waiting is not None:
            await self._administer(client, f"drops erase/{waiting.reference}", by)
            await self.registers.take_request(client, replace(waiting, recorded=self.journal.clock(), ended=True))

    async def _take_down(self, asked: Asked) -> NotDestroyed | Request:
        items = await self.writer.items_of(asked.client)
        wrong = self._wrong(asked, items, tuple(self.registers.holds(asked.client).values()))
        if wrong:
            await self._note(asked, "refused", 0, wrong)
            return NotDestroyed(wrong)
        made = Request(secrets.token_hex(8), asked.asked_by, asked.asked_on, asked.by.person, self.journal.clock())
        await self._administer(asked.client, f"erase/{made.reference}", asked.by)
        await self.registers.take_request(asked.client, made)
        return made

    async def _administer(self, client: str, object: str, by: Actor) -> None:
        await self.journal.note("administer", "ok", by, About(client=client, object=object))

    async def _carry_out(self, asked: Asked, reference: str) -> Destroyed | NotDestroyed:
        items = await self.writer.items_of(asked.client)
        holds = tuple(self.registers.holds(asked.client).values())
        wrong = self._wrong(asked, items, holds)
        if wrong:
            await self._note(asked, "refused", 0, wrong, reference)
            return NotDestroyed(wrong)
        keep, pseudonym = await self._kept(items, holds, asked.client), self.roster.pseudonym(asked.client)
        dropped = pseudonym if self.roster.alone(asked.client) else None
        told = await self.roster.outbox.take_out(asked.client)
        try:
            await self._drop_pointer(dropped)
            await self._note(asked, "ok", len(items) - len(keep), "at_her_request", reference)
        except RegionFault:
            await self.roster.outbox.restore(told)
            await self._note(asked, "fault", 0, "region", reference)
            return NotDestroyed("region")
        except AuditFault:
            await self.roster.outbox.restore(told)
            raise
        # By what was known before: once the store has nothing, anybody may part these records in the roster.
        records, waiting = self.roster.records(asked.client), self.registers.request(asked.client)
        names, handle = self.roster.names_of(asked.client), self.roster.handle_of(asked.client)
        versions = await self.writer.erase_client(asked.client, keep)
        empty = [record for record in records if not await self.writer.items_of(record)]
        if len(empty) < len(records):
            await self.roster.keep_only(records, {id for _, id in keep})
            if waiting is not None:  # carried out so far as the law lets it be
                await self.registers.take_request(asked.client, replace(waiting, ended=True))
            await self.roster.join(records, await self.writer.joined(records))
            for record in empty:
                await self._let_go([record], [record], self.roster.handle_of(record))
        else:
            await self._let_go(records, names, handle)
        self.forget(asked.client)
        await self._show_no_more(pseudonym, dropped)
        return Destroyed(versions, holds)

    async def _let_go(self, records: Sequence[str], names: Sequence[str], handle: str) -> None:
        """Nothing of this client is kept any more, nor what was written by these names or decided about her; of one of
        several records, of which another had to stay, what it has to itself."""
        for name in names:
            await self.told(name, handle)
            await self.registers.forget(name)
        for record in records:
            await self.roster.forget(record)

    async def _kept(self, items: Sequence[Key], holds: tuple[Hold, ...], client: str) -> list[Key]:
        """Items that stay; with any of them stay its files, which are its content, and the Patient of its record, or
        nobody could find them again."""
        held = {hold.item for hold in holds}
        kept = [item for item in items if "/".join(item) in held]
        files = set(await self.writer.files_of(kept)) & set(items)
        kept += sorted(files - set(kept))
        whose = set((await self.writer.known(kept)).values()) & set(self.roster.records(client))
        patients = [("Patient", record) for record in sorted(whose)]
        return [*kept, *(one for one in patients if one not in kept)]

    def _asked_wrongly(self, asked: Asked) -> str:
        if asked.asked_by not in document("destruction.toml")["asked_by"]:
            return "asked_by"
        return "date" if asked.asked_on > self.journal.clock().astimezone(HOME).date() else ""

    def _wrong(self, asked: Asked, items: Sequence[Key], holds: tuple[Hold, ...]) -> str:
        if wrong := self._asked_wrongly(asked):
            return wrong
        # What was broken off between the store and the registers is finished by asking again.
        if not items and not self.roster.known(asked.client):
            return "unknown"
        return "held" if any(hold.item == WHOLE for hold in holds) else ""

    async def _show_no_more(self, pseudonym: str | None, dropped: str | None) -> None:
        """Whoever has her record on a screen asks anew: here, and where the index was asked for her."""
        if pseudonym:
            self.changed(pseudonym)
        if dropped:
            # The region tells it at each removal; at the first there was still something to be seen.
            with contextlib.suppress(RegionFault):
                await self.localisation.unregister(dropped, SOURCE)

    async def _drop_pointer(self, pseudonym: str | None) -> None:
        """Before anything else: a pointer to what is gone would tell that there was something."""
        if pseudonym:
            await self.localisation.unregister(pseudonym, SOURCE)

    async def _note(self, asked: Asked, outcome: Outcome, count: int, reason: str, reference: str = "") -> None:
        object = f"erase/{reference}" if reference else ""
        about = About(client=asked.client, resource=_request(asked), count=count, object=object)
        await self.journal.note("erase", outcome, asked.by, about, Grounds(reasons=(reason,)))


def _request(asked: Asked) -> str:
    return f"asked by {asked.asked_by} on {asked.asked_on}"
