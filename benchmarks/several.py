"""What the benchmarks of a node of several processes have in common: workers as processes, the keeper's ends here."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from babyconnect.api.rates import Rates
from babyconnect.api.server import settle
from babyconnect.audit.faults import Receipt
from babyconnect.birthcare.identifiers import Ura
from babyconnect.trust.replays import Replays
from babyconnect.trust.sessions import Sessions
from babyconnect.workers.counter import Counter, Keeps
from babyconnect.workers.giving import Does, Doing, Giving, Work
from babyconnect.workers.line import Line
from babyconnect.workers.page import Page
from babyconnect.workers.supervising import LINES

FORGET, SETTLE = b"forget", b"settle"
Append = Callable[[Sequence[bytes]], Awaitable[Receipt]]


@contextlib.contextmanager
def processes(commands: list[list[str]], files: tuple[int, ...] = ()) -> Iterator[list[int]]:
    """Modules, each as a process; their ids."""
    started = [subprocess.Popen([sys.executable, "-m", *command], pass_fds=files) for command in commands]
    try:
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(10)


@dataclass
class Workers:
    """`work` is given to them; `ids` of their processes."""

    work: Work
    given: list[Giving] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)

    async def all(self, said: bytes) -> None:
        """Every worker does this."""
        for one in self.given:
            async for _ in one.done(said):
                raise AssertionError


async def started(command: list[str], count: int, append: Append, opening: contextlib.AsyncExitStack) -> Workers:
    """So many processes of a command, which is given the descriptors of its ends; the keeper's are here, as in
    `wiring.keeping`.  `append`: the log's."""
    sessions = Sessions(Ura("00000001").value, time.time)
    keeps = Keeps(append, sessions, Rates(1, 1, 1, 1), Replays(0.0), Page())
    keeps.built.set()
    made = Workers(Work())
    for number in range(count):
        pairs = [socket.socketpair() for _ in range(LINES)]
        theirs = tuple(pair[1].fileno() for pair in pairs)
        made.ids += opening.enter_context(processes([[*command, *map(str, theirs)]], theirs))
        for pair in pairs:
            pair[1].close()
        counter, giving = Counter(keeps, number, lambda: None), made.work.worker()
        await counter.begin(pairs[0][0])
        await giving.begin(pairs[2][0])
        opening.callback(counter.close)
        made.given.append(giving)
    while len(made.work._able) < count:
        await asyncio.sleep(0.02)
    return made


def serve(files: Sequence[str], made: Callable[[Line], Awaitable[tuple[Does, Callable[[], None]]]]) -> None:
    """A worker, until its keeper is gone: `made` what it does, and how it forgets what it knows."""

    async def main() -> None:
        ended = asyncio.Event()
        line = Line(ended.set)
        own = [socket.socket(fileno=int(file)) for file in files]
        assert len(own) == LINES
        await line.begin(own[0])
        does, forget = await made(line)

        async def asked(question: bytes):  # type: ignore[no-untyped-def]
            if question in {FORGET, SETTLE}:
                forget() if question == FORGET else settle()
                return
            async for content in does(question):
                yield content

        doing = Doing(asked)
        await doing.begin(own[2])
        doing.able()
        await ended.wait()

    uvloop.run(main())


def processor(process: int) -> float:
    """Seconds of processor that all threads of a process took."""
    tasks = Path(f"/proc/{process}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9
