"""A node's way to the index: register, remove and localise.  Pseudonyms travel in bodies, never in addresses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from babyconnect.birthcare.access import Asker
from babyconnect.birthcare.identifiers import URA_SYSTEM, Ura
from babyconnect.birthcare.parties import Party
from babyconnect.definitions import document
from babyconnect.network import fhir4
from babyconnect.network.asker import to_claims
from babyconnect.network.consent.client import claims_of
from babyconnect.network.contract import By, Claims, Found, Located, Parties, RegionFault, Registration
from babyconnect.network.evidence import wire
from babyconnect.network.localisation.resources import to_list
from babyconnect.network.signed import Region

AT_ONCE = 200


class LocalisationClient:
    """`network.contract.Localisation` for one region, on behalf of `own`."""

    def __init__(self, region: Region, own: Party, directory: Parties) -> None:
        self._region = region
        self._own = own
        self._directory = directory
        self._table: dict[str, Any] = document("network.toml")["localisation"]

    async def localise(self, pseudonym: str, asker: Asker, traceparent: str = "") -> Found:
        """Raises RegionFault."""
        return await self._found(pseudonym, to_claims(asker), traceparent)

    async def hers(self, pseudonym: str, by: By, traceparent: str = "") -> tuple[Located, ...]:
        """All who keep something of her, for herself or who represents her.  Raises RegionFault."""
        return (await self._found(pseudonym, claims_of(by), traceparent)).located

    async def _found(self, pseudonym: str, claims: Claims, traceparent: str) -> Found:
        query = {
            "subject:identifier": f"{self._table['subject_system']}|{pseudonym}",
            "code": f"{self._table['code_system']}|{self._table['code']}",
        }
        status, bundle = await self._region.send(
            "POST", "/fhir/r4/List/_search", form=query, claims=claims, traceparent=traceparent
        )
        if status != 200:
            raise RegionFault(f"the index answered {status}")
        try:
            located = tuple(self._located(one) for one in fhir4.resources(bundle, "List"))
            return Found(located, tuple(g for one in fhir4.resources(bundle, "Parameters") for g in wire.included(one)))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise RegionFault("the index answered rubbish") from None

    def _located(self, resource: Any) -> Located:
        extension = next(e for e in resource["extension"] if e["url"] == self._table["custodian_extension"])
        identifier = extension["valueReference"]["identifier"]
        if identifier["system"] != URA_SYSTEM:
            raise ValueError("the custodian is not named by URA")
        holder = Ura(identifier["value"])
        party = self._directory.party(holder)
        source = fhir4.identifier(resource, "source", self._table["source_system"])
        return Located(holder, party.kind if party else None, source or "")

    async def register(self, pseudonym: str, source: str, until: dt.datetime) -> None:
        registration = Registration(pseudonym, self._own.ura, self._own.kind, source, until)
        status, _ = await self._region.send("POST", "/fhir/r4/List", to_list(registration), patience=10.0)
        if status not in (200, 201):
            raise RegionFault(f"the index refused the registration ({status})")

    async def register_all(self, pointers: Sequence[tuple[str, dt.datetime]], source: str) -> None:
        """Many at once: (pseudonym, until) each.  After a RegionFault send them again: it is idempotent."""
        made = [to_list(Registration(p, self._own.ura, self._own.kind, source, until)) for p, until in pointers]
        for start in range(0, len(made), AT_ONCE):
            await self._region.transaction(made[start : start + AT_ONCE])

    async def unregister(self, pseudonym: str, source: str = "") -> None:
        form = {"subject:identifier": f"{self._table['subject_system']}|{pseudonym}"}
        if source:
            form["source:identifier"] = f"{self._table['source_system']}|{source}"
        status, _ = await self._region.send("POST", "/fhir/r4/List/$unregister", form=form, patience=10.0)
        if status not in (200, 204):
            raise RegionFault(f"the index refused to drop the registration ({status})")
