"""The two ends of each exchange compared: what one log says and the other does not, or says otherwise (trust.md §7).

Asker and holder log every exchange under the same trace.  Of each end a digest is made: per trace only how it ended,
nothing about anybody.  Pure but for reading the logs; digests are what nodes send each other.

Not every difference is one: a source that was never reached knows nothing, an answer may be lost on its way, and who
closes a screen stops waiting.  A refusal and an empty record are the same to the asker (domain §4).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from babyconnect.audit import reading
from babyconnect.audit.reading import Entry, Wanted, trace_id

MARGIN = dt.timedelta(minutes=10)
"""How far clocks and waiting may put the two ends of one exchange apart."""


class End(StrEnum):
    """How an exchange ended, as one end saw it; the asker's first, then the holder's."""

    STARTED = "started"
    RECEIVED = "received"
    EMPTY = "empty"
    REFUSED = "refused"
    FAILED = "failed"
    ASKED = "asked"
    WITHHELD = "withheld"
    RELEASED = "released"


Digest = Mapping[str, End]
"""Per trace how it ended."""

_WEIGHT = {end: place for place, end in enumerate(End)}
_ASKER = {"answered": End.RECEIVED, "refused": End.REFUSED}


@dataclass(frozen=True, slots=True)
class Difference:
    """One exchange of which the two logs do not agree."""

    what: str
    asker: str
    holder: str
    trace: str
    at_asker: End | None
    at_holder: End | None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """`exchanges`: how many were compared; `lost`: released but never received (a lost answer)."""

    exchanges: int
    lost: int
    differences: tuple[Difference, ...]


def asked(entries: Iterable[Entry], holder: str) -> dict[str, End]:
    """The asker's end of its exchanges with one holder; those that only began stand there as started."""
    found: dict[str, End] = {}
    for entry in entries:
        event = entry.event
        if event.get("type") != "consult" or event.get("side") != "asker":
            continue
        if event.get("holder") and event["holder"] != holder:
            continue
        _note(found, event, _asker_end(event))
    return found


def answered(entries: Iterable[Entry], asker: str) -> dict[str, End]:
    """The holder's end of its exchanges with one asker."""
    found: dict[str, End] = {}
    for entry in entries:
        event = entry.event
        actor = event.get("actor") or {}
        if event.get("side") == "holder" and actor.get("organisation") == asker:
            _note(found, event, _holder_end(event))
    return found


def compare(asker: str, holder: str, at_asker: Digest, at_holder: Digest) -> Reconciled:
    """What the two ends do not agree on."""
    traces = [trace for trace, end in at_asker.items() if end is not End.STARTED]
    traces += [trace for trace in at_holder if at_asker.get(trace, End.STARTED) is End.STARTED]
    differences, lost = [], 0
    for trace in traces:
        one, other = at_asker.get(trace), at_holder.get(trace)
        what = _difference(one, other)
        if what:
            differences.append(Difference(what, asker, holder, trace, one, other))
        lost += other is End.RELEASED and one in (End.FAILED, End.REFUSED, End.EMPTY, End.STARTED)
    return Reconciled(len(traces), lost, tuple(differences))


def _difference(at_asker: End | None, at_holder: End | None) -> str:
    if at_asker is None:
        return "missing_at_asker"
    if at_holder is None:
        # One who was never reached, or not asked any more, knows nothing.
        return "" if at_asker in (End.FAILED, End.STARTED) else "missing_at_holder"
    if at_asker is End.RECEIVED and at_holder is not End.RELEASED:
        return "contradicting"
    return ""


def logs(asker: Path, holder: Path, asker_ura: str, holder_ura: str, wanted: Wanted = reading.EVERYTHING) -> Reconciled:
    """Two logs on this machine: the exchanges that one asked of the other in a period."""
    wider = widened(wanted)
    at_asker = asked(reading.search(asker, wider), holder_ura)
    at_holder = answered(reading.search(holder, wider), asker_ura)
    mine = asked(reading.search(asker, wanted), holder_ura)
    theirs = answered(reading.search(holder, wanted), asker_ura)
    return compare(
        asker_ura,
        holder_ura,
        {trace: end for trace, end in at_asker.items() if trace in mine or trace in theirs},
        {trace: end for trace, end in at_holder.items() if trace in mine or trace in theirs},
    )


def widened(wanted: Wanted) -> Wanted:
    """The same period with a margin at both sides, for the other end of what lies within."""
    since = wanted.since - MARGIN if wanted.since else None
    until = wanted.until + MARGIN if wanted.until else None
    return Wanted(since=since, until=until)


def _note(found: dict[str, End], event: Mapping[str, Any], end: End) -> None:
    trace = trace_id(str(event.get("trace", "")))
    if trace and _WEIGHT[end] >= _WEIGHT.get(found.get(trace, End.STARTED), 0):
        found[trace] = end


def _asker_end(event: Mapping[str, Any]) -> End:
    if not event.get("holder"):
        return End.STARTED
    end = _ASKER.get(str(event.get("resource", "")), End.FAILED)
    return End.EMPTY if end is End.RECEIVED and not event.get("count") else end


def _holder_end(event: Mapping[str, Any]) -> End:
    if event.get("outcome") != "ok":
        return End.WITHHELD
    return End.ASKED if event.get("type") == "token.issue" else End.RELEASED
