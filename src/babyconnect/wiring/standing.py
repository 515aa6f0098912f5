"""How a node or a region stands, for whoever runs it: `/health`, figures, and a line on the output when it changes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

import structlog

from babyconnect.audit.log import AuditLog
from babyconnect.trust.ends import Ends
from babyconnect.trust.tls import Material
from babyconnect.wiring.link import Link
from babyconnect.wiring.oversight import state_of

LOOK_EVERY_SECONDS = 60.0
AGAIN_AFTER_LOOKS = 60
"""What stays wrong is said again each hour."""
_log = structlog.get_logger(__name__)


def of_node(link: Link, log: AuditLog, workers: int | None) -> Mapping[str, object]:
    """What `/health` says beside that the process serves."""
    known: dict[str, object] = {"organisation": link.party.name, "parties": len(link.directory.parties())}
    if workers is not None:
        # The process that was started, and that ends them all.
        known |= {"process": os.getppid(), "workers": workers}
    outbox = link.roster.outbox.counts()
    known["pointers"] = {"register": outbox.register, "unregister": outbox.unregister}
    return {**known, **with_ends(state_of(log), link.secured)}


def with_ends(told: Mapping[str, object], material: Material | None) -> Mapping[str, object]:
    """`told`, and how the certificates stand.  Degraded: organisations are shut out, people are not."""
    if material is None:
        return told
    found = material.ends()
    known: dict[str, object] = {name: moment.isoformat() for name, moment in found.moments.items()}
    if found.wrong:
        known |= {"status": "degraded", "wrong": found.wrong}
    if found.soon:
        known["soon"] = found.soon
    return {**known, **told}  # a log that refuses goes before all


def figures(link: Link) -> Mapping[tuple[str, str], float]:
    outbox = link.roster.outbox.counts()
    pointers = {("outbox", "register"): float(outbox.register), ("outbox", "unregister"): float(outbox.unregister)}
    return {**pointers, **figures_of(link.secured)}


def figures_of(material: Material | None) -> Mapping[tuple[str, str], float]:
    if material is None:
        return {}
    found = material.ends()
    known = {("ends_timestamp_seconds", name): moment.timestamp() for name, moment in found.moments.items()}
    known |= {("wrong", reason): 1.0 for reason in found.wrong}
    return known | {("soon", reason): 1.0 for reason in found.soon}


class Watch:
    """Says on the output what is wrong or soon will be: when it begins, each hour, and when it is over."""

    def __init__(self) -> None:
        self._said: dict[str, int] = {}

    def look(self, found: Ends) -> None:
        now = {**dict.fromkeys(found.soon, "ends_soon"), **dict.fromkeys(found.wrong, "organisations_shut_out")}
        for reason, line in now.items():
            looks = self._said.get(reason, 0)
            if looks % AGAIN_AFTER_LOOKS == 0:
                until = {name: moment.isoformat() for name, moment in found.moments.items()}
                _log.warning(line, reason=reason, **until)
            self._said[reason] = looks + 1
        for reason in self._said.keys() - now.keys():
            _log.info("ends_no_more", reason=reason)
            del self._said[reason]


async def keep_watching(material: Material | None) -> None:
    """As long as the process runs."""
    watch = Watch()
    while material is not None:
        watch.look(material.ends())
        await asyncio.sleep(LOOK_EVERY_SECONDS)
