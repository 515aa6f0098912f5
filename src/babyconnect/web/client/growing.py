"""Her record on her own screen while organisations answer: text that grows, forgotten when it is whole.

Nothing of it is kept longer than the page needs: for who logs out, acts for somebody else or has no authority over the
child any more the page is closed, whatever was still to come.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from babyconnect.web.client.drawing import BAR, Drawn
from babyconnect.web.filling import Filling
from babyconnect.web.rendering import log_fault


@dataclass(kw_only=True)
class GrowingPage(Filling):
    """Text only (`drawing`).  `holds`: whether whoever looks still may; `child`: of whom, when it is not she."""

    child: str = ""
    holds: Callable[[], bool] = lambda: True
    drawn: Drawn | None = None
    _task: asyncio.Task[None] | None = None

    async def begin(self, steps: AsyncIterator[Drawn]) -> None:
        """Returns when there is something to draw; what goes wrong before that is raised, and nothing is shown."""
        self._take(await anext(steps))
        if not self.settled:
            self._task = asyncio.create_task(self._follow(steps))

    async def _follow(self, steps: AsyncIterator[Drawn]) -> None:
        try:
            async for drawn in steps:
                self._take(drawn)
                if self.lost():
                    return
        except Exception as problem:  # whatever went wrong, the page must not look complete
            log_fault("own record", problem)
            self._fail()

    def _take(self, drawn: Drawn) -> None:
        if self.lost():
            return
        self.drawn = drawn
        self.phase = "complete" if drawn.complete else "asking"
        self.put(drawn.fragments)

    def _fail(self) -> None:
        """Who waits is told."""
        if self.phase == "closed":
            return
        self.phase = "fault"
        if self.drawn is not None:
            self.put({**self.drawn.fragments, BAR: self.drawn.interrupted})

    def lost(self) -> bool:
        """Whether it is closed; so it is from the moment that whoever looks may not any more."""
        if self.phase != "closed" and not self.holds():
            self.close()
        return self.phase == "closed"

    def give_up(self) -> None:
        """What is shown stays, and says that it is not complete."""
        self._stop()
        self._fail()

    def close(self) -> None:
        """Stops asking and forgets everything."""
        self._stop()
        self.drawn = None
        self.clear()

    def _stop(self) -> None:
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
