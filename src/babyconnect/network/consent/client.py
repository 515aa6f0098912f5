"""Recording and withdrawing consents at the register, by an organisation on her behalf."""

from __future__ import annotations

from collections.abc import Sequence

from babyconnect.birthcare.access import Consent
from babyconnect.network.consent.resources import to_resource
from babyconnect.network.contract import RegionFault
from babyconnect.network.signed import Region

AT_ONCE = 200


class ConsentDesk:
    """`network.contract.ConsentDesk`.  Nothing is tried twice by itself: the caller knows whether it was recorded."""

    def __init__(self, region: Region) -> None:
        self._region = region

    async def record(self, pseudonym: str, consent: Consent) -> str:
        status, answer = await self._region.send("POST", "/fhir/r4/Consent", to_resource(consent, pseudonym))
        if status != 201 or not answer.get("id"):
            raise RegionFault(f"the consent register refused it ({status})")
        return str(answer["id"])

    async def record_all(self, given: Sequence[tuple[str, Consent]]) -> list[str]:
        """Many at once, each with her pseudonym; returns their ids."""
        ids: list[str] = []
        for start in range(0, len(given), AT_ONCE):
            part = [to_resource(consent, pseudonym) for pseudonym, consent in given[start : start + AT_ONCE]]
            ids += [place.removeprefix("Consent/") for place in await self._region.transaction(part)]
        return ids

    async def withdraw(self, id: str) -> None:
        status, _ = await self._region.send("POST", f"/fhir/r4/Consent/{id}/$withdraw", {})
        if status != 200:
            raise RegionFault(f"the consent register did not withdraw it ({status})")
