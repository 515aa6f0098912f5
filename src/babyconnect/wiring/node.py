"""Build the process of one node from `node.toml`: what answers other organisations (`answering`), the sites for people
(`sites`), the intake, and what goes on for as long as it runs."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog

from babyconnect.api import faults, openapi, openapi_node
from babyconnect.api.dispatch import Mounts
from babyconnect.api.health import Measured
from babyconnect.api.machines import NODE
from babyconnect.api.server import App
from babyconnect.flows import enrol
from babyconnect.flows.enrol import EnrollingWriter
from babyconnect.network.contract import RegionFault
from babyconnect.network.sought.client import SoughtClient
from babyconnect.settings import SettingsRefused
from babyconnect.wiring import answering, oversight, secured, standing
from babyconnect.wiring.answering import Kept
from babyconnect.wiring.hearing import keep_hearing
from babyconnect.wiring.intake import intake_of
from babyconnect.wiring.keeping import Beside, Workers
from babyconnect.wiring.keys import did_mount, publishing_keys, refusals
from babyconnect.wiring.link import Link, enrolling, nobody_else, open_link
from babyconnect.wiring.sites import sites

Close = Callable[[], Awaitable[None]]
REGION_PATIENCE_SECONDS = 30
POINTERS_EVERY_SECONDS = 30
FOLLOW_EVERY_SECONDS = 10

_log = structlog.get_logger(__name__)


async def build(path: pathlib.Path, beside: Beside | None = None) -> tuple[App, Close]:
    """The node's application, and how to close it.  `beside`: where its workers come, when it has any."""
    async with contextlib.AsyncExitStack() as opening:
        app = await _opened(path, beside, opening)
        return app, opening.pop_all().aclose


async def _opened(path: pathlib.Path, beside: Beside | None, opening: contextlib.AsyncExitStack) -> App:
    """`opening` closes what was opened, the last first, also when the rest cannot be."""
    link = await _linked(path, beside, opening)
    keeps = await answering.kept(link, opening)
    await _following(link)
    holds = answering.holder(link, keeps, opening, beside.page.secret if beside else secrets.token_bytes(32))
    tending = oversight.Tending(link, keeps.log, keeps.journal)
    overseen = oversight.oversight_of(link, keeps.log, holds.door, tending)
    soon = asyncio.Event()
    for_machines = [
        *answering.mounts(link, keeps, holds),
        did_mount(link),
        *oversight.published(link, keeps.journal),
        oversight.for_clients(link, overseen, holds.tokens),
        *_intake(link, keeps, soon),
    ]
    known = openapi_node.described(link.machine_base, [prefix for prefix, _ in for_machines])
    for_machines.append((openapi.PATH, openapi.serving(known)))
    workers = Workers(beside) if beside else None
    for_people = sites(link, keeps, holds, overseen, opening, work=workers.work if workers else None)
    home = "/viewer/" if "/viewer" in dict(for_people) else ""
    app = _with_fault(link, Mounts([*for_machines, *for_people], home=home))
    await oversight.begin(opening, tending)
    hearing = keep_hearing(SoughtClient(link.region), holds.decides.break_glass)
    telling = holds.decides.keep_telling()
    following = EnrollingWriter(keeps.store.writer, link.roster).keep_following(FOLLOW_EVERY_SECONDS)
    keys, watching = publishing_keys(link, keeps.journal), standing.keep_watching(link.secured)
    for lasting in (_keep_sending(link, soon), keys, telling, hearing, following, watching):
        opening.push_async_callback(_stopped, asyncio.create_task(lasting))
    measured = _measured(app, link, keeps, workers)
    whole = secured.behind_both(measured, link.chosen.tls, NODE, link.party.ura.value, refusals(keeps.journal))
    if workers is not None:
        workers.begin(link, keeps, holds, whole)
        opening.callback(workers.close)
    return whole


async def _linked(path: pathlib.Path, beside: Beside | None, opening: contextlib.AsyncExitStack) -> Link:
    link = await open_link(path, beside.page.move if beside else nobody_else)
    opening.push_async_callback(link.close)
    if link.chosen.node.fault:
        _known_fault(link)
    return link


async def _following(link: Link) -> None:
    """From now on what the region says of parties and consents is followed."""
    await _load_directory(link)
    link.directory.start()
    link.consents.start()


def _intake(link: Link, keeps: Kept, soon: asyncio.Event) -> list[tuple[str, App]]:
    if not link.chosen.intake.token_sha256_file:
        return []
    return [("/intake", intake_of(link, keeps.store, keeps.log, soon))]


def _with_fault(link: Link, app: App) -> App:
    return faults.broken(app, link.chosen.node.fault) if link.chosen.node.fault else app


def _measured(app: App, link: Link, keeps: Kept, workers: Workers | None) -> Measured:
    def state() -> Mapping[str, object]:
        return standing.of_node(link, keeps.log, workers.present if workers else None)

    return Measured(app, state, workers.counts if workers else None, lambda: standing.figures(link))


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


async def _keep_sending(link: Link, soon: asyncio.Event) -> None:
    """What was published while the region was away is sent when it is back; after an intake, at once."""
    while True:
        soon.clear()
        try:
            await enrol.send_pointers(enrolling(link))
        except RegionFault as fault:
            _log.warning("pointers_wait", reason=str(fault))
        except Exception as fault:  # tried again; only its kind, for its text may name a client
            _log.warning("pointers_wait", fault=type(fault).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(soon.wait(), POINTERS_EVERY_SECONDS)
