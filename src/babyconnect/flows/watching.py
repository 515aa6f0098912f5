"""When an open record must be asked anew: something changed about what this organisation may see of her.

The region tells who was told where to look (`Localisation.localise`) that it changed, never what or in which direction.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.network.contract import Pseudonyms, RegionFault

AGAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Changes:
    """`follow`: (pseudonym, since) -> a step per change (`network.consent.replica`); `now`: its clock."""

    pseudonyms: Pseudonyms
    follow: Callable[[str, float], AsyncIterator[None]]
    now: Callable[[], float]

    async def of(self, bsn: Bsn, since: float) -> AsyncIterator[None]:
        """A step each time; and one when the region could not be asked at first and now can."""
        while True:
            try:
                pseudonym = await self.pseudonyms.of(bsn)
                break
            except RegionFault:
                await asyncio.sleep(AGAIN_SECONDS)
                since = float("-inf")
        if since == float("-inf"):
            yield
        async for _ in self.follow(pseudonym, since):
            yield
