"""A region with its organisations, real but small: files in a folder, real keys, real signatures, one HTTP server."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from dataclasses import dataclass, field
from pathlib import Path

from babyconnect.api.region import RegionState, region_app
from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.exchange.http1 import Http
from babyconnect.flows.signatures import signer, verifier
from babyconnect.network.clients import (
    ConsentCodes,
    ConsentDesk,
    ConsentReplica,
    Directory,
    LocalisationClient,
    PseudonymClient,
    Region,
)
from babyconnect.network.consent.codes import CodeService
from babyconnect.network.consent.service import ConsentService
from babyconnect.network.contract import By, Endpoint, Entry, RegionEvent
from babyconnect.network.directory.service import DirectoryService
from babyconnect.network.evidence.service import EvidenceService
from babyconnect.network.localisation.service import IndexService
from babyconnect.network.pseudonyms.service import PseudonymService, load_or_create_key
from babyconnect.network.sought.service import SoughtService
from babyconnect.trust import keys
from babyconnect.trust.decision import may_know
from babyconnect.trust.keys import SigningKey
from babyconnect.trust.replays import Replays

NAME = "ura:00000999"

PRACTICE = Party(Ura("00000001"), "Verloskundigenpraktijk De Ooievaar", Kind.MIDWIFERY_PRACTICE)
HOSPITAL = Party(Ura("00000002"), "Ziekenhuis Zuid", Kind.HOSPITAL)
KRAAM = Party(Ura("00000003"), "Kraamzorg Noord", Kind.MATERNITY_HOME_CARE)
GP = Party(Ura("00000004"), "Huisarts Oost", Kind.GENERAL_PRACTITIONER)
PARTIES = (PRACTICE, HOSPITAL, KRAAM, GP)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass
class Log:
    """The region's audit log in memory; `broken` makes every write fail."""

    events: list[RegionEvent] = field(default_factory=list)
    broken: bool = False

    async def __call__(self, event: RegionEvent) -> None:
        if self.broken:
            raise OSError("no space left on device")
        self.events.append(event)


@dataclass
class Node:
    """One organisation's clients of the region."""

    party: Party
    key: SigningKey
    region: Region
    directory: Directory
    pseudonyms: PseudonymClient
    localisation: LocalisationClient
    consents: ConsentReplica
    desk: ConsentDesk
    codes: ConsentCodes


def entry(party: Party, key: SigningKey, base: str = "http://127.0.0.1:1", batch: bool = True) -> Entry:
    return Entry(party, Endpoint(f"{base}/fhir/stu3", f"{base}/oauth/token", batch), keys.jwks(key))


def build(folder: Path, base: str) -> RegionState:
    index = IndexService(folder / "index.sqlite", now, may_know)
    return RegionState(
        name=NAME,
        base=base,
        directory=DirectoryService(folder / "directory.sqlite", now),
        index=index,
        pseudonyms=PseudonymService(load_or_create_key(folder / "pseudonym.key"), NAME),
        consents=ConsentService(folder / "consents.sqlite", now),
        codes=CodeService(folder / "codes.sqlite", bytes(32), now, time.monotonic),
        sought=SoughtService(folder / "sought.sqlite", now),
        evidence=EvidenceService(folder / "evidence.sqlite", now, lambda p, ura: bool(index.own(p, ura))),
        now=now,
        portals=frozenset({PRACTICE.ura}),
    )


def application(state: RegionState, log: Log):
    return region_app(state, verifier(Replays(born=time.time() - 1), time.time), log)


def node(party: Party, key: SigningKey, base: str, http: Http) -> Node:
    region = Region(base, NAME, signer(key, party.ura, time.time), http)
    directory = Directory(region)
    return Node(
        party,
        key,
        region,
        directory,
        PseudonymClient(region, NAME),
        LocalisationClient(region, party, directory),
        ConsentReplica(region),
        ConsentDesk(region),
        ConsentCodes(region),
    )


def professional(person: str = "person-1") -> By:
    return By(person, "midwife")


async def give(at: Node, pseudonym: str, consent: Consent, by: By | None = None) -> str:
    """Records one provision at an organisation; its id."""
    (id,) = await at.desk.change(pseudonym, [consent], [], by or professional())
    return id


async def following(at: Node) -> ConsentReplica:
    """An organisation's copy of what she said, once it has heard of the region."""
    at.consents.start()
    async with asyncio.timeout(30):
        while at.consents._epoch == "":
            await asyncio.sleep(0.01)
    return at.consents


async def take_back(at: Node, id: str, by: By | None = None) -> None:
    await at.desk.change("", [], [id], by or professional())
