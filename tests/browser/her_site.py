"""Her own site on the stage: organisations that answer one by one, and choices that she made of all of them."""

from __future__ import annotations

import asyncio
import datetime as dt
import pathlib
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

from joserfc.jwk import ECKey

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.exchange.contract import Asking
from babyconnect.flows import consent_choices
from babyconnect.flows.consent_choices import Choice
from babyconnect.flows.own_everywhere import OwnEverywhere
from babyconnect.flows.viewing import Asked
from babyconnect.network.consent.resources import Origin
from babyconnect.web.client import record
from babyconnect.web.client.site import ClientSite, Parts
from babyconnect.web.consents import client
from babyconnect.web.login.relying_party import Issuer
from babyconnect.web.simulators.identity_provider import Client, provider_app
from babyconnect.web.simulators.users import ClientAccount
from tests.support.consents import LocalRegister, Log, consenting, pseudonym_of

HER, PATIENT = "999900730", "999990019"
SLOW_SECONDS = {HER: 1.5, PATIENT: 60}
"""How long the last organisation takes, by whose record it is."""


def _said(party: Party, number: int) -> tuple[dict[str, Any], ...]:
    def observed(id: str, code: str, display: str, value: dict[str, Any]) -> dict[str, Any]:
        return {
            "resourceType": "Observation", "id": id, "status": "final", "effectiveDateTime": f"2026-10-{10 + number}",
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": code, "display": display}]},
            "subject": {"reference": "Patient/p"}, "valueQuantity": value,
        }  # fmt: skip

    her = {
        "resourceType": "Patient", "id": "p", "birthDate": "1995-03-04", "gender": "female",
        "name": [{"given": ["Noor"], "family": "Voorbeeld"}],
        "meta": {"profile": ["http://nictiz.nl/fhir/StructureDefinition/bc-Woman"]},
    }  # fmt: skip
    return (
        her,
        observed("a", "364075005", "Hartslag", {"value": 70 + number, "unit": "/min"}),
        observed("b", "27113001", "Lichaamsgewicht", {"value": 60 + number, "unit": "kg"}),
    )


def consulted(parties: Sequence[Party]) -> Any:
    async def consult(asking: Asking) -> AsyncIterator[Asked | SourceAnswer]:
        yield Asked(parties[:1])  # type: ignore[arg-type]
        yield SourceAnswer(parties[0], "answered", _said(parties[0], 0), client="p")
        yield Asked(tuple(parties))
        for number, party in enumerate(parties[1:-1], start=1):
            await asyncio.sleep(0.05)
            status: Any = "unreachable" if number == 2 else "answered"
            yield SourceAnswer(party, status, _said(party, number) if status == "answered" else (), client="p")
        await asyncio.sleep(SLOW_SECONDS[asking.bsn.value])
        yield SourceAnswer(parties[-1], "answered", _said(parties[-1], 9), client="p")

    return consult


class Names:
    async def in_region(self, bsn: Bsn) -> str:
        return "pseudonym"

    def as_person(self, bsn: Bsn) -> str:
        return "pseudonym"


async def chosen(register: LocalRegister, parties: Sequence[Party]) -> None:
    """At each organisation a yes to most and a no to some, and a few subjects for nobody."""
    for party in parties:
        yes, no = (Kind.HOSPITAL, Kind.MATERNITY_HOME_CARE, Kind.ULTRASOUND_CENTRE), (Kind.YOUTH_HEALTH_CARE,)
        choice = Choice({**dict.fromkeys(yes, "needed"), **dict.fromkeys(no, "no")}, frozenset({"mental-health"}))  # type: ignore[arg-type]
        made = consent_choices.provisions(choice, party, dt.date(2026, 11, 1))
        change = register.service.prepared([(pseudonym_of(HER), one) for one in made], [])
        await register.service.apply(change, Origin(party.ura))


async def build(base: str, parties: Sequence[Party], password: str, now: Any, note: Any) -> tuple[Any, ClientSite]:
    """The provider that clients log in with, and the site."""
    own = parties[0]
    key, register = ECKey.generate_key("P-256"), LocalRegister(pathlib.Path(tempfile.mkdtemp()), own, now)
    await chosen(register, parties)
    named = (("noor", HER), ("sara", PATIENT))
    accounts = [ClientAccount(one, password, "Noor Voorbeeld", Bsn(bsn), "substantial") for one, bsn in named]
    listed = (Client("portaal", own.name, (f"{base}/client/terug",)),)
    provider = provider_app(f"{base}/idp-clients", accounts, listed, key, time.time, audience="clients")
    # What she has here stands in the play; of the organisation itself only its name and her children are asked.
    here: Any = SimpleNamespace(own=own, children=lambda bsn: [])
    everywhere = OwnEverywhere(here, Names(), lambda ura: True, consulted(parties), now)
    by_ura = {party.ura: party for party in parties}

    def since(session: Any) -> dt.timedelta:
        return dt.timedelta(minutes=3)

    chapters = (record.chapter(everywhere, since), client.chapter(consenting(register, Log()), by_ura.get, since))
    issuer = Issuer(f"{base}/idp-clients", "portaal", hint=False)
    return provider, ClientSite(Parts(party=own, base_url=base, issuer=issuer, note=note, now=now, chapters=chapters))
