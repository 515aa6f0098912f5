"""Two nodes compare their logs of each other (trust.md §7): automatically, by digests that hold nothing of anybody.

The asking node sends the traces that it answered for the other; the other sends what it answered for us, and what it
asked of us.  Both signed, both logged.  What lies at the edge of the period is compared but not held against anyone.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babyconnect.audit import reading, reconcile
from babyconnect.audit.event import About, Actor
from babyconnect.audit.reading import Wanted
from babyconnect.audit.reconcile import Difference, End, Reconciled
from babyconnect.flows.journal import Came, Journal

PATH = "/.well-known/audit/reconcile"
LONGEST = dt.timedelta(days=8)
MOST = 200_000

Ends = dict[str, tuple[End, bool]]
"""Per trace how it ended, and whether that was within the period (or in its margin)."""
Send = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""(URA, question) -> the other node's answer; its faults are raised."""


class NotUnderstood(ValueError):
    """A question or an answer that is not of this form."""


@dataclass(frozen=True, slots=True)
class Comparing:
    """One node's side.  `folder`: below it lie its logs."""

    folder: Path
    journal: Journal

    async def answer(self, other: str, asked: Mapping[str, Any], came: Came) -> dict[str, Any]:
        """What this node's log says of its exchanges with organisation `other`; logged before it is told."""
        since, until = _period(asked)
        named = asked.get("answered")
        if not isinstance(named, list) or len(named) > MOST or not all(isinstance(one, str) for one in named):
            raise NotUnderstood("answered")
        about = About(object=f"period/{since.date()}")
        await self.journal.note("log.reconcile", "ok", Actor(other), about, came=came)
        answered, mine = await asyncio.to_thread(self._both, other, since, until)
        wanted = set(named)
        told = {trace: end for trace, end in mine.items() if end[0] is not End.STARTED or trace in wanted}
        return {"answered": answered, "asked": told}

    async def compare(self, other: str, since: dt.datetime, until: dt.datetime, send: Send) -> list[Reconciled]:
        """Both directions: what we asked of them, what they asked of us."""
        own = self.journal.own.ura.value
        answered, asked = await asyncio.to_thread(self._both, other, since, until)
        question = {"since": since.isoformat(), "until": until.isoformat(), "answered": list(answered)}
        about = About(object=f"period/{since.date()}")
        await self.journal.note("log.reconcile", "ok", Actor(other), about)
        told = await send(other, question)
        theirs_answered, theirs_asked = _ends(told.get("answered")), _ends(told.get("asked"))
        return [_compared(own, other, asked, theirs_answered), _compared(other, own, theirs_asked, answered)]

    def partners(self, since: dt.datetime, until: dt.datetime) -> set[str]:
        """The other organisations that this node exchanged with in a period."""
        found: set[str] = set()
        for entry in reading.search(self.folder, Wanted(since=since, until=until)):
            event = entry.event
            if event.get("side") == "asker" and event.get("resource") == "answered":
                found.add(str(event.get("holder", "")))
            elif event.get("side") == "holder" and event.get("outcome") == "ok":
                found.add(str((event.get("actor") or {}).get("organisation", "")))
        return found - {"", self.journal.own.ura.value}

    def _both(self, other: str, since: dt.datetime, until: dt.datetime) -> tuple[Ends, Ends]:
        period = Wanted(since=since, until=until)
        wider = list(reading.search(self.folder, reconcile.widened(period)))
        first, last = reading.text_of(since), reading.text_of(until)
        within = [entry for entry in wider if first <= str(entry.event.get("at", "")) < last]
        answered = _marked(reconcile.answered(wider, other), reconcile.answered(within, other))
        return answered, _marked(reconcile.asked(wider, other), reconcile.asked(within, other))


def differences(found: Iterable[Reconciled]) -> list[Difference]:
    return [difference for one in found for difference in one.differences]


def _compared(asker: str, holder: str, at_asker: Ends, at_holder: Ends) -> Reconciled:
    """Only of traces that at one end at least lie within the period, so that no edge makes a difference."""
    within = {trace for ends in (at_asker, at_holder) for trace, (_, inside) in ends.items() if inside}
    return reconcile.compare(
        asker,
        holder,
        {trace: end for trace, (end, _) in at_asker.items() if trace in within},
        {trace: end for trace, (end, _) in at_holder.items() if trace in within},
    )


def _marked(wider: Mapping[str, End], within: Mapping[str, End]) -> Ends:
    return {trace: (end, trace in within) for trace, end in wider.items()}


def _period(asked: Mapping[str, Any]) -> tuple[dt.datetime, dt.datetime]:
    try:
        since, until = (dt.datetime.fromisoformat(str(asked[name])) for name in ("since", "until"))
        if not dt.timedelta() < until - since <= LONGEST:
            raise NotUnderstood("period")
    except (KeyError, ValueError, TypeError) as problem:
        raise NotUnderstood("period") from problem
    return since, until


def _ends(told: Any) -> Ends:
    """Another node's digest, checked: it is not believed to be of this form."""
    if not isinstance(told, Mapping) or len(told) > MOST:
        raise NotUnderstood("digest")
    try:
        return {str(trace): (End(end), inside is True) for trace, (end, inside) in told.items()}
    except (ValueError, TypeError) as problem:
        raise NotUnderstood("digest") from problem
