"""One opened record while a screen shows it: it fills in from the consult, and everybody who looks on is told.

It holds text only: whoever asks, merges and draws (`drawing`) may be another process.  Nothing of it survives `close`,
and nothing is asked for it afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.delivery.view import File
from babyconnect.flows.viewing import Declared, Sources
from babyconnect.web.filling import Filling
from babyconnect.web.login.sessions import StaffSession
from babyconnect.web.rendering import log_fault
from babyconnect.web.viewer.drawing import Drawn
from babyconnect.web.viewer.fragments import BAR, Drawer

BETWEEN_CHANGES_SECONDS = 1.0
"""Several changes at one registration are one reason to ask anew."""


@dataclass
class OpenedRecord(Filling):
    """One record on one screen.  `drawer_in` gives what draws, in a language, the page before anything has come and the
    bar when nothing more will; `declared`: opened in an emergency."""

    bsn: Bsn
    language: str
    drawer_in: Callable[[str], Drawer]
    sources: Sources | None = None
    files: Mapping[str, File] = field(default_factory=dict)
    asked: float = 0.0
    declared: Declared | None = None
    turn: int = 0
    looking: int = 0
    _task: asyncio.Task[None] | None = None
    _watch: asyncio.Task[None] | None = None

    def watch(self, changes: AsyncIterator[None], again: Callable[[], None]) -> None:
        """From now on asks anew at each step of `changes`, which has those since the first asking as well: she may have
        taken back what stands here."""
        if self.phase == "closed":
            return
        self._watch = asyncio.create_task(self._watched(changes, again))

    async def _watched(self, changes: AsyncIterator[None], again: Callable[[], None]) -> None:
        try:
            # Whoever asks learns her pseudonym, which then need not be asked a second time; no change is missed.
            await self._begun()
            async for _ in changes:
                again()
                await asyncio.sleep(BETWEEN_CHANGES_SECONDS)
        except Exception as problem:  # what cannot be watched may not stay
            log_fault("watching", problem)
            self.close()

    def fill(self, states: AsyncIterator[Drawn]) -> None:
        """Starts asking, at once: before the page itself is asked for.  Again: what was shown is forgotten first."""
        if self.phase == "closed":
            return
        if self._task is not None:
            self._task.cancel()
        self.turn += 1
        self.phase, self.sources, self.files = "asking", None, {}
        self.put(self.drawer_in(self.language).fragments(None, self.phase))
        self._task = asyncio.create_task(self._follow(states))

    async def _follow(self, states: AsyncIterator[Drawn]) -> None:
        try:
            async for drawn in states:
                self.sources, self.files = drawn.sources, drawn.files
                self.phase = "asking" if drawn.sources.waiting else "complete"
                self.put(drawn.fragments)
        except Exception as problem:  # whatever went wrong, the screen must not look complete
            log_fault("consult", problem)
            self._fail()

    def give_up(self) -> None:
        """What is shown stays, and says that it is not complete."""
        if self._task is not None:
            self._task.cancel()
        self._fail()

    def _fail(self) -> None:
        """Who waits is told, also when it is the drawing that fails: a page must not hang on it."""
        if self.phase == "closed":
            return
        self.phase = "fault"
        try:
            bar = self.drawer_in(self.language).bar(self.sources, self.phase)
            self.put({**{name: part.html for name, part in self.fragments.items()}, BAR: bar})
        except Exception as problem:
            log_fault("drawing", problem)
            self.version += 1
            self.announce()

    async def after(self, turn: int) -> None:
        """Returns when it was asked anew since `turn`, or is closed."""
        while self.turn == turn and self.phase != "closed":
            await self.changed()

    async def _begun(self) -> None:
        """Returns when something has come, or nothing will."""
        while self.sources is None and not self.settled:
            await self.changed()

    def close(self) -> None:
        """Stops asking and forgets everything."""
        for task in (self._task, self._watch):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        self.sources, self.files = None, {}
        self.clear()


ViewerSession = StaffSession[OpenedRecord]
"""Somebody of this organisation who is logged in at the viewer, with the records on her screens."""
