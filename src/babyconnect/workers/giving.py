"""Work that the keeper gives to its workers: a question, and what comes of it step by step, over a line of its own.

Whoever stops listening stops the work.  What a worker was doing when it died is lost; the keeper never does it itself,
so that an answer which kills a process cannot kill the one that all others need.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Callable

import msgspec
import structlog

from babyconnect.workers.channel import Channel

PATIENCE_SECONDS = 5.0
"""How long work waits for a worker, when none is there: one that ended is started again sooner than that."""
_log = structlog.get_logger(__name__)


class _Said(msgspec.Struct, frozen=True, array_like=True, tag=True):
    number: int


class Begins(_Said, frozen=True):
    """From now on this is to be done."""

    question: bytes


class Leaves(_Said, frozen=True):
    """Nobody listens any more."""


class Able(_Said, frozen=True):
    """This worker may be given work."""


class Step(_Said, frozen=True):
    """What came of it so far, or next."""

    content: bytes


class Ended(_Said, frozen=True):
    """There is no more.  `fault`: its kind, when that is why."""

    fault: str


_encode = msgspec.msgpack.Encoder().encode
_to_worker = msgspec.msgpack.Decoder(Begins | Leaves)
_to_keeper = msgspec.msgpack.Decoder(Able | Step | Ended)
Does = Callable[[bytes], AsyncGenerator[bytes, None]]


class Lost(Exception):
    """The worker that did it is gone, or there is none."""


class Undone(Exception):
    """The worker could not do it; only the kind of fault is told."""


class Doing:
    """The worker's end."""

    def __init__(self, does: Does) -> None:
        self._does = does
        self._channel = Channel(self._heard, self.close)
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def begin(self, own: socket.socket) -> None:
        await self._channel.begin(own)

    def able(self) -> None:
        """From now on there may be work."""
        self._channel.say(_encode(Able(0)))

    def _heard(self, message: bytes) -> None:
        found = _to_worker.decode(message)
        if isinstance(found, Begins):
            task = asyncio.get_running_loop().create_task(self._do(found.number, found.question))
            self._tasks[found.number] = task
            # Not in the task itself: one that was left before it began never runs.
            task.add_done_callback(lambda _: self._tasks.pop(found.number, None))
        elif (known := self._tasks.get(found.number)) is not None:
            known.cancel()

    async def _do(self, number: int, question: bytes) -> None:
        fault = ""
        try:
            async with contextlib.aclosing(self._does(question)) as steps:
                async for content in steps:
                    self._channel.say(_encode(Step(number, content)))
        except Exception as problem:
            # Only the kind of fault: its text may name a client.
            fault = type(problem).__name__
            _log.warning("work was not done", fault=fault)
        self._channel.say(_encode(Ended(number, fault)))

    def close(self) -> None:
        for task in tuple(self._tasks.values()):
            task.cancel()
        self._channel.close()


class Giving:
    """The keeper's end for one worker.  `able` is called when it may be given work."""

    def __init__(self, able: Callable[[Giving], None], lost: Callable[[Giving], None]) -> None:
        self._told_able, self._told_lost = able, lost
        self._channel = Channel(self._heard, self._lost)
        self._last = 0
        self._open: dict[int, asyncio.Queue[Step | Ended | None]] = {}

    async def begin(self, own: socket.socket) -> None:
        await self._channel.begin(own)

    @property
    def busy(self) -> int:
        return len(self._open)

    async def done(self, question: bytes) -> AsyncGenerator[bytes, None]:
        """What comes of it.  Raises Lost or Undone."""
        self._last += 1
        number, said, ended = self._last, asyncio.Queue[Step | Ended | None](), False
        self._open[number] = said
        self._channel.say(_encode(Begins(number, question)))
        try:
            while not ended:
                found = await said.get()
                ended = not isinstance(found, Step)
                match found:
                    case Step(_, content):
                        yield content
                    case Ended(_, fault):
                        if fault:
                            raise Undone(fault)
                    case _:
                        raise Lost
        finally:
            del self._open[number]
            if not ended:
                self._channel.say(_encode(Leaves(number)))

    def _heard(self, message: bytes) -> None:
        found = _to_keeper.decode(message)
        if isinstance(found, Able):
            self._told_able(self)
        elif (waiting := self._open.get(found.number)) is not None:
            waiting.put_nowait(found)

    def _lost(self) -> None:
        self._told_lost(self)
        for waiting in self._open.values():
            waiting.put_nowait(None)

    def close(self) -> None:
        self._channel.close()


class Work:
    """All workers of a node: whoever has least to do is given it."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._able: list[Giving] = []
        self._some = asyncio.Event()

    def worker(self) -> Giving:
        """The keeper's end for one more."""
        return Giving(self._comes, self._goes)

    async def done(self, question: bytes) -> AsyncGenerator[bytes, None]:
        """What comes of a question.  Raises Lost or Undone."""
        try:
            async with asyncio.timeout(self._patience):
                # Again after each wake-up: one that came may be gone before this runs.
                while not self._able:
                    await self._some.wait()
        except TimeoutError:
            raise Lost from None
        chosen = min(self._able, key=lambda one: one.busy)
        async with contextlib.aclosing(chosen.done(question)) as steps:
            async for content in steps:
                yield content

    def _comes(self, one: Giving) -> None:
        self._able.append(one)
        self._some.set()

    def _goes(self, one: Giving) -> None:
        if one in self._able:
            self._able.remove(one)
        if not self._able:
            self._some.clear()
