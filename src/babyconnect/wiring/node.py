"""Build the process of one node from `node.toml`: the holder's side (tokens, door, source API, intake) and the
asker's (consult, viewer)."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog

from babyconnect.api import faults
from babyconnect.api.dispatch import Mounts
from babyconnect.api.health import Measured
from babyconnect.api.machines import NODE
from babyconnect.api.server import App
from babyconnect.api.source import SourceApi
from babyconnect.audit.log import AuditLog
from babyconnect.exchange.http1 import Http
from babyconnect.flows import enrol
from babyconnect.flows.door import Door, Happening, Parts
from babyconnect.flows.door_events import named
from babyconnect.flows.door_template import DoorEvents
from babyconnect.flows.journal import Journal
from babyconnect.network.contract import RegionFault
from babyconnect.settings import SettingsRefused
from babyconnect.store.contract import Store
from babyconnect.trust.remembering import Decisions
from babyconnect.trust.sessions import Sessions
from babyconnect.web.client import record
from babyconnect.web.client.session import ClientSession
from babyconnect.web.site import Chapter
from babyconnect.web.viewer.site import ViewerSession
from babyconnect.wiring import consents, deciding_pages, oversight, people, secured, shielding
from babyconnect.wiring.deciding import Deciding, deciding
from babyconnect.wiring.intake import intake_of
from babyconnect.wiring.journal import journal_of
from babyconnect.wiring.keys import did_mount, publishing_keys, refusals
from babyconnect.wiring.link import Link, enrolling, now, open_link
from babyconnect.wiring.mitz import mitz_of
from babyconnect.wiring.own_record import own_record, wards
from babyconnect.wiring.own_staff import shielding_pages
from babyconnect.wiring.stores import open_store
from babyconnect.wiring.tokens import holder_tokens

Close = Callable[[], Awaitable[None]]
REGION_PATIENCE_SECONDS = 30
POINTERS_EVERY_SECONDS = 30

_log = structlog.get_logger(__name__)


async def build(path: pathlib.Path) -> tuple[App, Close]:
    """The node's application, and how to close it."""
    async with contextlib.AsyncExitStack() as opening:
        app = await _opened(path, opening)
        return app, opening.pop_all().aclose


async def _opened(path: pathlib.Path, opening: contextlib.AsyncExitStack) -> App:
    """`opening` closes what was opened, the last first, also when the rest cannot be."""
    link = await open_link(path)
    opening.push_async_callback(link.close)
    if link.chosen.node.fault:
        _known_fault(link)
    store = await open_store(link)
    opening.push_async_callback(store.close)
    log = AuditLog.open(link.beside(link.chosen.audit.folder) / "node", link.party.ura.value, lambda: link.key)
    opening.callback(log.close)
    await _load_directory(link)
    link.directory.start()
    link.consents.start()
    given = holder_tokens(link, log)
    opening.callback(given.close)
    consents.end_tokens_on_less(link, given.sessions)
    journal = journal_of(link, log)
    mitz = mitz_of(link, journal, given.sessions, opening)
    decides = deciding(link, journal, mitz.elsewhere)
    opening.callback(decides.close)
    door = _door(link, store, journal, given.sessions, decides)
    mounts: list[tuple[str, App]] = [
        ("/fhir/stu3", SourceApi(door, given.gate, f"{link.machine_base}/fhir/stu3", rates=given.rates)),
        *((prefix, given.oauth) for prefix in ("/oauth", "/.well-known")),
        did_mount(link),
        *oversight.published(link, journal),
        *mitz.mounts,
        *deciding_pages.mounts(link, journal, decides),
    ]
    tending = oversight.Tending(link, log, journal)
    overseen = oversight.oversight_of(link, log, door, tending)
    soon = asyncio.Event()
    if link.chosen.intake.token_sha256_file:
        mounts.append(("/intake", intake_of(link, store, log, soon)))
    http = Http(security=link.secured)
    opening.callback(http.close)
    staff_chapters: list[Chapter[ViewerSession]] = [consents.staff_chapter(link, journal)]
    staff_chapters += deciding_pages.staff_chapters(link, journal, decides, door)
    staff_chapters += shielding_pages(link, door, journal, store.writer, decides.book)
    own = own_record(link, door)
    client_chapters: list[Chapter[ClientSession]] = [record.chapter(own), consents.client_chapter(link, journal)]
    staff_chapters.append(oversight.staff_chapter(link, overseen))
    client_chapters += [oversight.client_chapter(link, overseen), deciding_pages.client_chapter(link, decides)]
    viewer = None
    if link.chosen.login.issuer:
        viewer = people.viewer(link, door, log, http, journal, staff_chapters, decides.break_glass)
        mounts.append(("/viewer", viewer))
        opening.push_async_callback(viewer.close)
    if link.chosen.client_login.issuer:
        client = people.client_site(link, journal, client_chapters, wards(own))
        mounts.append(("/client", client))
        opening.push_async_callback(client.close)
    app: App = Mounts(mounts, home="/viewer/" if viewer is not None else "")
    if link.chosen.node.fault:
        app = faults.broken(app, link.chosen.node.fault)
    measured = Measured(app, lambda: _state(link, log))
    await oversight.begin(opening, tending)
    for lasting in (_keep_sending(link, soon), publishing_keys(link, journal), decides.keep_telling()):
        opening.push_async_callback(_stopped, asyncio.create_task(lasting))
    return secured.behind_both(measured, link.chosen.tls, NODE, link.party.ura.value, refusals(journal))


def _state(link: Link, log: AuditLog) -> Mapping[str, object]:
    """What `/health` says beside that the process serves."""
    known = {"organisation": link.party.name, "parties": len(link.directory.parties())}
    return {**known, **oversight.state_of(log), **(link.secured.ends() if link.secured else {})}


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _known_fault(link: Link) -> None:
    try:
        faults.parse(link.chosen.node.fault)
    except ValueError as problem:
        raise SettingsRefused(f"{link.path}: node.fault: {problem}") from problem


async def _load_directory(link: Link) -> None:
    """The directory is needed to believe anybody: wait for the region a while, then say why not."""
    until = time.monotonic() + REGION_PATIENCE_SECONDS
    while True:
        try:
            await link.directory.load()
            return
        except RegionFault as fault:
            if time.monotonic() > until:
                raise SettingsRefused(f"the region at {link.chosen.region.url} cannot be used: {fault}") from fault
            await asyncio.sleep(0.2)


def _door(link: Link, store: Store, journal: Journal, sessions: Sessions, decides: Deciding) -> Door:
    events = DoorEvents(link.party, link.party.ura.value, link.machine_base)

    async def note(happening: Happening) -> object:
        whom = named(happening, journal.pseudonym, link.roster)
        receipt = await journal.log.append({**events.of(happening), **whom})
        await decides.break_glass.answered(happening)
        return receipt

    return Door(
        Parts(
            holder=link.party,
            open_reader=store.open_reader,
            grounds=decides.grounds,
            decide=Decisions(decides.policies.on).decide,
            bind=sessions.bind,
            note=note,
            now=now,
            **shielding.door_parts(link.registers),
        )
    )


async def _keep_sending(link: Link, soon: asyncio.Event) -> None:
    """What was published while the region was away is sent when it is back; after an intake, at once."""
    while True:
        soon.clear()
        try:
            await enrol.send_pointers(enrolling(link))
        except RegionFault as fault:
            _log.warning("pointers_wait", reason=str(fault))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(soon.wait(), POINTERS_EVERY_SECONDS)
