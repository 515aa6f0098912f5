"""Recording, withdrawing and reading consents at the register, by an organisation with her or by herself; her codes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Ura
from babyconnect.network import fhir4
from babyconnect.network.consent import resources
from babyconnect.network.contract import By, ConsentRefused, ConsentVersion, MadeCode, RegionFault, ShownCode
from babyconnect.network.signed import Region

AT_ONCE = 200


def claims_of(by: By) -> dict[str, Any]:
    """Who speaks, as claims of the signed request."""
    found: dict[str, Any] = {"user_id": by.person, "user_role": by.role, "capacity": by.capacity}
    if by.login is not None:
        found |= {"assurance": by.assurance, "login": by.login.timestamp()}
    return found


class ConsentDesk:
    """`network.contract.ConsentDesk`.  Nothing is tried twice by itself: the caller knows whether it was recorded."""

    def __init__(self, region: Region) -> None:
        self._region = region

    async def change(
        self, pseudonym: str, give: Sequence[Consent], withdraw: Sequence[str], by: By, traceparent: str = ""
    ) -> list[str]:
        entries: list[dict[str, Any]] = [
            {
                "resource": resources.to_resource(consent, pseudonym),
                "request": {"method": "POST", "url": "Consent"},
            }
            for consent in give
        ]
        entries += [{"request": {"method": "POST", "url": f"Consent/{id}/$withdraw"}} for id in withdraw]
        if not entries:
            return []
        status, answer = await self._region.send(
            "POST",
            "/fhir/r4",
            {"resourceType": "Bundle", "type": "transaction", "entry": entries},
            claims=claims_of(by),
            traceparent=traceparent,
        )
        _done(status, answer, 200)
        places = [str(entry.get("response", {}).get("location", "")) for entry in answer.get("entry", [])]
        if len(places) != len(entries):
            raise RegionFault("the consent register answered something else")
        return [place.removeprefix("Consent/") for place in places[: len(give)]]

    async def record_all(self, given: Sequence[tuple[str, Consent]]) -> list[str]:
        ids: list[str] = []
        for start in range(0, len(given), AT_ONCE):
            part = [resources.to_resource(consent, pseudonym) for pseudonym, consent in given[start : start + AT_ONCE]]
            ids += [place.removeprefix("Consent/") for place in await self._region.transaction(part)]
        return ids

    async def versions(self, pseudonym: str, by: By, traceparent: str = "") -> tuple[ConsentVersion, ...]:
        status, bundle = await self._region.send(
            "POST",
            "/fhir/r4/Consent/$history",
            form={"patient:identifier": f"{resources.subject_system()}|{pseudonym}"},
            claims=claims_of(by),
            traceparent=traceparent,
        )
        _done(status, bundle, 200)
        try:
            found = [_version(resource) for resource in fhir4.resources(bundle, "Consent")]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise RegionFault("the consent register answered rubbish") from None
        if any(about != pseudonym for about, _ in found):
            raise RegionFault("the consent register answered about somebody else")
        return tuple(version for _, version in reversed(found))


def _version(resource: Mapping[str, Any]) -> tuple[str, ConsentVersion]:
    pseudonym, consent = resources.from_resource(resource)
    origin = resources.origin_of(resource)
    if origin is None:
        raise ValueError("a version without its origin")
    return pseudonym, ConsentVersion(
        sequence=int(resource["meta"]["versionId"]),
        consent=consent,
        active=resource["status"] == "active",
        moment=fhir4.moment(resource["meta"]["lastUpdated"]),
        recorder=origin.recorder,
        person=origin.person,
        capacity=origin.capacity,
    )


def _done(status: int, answer: Mapping[str, Any], wanted: int) -> None:
    if status == wanted:
        return
    if 400 <= status < 500:
        issues = answer.get("issue", [])
        text = issues[0].get("diagnostics", "") if issues and isinstance(issues[0], Mapping) else ""
        raise ConsentRefused(f"the consent register refused it ({status}): {text}")
    raise RegionFault(f"the consent register answered {status}")


class ConsentCodes:
    """`network.contract.ConsentCodes` at the region."""

    def __init__(self, region: Region) -> None:
        self._region = region

    async def make(
        self, pseudonym: str, until: dt.datetime, permit: Consent | None, by: By, traceparent: str = ""
    ) -> MadeCode:
        body = {
            "pseudonym": pseudonym,
            "until": fhir4.instant(until),
            "permit": resources.to_resource(permit, pseudonym) if permit else None,
        }
        status, made = await self._region.send(
            "POST", "/consents/codes", body, claims=claims_of(by), traceparent=traceparent
        )
        _done(status, made, 201)
        return MadeCode(str(made["code"]), str(made["reference"]), fhir4.moment(str(made["until"])))

    async def verify(self, code: str, pseudonym: str, by: By, traceparent: str = "") -> ShownCode | None:
        body = {"pseudonym": pseudonym, "code": code}
        return await self._evidence("/consents/codes/shown", body, claims_of(by), traceparent)

    async def shown(self, reference: str, pseudonym: str, asker: Ura, traceparent: str = "") -> ShownCode | None:
        body = {"pseudonym": pseudonym, "reference": reference, "asker": asker.value}
        return await self._evidence("/consents/codes/check", body, {}, traceparent)

    async def _evidence(
        self, path: str, body: Mapping[str, Any], claims: Mapping[str, Any], traceparent: str
    ) -> ShownCode | None:
        status, found = await self._region.send("POST", path, body, claims=claims, traceparent=traceparent)
        if status in (404, 422):
            return None
        if status != 200:
            raise RegionFault(f"the register of codes answered {status}")
        try:
            return ShownCode(
                str(found["reference"]),
                fhir4.moment(str(found["start"])),
                fhir4.moment(str(found["until"])),
                Ura(str(found["holder"])),
            )
        except (KeyError, ValueError):
            raise RegionFault("the register of codes answered rubbish") from None
