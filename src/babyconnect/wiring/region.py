"""Build the process of the regional services from `region.toml`: directory, index, pseudonyms, consents; in the demo
also the local identity providers, `/idp` for staff and `/idp-clients` for clients."""

from __future__ import annotations

import asyncio
import datetime as dt
import pathlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
import orjson
from joserfc.jwk import ECKey, RSAKey

from babyconnect import settings
from babyconnect.api import openapi, openapi_region
from babyconnect.api.dispatch import Mounts
from babyconnect.api.machines import Refused, Served
from babyconnect.api.region import region_app
from babyconnect.api.region_call import OwnLog, RegionState
from babyconnect.api.region_routes import ROUTES
from babyconnect.api.server import App
from babyconnect.audit.event import About, Actor, Grounds, Place, event
from babyconnect.audit.log import AuditLog
from babyconnect.audit.witness import Witness
from babyconnect.birthcare.identifiers import Agb, Ura
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.flows.signatures import verifier
from babyconnect.network.consent.codes import CodeService
from babyconnect.network.consent.service import ConsentService
from babyconnect.network.contract import Endpoint, Entry, RegionEvent
from babyconnect.network.database import DatabaseFault
from babyconnect.network.directory.service import DirectoryService
from babyconnect.network.evidence.service import EvidenceService
from babyconnect.network.localisation.service import IndexService
from babyconnect.network.pseudonyms.service import PseudonymService, load_or_create_key
from babyconnect.network.sought.service import SoughtService
from babyconnect.settings import SettingsRefused, beside
from babyconnect.trust import decision, keys, replay_journal
from babyconnect.web.simulators.care_system import app as care_system
from babyconnect.web.simulators.care_system.records import Practice
from babyconnect.web.simulators.care_system.records import read as read_practices
from babyconnect.web.simulators.dezi import simulator_app
from babyconnect.web.simulators.identity_provider import Client, provider_app
from babyconnect.web.simulators.mitz import Simulator
from babyconnect.web.simulators.users import Account, read_clients, read_users
from babyconnect.wiring import files, secured, standing
from babyconnect.wiring.oversight import state_of
from babyconnect.wiring.region_log import RegionLog

Close = Callable[[], Awaitable[None]]

MITZ = "/mitz-simulator"

EVENT_TYPES = {
    "register": "register",
    "witness": "log.witness",
    "unregister": "register",
    "localise": "localise",
    "consent": "consent.record",
    "withdraw": "consent.withdraw",
    "consents": "consent.read",
    "code": "consent.code",
    "code_shown": "consent.code",
    "sought": "breakglass.told",
    "evidence": "relation.record",
    "evidence_read": "relation.read",
    "pseudonymise": "pseudonymise",
    "directory": "administer",
}


class Organisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of `region.organisations_file`: what the directory is to say of an organisation."""

    ura: str
    name: str
    kind: Kind
    base_url: str
    keys: dict[str, Any]
    agb: str = ""
    machine_url: str = ""
    grant: Literal["minvws", "gf", "nuts"] = "minvws"

    @property
    def party(self) -> Party:
        return Party(Ura(self.ura), self.name, self.kind)

    def entry(self, portal: bool = False) -> Entry:
        base = (self.machine_url or self.base_url).rstrip("/")
        endpoint = Endpoint(f"{base}/fhir/stu3", f"{base}/oauth/token", batch=True, grant=self.grant, finds=True)
        return Entry(self.party, endpoint, self.keys, Agb(self.agb) if self.agb else None, portal=portal)


def organisations(path: pathlib.Path) -> list[Organisation]:
    """The organisations to enter in the directory; SettingsRefused names the file and the rule."""
    if not path.exists():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Organisation])
    except (msgspec.MsgspecError, ValueError) as problem:
        raise SettingsRefused(f"{path}: {problem}") from problem


def settings_of(path: pathlib.Path) -> settings.Region:
    return settings.read(path, settings.Region)


async def build(path: pathlib.Path) -> tuple[App, Close]:
    """The region's application, and how to close it."""
    chosen = settings_of(path)
    home = beside(path, chosen.region.home)
    signer = files.signing_key(home / "region.jwk")
    log = AuditLog.open(beside(path, chosen.audit.folder) / "region", chosen.region.name, signer)
    try:
        state = _state(chosen, home)
    except DatabaseFault as fault:
        raise SettingsRefused(f"{path}: region.home: {fault}") from fault
    state.own_log = OwnLog(beside(path, chosen.audit.folder) / "region", lambda: keys.jwks(signer))
    listed = organisations(beside(path, chosen.region.organisations_file))
    for organisation in listed:
        await state.directory.put(organisation.entry(organisation.party.ura in state.portals))
    try:
        replays, journal = replay_journal.opened(home / "replays", time.time())
    except OSError as fault:
        raise SettingsRefused(f"{path}: region.home: the file of used requests: {fault.strerror or fault}") from fault
    kept = RegionLog(path, beside(path, chosen.audit.folder) / "region", log, chosen.region.name, chosen.audit)
    material = secured.material(path, chosen.tls)
    served_by = region_app(
        state,
        verifier(replays, time.time),
        _auditor(log, chosen.region.name),
        lambda: standing.with_ends(state_of(log), material),
        lambda: standing.figures_of(material),
    )
    mounts: list[tuple[str, App]] = [
        ("", served_by),
        kept.mount,
        (openapi.PATH, openapi.serving(openapi_region.described(machine_base(chosen)))),
    ]
    mounts += _providers(path, chosen, home, listed)
    mounts += _simulated_mitz(path, chosen)

    await kept.begin()
    watching = asyncio.create_task(standing.keep_watching(material))

    async def close() -> None:
        watching.cancel()
        await kept.close()
        state.close()
        journal.close()
        log.close()

    paths = tuple(sorted({f"/{path.split('/')[1]}" for _, path, _, _ in ROUTES}))
    served, refused = Served(paths, only=paths), _refusals(log, chosen.region.name)
    return secured.behind_both(Mounts(mounts), chosen.tls, served, refused=refused), close


def _refusals(log: AuditLog, name: str) -> Refused:
    """Into the log: a caller whose certificate was not believed.  Whose it is cannot be said."""

    async def note(reason: str, address: str) -> object:
        place, grounds = Place(name, client_address=address), Grounds(reasons=(reason,))
        return await log.append(event("token.refuse", "refused", _now(), Actor("unknown"), place, grounds=grounds))

    return note


def machine_base(chosen: settings.Region) -> str:
    """The address at which nodes reach the services."""
    named = chosen.tls.base_url if chosen.tls.certificate_file else ""
    return (named or chosen.region.base_url).rstrip("/")


def _state(chosen: settings.Region, home: pathlib.Path) -> RegionState:
    index = IndexService(home / "index.sqlite", _now, decision.may_know, _listed(chosen, "emergency_overrides"))

    def keeps(pseudonym: str, holder: Ura) -> bool:
        return bool(index.own(pseudonym, holder))

    return RegionState(
        name=chosen.region.name,
        base=machine_base(chosen),
        directory=DirectoryService(home / "directory.sqlite", _now),
        index=index,
        pseudonyms=PseudonymService(load_or_create_key(home / "pseudonyms.key"), chosen.region.name),
        consents=ConsentService(home / "consents.sqlite", _now),
        witness=Witness(home / "witness"),
        codes=CodeService(home / "codes.sqlite", files.secret(home / "codes.key"), _now, time.monotonic),
        sought=SoughtService(home / "sought.sqlite", _now),
        evidence=EvidenceService(home / "evidence.sqlite", _now, keeps),
        now=_now,
        portals=_listed(chosen, "client_portals"),
    )


def _event_type(happened: RegionEvent) -> str:
    """An objection is a kind of its own in the log, as it is at the node."""
    if happened.action == "consent" and happened.detail.endswith(" deny"):
        return "consent.object"
    return EVENT_TYPES[happened.action]


