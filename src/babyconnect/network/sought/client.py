"""`network.contract.Searches` at the region: what it has to tell this organisation of emergencies."""

from __future__ import annotations

from collections.abc import Collection

from babyconnect.network.contract import RegionFault, Sought, Unread
from babyconnect.network.signed import Region
from babyconnect.network.sought import wire


class SoughtClient:
    def __init__(self, region: Region) -> None:
        self._region = region

    async def waiting(self, after: int = 0) -> tuple[Sought | Unread, ...]:
        """One that cannot be read does not keep the others from being told."""
        status, answer = await self._region.send("POST", "/emergencies/waiting", {"after": after} if after else {})
        if status != 200:
            raise RegionFault(f"the region answered {status}")
        try:
            return tuple(wire.read_or_named(one) for one in answer["sought"])
        except (KeyError, TypeError, AttributeError, ValueError):
            raise RegionFault("the region answered rubbish") from None

    async def taken(self, numbers: Collection[int]) -> None:
        status, _ = await self._region.send("POST", "/emergencies/taken", {"numbers": list(numbers)})
        if status != 200:
            raise RegionFault(f"the region answered {status}")
