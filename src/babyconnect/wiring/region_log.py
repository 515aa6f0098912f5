"""The region's own log as long as it runs: start and stop in it, its head signed and open to everybody, let go in time.

The region is witness of the nodes' logs; of its own, whoever keeps what `/.well-known/audit/checkpoint` says.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from pathlib import Path

from babyconnect.api import audit
from babyconnect.api.asgi import App
from babyconnect.audit.event import About, Actor, Place, event
from babyconnect.audit.faults import AuditFault
from babyconnect.audit.log import AuditLog
from babyconnect.settings import AuditSection
from babyconnect.wiring.oversight import DAY, term


class RegionLog:
    """`begin` it when the region serves, `close` it before the log."""

    def __init__(self, path: Path, folder: Path, log: AuditLog, name: str, chosen: AuditSection) -> None:
        self._log, self._name, self._chosen = log, name, chosen
        self._kept = term(path, chosen)
        self.mount: tuple[str, App] = (audit.PATH, audit.AuditApi(folder))

    async def begin(self) -> None:
        await self._note("start")
        self._tending = asyncio.create_task(self._tend())

    async def close(self) -> None:
        self._tending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._tending
        with contextlib.suppress(AuditFault):  # a log that refuses must not keep the region from stopping
            await self._note("stop")

    async def _tend(self) -> None:
        every, since = self._chosen.checkpoint_minutes * 60.0, DAY
        while True:
            with contextlib.suppress(AuditFault):  # refused to everybody; `/health` says so
                await self._log.sign()
                if since >= DAY:
                    since = 0.0
                    stone = await self._log.let_go(dt.datetime.now(dt.UTC) - self._kept)
                    if stone is not None:
                        await self._note("log.retire", f"records/1-{stone.seq}")
            await asyncio.sleep(every)
            since += every

    async def _note(self, type: str, object: str = "") -> None:
        moment = dt.datetime.now(dt.UTC)
        await self._log.append(event(type, "ok", moment, Actor(self._name), Place(self._name), About(object=object)))
