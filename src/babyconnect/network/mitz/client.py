"""Asking the Mitz, within a time limit, and keeping an answer no longer than our own register's lease.

Silence, a late answer, a fault and everything unreadable is `ConsentsUnknown`: the door denies.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable

import aiohttp

from babyconnect.birthcare.access import Asker
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Party
from babyconnect.network.contract import ConsentsUnknown, RegionFault
from babyconnect.network.fresh import fresh
from babyconnect.network.mitz import answer
from babyconnect.network.mitz.answer import Decision, Unreadable
from babyconnect.network.mitz.question import Question, envelope, table

REMEMBERED = 20_000
LATELY = 32
USUAL = (0.1, True)
"""Seconds, and whether an answer came, before anything was ever asked."""
Said = Callable[[str, str, uuid.UUID], Awaitable[object]]
"""(client, what was answered, message): told to the log before the answer is used."""


class Mitz:
    """The closed question over one kept-alive session (mutual TLS is the session's).  `seconds`: patience."""

    def __init__(self, base: str, session: aiohttp.ClientSession, seconds: float) -> None:
        self._endpoint = base.rstrip("/") + table()["paths"]["question"]
        self._session = session
        self._seconds = seconds

    async def ask(self, question: Question, message: uuid.UUID) -> Decision:
        """Raises ConsentsUnknown.  No fault's text holds anything of the question."""
        try:
            body = envelope(question, self._endpoint, message)
            action = table()["action"]["request"]
            headers = {
                "Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"',
                "X-Request-Id": str(message),
            }
            async with (
                asyncio.timeout(self._seconds),
                self._session.post(self._endpoint, data=body, headers=headers, allow_redirects=False) as response,
            ):
                content = await read_limited(response, table()["limits"]["largest_answer"])
                media = response.headers.get("Content-Type", "")
                return answer.read(response.status, media, content, question, message)
        except Unreadable as fault:
            raise ConsentsUnknown(f"the Mitz: {fault}") from None
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, RegionFault) as fault:
            raise ConsentsUnknown(f"the Mitz did not answer ({type(fault).__name__})") from None


async def read_limited(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, or RegionFault when it is larger than anything we expect."""
    if (answer.content_length or 0) > limit:
        raise RegionFault("the answer is too large")
    parts, size = [], 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > limit:
            raise RegionFault("the answer is too large")
        parts.append(part)
    return b"".join(parts)


class MitzAnswers:
    """The answers that this holder got, by client and asker, each for as long as it may hold.

    No BSN is kept: whoever is asked about is asked by what her own record says at that moment.
    """

    def __init__(
        self, ask: Callable[[Question, uuid.UUID], Awaitable[Decision]], own: Party, said: Said,
        monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        self._sleep = sleep
        self._lately: deque[tuple[float, bool]] = deque([USUAL], maxlen=LATELY)
        self._ask, self._own, self._said, self._now = ask, own, said, monotonic
        self._seconds = float(table()["limits"]["answer_seconds"])
        self._kept: OrderedDict[tuple[str, str, str, str], tuple[float, Decision]] = OrderedDict()

    async def of(self, client: str, asker: Asker, number: Callable[[str], Awaitable[Bsn | None]]) -> Decision:
        """Raises ConsentsUnknown.  `number`: hers; looking for it is part of how long asking takes (`as_if`).  Who has
        none cannot have said yes there: she is denied, and waited for as long as anybody."""
        key = (client, asker.ura.value, asker.role.value, asker.purpose.value)
        until, decision = self._kept.get(key, (float("-inf"), "deny"))
        if self._now() < until:
            return decision
        message, began = fresh(), self._now()
        bsn = await number(client)
        if bsn is None:
            await self.as_if(client, asker)
            return "deny"
        try:
            decision = await self._ask(Question(bsn, self._own, asker), message)
        except ConsentsUnknown:
            await self._said(client, "unknown", message)
            self._lately.append((self._now() - began, False))
            raise
        await self._said(client, decision, message)
        self._lately.append((self._now() - began, True))
        self._keep(key, began, decision)
        return decision

    async def as_if(self, client: str, asker: Asker) -> None:
        """As long, and with the same end, as asking lately was, of somebody whose number may not be sent.  Raises
        ConsentsUnknown."""
        key, began = (client, asker.ura.value, asker.role.value, asker.purpose.value), self._now()
        if began < self._kept.get(key, (float("-inf"), "deny"))[0]:
            return
        _, answered = self._lately[-1]
        alike = [seconds for seconds, end in self._lately if end is answered]
        await self._sleep(random.choice(alike))  # noqa: S311 - a duration, no secret
        if not answered:
            raise ConsentsUnknown("the Mitz did not answer of late")
        self._keep(key, began, "deny")

    def _keep(self, key: tuple[str, str, str, str], began: float, decision: Decision) -> None:
        self._kept[key] = (began + self._seconds, decision)
        while len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)

    def forget(self, client: str) -> None:
        """She changed her choice, or her record was destroyed: nothing that was answered holds any more."""
        for key in [key for key in self._kept if key[0] == client]:
            del self._kept[key]
