"""A node hears of emergencies in which somebody whom it keeps was searched for, for as long as it runs."""

from __future__ import annotations

import asyncio

import structlog

from babyconnect.definitions import document
from babyconnect.flows.break_glass import BreakGlass
from babyconnect.flows.journal import AuditFault
from babyconnect.network.contract import RegionFault, Searches
from babyconnect.network.database import DatabaseFault

_log = structlog.get_logger(__name__)


async def hear(searches: Searches, glass: BreakGlass) -> int:
    """One round: what is in our log and queue is taken note of, the rest stays at the region for the next time.

    One that cannot be taken note of does not keep those behind it back."""
    done = list[int]()
    for one in await searches.waiting():
        try:
            await glass.sought(one)
        except (AuditFault, DatabaseFault) as fault:
            _log.error("emergency_waits", number=one.number, reason=type(fault).__name__)
        else:
            done.append(one.number)
    if done:
        await searches.taken(done)
    return len(done)


async def keep_hearing(searches: Searches, glass: BreakGlass) -> None:
    every = float(document("network.toml")["sought"]["every_seconds"])
    while True:
        try:
            while await hear(searches, glass):
                pass
        except RegionFault as fault:
            _log.warning("emergencies_not_heard", reason=str(fault))
        await asyncio.sleep(every)
