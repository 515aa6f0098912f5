"""Consult once from a terminal, by a node's own configuration; its log has a chain of its own beside the node's."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import pathlib
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace

from babyconnect.audit.log import AuditLog
from babyconnect.birthcare.access import Emergency, Purpose
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Person
from babyconnect.exchange.contract import Asking
from babyconnect.exchange.http1 import Http
from babyconnect.flows.break_glass import Flaw
from babyconnect.flows.consult import ConsultEvent, ConsultingNode, consult
from babyconnect.flows.viewing import Declared
from babyconnect.network.roster import Roster
from babyconnect.settings import beside
from babyconnect.trust import relation
from babyconnect.wiring import consulting, deciding, files
from babyconnect.wiring.holding import asker_relations
from babyconnect.wiring.journal import journal_of
from babyconnect.wiring.link import Link, open_link, roster_file, settings_of


@dataclass(slots=True)
class Consulted:
    """One consult: what came, when (monotonic seconds), and the trace that both ends logged."""

    answers: list[SourceAnswer] = field(default_factory=list)
    trace: str = ""
    first: float = 0.0
    complete: float = 0.0


@contextlib.asynccontextmanager
async def at_terminal(path: pathlib.Path) -> AsyncIterator[tuple[Link, AuditLog]]:
    """The node that `path` configures, while it may itself be running, and a log of this terminal's own."""
    async with contextlib.AsyncExitStack() as opening:
        link = await open_link(path)
        opening.push_async_callback(link.close)
        folder = link.beside(link.chosen.audit.folder) / f"terminal-{os.getpid()}"
        log = AuditLog.open(folder, link.party.ura.value, link.key)
        opening.callback(log.close)
        await link.directory.load()
        yield link, log


async def declare(
    path: pathlib.Path, person: Person, bsn: Bsn, emergency: Emergency, explanation: str
) -> Declared | Flaw:
    """An emergency declared from a terminal: logged, and in the node's book with its review, before it is used."""
    async with at_terminal(path) as (link, log):
        with contextlib.closing(deciding.emergencies_of(link)) as book:
            glass = deciding.glass_of(link, journal_of(link, log), book, deciding.policies_of(link))
            return await glass.declare(person, bsn, emergency, explanation)


@contextlib.asynccontextmanager
async def opened(path: pathlib.Path, consulted: Consulted) -> AsyncIterator[ConsultingNode]:
    """The same, to consult from."""
    async with contextlib.AsyncExitStack() as opening:
        link, log = await opening.enter_async_context(at_terminal(path))
        http = Http(security=link.secured)
        opening.callback(http.close)
        key = files.secret(link.beside(link.chosen.keys.tenant_secret_file))
        node = consulting.consulting_node(link, log, http, key)

        async def note(happened: ConsultEvent) -> object:
            consulted.trace = consulted.trace or happened.traceparent.split("-")[1]
            return await inner(happened)

        inner = node.note
        yield replace(node, note=note)


def treated_here(path: pathlib.Path, clients: Iterable[Bsn], today: dt.date) -> set[Bsn]:
    """Which of these the node that `path` configures has a treatment relationship with today."""
    chosen = settings_of(path)
    secret = files.secret(beside(path, chosen.keys.tenant_secret_file))
    with contextlib.closing(Roster(roster_file(path, chosen), secret)) as roster:
        return {bsn for bsn in clients if relation.standing(asker_relations(roster, bsn), today, "asker")}


async def consult_once(
    path: pathlib.Path,
    person: Person,
    bsn: Bsn,
    purpose: Purpose = Purpose.TREATMENT,
    declared: Declared | None = None,
) -> Consulted:
    """Every answer of one consult; `declared`: asked as that emergency."""
    consulted, asking = Consulted(), Asking(person, purpose, bsn)
    if declared is not None:
        asking = Asking(person, Purpose.EMERGENCY, bsn, (declared.relation,), declared.emergency)
    async with opened(path, consulted) as node:
        async for step in consult(asking, node):
            if isinstance(step, SourceAnswer):
                consulted.first = consulted.first or time.monotonic()
                consulted.answers.append(step)
        consulted.complete = time.monotonic()
    return consulted
