"""What looking into the log takes at one node: its folder, its roster, and what the organisation tells besides."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import pathlib
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from babyconnect.api import audit, own_log
from babyconnect.api.asgi import App
from babyconnect.audit.accounts import Account
from babyconnect.audit.checkpoints import Checkpoint, Genuine
from babyconnect.audit.faults import AuditFault
from babyconnect.audit.log import AuditLog
from babyconnect.audit.patterns import Watch, folded_names
from babyconnect.audit.reconcile import Difference
from babyconnect.audit.witness import Witness
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Person, Role
from babyconnect.exchange.http1 import Http, Rubbish, Unreachable
from babyconnect.flows import reconciling, witnessing
from babyconnect.flows.door import Door
from babyconnect.flows.journal import About, Journal
from babyconnect.flows.oversight import Oversight, Standing
from babyconnect.flows.own_log import OwnLog
from babyconnect.flows.own_looks import OwnLooks
from babyconnect.flows.reconciling import Comparing, NotUnderstood, differences
from babyconnect.flows.signatures import signer, verifier
from babyconnect.flows.witnessing import Witnessed
from babyconnect.network.contract import RegionFault
from babyconnect.network.signed import digest
from babyconnect.settings import AuditSection, SettingsRefused
from babyconnect.store.contract import Client
from babyconnect.trust import keys
from babyconnect.trust.replays import Replays
from babyconnect.web.client.session import ClientSession
from babyconnect.web.privacy.chapter import privacy_chapter
from babyconnect.web.privacy.client import AskingOf, client_log_chapter
from babyconnect.web.site import Chapter
from babyconnect.web.viewer.records import ViewerSession
from babyconnect.wiring import shielding
from babyconnect.wiring.journal import journal_of
from babyconnect.wiring.link import Link, now
from babyconnect.wiring.today import every_client
from babyconnect.wiring.tokens import HolderTokens

LEAST_YEARS = 5
"""NEN 7513: at least five years."""
DAY = 24 * 3600.0

_log = structlog.get_logger(__name__)


@dataclass
class Tending:
    """What keeping the log takes as long as a node runs, and what the region last said of it."""

    link: Link
    log: AuditLog
    journal: Journal
    witnessed: Witnessed | None = None
    region: Witnessed | None = None
    differences: tuple[Difference, ...] = ()
    compared_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        self._http = Http(security=self.link.secured)

    def close(self) -> None:
        self._http.close()

    async def forever(self) -> None:
        """Sign where the log stands every so often, show it to the region, let go what is too old."""
        kept = term(self.link.path, self.link.chosen.audit)
        every, since = self.link.chosen.audit.checkpoint_minutes * 60.0, DAY
        while True:
            with contextlib.suppress(AuditFault):  # refused to everybody; `/health` says so
                head = await self.log.sign()
                if head is not None:
                    await self._show(head)
                await self._watch_region()
                if since >= DAY:
                    since = 0.0
                    await _let_go(self.log, self.journal, kept)
                    await self._compare()
            await asyncio.sleep(every)
            since += every

    async def _compare(self) -> None:
        """Yesterday's exchanges, with each organisation there was one with."""
        today = now().replace(hour=0, minute=0, second=0, microsecond=0)
        since, comparing = today - dt.timedelta(days=1), _comparing(self.link, self.journal)
        found: list[Difference] = []
        for other in sorted(await asyncio.to_thread(comparing.partners, since, today)):
            try:
                found += differences(await comparing.compare(other, since, today, self._ask))
            except (Unreachable, Rubbish, NotUnderstood, TimeoutError, OSError) as fault:
                _log.warning("comparing_logs_waits", other=other, reason=type(fault).__name__)
        self.differences, self.compared_at = tuple(found), now()
        if found:
            _log.error("logs_differ", count=len(found))

    async def _ask(self, other: str, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask another node, signed; whatever is not an answer is a fault."""
        endpoint = self.link.directory.endpoint(Ura(other))
        if endpoint is None:
            raise Unreachable("no endpoint in the directory")
        body = orjson.dumps(question)
        claims = {"htm": "POST", "htu": reconciling.PATH, "digest": digest(body)}
        sign = signer(lambda: self.link.key, self.link.party.ura, time.time)
        headers = {"authorization": f"Bearer {sign(other, claims)}", "content-type": "application/json"}
        base = endpoint.fhir_base.removesuffix("/fhir/stu3")
        async with asyncio.timeout(60):
            answer = await self._http.send("POST", base + reconciling.PATH, headers, body, owner=other)
        if answer.status != 200:
            raise Unreachable(f"it answered {answer.status}")
        try:
            told = orjson.loads(answer.body)
        except ValueError as problem:
            raise Rubbish("no JSON") from problem
        if not isinstance(told, Mapping):
            raise Rubbish("no object")
        return told

    async def _show(self, head: Checkpoint) -> None:
        folder = self.link.beside(self.link.chosen.audit.folder) / "node"
        try:
            self.witnessed = await witnessing.show(folder, head, self.link.directory.region.send)
        except RegionFault as fault:
            _log.warning("witness_waits", reason=str(fault))
            return
        if self.witnessed.fault:
            _log.error("witness_disagrees", reason=self.witnessed.fault)

    async def _watch_region(self) -> None:
        """Keep where the region's own log stands; what contradicts it is said until somebody looked into it."""
        folder = self.link.beside(self.link.chosen.store.path).with_suffix(".region-log")
        name = self.link.chosen.region.name
        try:
            keeper = await asyncio.to_thread(Witness, folder)
            send = self.link.directory.region.send
            self.region = await witnessing.watch(keeper, folder / "keys.json", name, send)
        except (RegionFault, OSError, ValueError) as fault:
            _log.warning("watching_the_region_waits", reason=type(fault).__name__)
            return
        if self.region.fault:
            _log.error("region_log_disagrees", reason=self.region.fault)


def oversight_of(link: Link, log: AuditLog, door: Door, tending: Tending) -> Oversight:
    """How the privacy officer and a client look into this node's log."""
    term(link.path, link.chosen.audit)  # a setting that is refused is refused at the start
    journal = journal_of(link, log)

    async def watch(found: Sequence[Account]) -> Watch:
        return await _watch(link, journal, door, found)

    return Oversight(
        folder=link.beside(link.chosen.audit.folder),
        journal=journal,
        known_as=link.roster.names,
        watch=watch,
        standing=lambda: Standing(
            *(log.checkpoint, log.head.seq, log.faulted, tending.witnessed, tending.differences, tending.compared_at),
            region=tending.region,
        ),
        genuine=lambda: genuine_by(link),
    )


def watch_file(path: pathlib.Path) -> dict[str, Any]:
    """`[[staff]]` (person, bsn, names) and `[[attention]]` (bsn); SettingsRefused names the file, never a value."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        for row in (*content.get("staff", ()), *content.get("attention", ())):
            if row.get("bsn"):
                Bsn(str(row["bsn"]))
    except OSError as problem:
        raise SettingsRefused(f"{path}: cannot be read: {problem.strerror}") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValueError, AttributeError) as problem:
        raise SettingsRefused(f"{path}: no list of staff and attention (docs/privacy-officer.md)") from problem
    return content


async def _watch(link: Link, journal: Journal, door: Door, found: Sequence[Account]) -> Watch:
    if not link.chosen.audit.watch_file:
        return Watch()
    content = await asyncio.to_thread(watch_file, link.beside(link.chosen.audit.watch_file))

    def names(bsn: str) -> frozenset[str]:
        one = Bsn(bsn)
        return frozenset({journal.pseudonym(one), *link.roster.names(one), *link.roster.clients(one)})

    staff = content.get("staff", [])
    family = {str(row["person"]): folded_names(row.get("names", ())) for row in staff if row.get("names")}
    return Watch(
        own={str(row["person"]): names(str(row["bsn"])) for row in staff if row.get("bsn")},
        family=family,
        names=await _names_of_clients(door) if family and found else {},
        attention=frozenset().union(*(names(str(row["bsn"])) for row in content.get("attention", ()))),
    )


async def _names_of_clients(door: Door) -> Mapping[str, frozenset[str]]:
    """Family names of this organisation's own clients, through the door like any other list."""
    officer = Person("log", "log", Role.EMPLOYEE)
    return {client.id: folded_names(_family(client)) for client in await every_client(door, officer)}


def _family(client: Client) -> list[str]:
    listed = client.patient.get("name") or []
    return [str(name["family"]) for name in listed if isinstance(name, Mapping) and name.get("family")]


def state_of(log: AuditLog) -> Mapping[str, object]:
    """For `/health`: a node whose log refuses answers nobody, and says so; asking is also what makes it try again."""
    if log.faulted:
        log.try_again()
        return {"status": "log_refuses", "log": {"records": log.head.seq}}
    return {"log": {"records": log.head.seq, "checkpoint": log.checkpoint.seq if log.checkpoint else 0}}


def term(path: pathlib.Path, chosen: AuditSection) -> dt.timedelta:
    """How long the log that `path` configures is kept."""
    if chosen.retention_years < LEAST_YEARS:
        raise SettingsRefused(f"{path}: audit.retention_years: the log is kept {LEAST_YEARS} years or more")
    return dt.timedelta(days=366 * chosen.retention_years)


def for_clients(link: Link, overseen: Oversight, tokens: HolderTokens) -> tuple[str, App]:
    """Where a client reads this node's log from another organisation's portal."""
    told = OwnLog(link.party, overseen, shielding.for_client(link.registers))
    base = f"{link.machine_base}{own_log.PATH}"
    return own_log.PATH, own_log.OwnLogApi(told, tokens.gate, base, tokens.rates)


def published(link: Link, journal: Journal) -> list[tuple[str, App]]:
    """Where the log's checkpoints are open to everybody, and another node may compare its log with ours."""
    verify = verifier(Replays(time.time()), time.time)

    def check(token: str, method: str, path: str, body: bytes) -> Ura | None:
        try:
            claims = verify(token, link.party.ura.value, link.directory.keys)
            ura = Ura(str(claims["iss"]))
        except (ValueError, KeyError, TypeError):
            return None
        bound = (claims.get("htm"), claims.get("htu"), claims.get("digest")) == (method, path, digest(body))
        return ura if bound and link.directory.party(ura) else None

    compared = audit.ReconcileApi(_comparing(link, journal), check)
    checkpoints = audit.AuditApi(link.beside(link.chosen.audit.folder) / "node")
    return [(audit.PATH, checkpoints), (reconciling.PATH, compared)]


def _comparing(link: Link, journal: Journal) -> Comparing:
    return Comparing(link.beside(link.chosen.audit.folder), journal)


def genuine_by(link: Link) -> Genuine:
    """By every key that this node ever had: what an earlier one signed stays signed."""
    try:
        kept = orjson.loads(link.ring.places.public.read_bytes())
    except (OSError, ValueError):
        kept = {}
    listed = kept.get("keys", []) if isinstance(kept, dict) else []
    # Once each: a JWKS with two keys of one name is believed by nobody.
    by_kid = {key.get("kid"): key for key in (*listed, *link.ring.published.get("keys", []))}
    return keys.genuine({"keys": list(by_kid.values())})


def staff_chapter(link: Link, overseen: Oversight) -> Chapter[ViewerSession]:
    return privacy_chapter(overseen, _name_of(link))


def client_chapter(link: Link, own_looks: OwnLooks, asking_of: AskingOf) -> Chapter[ClientSession]:
    return client_log_chapter(own_looks, _name_of(link), asking_of)


def _name_of(link: Link) -> Callable[[str], str]:
    def name_of(ura: str) -> str:
        try:
            party = link.directory.party(Ura(ura))
        except ValueError:
            return ura
        return party.name if party else ""

    return name_of


async def begin(opening: contextlib.AsyncExitStack, tending: Tending) -> None:
    """Log the start, and at the end the stop, so that a gap between them shows; tend the log as long as it runs."""
    await tending.journal.note("start", "ok", tending.journal.itself())
    opening.callback(tending.close)
    opening.push_async_callback(_stopped, tending.journal, asyncio.create_task(tending.forever()))


async def _stopped(journal: Journal, tending: asyncio.Task[None]) -> None:
    tending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await tending
    with contextlib.suppress(AuditFault):  # a log that refuses must not keep a node from stopping
        await journal.note("stop", "ok", journal.itself())


async def _let_go(log: AuditLog, journal: Journal, kept: dt.timedelta) -> None:
    stone = await log.let_go(now() - kept)
    if stone is not None:
        await journal.note("log.retire", "ok", journal.itself(), About(object=f"records/1-{stone.seq}"))
        _log.info("log_retired", until=stone.seq)
