"""A keeper and workers of it in one loop, over pairs of sockets as between processes."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from babyconnect.api.rates import Rates
from babyconnect.audit.faults import Receipt
from babyconnect.audit.log import AuditLog
from babyconnect.birthcare.access import Asker, Emergency, Purpose
from babyconnect.birthcare.parties import Role
from babyconnect.trust.claims import Verified
from babyconnect.trust.replays import Replays
from babyconnect.trust.sessions import Issued, Sessions
from babyconnect.workers.bearers import Remembered
from babyconnect.workers.counter import Counter, Keeps
from babyconnect.workers.line import Line
from babyconnect.workers.page import Page
from tests.support.node import HOLDER, HOSPITAL, evidence


@dataclass
class Stage:
    """What the test turns: the clock, the log, the sessions; `line()` is one more worker."""

    now: float = 1_000.0
    page: Page = field(default_factory=Page)
    lost: list[str] = field(default_factory=list)
    opened: list[tuple[Line, Counter]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sessions = Sessions(HOLDER.ura.value, lambda: self.now, ended=self.page.move)
        self.rates = Rates(100, 60, 100, 100, clock=lambda: self.now)
        self.append: Callable[[Sequence[bytes]], Awaitable[Receipt]] = self._no_log
        self.keeps = Keeps(self._append, self.sessions, self.rates, Replays(0.0), self.page)
        self.keeps.built.set()

    async def _no_log(self, events: Sequence[bytes]) -> Receipt:
        raise AssertionError("nothing is logged in this test")

    async def _append(self, events: Sequence[bytes]) -> Receipt:
        return await self.append(events)

    async def line(self) -> Line:
        here, there = socket.socketpair()
        line = Line(lambda: self.lost.append("line"))
        counter = Counter(self.keeps, len(self.opened), lambda: self.lost.append("counter"))
        await line.begin(here)
        await counter.begin(there)
        self.opened.append((line, counter))
        return line

    async def worker(self) -> Remembered:
        return Remembered(await self.line(), self.page, lambda: self.now, lambda: None)

    def token(self, purpose: Purpose = Purpose.TREATMENT, emergency: Emergency | None = None) -> Issued:
        asker = Asker(HOSPITAL.ura, HOSPITAL.kind, "p", Role.GYNAECOLOGIST, purpose, evidence(), emergency=emergency)
        issued = self.sessions.issue(Verified(asker, HOSPITAL, "Vrager", "zorginzage-geboortezorg", "jti"))
        assert isinstance(issued, Issued)
        return issued

    def close(self) -> None:
        for line, counter in self.opened:
            line.close()
            counter.close()


@contextlib.asynccontextmanager
async def logging(stage: Stage, folder: Path) -> AsyncIterator[AuditLog]:
    log = AuditLog.open(folder, HOLDER.ura.value)
    stage.append = log.append_all
    try:
        yield log
    finally:
        log.close()
