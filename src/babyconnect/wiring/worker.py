"""Build one worker of a node: the door over the same store and registers, everything else by the keeper."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from babyconnect.api.bearers import Gate, Unbelieved
from babyconnect.api.dispatch import Mounts
from babyconnect.api.health import Counted, Counts
from babyconnect.api.http import Request
from babyconnect.api.machines import NODE
from babyconnect.api.server import App
from babyconnect.api.source import SourceApi
from babyconnect.birthcare.access import Asker, Consent
from babyconnect.flows.door import Herself
from babyconnect.network.contract import ConsentsUnknown, RegionFault
from babyconnect.trust.dpop import Nonces, Proofs
from babyconnect.trust.replays import Replays
from babyconnect.web.compression import Compressed
from babyconnect.wiring import answering, secured
from babyconnect.wiring.answering import Binding
from babyconnect.wiring.deciding import deciding
from babyconnect.wiring.drawing import drawn_here
from babyconnect.wiring.holding import Elsewhere
from babyconnect.wiring.journal import journal_of
from babyconnect.wiring.keys import STEP_SECONDS, refusals
from babyconnect.wiring.link import Link, open_link
from babyconnect.wiring.stores import open_store
from babyconnect.workers import questions
from babyconnect.workers.bearers import Remembered, WorkerBearers
from babyconnect.workers.giving import Doing
from babyconnect.workers.handing_on import HandOn
from babyconnect.workers.line import Line, LineFault
from babyconnect.workers.page import Page
from babyconnect.workers.questions import Ready
from babyconnect.workers.supervising import Ends
from babyconnect.workers.turns import LeasedTurns

TELL_EVERY_SECONDS = 1.0
AGAIN_SECONDS = 0.5
SOURCE = "/fhir/stu3"
FOR_PEOPLE = ("/viewer", "/client")


Linked = Callable[[pathlib.Path], Awaitable[Link]]


async def build(
    path: pathlib.Path, page: Page, own: Ends, linked: Linked = open_link
) -> tuple[App, Callable[[], Awaitable[None]]]:
    """The worker's application, and how to close it.  `own`: its ends of its lines; `linked` opens the link."""
    async with contextlib.AsyncExitStack() as opening:
        line, hand_on = await _lines(own, opening)
        link = await linked(path)
        opening.push_async_callback(link.close)
        app = await _opened(link, page, line, hand_on, opening)
        await _working(link, line, own[2], opening)
        return app, opening.pop_all().aclose


def _end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


async def _lines(own: Ends, opening: contextlib.AsyncExitStack) -> tuple[Line, HandOn]:
    line, hand_on = Line(_end), HandOn()
    await line.begin(own[0])
    await hand_on.begin(own[1])
    opening.callback(line.close)
    opening.callback(hand_on.close)
    # What a first start makes (keys, files) is made by the keeper.
    await line.ask(Ready(), bool)
    return line, hand_on


async def _opened(link: Link, page: Page, line: Line, hand_on: HandOn, opening: contextlib.AsyncExitStack) -> App:
    link.consents.start()
    counts, mounts = Counts(), [("", cast(App, hand_on))]
    # Pages are the keeper's; compressing them, which costs more than the rest of an answer, is done here.
    mounts += [(path, cast(App, Compressed(cast(Any, hand_on)))) for path in FOR_PEOPLE]
    lasting = [_keep_counting(line, counts), _keep_keys(link)]
    if not link.chosen.node.fault:
        source, remembered = await _source(link, page, line, hand_on, opening)
        mounts.append((SOURCE, source))
        lasting.append(_keep_looking(remembered))
    for one in lasting:
        opening.push_async_callback(_stopped, asyncio.create_task(one))
    app = Counted(Mounts(mounts), counts)
    return secured.behind_both(app, link.chosen.tls, NODE, link.party.ura.value, refusals(journal_of(link, line)))


async def _source(
    link: Link, page: Page, line: Line, hand_on: HandOn, opening: contextlib.AsyncExitStack
) -> tuple[SourceApi, Remembered]:
    store = await open_store(link, writes=False)
    opening.push_async_callback(store.close)
    journal = journal_of(link, line)
    decides = deciding(link, journal, _elsewhere(line) if link.chosen.mitz.base_url else None)
    opening.callback(decides.close)

    def forget() -> None:
        door.forget()
        store.forget()
        decides.policies.forget()

    remembered = Remembered(line, page, time.time, forget, link.roster.moved)
    door = answering.door_of(link, store, journal, decides, Binding(remembered.bind, _not_here))
    proofs = Proofs(Replays(0.0), Nonces(page.secret, time.time), time.time, link.chosen.tokens.dpop_nonce)
    gate = Gate(WorkerBearers(remembered, proofs, link.machine_base, line, time.time).admit, _handed_on)
    turns = LeasedTurns(line, time.monotonic)
    return SourceApi(door, gate, f"{link.machine_base}{SOURCE}", rates=turns, elsewhere=hand_on), remembered


async def _working(link: Link, line: Line, given: socket.socket, opening: contextlib.AsyncExitStack) -> None:
    """From now on this worker fills screens, as soon as it knows where to ask."""
    doing = Doing(drawn_here(link, line, opening))
    await doing.begin(given)
    opening.callback(doing.close)
    opening.push_async_callback(_stopped, asyncio.create_task(_able(link, doing)))


async def _able(link: Link, doing: Doing) -> None:
    while True:
        try:
            await link.directory.load()
            break
        except RegionFault:
            await asyncio.sleep(AGAIN_SECONDS)
    link.directory.start()
    doing.able()


def _not_here(session: object, who: Herself) -> bool:
    """A client who asks for her own is the keeper's: her token binds nothing here."""
    return False


async def _handed_on(unbelieved: Unbelieved, request: Request) -> None:
    raise RuntimeError("who is not believed is handed on")


def _elsewhere(line: Line) -> Elsewhere:
    async def asked(client: str, asker: Asker, said: tuple[Consent, ...]) -> tuple[Consent, ...]:
        try:
            return await line.ask(questions.Elsewhere(client, asker, said), tuple[Consent, ...])
        except LineFault as fault:
            raise ConsentsUnknown(str(fault)) from None

    return asked


async def _keep_counting(line: Line, counts: Counts) -> None:
    while True:
        await asyncio.sleep(TELL_EVERY_SECONDS)
        line.count(counts.own)


async def _keep_looking(remembered: Remembered) -> None:
    """Also while nobody asks: what was destroyed is not remembered here either."""
    while True:
        await asyncio.sleep(TELL_EVERY_SECONDS)
        remembered.look()


async def _keep_keys(link: Link) -> None:
    """The keeper takes the steps of a rotation; here the key that signs now is followed."""
    while True:
        await asyncio.sleep(STEP_SECONDS)
        link.ring.look()


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
