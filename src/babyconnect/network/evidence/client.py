"""`network.contract.EvidenceRegister` at the region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babyconnect.birthcare.identifiers import Ura
from babyconnect.network.contract import Given, RegionFault
from babyconnect.network.evidence import wire
from babyconnect.network.signed import Region


class EvidenceClient:
    def __init__(self, region: Region) -> None:
        self._region = region

    async def give(self, pseudonym: str, given: Given, person: str, traceparent: str = "") -> None:
        body = {"pseudonym": pseudonym, "given": wire.written(given)}
        status, _ = await self._post("/evidence", body, person, traceparent)
        if status != 201:
            raise RegionFault(f"the register of evidence answered {status}")

    async def received(self, pseudonym: str, traceparent: str = "") -> tuple[Given, ...]:
        status, answer = await self._post("/evidence/received", {"pseudonym": pseudonym}, "", traceparent)
        return _listed(status, answer)

    async def made(self) -> tuple[Given, ...]:
        return _listed(*await self._post("/evidence/made", {}, "", ""))

    async def confirm(
        self, pseudonym: str, reference: str, basis: str, asker: Ura, traceparent: str = ""
    ) -> Given | None:
        body = {"pseudonym": pseudonym, "reference": reference, "basis": basis, "asker": asker.value}
        status, answer = await self._post("/evidence/confirm", body, "", traceparent)
        if status == 404:
            return None
        found = _listed(status, {"given": [answer]})[0]
        if (found.reference, found.basis, found.receiver) != (reference, basis, asker):
            raise RegionFault("the register of evidence answered about something else")
        return found

    async def keeps(self, pseudonym: str, asker: Ura) -> bool:
        status, answer = await self._post("/evidence/keeps", {"pseudonym": pseudonym, "asker": asker.value}, "", "")
        if status != 200:
            raise RegionFault(f"the register of evidence answered {status}")
        return answer.get("keeps") is True

    async def revoke(self, reference: str, person: str, traceparent: str = "") -> bool:
        status, _ = await self._post("/evidence/revoke", {"reference": reference}, person, traceparent)
        if status not in (200, 404):
            raise RegionFault(f"the register of evidence answered {status}")
        return status == 200

    async def _post(
        self, path: str, body: Mapping[str, Any], person: str, traceparent: str
    ) -> tuple[int, dict[str, Any]]:
        claims = {"user_id": person} if person else {}
        return await self._region.send("POST", path, body, claims=claims, traceparent=traceparent)


def _listed(status: int, answer: Mapping[str, Any]) -> tuple[Given, ...]:
    if status != 200:
        raise RegionFault(f"the register of evidence answered {status}")
    try:
        return tuple(wire.read(one) for one in answer["given"])
    except (KeyError, TypeError, AttributeError, ValueError):
        raise RegionFault("the register of evidence answered rubbish") from None
