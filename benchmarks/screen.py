"""What the screen adds to a consult: from a source's answer to the first item, and to the complete record.

Eight scripted sources answer after 50 ms with 40 resources each; merging, view, drawing and the event stream are real,
in the processes that a node has: workers draw, the one that has the pages is sent what changed (`--workers 1`: all of
it here).  The limit is the sources' own 50 ms.  `python -m benchmarks.screen [--rounds 20] [--workers 2]`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import uvloop

from babyconnect.audit.faults import Receipt
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.delivery import build_view
from babyconnect.delivery.view import View
from babyconnect.flows.viewing import Asked, Viewing
from babyconnect.merge import merge
from babyconnect.web.rendering import Pages
from babyconnect.web.viewer.drawing import Drawing, Fill, Wanted
from babyconnect.web.viewer.events import events
from babyconnect.web.viewer.fragments import Drawer
from babyconnect.web.viewer.records import OpenedRecord
from babyconnect.wiring.drawing import drawn_by, for_whom, work_of
from babyconnect.workers.giving import Does
from babyconnect.workers.line import Line
from benchmarks import several
from benchmarks.several import processor

SOURCES, RESOURCES, WAIT_SECONDS, VIEWERS = 8, 40, 0.05, 50
PERSON = Person("p1", "Anna", Role.MIDWIFE)
BSN = Bsn("999900730")
PARTIES = [Party(Ura(f"{n:08}"), f"Bron {n}", Kind.HOSPITAL) for n in range(1, SOURCES + 1)]


def resources(source: int) -> tuple[dict[str, Any], ...]:
    """A woman, her episode, and blood pressures on different days."""
    woman = {"resourceType": "Patient", "id": "w", "birthDate": "1995-03-04", "name": [{"text": "Noor Voorbeeld"}]}
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "364320009", "display": "Zwangerschap"}]}
    period = {"start": "2026-01-05"}
    patient = {"reference": "Patient/w", "display": "Noor Voorbeeld"}
    episode = {"resourceType": "EpisodeOfCare", "id": "e", "status": "active", "type": [code], "patient": patient,
               "period": period}  # fmt: skip
    found = [woman, episode]
    for number in range(RESOURCES - 2):
        day = dt.date(2026, 1, 5) + dt.timedelta(days=7 * number + source)
        coding = {"system": "http://loinc.org", "code": "29463-7", "display": "Lichaamsgewicht"}
        found.append({
            "resourceType": "Observation", "id": f"o{number}", "status": "final", "code": {"coding": [coding]},
            "subject": patient, "context": {"reference": "EpisodeOfCare/e", "display": "Dossier"},
            "effectiveDateTime": day.isoformat(),
            "valueQuantity": {"value": 60 + number / 10 + source, "unit": "kg", "code": "kg",
                              "system": "http://unitsofmeasure.org"},
        })  # fmt: skip
    return tuple(found)


ANSWERS = [
    SourceAnswer(party, "answered", resources(number), WAIT_SECONDS * 1000, client="w")
    for number, party in enumerate(PARTIES)
]


async def consult(bsn: Bsn, person: Person) -> AsyncIterator[Asked | SourceAnswer]:
    """All at once after the wait, as healthy sources do."""
    yield Asked(tuple(PARTIES))
    await asyncio.sleep(WAIT_SECONDS)
    for answer in ANSWERS:
        yield answer
        await asyncio.sleep(0)


def picture(answers: Sequence[SourceAnswer], today: dt.date, busy: Sequence[Party], kept: dict[Any, Any]) -> View:
    return build_view(merge(answers, today), busy, kept)


def drawing() -> Drawing:
    viewing: Viewing[View] = Viewing(consult, picture, lambda: dt.datetime.now(dt.UTC))
    return Drawing(viewing, Pages("/viewer/static", "/viewer/"))


def serve(*files: str) -> None:
    """A worker that draws."""

    async def made(line: Line) -> tuple[Does, Callable[[], None]]:
        return for_whom(work_of(drawing(), lambda bsn: "")), lambda: None

    several.serve(files, made)


async def look(fill: Fill, pages: Pages) -> tuple[float, float]:
    """One viewer: seconds to the first item and to the last, over the sources' own wait."""
    began = time.perf_counter()
    record = OpenedRecord(BSN, "nl", lambda language: Drawer(pages, language))
    record.fill(fill(Wanted(BSN, PERSON, "nl")))
    first = 0.0
    async for part in events(record, 1):
        if not first and b"sectie-" in part and b"regel-naam" in part:
            first = time.perf_counter() - began
    record.close()
    return first - WAIT_SECONDS, time.perf_counter() - began - WAIT_SECONDS


async def no_log(written: Sequence[bytes]) -> Receipt:
    raise AssertionError("nothing is logged here")


async def measure(rounds: int, workers: int) -> None:
    pages = Pages("/viewer/static", "/viewer/")
    async with contextlib.AsyncExitStack() as opening:
        fill, others = drawing().open, list[int]()
        if workers > 1:
            found = await several.started(["benchmarks.screen", "worker"], workers, no_log, opening)
            fill, others = drawn_by(found.work, lambda bsn, pseudonym: None), found.ids
        await asyncio.gather(*(look(fill, pages) for _ in range(2 * workers)))
        alone = [await look(fill, pages) for _ in range(rounds)]
        before = [processor(process) for process in (os.getpid(), *others)]
        together = await asyncio.gather(*(look(fill, pages) for _ in range(VIEWERS)))
        after = [processor(process) for process in (os.getpid(), *others)]
    print(f"{SOURCES} sources of {WAIT_SECONDS * 1000:.0f} ms, {RESOURCES} resources each; {workers} processes draw")
    for name, runs in (("alone", alone), (f"{VIEWERS} at once", together)):
        first, whole = (statistics.median(column) * 1000 for column in zip(*runs, strict=True))
        worst = max(run[1] for run in runs) * 1000
        print(f"{name:12} first item +{first:.1f} ms, complete +{whole:.1f} ms (worst +{worst:.1f} ms)")
    took = [f"{(then - now) * 1000:.0f}" for now, then in zip(before, after, strict=True)]
    print(f"{VIEWERS} at once, ms of processor: {took[0]} here{', workers ' if others else ''}{' and '.join(took[1:])}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        serve(*sys.argv[2:])
        sys.exit()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    uvloop.run(measure(chosen.rounds, chosen.workers))
