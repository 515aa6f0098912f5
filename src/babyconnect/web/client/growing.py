"""Her record on her own screen while organisations answer: drawn anew at each answer, forgotten when it is whole.

Nothing of it is kept longer than the page needs: for who logs out, acts for somebody else or has no authority over the
child any more the page is closed, whatever was still to come.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from babyconnect.flows.own_everywhere import Answers
from babyconnect.web.filling import Filling
from babyconnect.web.rendering import log_fault

Draw = Callable[[Answers, str], Mapping[str, str]]
"""(what came, phase) -> the pieces of the page."""


@dataclass(kw_only=True)
class GrowingPage(Filling):
    """`draw`: the pieces; `holds`: whether whoever looks still may; `child`: of whom, when it is not she."""

    draw: Draw
    child: str = ""
    holds: Callable[[], bool] = lambda: True
    answers: Answers = field(default_factory=lambda: Answers((), True, complete=False))
    _task: asyncio.Task[None] | None = None

    async def begin(self, steps: AsyncIterator[Answers]) -> None:
        """Returns when there is something to draw; what goes wrong before that is raised, and nothing is shown."""
        self._take(await anext(steps))
        if not self.settled:
            self._task = asyncio.create_task(self._follow(steps))

    async def _follow(self, steps: AsyncIterator[Answers]) -> None:
        try:
            async for answers in steps:
                self._take(answers)
                if self.lost():
                    return
        except Exception as problem:  # whatever went wrong, the page must not look complete
            log_fault("own record", problem)
            self._fail()

    def _take(self, answers: Answers) -> None:
        if self.lost():
            return
        self.answers = answers
        self.phase = "complete" if answers.complete else "asking"
        self.put(self.draw(answers, self.phase))

    def _fail(self) -> None:
        """Who waits is told, also when it is the drawing that fails."""
        if self.phase == "closed":
            return
        self.phase = "fault"
        try:
            self.put(self.draw(self.answers, self.phase))
        except Exception as problem:
            log_fault("drawing", problem)
            self.clear()

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
        self.answers = Answers((), True)
        self.clear()

    def _stop(self) -> None:
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
