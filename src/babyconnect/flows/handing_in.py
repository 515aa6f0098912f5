"""A practice hands in its spreadsheet itself: what is wrong with it first, then published, client by client.

Checking keeps nothing.  Publishing is `flows.publish`, with an event in the log for each client, as at the intake.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from babyconnect.birthcare.parties import Person
from babyconnect.flows.findings import Finding, InputReport, Report
from babyconnect.flows.inputs import Input, Refusal, read
from babyconnect.flows.journal import About, Came, Grounds, Journal, Outcome
from babyconnect.flows.translating import READERS
from babyconnect.sources import Record
from babyconnect.sources.tabular.reading import is_ours


@dataclass(frozen=True, slots=True)
class Checked:
    """What publishing would find: clients that would go in, those that would not, every finding."""

    good: int
    refused: int
    findings: tuple[Finding, ...]


class HandingIn:
    """One node's.  `publish` publishes an input; `limit`: bytes of a file."""

    def __init__(self, publish: Callable[[Input], Awaitable[Report]], journal: Journal, limit: int) -> None:
        self._publish, self._journal, self.limit = publish, journal, limit

    async def check(self, content: bytes, name: str) -> Checked:
        """What is wrong with a file; nothing of it is kept."""
        return await asyncio.to_thread(checked, content, name, self.limit, self._journal.clock().date())

    async def publish(self, content: bytes, name: str, person: Person, came: Came) -> Sequence[InputReport]:
        """What came of each client.  Logged when it is kept: who sends it again finds it there, and that is logged."""
        report = await self._publish(Input(name, content=content))
        digest = hashlib.sha256(content).hexdigest()
        for one in report.inputs:
            about = About(client=one.client, resource=f"sha256 {digest}", count=one.created + one.updated)
            reasons = tuple(sorted({f.rule for f in one.findings if f.severity == "error"}))
            outcome: Outcome = "refused" if one.status == "refused" else "ok"
            actor, grounds = self._journal.person(person), Grounds(reasons=reasons)
            await self._journal.note("publish", outcome, actor, about, grounds, came)
        return report.inputs


def checked(content: bytes, name: str, limit: int, today: dt.date) -> Checked:
    """As `publish` would find it, as far as that can be seen without the store."""
    if not is_ours(content):
        words = "dit is geen ingevuld sjabloon (.xlsx, of .zip of .csv met de bladen ervan)"
        return Checked(0, 0, (Finding("error", name, "format", words),))
    findings: list[Finding] = []
    good = refused = 0
    for item in read([Input(name, content=content)], limit, {}):
        if isinstance(item, Refusal):
            findings.append(item.finding)
        elif isinstance(item, Record):
            found = READERS[item.format].read(item, today, "").findings
            findings += found
            wrong = any(finding.severity == "error" for finding in found)
            counts = item.extract is None or item.extract.counts
            good, refused = good + (not wrong), refused + (wrong and counts)
    return Checked(good, refused, tuple(_once(findings)))


def _once(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Each finding on a place of the file once: what is wrong at the organisation is found with every client.

    That the file as a whole is refused is said by its own faults already.
    """
    seen: set[tuple[str, str, str]] = set()
    for one in findings:
        _, found, place = one.place.partition(": ")
        key = (place if found else one.place, one.rule, one.text)
        if one.rule != "file" and key not in seen:
            seen.add(key)
            yield one
