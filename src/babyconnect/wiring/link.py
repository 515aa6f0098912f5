"""A node's link with its region, and its own identity: what serving, publishing and consulting all need."""

from __future__ import annotations

import datetime as dt
import pathlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from babyconnect import settings
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Party
from babyconnect.exchange.http1 import Http
from babyconnect.flows import enrol
from babyconnect.flows.registers import Registers
from babyconnect.flows.signatures import signer
from babyconnect.network.consent.client import ConsentCodes, ConsentDesk
from babyconnect.network.consent.replica import ConsentReplica
from babyconnect.network.custody import Custody
from babyconnect.network.database import DatabaseFault
from babyconnect.network.directory.replica import Directory
from babyconnect.network.evidence.client import EvidenceClient
from babyconnect.network.localisation.client import LocalisationClient
from babyconnect.network.pseudonyms.client import PseudonymClient
from babyconnect.network.roster import Roster
from babyconnect.network.signed import Region
from babyconnect.network.tallies import Tallies
from babyconnect.settings import SettingsRefused, beside
from babyconnect.trust.keys import SigningKey
from babyconnect.trust.tls import Loaded, Material
from babyconnect.wiring import files, secured
from babyconnect.wiring.keyring import Keyring


@dataclass(frozen=True, slots=True)
class Link:
    """Opened by `open_link`; whoever opened it closes it."""

    path: pathlib.Path
    chosen: settings.Node
    party: Party
    ring: Keyring
    secured: Material | None
    http: Http
    directory: Directory
    pseudonyms: PseudonymClient
    localisation: LocalisationClient
    consents: ConsentReplica
    desk: ConsentDesk
    codes: ConsentCodes
    roster: Roster
    tallies: Tallies
    custody: Custody
    registers: Registers
    region: Region
    evidence: EvidenceClient
    moved: Callable[[], None]
    """Tells the processes that serve beside this one that what they remember may not hold any more."""

    @property
    def key(self) -> SigningKey:
        """The key that signs now; it may be another one later."""
        return self.ring.signing

    @property
    def machine_base(self) -> str:
        """The address at which other organisations' systems reach this node."""
        return machine_base(self.chosen)

    def beside(self, name: str) -> pathlib.Path:
        return beside(self.path, name)

    async def close(self) -> None:
        await self.consents.close()
        await self.directory.close()
        self.http.close()
        self.roster.close()
        self.tallies.close()
        self.custody.close()


def machine_base(chosen: settings.Node) -> str:
    named = chosen.tls.base_url if chosen.tls.certificate_file else ""
    return (named or chosen.node.base_url).rstrip("/")


def settings_of(path: pathlib.Path) -> settings.Node:
    return settings.read(path, settings.Node)


def party_of(path: pathlib.Path, chosen: settings.Node) -> Party:
    try:
        return Party(Ura(chosen.node.ura), chosen.node.name, chosen.node.kind)
    except ValueError as problem:
        raise SettingsRefused(f"{path}: node.ura: {problem}") from problem


def roster_file(path: pathlib.Path, chosen: settings.Node) -> pathlib.Path:
    """The roster lies beside the store."""
    return beside(path, chosen.store.path).with_suffix(".roster.sqlite")


def tallies_file(path: pathlib.Path, chosen: settings.Node) -> pathlib.Path:
    """So do the counts of what exports fill."""
    return beside(path, chosen.store.path).with_suffix(".tallies.sqlite")


def custody_file(path: pathlib.Path, chosen: settings.Node) -> pathlib.Path:
    """So does what was decided about records."""
    return beside(path, chosen.store.path).with_suffix(".custody.sqlite")


def nobody_else() -> None:
    """No other process serves beside this one."""


async def open_link(path: pathlib.Path, moved: Callable[[], None] = nobody_else) -> Link:
    """The node's identity and its clients of the regional services; nothing is asked of the region yet."""
    chosen = settings_of(path)
    party = party_of(path, chosen)
    ring = Keyring(beside(path, chosen.keys.signing_key_file))
    security = secured.material(path, chosen.tls)
    secret = files.secret(beside(path, chosen.keys.tenant_secret_file))
    try:
        roster = Roster(roster_file(path, chosen), secret)
    except DatabaseFault as fault:
        raise SettingsRefused(f"{path}: store.path: beside it the roster {fault}") from fault
    try:
        tallies = Tallies(tallies_file(path, chosen))
    except DatabaseFault as fault:
        raise SettingsRefused(f"{path}: store.path: beside it the counts {fault}") from fault
    try:
        custody = Custody(custody_file(path, chosen), secret)
    except DatabaseFault as fault:
        raise SettingsRefused(f"{path}: store.path: beside it the custody file {fault}") from fault
    http = _region_http(path, chosen, security)
    sign = signer(lambda: ring.signing, party.ura, time.time)
    region = Region(chosen.region.url, chosen.region.name, sign, http)
    directory = Directory(region)
    return Link(
        path=path,
        chosen=chosen,
        party=party,
        ring=ring,
        secured=security,
        http=http,
        directory=directory,
        pseudonyms=PseudonymClient(region, chosen.region.name),
        localisation=LocalisationClient(region, party, directory),
        consents=ConsentReplica(region),
        desk=ConsentDesk(region),
        codes=ConsentCodes(region),
        roster=roster,
        tallies=tallies,
        custody=custody,
        registers=Registers(custody, roster),
        region=region,
        evidence=EvidenceClient(region),
        moved=moved,
    )


def _region_http(path: pathlib.Path, chosen: settings.Node, security: Material | None) -> Http:
    """How the region is reached.  A node with a certificate speaks to no region without one."""
    if security is None:
        return Http()
    if not chosen.region.url.startswith("https://"):
        raise SettingsRefused(f"{path}: region.url: with tls.certificate_file an https address is expected")
    return Http(security=_ByName(security), server_name=chosen.region.server_name)


class _ByName:
    """Mutual TLS with the region: the handshake checks its name, and it is no organisation with a URA."""

    def __init__(self, material: Material) -> None:
        self._material = material

    def current(self) -> Loaded:
        return self._material.current()

    def server_flaw(self, der: bytes | None, ura: str) -> None:
        return None


def enrolling(link: Link) -> enrol.Enrolling:
    return enrol.Enrolling(
        roster=link.roster,
        pseudonyms=link.pseudonyms,
        localisation=link.localisation,
        retention=dt.timedelta(days=link.chosen.region.retention_days),
        now=now(),
    )


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
