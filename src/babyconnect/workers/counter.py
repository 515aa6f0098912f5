"""The keeper's counter: where it takes the events of one worker and answers its questions.

All state is the keeper's and its loop does one thing at a time, so what only one may win (binding a token, using a
proof) is won by one, whichever worker asks.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from babyconnect.api.rates import Rates
from babyconnect.audit.faults import AuditFault, Receipt
from babyconnect.birthcare.access import Asker, Consent, Purpose
from babyconnect.trust.replays import Replays
from babyconnect.trust.sessions import Session, Sessions
from babyconnect.workers.channel import Channel
from babyconnect.workers.line import ANSWER, COUNTS, DURABLE, EVENTS, HEAD, NO_ANSWER, NOT_WRITTEN, RECEIPT
from babyconnect.workers.page import Page
from babyconnect.workers.questions import AnyQuestion, Binds, Bound, Elsewhere, Finds, Found, Given, Turns, Uses, WhoIs

_events = msgspec.msgpack.Decoder(list[bytes])
_question = msgspec.msgpack.Decoder(AnyQuestion)
_encode = msgspec.msgpack.Encoder().encode
_log = structlog.get_logger(__name__)

Consents = Callable[[str, Asker, tuple[Consent, ...]], Awaitable[tuple[Consent, ...]]]


@dataclass(frozen=True, slots=True)
class Keeps:
    """What the keeper answers from.  `append`: the log's `append_all`; `used`: the proofs that were seen."""

    append: Callable[[Sequence[bytes]], Awaitable[Receipt]]
    sessions: Sessions
    rates: Rates
    used: Replays
    page: Page
    elsewhere: Consents | None = None
    counted: Callable[[int, Any], None] = lambda worker, counts: None
    built: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, question: AnyQuestion) -> Any:
        match question:
            case WhoIs(key):
                found = self.sessions.by_key(key)
                return Found(self.page.number, found if found is not None and _for_a_worker(found) else None)
            case Binds(key, client, episodes):
                return self._bound(key, client, episodes)
            case Turns(ura, amount):
                return Given(*self.rates.lease(ura, amount))
            case Finds(ura, person):
                return self.rates.finds_as(ura, person)
            case Uses(jkt, jti, until, now):
                return self.used.first_use(jkt, jti, until, now)
            case Elsewhere(client, asker, said):
                return said if self.elsewhere is None else await self.elsewhere(client, asker, said)
            case _:
                await self.built.wait()
                return True

    def _bound(self, key: bytes, client: str, episodes: frozenset[str]) -> Bound:
        session = self.sessions.by_key(key)
        if session is None or session.revoked:
            return Bound(None, frozenset())
        self.sessions.bind(session, client, episodes)
        return Bound(session.client, session.episodes)


def _for_a_worker(session: Session) -> bool:
    """An emergency, and a client who asks for her own, are for the keeper alone: they change more than they read."""
    return session.asker.purpose is Purpose.TREATMENT and session.asker.emergency is None and not session.revoked


class Counter:
    """One worker's.  `lost` is called when the worker is gone."""

    def __init__(self, keeps: Keeps, worker: int, lost: Callable[[], None]) -> None:
        self._keeps, self._worker = keeps, worker
        self._channel = Channel(self._heard, lost)
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, own: socket.socket) -> None:
        await self._channel.begin(own)

    def close(self) -> None:
        self._channel.close()

    def _heard(self, message: bytes) -> None:
        kind, number = HEAD.unpack_from(message)
        content = message[HEAD.size :]
        if kind == COUNTS:
            self._keeps.counted(self._worker, msgspec.msgpack.decode(content))
            return
        if kind == EVENTS:
            self._write(number, content)
            return
        task = asyncio.get_running_loop().create_task(self._answer(number, content))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _write(self, number: int, content: bytes) -> None:
        """What is logged needs no task of its own: the log's future is told of."""
        try:
            writing = self._keeps.append(_events.decode(content))
        except AuditFault as fault:
            self._refused(number, fault)
        else:
            asyncio.ensure_future(writing).add_done_callback(lambda done: self._written(number, done))

    def _written(self, number: int, done: asyncio.Future[Receipt]) -> None:
        if done.cancelled():
            self._refused(number, AuditFault("the log ended"))
        elif (fault := done.exception()) is not None:
            self._refused(number, fault)
        else:
            receipt = done.result()
            told = RECEIPT.pack(receipt.seq, bytes.fromhex(receipt.hash))
            self._channel.say(HEAD.pack(DURABLE, number) + told)

    def _refused(self, number: int, fault: BaseException) -> None:
        reason = str(fault) if isinstance(fault, AuditFault) else type(fault).__name__
        self._channel.say(HEAD.pack(NOT_WRITTEN, number) + reason.encode())

    async def _answer(self, number: int, content: bytes) -> None:
        try:
            answer = await self._keeps.answer(_question.decode(content))
        except Exception as fault:
            # Only the kind of fault: its text may name a client.
            _log.warning("a worker was not answered", fault=type(fault).__name__)
            self._channel.say(HEAD.pack(NO_ANSWER, number) + type(fault).__name__.encode())
        else:
            self._channel.say(HEAD.pack(ANSWER, number) + _encode(answer))
