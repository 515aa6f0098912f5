"""A practice hands in its spreadsheet itself: what is wrong with it first, then published, client by client.

Checking keeps nothing.  Publishing is `flows.publish`, with an event in the log for each client, as at the intake;
where the file replaces what was handed in before, `flows.replacing` takes back what is gone: an event too.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from babyconnect.birthcare.parties import Person
from babyconnect.flows import faults
from babyconnect.flows.findings import Finding, InputReport
from babyconnect.flows.inputs import Input, Refusal, read
from babyconnect.flows.journal import About, Came, Grounds, Journal, Outcome
from babyconnect.flows.publish import PublishingNode
from babyconnect.flows.replacing import Gone, publish_instead, vanishing
from babyconnect.flows.translating import READERS
from babyconnect.sources import Record
from babyconnect.sources.tabular.reading import is_ours

MOST_ROWS = 20_000
"""Of a file on the page: somebody waits for it, and a thousand take about two seconds of a processor, twice."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What publishing would find: clients that would go in, those that would not, every finding."""

    good: int
    refused: int
    findings: tuple[Finding, ...]
    gone: tuple[Gone, ...] = ()
    """What would be taken back, where the file replaces what was handed in before."""


class HandingIn:
    """One node's.  `node`: publishes; `limit`: bytes of a file."""

    def __init__(self, node: PublishingNode, journal: Journal, limit: int) -> None:
        self._node, self._journal, self.limit = node, journal, limit

    async def check(self, content: bytes, name: str, replaces: bool = False) -> Checked:
        """What is wrong with a file, and what it would take back; nothing of it is kept."""
        made = await asyncio.to_thread(checked, content, name, self.limit, self._journal.clock().date())
        if not replaces or not made.good:
            return made
        return replace(made, gone=tuple(await vanishing([Input(name, content=content)], self._node)))

    async def publish(
        self, content: bytes, name: str, person: Person, came: Came, shown: Sequence[Gone] = ()
    ) -> Sequence[InputReport]:
        """What came of each client.  Logged when it is kept: who sends it again finds it there, and that is logged.

        `shown`: what is taken back, as somebody saw and agreed; that is logged before it happens.
        """

        async def noted(gone: Gone) -> None:
            about = About(client=gone.client, resource=f"sha256 {digest}", count=len(gone.items))
            await self._journal.note("delete", "ok", self._journal.person(person), about, Grounds(), came)

        digest = hashlib.sha256(content).hexdigest()
        report = await publish_instead([Input(name, content=content)], self._node, shown, noted)
        for one in report.inputs:
            about = About(client=one.client, resource=f"sha256 {digest}", count=one.created + one.updated)
            reasons = tuple(sorted({f.rule for f in one.findings if f.severity == "error"}))
            outcome: Outcome = "fault" if faults.RULE in reasons else "refused" if one.status == "refused" else "ok"
            actor, grounds = self._journal.person(person), Grounds(reasons=reasons)
            await self._journal.note("publish", outcome, actor, about, grounds, came)
        return report.inputs


def checked(content: bytes, name: str, limit: int, today: dt.date) -> Checked:
    """As `publish` would find it, as far as that can be seen without the store."""
    if not is_ours(content):
        words = "dit is geen ingevuld sjabloon (.xlsx, of .zip of .csv met de bladen ervan)"
        return Checked(0, 0, (Finding("error", name, "format", words),))
    findings: list[Finding] = []
    good = refused = rows = 0
    for item in read([Input(name, content=content)], limit, {}):
        rows += len(item.extract.rows) if isinstance(item, Record) and item.extract else 0
        if rows > MOST_ROWS:
            words = f"meer dan {MOST_ROWS} regels duurt hier te lang; deel het bestand, of laat het door een programma"
            return Checked(0, 0, (Finding("error", name, "size", f"{words} aanleveren (zie docs/templates.md)"),))
        if isinstance(item, Refusal):
            findings.append(item.finding)
        elif isinstance(item, Record):
            found = _found(item, today)
            findings += found
            wrong = any(finding.severity == "error" for finding in found)
            counts = item.extract is None or item.extract.counts
            good, refused = good + (not wrong), refused + (wrong and counts)
    return Checked(good, refused, tuple(_once(findings)))


def _found(record: Record, today: dt.date) -> Sequence[Finding]:
    try:
        return READERS[record.format].read(record, today, "").findings
    except Exception as fault:
        return [faults.told(record.name, fault)]


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
