"""The keeper's end of a node in several processes: where its workers come, one after the other, as long as it runs."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from babyconnect.api.asgi import App
from babyconnect.api.health import Counts, Tally
from babyconnect.api.peers import Secured, facts
from babyconnect.settings import SettingsRefused
from babyconnect.wiring.answering import Holder, Kept
from babyconnect.wiring.link import Link
from babyconnect.workers.counter import Counter, Keeps
from babyconnect.workers.giving import Giving, Work
from babyconnect.workers.handing_on import Hands
from babyconnect.workers.page import Page
from babyconnect.workers.supervising import LINES, Ends


@dataclass(frozen=True, slots=True)
class Beside:
    """What the keeper shares with its workers, and the socket over which it is given the ends of their lines."""

    page: Page
    control: socket.socket


class Workers:
    """Those that are there now.  `counts`: what all of them answered; `work`: what they are given to do."""

    def __init__(self, beside: Beside) -> None:
        self._beside = beside
        self.counts = Counts()
        self.work = Work()
        self._present: dict[int, tuple[Counter, Hands, Giving]] = {}
        self._last = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def present(self) -> int:
        return len(self._present)

    def begin(self, link: Link, keeps: Kept, holds: Holder, app: App) -> None:
        """From now on workers are answered; `app` answers what they hand on."""
        if link.chosen.store.engine == "memory":
            raise SettingsRefused(f"{link.path}: node.workers: the engine memory is of one process")
        self._keeps = Keeps(
            append=keeps.log.append_all,
            sessions=holds.tokens.sessions,
            rates=holds.tokens.rates,
            used=holds.tokens.seen,
            page=self._beside.page,
            elsewhere=holds.mitz.elsewhere,
            counted=self._counted,
        )
        self._keeps.built.set()
        self._app, self._material = app, link.secured
        self._beside.control.setblocking(False)
        asyncio.get_running_loop().add_reader(self._beside.control, self._told)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._beside.control)
        for ends in tuple(self._present.values()):
            for end in ends:
                end.close()

    def _told(self) -> None:
        """The parent gives the ends of a worker's lines, or is gone: then so is the node."""
        try:
            said, files, _, _ = socket.recv_fds(self._beside.control, 1, LINES)
        except BlockingIOError:
            return
        if not said:
            asyncio.get_running_loop().remove_reader(self._beside.control)
            os.kill(os.getpid(), signal.SIGTERM)
            return
        line, hands, work = (socket.socket(fileno=file) for file in files)
        task = asyncio.get_running_loop().create_task(self._welcome((line, hands, work)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _welcome(self, theirs: Ends) -> None:
        self._last += 1
        worker = self._last
        counter = Counter(self._keeps, worker, lambda: self._gone(worker))
        hands = Hands(self._app, self._facts)
        giving = self.work.worker()
        self._present[worker] = (counter, hands, giving)
        await counter.begin(theirs[0])
        await hands.begin(theirs[1])
        await giving.begin(theirs[2])

    def _gone(self, worker: int) -> None:
        """What it counted stays counted."""
        self._present.pop(worker, None)
        told = self.counts.others.pop(worker, None)
        if told is not None:
            self.counts.own.add(told)

    def _counted(self, worker: int, told: Any) -> None:
        self.counts.others[worker] = msgspec.convert(told, Tally, strict=False)

    def _facts(self, certificate: bytes | None) -> Mapping[str, Any]:
        return facts(Secured(certificate, self._material)) if self._material is not None else {}
