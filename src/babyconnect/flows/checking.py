"""Check without publishing: recognise → translate → structure → profiles, one outcome per record (`validate`).

The loose files of a folder are one record, so that a reference from one to another can be followed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from babyconnect.flows import faults
from babyconnect.flows.findings import Finding
from babyconnect.flows.inputs import Input, Loose, Refusal, read
from babyconnect.flows.profile_findings import Placed, each
from babyconnect.flows.sound import wrong
from babyconnect.flows.translating import READERS
from babyconnect.sources import Record, Sourced

# So many loose resources are held together; of a larger folder, what lies further apart is not followed.
TOGETHER = 10_000


@dataclass(frozen=True, slots=True)
class Checked:
    """One record: how many resources it holds, and what was found in them."""

    name: str
    resources: int
    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)


def checking(inputs: Iterable[Input], limit: int, dates: Mapping[str, dt.date], today: dt.date) -> Iterator[Checked]:
    """Each record, one at a time in memory."""
    waiting: list[Loose] = []
    for item in read(inputs, limit, dates):
        if isinstance(item, Refusal):
            yield Checked(item.name, 0, (item.finding,))
        elif isinstance(item, Loose):
            if waiting and (waiting[0].group != item.group or len(waiting) == TOGETHER):
                yield _record(waiting[0].group, [one.record for one in waiting], today)
                waiting = []
            waiting.append(item)
        else:
            yield _record(item.name, [item], today)
    if waiting:
        yield _record(waiting[0].group, [one.record for one in waiting], today)


def _record(name: str, records: Sequence[Record], today: dt.date) -> Checked:
    try:
        return _checked(name, records, today)
    except Exception as fault:
        return Checked(name, 0, (faults.told(name, fault),))


def _checked(name: str, records: Sequence[Record], today: dt.date) -> Checked:
    findings: list[Finding] = []
    sourced: list[tuple[str, Sourced]] = []
    for record in records:
        made = READERS[record.format].read(record, today, "")
        findings += made.findings
        for number, one in enumerate(made.resources):
            place = one.place or (f"resource {number + 1}" if len(made.resources) > 1 else "")
            sourced.append((f"{record.name}: {place}".rstrip(), one))
    sound = []
    for place, one in sourced:
        unsound = wrong(one.resource, place)
        findings += unsound
        if not any(finding.severity == "error" for finding in unsound):
            sound.append((place, one))
    addresses = {one.full_url: one.resource for _, one in sound if one.full_url}
    findings += each([Placed(place, one.resource) for place, one in sound], addresses)
    return Checked(name, len(sourced), tuple(findings))
