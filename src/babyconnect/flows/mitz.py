"""The Mitz beside the region's register: asked at each decision, subscribed to, heard when she changes her choice."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from babyconnect.birthcare.access import Asker, Consent
from babyconnect.birthcare.identifiers import BSN_SYSTEM, Bsn, passes_eleven_check
from babyconnect.birthcare.parties import Party
from babyconnect.flows.door import NOBODY
from babyconnect.flows.journal import About, Actor, Grounds, Journal, Outcome
from babyconnect.network.contract import ConsentsUnknown
from babyconnect.network.mitz.client import MitzAnswers
from babyconnect.network.mitz.subscription import Notified
from babyconnect.network.mitz.weighing import weighed
from babyconnect.trust.rules import data_groups

OUTCOMES: dict[str, Outcome] = {"permit": "ok", "deny": "refused", "not_applicable": "refused", "unknown": "fault"}


class Subscriptions(Protocol):
    def has(self, client: str, handle: str) -> bool: ...

    async def note(self, client: str, handle: str, moment: dt.datetime) -> None: ...

    async def forget(self, client: str) -> None: ...


@dataclass
class Listening:
    """What hearing of changes needs: to subscribe (False: not taken now), who is meant, to end tokens, and by what a
    number is known here: a subscription by another number than hers is none."""

    subscribe: Callable[[Bsn], Awaitable[bool]]
    kept: Subscriptions
    clients: Callable[[Bsn], Iterable[str]]
    end_tokens: Callable[[str, Callable[[Asker], bool]], int]
    handle: Callable[[Bsn], str]


async def no_number(client: str) -> str:
    """Until it is said whose record tells it: nobody is asked about, and nobody is allowed anything."""
    return ""


@dataclass
class MitzBeside:
    """One node's.  `answers` keeps what was answered for less than a second; `listening` absent: no subscription.
    `number`: of a client here, from her own record as it is now (`system|value`, "" where there is none)."""

    own: Party
    journal: Journal
    answers: MitzAnswers
    listening: Listening | None = None
    number: Callable[[str], Awaitable[str]] = no_number
    _subscribing: set[str] = field(default_factory=set)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def consents(self, client: str, asker: Asker, local: Sequence[Consent]) -> tuple[Consent, ...]:
        """What holds for this asker, of both registers.  Raises ConsentsUnknown: then the door denies."""
        if asker.ura == self.own.ura:
            return tuple(local)  # within one organisation nothing is exchanged: only the region's objections count
        if client.startswith(NOBODY):
            await self.answers.as_if(client, asker)  # she is not known here: no number goes anywhere
            return tuple(local)
        decision = await self.answers.of(client, asker, self._hers)
        return weighed(decision, local, asker.ura, self.own.ura, data_groups())

    async def _hers(self, client: str) -> Bsn | None:
        """By which the Mitz is asked now, and tells us of her from now on."""
        bsn = bsn_of(await self.number(client))
        if bsn is not None:
            self._subscribe(client, bsn)
        return bsn

    def _subscribe(self, client: str, bsn: Bsn) -> None:
        """In the background, once by this number; tried again the next time that she is asked for."""
        if self.listening is None or client in self._subscribing:
            return
        if self.listening.kept.has(client, self.listening.handle(bsn)):
            return
        self._subscribing.add(client)
        task = asyncio.create_task(self._subscribed(self.listening, client, bsn))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _subscribed(self, listening: Listening, client: str, bsn: Bsn) -> None:
        try:
            if await listening.subscribe(bsn):
                await listening.kept.note(client, listening.handle(bsn), self.journal.clock())
        finally:
            self._subscribing.discard(client)

    async def heard(self, told: Sequence[Notified]) -> int:
        """She changed her choice: what was answered is forgotten, and tokens of whom she refuses end; returns how many.

        A notification permits nothing: whoever comes next is asked about anew.
        """
        if self.listening is None:
            return 0
        ended = 0
        for one in told:
            for client in self.listening.clients(one.bsn):
                about = About(client=client)
                await self.journal.note("consent.notify", "ok", Actor(self.own.ura.value, "mitz"), about)
                self.answers.forget(client)
                ended += self.listening.end_tokens(client, self._concerned(one))
        return ended

    async def destroyed(self, client: str) -> None:
        """Her record was destroyed: nothing here knows any more that she was asked for.  What the Mitz still tells of
        her is about nobody known here, and ends there."""
        self.answers.forget(client)
        if self.listening is not None:
            await self.listening.kept.forget(client)

    def _concerned(self, told: Notified) -> Callable[[Asker], bool]:
        def concerned(asker: Asker) -> bool:
            return asker.ura != self.own.ura and (not told.refused or asker.kind in told.refused)

        return concerned

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def said_to(journal: Journal) -> Callable[[str, str, uuid.UUID], Awaitable[object]]:
    """Each answer in the log before it is used; `message`: as the Mitz knows the question too."""

    async def said(client: str, answer: str, message: uuid.UUID) -> object:
        about = About(client=client, resource=f"mitz/{message}")
        return await journal.note("consent.ask", OUTCOMES[answer], journal.itself(), about, Grounds(reasons=(answer,)))

    return said


def bsn_of(identifier: str) -> Bsn | None:
    """The BSN of `system|value`; None for another identifier."""
    system, _, value = identifier.partition("|")
    return Bsn(value) if system == BSN_SYSTEM and passes_eleven_check(value) else None


__all__ = ["ConsentsUnknown", "Listening", "MitzBeside", "bsn_of", "said_to"]
