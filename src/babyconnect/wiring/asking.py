"""Consult once from a terminal, by a node's own configuration; its log has a chain of its own beside the node's."""

from __future__ import annotations

import contextlib
import os
import pathlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from babyconnect.audit.log import AuditLog
from babyconnect.birthcare.access import Purpose
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Person
from babyconnect.exchange.contract import Asking
from babyconnect.exchange.http1 import Http
from babyconnect.flows.consult import ConsultEvent, ConsultingNode, consult
from babyconnect.wiring import consulting, files
from babyconnect.wiring.link import open_link


@dataclass(slots=True)
class Consulted:
    """One consult: what came, when (monotonic seconds), and the trace that both ends logged."""

    answers: list[SourceAnswer] = field(default_factory=list)
    trace: str = ""
    first: float = 0.0
    complete: float = 0.0


@contextlib.asynccontextmanager
async def opened(path: pathlib.Path, consulted: Consulted) -> AsyncIterator[ConsultingNode]:
    """The node that `path` configures, to consult from while it may itself be running."""
    link = await open_link(path)
    http = Http()
    log = AuditLog.open(
        link.beside(link.chosen.audit.folder) / f"terminal-{os.getpid()}", link.party.ura.value, link.key
    )
    try:
        await link.directory.load()
        key = files.secret(link.beside(link.chosen.keys.tenant_secret_file))
        node = consulting.consulting_node(link, log, http, key)

        async def note(happened: ConsultEvent) -> object:
            consulted.trace = consulted.trace or happened.traceparent.split("-")[1]
            return await inner(happened)

        inner = node.note
        yield replace(node, note=note)
    finally:
        http.close()
        await link.close()
        log.close()


async def consult_once(path: pathlib.Path, person: Person, bsn: Bsn, purpose: Purpose = Purpose.TREATMENT) -> Consulted:
    """Every answer of one consult."""
    consulted = Consulted()
    async with opened(path, consulted) as node:
        async for step in consult(Asking(person, purpose, bsn), node):
            if isinstance(step, SourceAnswer):
                consulted.first = consulted.first or time.monotonic()
                consulted.answers.append(step)
        consulted.complete = time.monotonic()
    return consulted