def _simulated_mitz(path: pathlib.Path, chosen: settings.Region) -> list[tuple[str, App]]:
    """Beside the region of a demo: choices of its clients that nodes ask as they would ask the Mitz."""
    if not chosen.provider.mitz_file:
        return []
    try:
        played = Simulator().read(beside(path, chosen.provider.mitz_file).read_bytes())
    except (OSError, ValueError, KeyError) as problem:
        raise SettingsRefused(f"{chosen.provider.mitz_file}: {problem}") from problem
    return [(MITZ, played.application(MITZ))]


def _listed(chosen: settings.Region, name: Literal["client_portals", "emergency_overrides"]) -> frozenset[Ura]:
    try:
        return frozenset(Ura(ura) for ura in getattr(chosen.region, name))
    except ValueError as problem:
        raise SettingsRefused(f"region.{name}: {problem}") from problem


def _auditor(log: AuditLog, name: str) -> Callable[[RegionEvent], Awaitable[None]]:
    async def audit(happened: RegionEvent) -> None:
        await log.append(
            event(
                _event_type(happened),
                happened.outcome,
                _now(),
                Actor(happened.organisation, happened.person, happened.role),
                Place(name, trace=happened.traceparent),
                About(pseudonym=happened.pseudonym, resource=happened.detail),
                Grounds(purpose=happened.purpose),
            )
        )

    return audit


def _providers(
    path: pathlib.Path, chosen: settings.Region, home: pathlib.Path, listed: list[Organisation]
) -> Iterator[tuple[str, App]]:
    """The demo's identity providers: one for staff, one for clients, so that no log-in serves for both."""
    for mount, file, read, site, audience in (
        ("/idp", chosen.provider.users_file, read_users, "viewer", "staff"),
        ("/idp-clients", chosen.provider.clients_file, read_clients, "client", "clients"),
    ):
        if not file:
            continue
        try:
            accounts: Sequence[Account] = read(beside(path, file).read_bytes())
        except (OSError, ValueError, KeyError) as problem:
            raise SettingsRefused(f"{file}: {problem}") from problem
        clients = [Client(o.ura, o.name, (f"{o.base_url}/{site}/terug",)) for o in listed]
        issuer = f"{chosen.region.base_url}{mount}"
        yield mount, provider_app(issuer, accounts, clients, _provider_key(home, mount), time.time, audience=audience)
    if chosen.provider.users_file:
        yield "/dezi", _dezi(path, chosen, home, listed)
    if chosen.provider.care_systems_file:
        base = f"{chosen.region.base_url}{care_system.PATH}"
        practices = _practices(beside(path, chosen.provider.care_systems_file))
        yield (
            care_system.PATH,
            care_system.care_systems_app(
                care_system.CareSystems(base, _provider_key(home, "/idp-zis"), practices, time.time)
            ),
        )


def _practices(path: pathlib.Path) -> Callable[[], Mapping[str, Practice]]:
    """The demo's care systems, read again when their file changed."""
    kept: tuple[float, Mapping[str, Practice]] = (0.0, {})

    def practices() -> Mapping[str, Practice]:
        nonlocal kept
        moment = path.stat().st_mtime if path.exists() else 0.0
        if moment != kept[0]:
            kept = (moment, read_practices(path.read_bytes()))
        return kept[1]

    return practices


def _dezi(path: pathlib.Path, chosen: settings.Region, home: pathlib.Path, listed: list[Organisation]) -> App:
    """The register of professionals, played, for the same people."""
    users = read_users(beside(path, chosen.provider.users_file).read_bytes())
    clients = [Client(o.ura, o.name, (f"{o.base_url}/viewer/terug",)) for o in listed]
    keys = (_provider_key(home, "/idp-dezi"), RSAKey.generate_key(2048))
    app, _ = simulator_app(f"{chosen.region.base_url}/dezi", users, clients, keys, time.time)
    return app


def _provider_key(home: pathlib.Path, mount: str) -> ECKey:
    file = home / f"provider{mount.removeprefix('/idp')}.jwk"
    if not file.exists():
        file.touch(0o600)
        file.write_bytes(orjson.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
    return ECKey.import_key(orjson.loads(file.read_bytes()))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
