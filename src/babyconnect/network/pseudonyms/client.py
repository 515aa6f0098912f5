"""A node's half of the pseudonyms: blind, have it evaluated, remove the blind.

The BSN never leaves the node, not even encrypted.  Pseudonyms are remembered in memory only, in a bounded map whose
keys are keyed hashes (the secret dies with the process), so that neither a core dump's strings nor the region's answers
become a list of numbers.  Nothing is remembered that the region sent as such.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Sequence

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.definitions import document
from babyconnect.network.contract import RegionFault
from babyconnect.network.pseudonyms import oprf
from babyconnect.network.signed import Region

REMEMBERED = 20_000
BATCH_PATIENCE_SECONDS = 120.0
TOGETHER = 16
"""How many viewers share a request for pseudonyms."""
ON_THE_LOOP = 4
"""More than these are computed in a thread: the loop has others to serve."""


class PseudonymClient:
    """`network.contract.Pseudonyms` for one region; `recipient` is the region's name that pseudonyms are scoped to."""

    def __init__(
        self,
        region: Region,
        recipient: str,
        randomness: oprf.Randomness = secrets.token_bytes,
        remembered: int = REMEMBERED,
    ) -> None:
        self._region = region
        self._recipient = recipient
        self._randomness = randomness
        self._secret = randomness(32)
        self._remembered: OrderedDict[bytes, str] = OrderedDict()
        self._room = remembered
        self._queue: list[tuple[Bsn, asyncio.Future[str]]] = []
        self._sending: asyncio.Task[None] | None = None
        table = document("network.toml")["pseudonyms"]
        self._scope: str = table["scope"]
        self._largest: int = table["largest_batch"]

    async def of(self, bsn: Bsn) -> str:
        key = self._key(bsn)
        known = self._remembered.get(key)
        if known is not None:
            self._remembered.move_to_end(key)
            return known
        return self._remember(key, await self._together(bsn))

    def known(self, bsn: Bsn) -> str:
        """What is remembered, "" when nothing is."""
        return self._remembered.get(self._key(bsn), "")

    def learn(self, bsn: Bsn, pseudonym: str) -> None:
        """What another process of this node was told."""
        self._remember(self._key(bsn), pseudonym)

    async def _together(self, bsn: Bsn) -> str:
        """Few requests for all that ask while others are under way: fifty viewers at once cost four."""
        asked: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._queue.append((bsn, asked))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_queued())
        return await asked

    async def _send_queued(self) -> None:
        while self._queue:
            parts = [self._queue[start : start + TOGETHER] for start in range(0, len(self._queue), TOGETHER)]
            self._queue = []
            # At once: while the region evaluates one part, the next is blinded and the first are looked for already.
            await asyncio.gather(*(self._send_part(part) for part in parts))

    async def _send_part(self, part: Sequence[tuple[Bsn, asyncio.Future[str]]]) -> None:
        try:
            found = await self._evaluate([bsn for bsn, _ in part], patience=2.0)
        except Exception as fault:
            for _, asked in part:
                if not asked.done():
                    asked.set_exception(fault)
            return
        for (_, asked), pseudonym in zip(part, found, strict=True):
            if not asked.done():
                asked.set_result(pseudonym)

    async def of_all(self, bsns: Sequence[Bsn]) -> Sequence[str]:
        found = {bsn: self._remembered.get(self._key(bsn)) for bsn in bsns}
        missing = [bsn for bsn, known in found.items() if known is None]
        for start in range(0, len(missing), self._largest):
            part = missing[start : start + self._largest]
            for bsn, pseudonym in zip(part, await self._evaluate(part, BATCH_PATIENCE_SECONDS), strict=True):
                found[bsn] = self._remember(self._key(bsn), pseudonym)
        return [str(found[bsn]) for bsn in bsns]

    def _key(self, bsn: Bsn) -> bytes:
        return hmac.digest(self._secret, bsn.value.encode(), hashlib.sha256)

    def _remember(self, key: bytes, pseudonym: str) -> str:
        self._remembered[key] = pseudonym
        while len(self._remembered) > self._room:
            self._remembered.popitem(last=False)
        return pseudonym

    async def _evaluate(self, bsns: Sequence[Bsn], patience: float) -> list[str]:
        inputs = [oprf.scoped_input(bsn.value, self._recipient, self._scope) for bsn in bsns]
        scalars = [oprf.new_scalar(self._randomness) for _ in inputs]
        blinded = await _away([(data, scalar) for data, scalar in zip(inputs, scalars, strict=True)])
        body = {
            "recipient_organization": self._recipient,
            "recipient_scope": self._scope,
            "blinded_input": [base64.b64encode(point).decode() for point in blinded],
        }
        status, answer = await self._region.send("POST", "/pseudonyms/evaluate", body, patience=patience)
        if status != 200:
            raise RegionFault(f"the pseudonym service answered {status}")
        try:
            points = [base64.b64decode(point, validate=True) for point in answer["evaluated"]]
            work = list(zip(inputs, scalars, points, strict=True))
            finals = _finals(work) if len(work) <= ON_THE_LOOP else await asyncio.to_thread(_finals, work)
        except (KeyError, TypeError, ValueError, RuntimeError):
            raise RegionFault("the pseudonym service answered rubbish") from None
        return [base64.urlsafe_b64encode(final).rstrip(b"=").decode() for final in finals]


def _finals(work: Sequence[tuple[bytes, bytes, bytes]]) -> list[bytes]:
    return [oprf.finalise(*one) for one in work]


async def _away(work: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """Blind on the loop when it is little, else in a thread."""
    if len(work) <= ON_THE_LOOP:
        return [oprf.blind(data, scalar) for data, scalar in work]
    return await asyncio.to_thread(lambda: [oprf.blind(data, scalar) for data, scalar in work])
