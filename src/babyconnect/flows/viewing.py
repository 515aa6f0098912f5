"""Open a record for one professional and let it fill in: consult, merge what has come, make the view (design §4).

What the screen may know of sources is decided here, to the letter of the domain's rule on withheld items: a source
that refused is neither named nor counted, and merges as if it did not exist.  A source that is still busy is named only
when it is slow (refusals come fast); once named it stays, and reads like any that answered.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from babyconnect.birthcare.access import Emergency, Relation
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Party, Person
from babyconnect.birthcare.resources import HOME

V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)
"""Where the screens' clocks and calendar days are."""
ON_ITS_WAY_SECONDS = 0.002
"""What the first item gets to reach its socket before the rest is merged."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Said once, first, when localisation is known: whom we ask.  Only those that she allows this asker to know of."""

    parties: tuple[Party, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """An emergency that was declared here (`flows.break_glass`): what the consult is asked with, and until when the
    screen may show what came."""

    emergency: Emergency
    relation: Relation
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class ListedClient:
    """A client on today's list of one's own organisation: somebody with an appointment or an active episode."""

    bsn: Bsn
    name: str
    birth_date: dt.date | None = None
    gestation: str = ""
    reason: str = ""


class Consult(Protocol):
    """What `flows.consult` does for one node: everything but client and person is bound by wiring."""

    def __call__(
        self, bsn: Bsn, person: Person, declared: Declared | None = None
    ) -> AsyncIterator[Asked | SourceAnswer]: ...


@dataclass(frozen=True, slots=True)
class Failed:
    """A technical failure: `status` is unreachable, timed_out or invalid."""

    party: Party
    status: str


@dataclass(frozen=True, slots=True)
class Sources:
    """What the bar over the record says.  `waiting`: somebody has not answered yet, named in `busy` or not."""

    answered: tuple[Party, ...] = ()
    busy: tuple[Party, ...] = ()
    failed: tuple[Failed, ...] = ()
    waiting: bool = True

    @property
    def total(self) -> int:
        return len(self.answered) + len(self.busy) + len(self.failed)


@dataclass(frozen=True, slots=True)
class Shown(Generic[V]):
    """One state of an opened record: the sources so far and the view of what they gave."""

    sources: Sources
    view: V
    moment: dt.datetime

    @property
    def complete(self) -> bool:
        return not self.sources.waiting


class Picture(Protocol[V_co]):
    """Merges answers into a view.  `busy`: who has not answered yet, so that nothing is called certain too early.

    `kept` is a dict that stays with one open record, in which a view may keep what it need not make twice.
    """

    def __call__(
        self, answers: Sequence[SourceAnswer], today: dt.date, busy: Sequence[Party], kept: dict[Any, Any]
    ) -> V_co: ...


class _Progress:
    """The answers so far, and the bar they make."""

    def __init__(self) -> None:
        self.asked: tuple[Party, ...] = ()
        self.answers: list[SourceAnswer] = []
        self.named: set[Party] = set()
        self.slow = False
        self.ended = False
        self.whole = False
        self.changed = asyncio.Event()
        self.kept: dict[Any, Any] = {}

    def take(self, step: Asked | SourceAnswer) -> None:
        if isinstance(step, Asked):
            self.asked = step.parties
            return
        self.answers.append(step)
        self.changed.set()

    def beginning(self) -> _Progress:
        """As it was when only the first answer had come."""
        early = _Progress()
        early.asked, early.answers, early.named, early.kept = self.asked, self.answers[:1], self.named, self.kept
        return early

    def usable(self) -> tuple[SourceAnswer, ...]:
        """What may be merged: a refusal is for the client and the privacy officer, not for this screen."""
        return tuple(answer for answer in self.answers if not _refused(answer))

    def busy(self) -> tuple[Party, ...]:
        done = {answer.source for answer in self.answers}
        return tuple(party for party in self.asked if party not in done)

    def sources(self, name_busy: bool) -> Sources:
        done = {answer.source for answer in self.answers}
        busy = self.busy() if name_busy and not self.ended else ()
        self.named.update(busy)
        shown = {p for p in done if p in self.named}
        answered = [a.source for a in self.answers if a.status == "answered" or (a.source in shown and _refused(a))]
        failed = [Failed(a.source, a.status) for a in self.answers if a.status != "answered" and not _refused(a)]
        return Sources(
            tuple(sorted(answered, key=_by_name)),
            tuple(sorted(busy, key=_by_name)),
            tuple(sorted(failed, key=lambda f: _by_name(f.party))),
            waiting=not self.whole,
        )


def _refused(answer: SourceAnswer) -> bool:
    return answer.status == "refused"


def _by_name(party: Party) -> tuple[str, str]:
    return (party.name.casefold(), party.ura.value)


class Viewing(Generic[V]):
    """Opens records.  `picture` merges answers into a view (pure).

    Merges of many viewers take turns: under load each viewer merges everything that came in while it waited, once,
    instead of once per source.  A viewer alone is shown the first answer by itself, before others that came with it.
    """

    def __init__(
        self,
        consult: Consult,
        picture: Picture[V],
        now: Callable[[], dt.datetime],
        name_busy_after: float = 1.0,
    ) -> None:
        self._consult = consult
        self._picture = picture
        self._now = now
        self._name_busy_after = name_busy_after
        self._turn = asyncio.Lock()
        self._in_line = 0

    async def open(self, bsn: Bsn, person: Person, declared: Declared | None = None) -> AsyncGenerator[Shown[V], None]:
        """States of one record, the last one complete; `declared`: asked as an emergency.

        Nothing is kept when the caller stops listening.
        """
        progress = _Progress()
        asking = asyncio.create_task(self._listen(bsn, person, declared, progress))
        started, first = asyncio.get_running_loop().time(), True
        try:
            while True:
                slow = await self._something(progress, started)
                self._in_line += 1
                try:
                    async with self._turn:
                        await asyncio.sleep(0)  # sockets first: more may have come in while others had their turn
                        hurry = first and self._in_line == 1 and len(progress.answers) > 1
                        if not hurry:
                            progress.changed.clear()
                        ended = progress.ended and not hurry
                        shown = self._shown(progress.beginning() if hurry else progress, name_busy=slow)
                finally:
                    self._in_line -= 1
                first = False
                yield shown
                if hurry:
                    await asyncio.sleep(ON_ITS_WAY_SECONDS)
                if ended:
                    await asking  # a fault in consulting is a fault here, after what had come
                    return
        finally:
            asking.cancel()

    async def _listen(self, bsn: Bsn, person: Person, declared: Declared | None, progress: _Progress) -> None:
        try:
            async for step in self._consult(bsn, person, *((declared,) if declared else ())):
                progress.take(step)
            progress.whole = True
        finally:
            progress.ended = True
            progress.changed.set()

    async def _something(self, progress: _Progress, started: float) -> bool:
        """Waits until there is news; tells whether those still busy are slow enough to be named."""
        left = started + self._name_busy_after - asyncio.get_running_loop().time()
        if progress.slow:
            await progress.changed.wait()
            return True
        try:
            await asyncio.wait_for(progress.changed.wait(), max(left, 0))
        except TimeoutError:
            progress.slow = True
        return progress.slow

    def _shown(self, progress: _Progress, name_busy: bool) -> Shown[V]:
        moment = self._now().astimezone(HOME)
        view = self._picture(progress.usable(), moment.date(), progress.busy(), progress.kept)
        return Shown(progress.sources(name_busy), view, moment)
