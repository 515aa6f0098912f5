"""A worker's line to the keeper: its events, which the keeper makes durable, and its questions.

Events go together as one message, which is answered when all are durable.  When the keeper is gone every
append and every question fails, so nothing is released, and the worker ends.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from babyconnect.audit.faults import AuditFault, Receipt
from babyconnect.audit.log import MAX_WAITING, encoded
from babyconnect.workers.channel import Channel
from babyconnect.workers.questions import Question

EVENTS, QUESTION, COUNTS = b"e", b"q", b"c"
DURABLE, NOT_WRITTEN, ANSWER, NO_ANSWER = b"d", b"n", b"a", b"f"
HEAD = struct.Struct("<cI")
RECEIPT = struct.Struct("<Q32s")
_encode = msgspec.msgpack.Encoder().encode
T = TypeVar("T")


class LineFault(Exception):
    """The keeper gave no answer."""


class Line:
    """One worker's end.  It is a log (`flows.journal.Log`) too."""

    def __init__(self, lost: Callable[[], None]) -> None:
        self._told_lost = lost
        self._channel = Channel(self._heard, self._lost)
        self._loop = asyncio.get_running_loop()
        self._last = 0
        self._events: list[bytes] = []
        self._waiting: list[asyncio.Future[Receipt]] = []
        self._sent: dict[int, list[asyncio.Future[Receipt]]] = {}
        self._unwritten = 0
        self._asked: dict[int, asyncio.Future[bytes]] = {}

    async def begin(self, own: socket.socket) -> None:
        await self._channel.begin(own)

    # ------------------------------------------------------------------ events

    async def append(self, event: Mapping[str, Any]) -> Receipt:
        """Durable in the node's log when this returns.  The receipt is of the last event that was written with it.

        AuditFault: release nothing."""
        content = encoded(event)
        if not self._channel.open:
            raise AuditFault("the process that writes the log is gone")
        if self._unwritten >= MAX_WAITING:
            raise AuditFault("the log has too much waiting")
        future: asyncio.Future[Receipt] = self._loop.create_future()
        if not self._events:
            self._loop.call_soon(self._hand_over)
        self._events.append(content)
        self._waiting.append(future)
        self._unwritten += 1
        return await future

    def _hand_over(self) -> None:
        """One message is under way at a time: what comes while the disk is busy goes together with the next."""
        if self._sent or not self._events:
            return
        events, self._events = self._events, []
        self._sent[number := self._next()], self._waiting = self._waiting, []
        self._channel.say(HEAD.pack(EVENTS, number) + _encode(events))

    def _written(self, number: int, receipt: Receipt | None, fault: str) -> None:
        waiting = self._sent.pop(number)
        self._unwritten -= len(waiting)
        self._hand_over()
        for future in waiting:
            if future.done():
                continue
            if receipt is not None:
                future.set_result(receipt)
            else:
                # Each waiter raises its own: a shared exception would gather everybody's traceback.
                future.set_exception(AuditFault(fault))

    # ------------------------------------------------------------------ questions

    async def ask(self, question: Question, answer: type[T]) -> T:
        """Raises LineFault."""
        if not self._channel.open:
            raise LineFault("the keeper is gone")
        number = self._next()
        self._asked[number] = future = self._loop.create_future()
        self._channel.say(HEAD.pack(QUESTION, number) + _encode(question))
        try:
            return msgspec.msgpack.decode(await future, type=answer)
        finally:
            self._asked.pop(number, None)

    def count(self, counts: Any) -> None:
        """What this worker answered so far, for the node's metrics."""
        self._channel.say(HEAD.pack(COUNTS, 0) + _encode(counts))

    # ------------------------------------------------------------------ what the keeper says

    def _heard(self, message: bytes) -> None:
        kind, number = HEAD.unpack_from(message)
        content = message[HEAD.size :]
        if kind == DURABLE:
            seq, own = RECEIPT.unpack(content)
            self._written(number, Receipt(seq, own.hex()), "")
        elif kind == NOT_WRITTEN:
            self._written(number, None, content.decode())
        elif (future := self._asked.get(number)) is not None and not future.done():
            if kind == ANSWER:
                future.set_result(content)
            else:
                future.set_exception(LineFault(content.decode()))

    def _lost(self) -> None:
        while self._sent or self._events:
            # What waited behind the last message is handed over to nobody, and told the same.
            self._hand_over()
            self._written(next(iter(self._sent)), None, "the process that writes the log is gone")
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(LineFault("the keeper is gone"))
        self._told_lost()

    def _next(self) -> int:
        self._last = self._last + 1 & 0xFFFFFFFF
        return self._last

    def close(self) -> None:
        self._channel.close()
