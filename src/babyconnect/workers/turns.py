"""How much each may ask, at a worker: turns that the keeper gave beforehand, so that the node as a whole keeps count.

What is not used within a second is forgotten, never used later: the keeper's bucket fills by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from babyconnect.api.asgi import Scope
from babyconnect.flows.door import Session
from babyconnect.workers.line import Line
from babyconnect.workers.questions import Finds, Given, Turns

LASTS_SECONDS = 1.0
MOST = 1_000


class LeasedTurns:
    """`api.rates.Turns` over the line."""

    def __init__(self, line: Line, clock: Callable[[], float]) -> None:
        self._line, self._clock = line, clock
        self._held: dict[str, tuple[float, float]] = {}
        """What is left, and until when."""
        self._asking: dict[str, asyncio.Lock] = {}

    def asks(self, session: Session, amount: float = 1) -> int | Awaitable[int]:
        ura = session.asker.ura.value
        return 0 if self._taken(ura, amount) else self._more(ura, amount)

    def finds(self, session: Session) -> Awaitable[int]:
        return self._line.ask(Finds(session.asker.ura.value, session.asker.person), int)

    def knocks(self, scope: Scope) -> int:
        """Strangers are the keeper's: a worker hands them on."""
        return 0

    def _taken(self, ura: str, amount: float) -> bool:
        left, until = self._held.get(ura, (0.0, 0.0))
        if left < amount or self._clock() >= until:
            return False
        self._held[ura] = (left - amount, until)
        return True

    async def _more(self, ura: str, amount: float) -> int:
        """One question at a time for an organisation: whoever waited finds what the first was given."""
        if len(self._asking) > MOST:
            self._asking = {known: lock for known, lock in self._asking.items() if lock.locked()}
        async with self._asking.setdefault(ura, asyncio.Lock()):
            if self._taken(ura, amount):
                return 0
            given = await self._line.ask(Turns(ura, amount), Given)
            if not given.amount:
                return given.wait
            if len(self._held) > MOST:
                self._held.clear()
            self._held[ura] = (given.amount - amount, self._clock() + LASTS_SECONDS)
            return 0
