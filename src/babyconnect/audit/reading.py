"""Find events in a log: by client, person, organisation, period, or the trace that both ends of an exchange share.

Whoever reads is logged too, but by the flow that lets them, not here.  Lines are first sifted as bytes, so that looking
for one client does not parse everybody's events.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from babyconnect.audit import chain, folder


@dataclass(frozen=True, slots=True)
class Entry:
    """One event and its place in the chain."""

    seq: int
    hash: str
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for: everything given must hold.  `client`: her opaque id or pseudonym.  `trace`: the 32 hex
    digits that one exchange has at both ends, or a whole traceparent.  `since` is included, `until` is not."""

    client: str = ""
    person: str = ""
    organisation: str = ""
    trace: str = ""
    type: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def search(path: Path, wanted: Wanted = Wanted()) -> Iterator[Entry]:
    """The events that match, oldest first.  Unreadable lines are passed over: `verify` is what reports them."""
    logs = [path] if folder.is_log(path) else [below for below in sorted(path.glob("**/")) if folder.is_log(below)]
    trace = trace_id(wanted.trace)
    needles = [text.encode() for text in (wanted.client, wanted.person, wanted.organisation, trace) if text]
    for log in logs:
        for segment in folder.segments(log):
            for line in folder.lines(segment):
                if all(needle in line for needle in needles):
                    entry = _entry(line)
                    if entry and _matches(entry.event, wanted, trace):
                        yield entry


def trace_id(text: str) -> str:
    """The part of a W3C traceparent that both ends share; a bare trace id stays as it is."""
    parts = text.split("-")
    return parts[1] if len(parts) == 4 else text


def _entry(line: bytes) -> Entry | None:
    link = chain.read(line.rstrip(b"\n"))
    if link is None:
        return None
    try:
        return Entry(link.seq, link.stated, orjson.loads(link.event))
    except ValueError:
        return None


def _matches(event: Mapping[str, Any], wanted: Wanted, trace: str) -> bool:
    actor = event.get("actor") or {}
    at = str(event.get("at", ""))
    return (
        (not wanted.client or wanted.client in (event.get("client"), event.get("pseudonym")))
        and (not wanted.person or wanted.person in (actor.get("person"), actor.get("responsible")))
        and (not wanted.organisation or wanted.organisation == actor.get("organisation"))
        and (not trace or trace_id(str(event.get("trace", ""))) == trace)
        and (not wanted.type or event.get("type") == wanted.type)
        and (wanted.since is None or at >= text_of(wanted.since))
        and (wanted.until is None or at < text_of(wanted.until))
    )


def text_of(moment: dt.datetime) -> str:
    """A moment as every event has it: UTC, milliseconds, `Z`; so moments compare as text."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
