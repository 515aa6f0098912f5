"""Find events in a log: by client, person, organisation, period, or the trace that both ends of an exchange share.

Whoever reads is logged too, but by the flow that lets them, not here.  A segment is looked through as bytes, so that
one client's events among a million are found in a second or two without parsing everybody's; segments outside the
period are not opened beyond their first line.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from babyconnect.audit import folder

SLACK = dt.timedelta(hours=1)
"""How far the moments of neighbouring records may be out of order (an event waits; a clock is set back)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event and its place in the chain."""

    seq: int
    hash: str
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for: everything given must hold.  `clients`: the opaque ids and pseudonyms by which she is known.
    `trace`: the 32 hex digits that one exchange has at both ends, or a whole traceparent.  `since` is included, `until`
    is not."""

    clients: frozenset[str] = frozenset()
    person: str = ""
    organisation: str = ""
    trace: str = ""
    types: frozenset[str] = frozenset()
    outcome: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


EVERYTHING = Wanted()


def search(path: Path, wanted: Wanted = EVERYTHING, newest_first: bool = False) -> Iterator[Entry]:
    """The events that match, in the order of each log.  Unreadable lines are passed over: `verify` reports them."""
    logs = [path] if folder.is_log(path) else [below for below in sorted(path.glob("**/")) if folder.is_log(below)]
    for log in reversed(logs) if newest_first else logs:
        chosen = _within(folder.segments(log), wanted)
        for segment in reversed(chosen) if newest_first else chosen:
            yield from _searched(segment, wanted, newest_first)


def _searched(segment: Path, wanted: Wanted, newest_first: bool) -> Iterator[Entry]:
    content = segment.read_bytes()
    for line in _lines(content, _needles(wanted), newest_first):
        entry = _entry(line)
        if entry and _matches(entry.event, wanted):
            yield entry


def _needles(wanted: Wanted) -> tuple[bytes, ...]:
    """Texts of which a line that matches has one: the rarest of what is asked; () when nothing narrows it down."""
    if wanted.clients:
        return tuple(client.encode() for client in sorted(wanted.clients))
    rarest = trace_id(wanted.trace) or wanted.person or wanted.organisation
    if rarest:
        return (rarest.encode(),)
    return tuple(b'"type":"%s"' % type.encode() for type in sorted(wanted.types))


def _lines(content: bytes, needles: tuple[bytes, ...], newest_first: bool) -> Iterator[bytes]:
    if not needles:
        yield from _backwards(content) if newest_first else content.splitlines()
        return
    starts = sorted(set(itertools.chain.from_iterable(_hits(content, needle) for needle in needles)))
    for start in reversed(starts) if newest_first else starts:
        yield content[start : _end(content, start)]


def _hits(content: bytes, needle: bytes) -> Iterator[int]:
    """Where the lines begin that hold this text."""
    at = content.find(needle)
    while at >= 0:
        start = content.rfind(b"\n", 0, at) + 1
        yield start
        at = content.find(needle, _end(content, start))


def _backwards(content: bytes) -> Iterator[bytes]:
    end = len(content)
    while end > 0:
        start = content.rfind(b"\n", 0, end - 1) + 1
        yield content[start:end].rstrip(b"\n")
        end = start


def _end(content: bytes, start: int) -> int:
    end = content.find(b"\n", start)
    return end if end >= 0 else len(content)


def _within(segments: list[Path], wanted: Wanted) -> list[Path]:
    """The segments that can hold something of the period, by the moment of their first record and of the next one's."""
    if wanted.since is None and wanted.until is None:
        return segments
    firsts = [_first_moment(segment) for segment in segments]
    since = text_of(wanted.since - SLACK) if wanted.since else ""
    until = text_of(wanted.until + SLACK) if wanted.until else ""
    return [
        segment
        for segment, first, following in zip(segments, firsts, [*firsts[1:], ""], strict=True)
        if (not until or not first or first < until) and (not following or following >= since)
    ]


def _first_moment(segment: Path) -> str:
    return folder.moment_of(next(folder.lines(segment), b""))


def trace_id(text: str) -> str:
    """The part of a W3C traceparent that both ends share; a bare trace id stays as it is."""
    parts = text.split("-")
    return parts[1] if len(parts) == 4 else text


def _entry(line: bytes) -> Entry | None:
    try:
        content = orjson.loads(line)
        return Entry(content["seq"], content["hash"], content["event"])
    except (ValueError, KeyError, TypeError):
        return None


def _matches(event: Mapping[str, Any], wanted: Wanted) -> bool:
    actor = event.get("actor") or {}
    at = str(event.get("at", ""))
    trace = trace_id(wanted.trace)
    return (
        (not wanted.clients or bool(wanted.clients & {event.get("client"), event.get("pseudonym")}))
        and (not wanted.person or wanted.person in (actor.get("person"), actor.get("responsible")))
        and (not wanted.organisation or wanted.organisation == actor.get("organisation"))
        and (not trace or trace_id(str(event.get("trace", ""))) == trace)
        and (not wanted.types or event.get("type") in wanted.types)
        and (not wanted.outcome or event.get("outcome") == wanted.outcome)
        and (wanted.since is None or at >= text_of(wanted.since))
        and (wanted.until is None or at < text_of(wanted.until))
    )


def text_of(moment: dt.datetime) -> str:
    """A moment as every event has it: UTC, milliseconds, `Z`; so moments compare as text."""
    there = moment if moment.tzinfo is dt.UTC else moment.astimezone(dt.UTC)
    start, text = _second[0]
    since = there - start
    if since.days or since.seconds:
        # Nearly every event is of the second of the one before it, whose text is kept.
        start = there.replace(microsecond=0)
        since, text = there - start, start.isoformat()[:-6]
        _second[0] = (start, text)
    return f"{text}.{since.microseconds // 1000:03d}Z"


_second = [(dt.datetime(2000, 1, 1, tzinfo=dt.UTC), "2000-01-01T00:00:00")]
"""The last second and its text, together: threads ask too."""
