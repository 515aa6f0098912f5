"""A node hears of emergencies in which somebody whom it keeps was searched for, for as long as it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from babyconnect.definitions import document
from babyconnect.flows.break_glass import BreakGlass
from babyconnect.flows.journal import AuditFault
from babyconnect.network.contract import RegionFault, Searches, Sought, Unread
from babyconnect.network.database import DatabaseFault
from babyconnect.network.unheard import Unheard, Why

_log = structlog.get_logger(__name__)


async def hear(searches: Searches, glass: BreakGlass) -> int:
    """One round: what is in our log and queue is taken note of, the rest stays at the region for the next time.

    One that cannot be taken note of is listed, for people to settle, and keeps those behind it back in no way: the
    region is asked on from there."""
    heard, after = 0, 0
    while told := await searches.waiting(after):
        failed = [(one, why) for one in told if (why := await _refused(one, glass))]
        kept = {one.number for one, _ in failed}
        done = [one.number for one in told if one.number not in kept]
        if done:
            await searches.taken(done)
        await _listed(failed, done, glass)
        heard += len(done)
        last = max(one.number for one in told)
        if last <= after:
            break
        after = last
    return heard


async def _refused(one: Sought | Unread, glass: BreakGlass) -> Why | None:
    """What would not take it; None when it is taken note of."""
    if isinstance(one, Unread):
        return "unreadable"
    try:
        await glass.sought(one)
    except (AuditFault, DatabaseFault, ValueError) as fault:
        _log.error("emergency_waits", number=one.number, reason=type(fault).__name__)
        return "book" if isinstance(fault, DatabaseFault) else "log"
    return None


async def _listed(failed: Sequence[tuple[Sought | Unread, Why]], done: Sequence[int], glass: BreakGlass) -> None:
    since = glass.journal.clock()
    rows = [Unheard(one.number, _asker(one), _moment(one), why, since) for one, why in failed]
    try:
        await glass.book.unheard.note(rows)
        await glass.book.unheard.forget(done)
    except DatabaseFault as fault:
        _log.error("unheard_not_listed", reason=str(fault))


def _asker(one: Sought | Unread) -> str:
    return one.asker.value if isinstance(one, Sought) else one.asker


def _moment(one: Sought | Unread) -> str:
    return one.moment.isoformat(timespec="seconds") if isinstance(one, Sought) else one.moment


async def keep_hearing(searches: Searches, glass: BreakGlass) -> None:
    every = float(document("network.toml")["sought"]["every_seconds"])
    while True:
        try:
            await hear(searches, glass)
        except RegionFault as fault:
            _log.warning("emergencies_not_heard", reason=str(fault))
        await asyncio.sleep(every)
