"""Publish: recognise → translate → check → identity → labels → index → store; all or nothing per input."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from babyconnect.birthcare.resources import HOME
from babyconnect.birthcare.ultrasound import ExportTable
from babyconnect.definitions import document
from babyconnect.flows import faults, preparing
from babyconnect.flows.findings import Finding, InputReport, Report, Status
from babyconnect.flows.inputs import Input, Loose, Refusal, digest, is_fhir, original, read
from babyconnect.flows.preparing import Index, Known, Naming
from babyconnect.flows.units import Unit, unit_of_record, units_of_loose
from babyconnect.labelling.families import Family
from babyconnect.labelling.identity import Identity
from babyconnect.labelling.labels import WITHDRAWN
from babyconnect.labelling.member import Key
from babyconnect.sources.recognise import LIMIT
from babyconnect.store.contract import Original, Outcome, Publication, Writer
from babyconnect.translate.completeness import Filled

__all__ = ["Input", "PublishingNode", "Report", "publish"]

TOLD_BY = frozenset({"birth_date", "family_name", "first_name", "sex", "multiple_birth"})
"""What tells somebody else of the same number (`one_woman.contradictions`)."""

Lookup = Callable[[Sequence[Key]], Awaitable[Known]]


@dataclass(frozen=True, slots=True)
class PublishingNode:
    """What publishing needs of a node.

    `secret` keys the opaque ids (per tenant, at least 16 bytes); `source` tells apart source systems whose ids may
    coincide.  `tenant`: the URN under which the source's own ids are kept (`urn:babyconnect:ura:<ura>`).
    `now` comes from the wiring: no clock is read here.  `bsns`: BSN per source Patient id, from `organisation.toml`.
    `dates`: dates for the relative ones of published fixtures (`{"T": …}`).  `known`: which of these (type, opaque id)
    the store holds already, each with its client ("" = shared); without it, only the batch resolves references.
    """

    writer: Writer
    secret: bytes
    tenant: str
    index: Index
    now: Callable[[], dt.datetime]
    source: str = ""
    bsns: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, dt.date] = field(default_factory=dict)
    limit: int = LIMIT
    known: Lookup | None = None
    told: Callable[[preparing.Said], Awaitable[None]] | None = None
    """Takes what a source said about showing: its authors' choices, a secret address; before anything is kept."""
    tally: Callable[[Filled, bool], Awaitable[None]] | None = None
    """Takes what an export fills of its data set, and whether it was kept; the same record again is not told again."""
    ada_version: str = ""
    """Of the tables by which ADA is translated ("": the transaction's own)."""
    ultrasound: ExportTable | None = None
    """What the organisation's ultrasound system calls things, when that is not the table provided."""
    check_profiles: bool = False
    """Report what deviates from the profiles that a resource names; it is kept all the same."""

    @property
    def today(self) -> dt.date:
        """As it is at home: a child born after midnight is not born tomorrow."""
        return self.dates.get("T") or self.now().astimezone(HOME).date()


async def publish(
    inputs: Iterable[Input], node: PublishingNode, passed: Callable[[int], None] = lambda _: None
) -> Report:
    """Publish each input, whole or not at all; one that is refused, or that this breaks on, harms no other.

    `passed`: hears after each record how many there were.

    Parsing and checking happen in a thread: the node's other work goes on meanwhile.
    """
    reports: list[InputReport] = []
    loose: list[Loose] = []
    refused: list[Refusal] = []
    identity = Identity(node.secret, node.source)
    items = read(inputs, node.limit, node.dates, node.ultrasound)
    while (item := await asyncio.to_thread(next, items, None)) is not None:
        if isinstance(item, Refusal):
            refused.append(item)
            reports.append(InputReport(item.name, "refused", findings=(item.finding,)))
        elif isinstance(item, Loose):
            loose.append(item)
        else:
            prepared = await _prepare(
                await asyncio.to_thread(unit_of_record, item, identity, node.today, node.ada_version), node
            )
            # What was parsed is let go before the store makes its renderings: a large record is in memory once.
            item = None
            reports.append(await _keep(prepared, node))
            passed(len(reports))
    try:
        units = await asyncio.to_thread(faults.own, units_of_loose, loose, refused, identity)
    except faults.OwnFault as fault:
        finding, names = faults.told("", fault), dict.fromkeys(one.group for one in loose)
        reports += [InputReport(name, "refused", findings=(replace(finding, place=name),)) for name in names]
        units = []
    for unit in units:
        reports.append(await _keep(await _prepare(unit, node), node))
    return Report(tuple(reports))


async def withdraw(node: PublishingNode, type_name: str, source_id: str) -> Outcome | None:
    """Take back what the source calls `type_name/source_id`: shown to nobody from now on, kept with its history.

    None when there is no such thing.  A client herself is not taken back, she is destroyed at her request.
    """
    if type_name == "Patient":
        return None
    opaque = Identity(node.secret, node.source).opaque(type_name, source_id)
    known = await node.writer.known([(type_name, opaque)])
    if not known.get((type_name, opaque)):
        return None
    return await node.writer.withdraw(type_name, opaque, WITHDRAWN, node.now())


@dataclass(frozen=True, slots=True)
class _Prepared:
    """One unit, ready for the store; without a client when it is refused."""

    name: str
    client: str
    batch: Iterator[Publication]
    originals: list[Original]
    findings: list[Finding]
    said: preparing.Said | None = None
    counted: Filled | None = None


async def _prepare(unit: Unit, node: PublishingNode) -> _Prepared:
    try:
        return await _made_ready(unit, node)
    except faults.OwnFault as fault:
        findings = [*unit.findings, faults.told(unit.name, fault)]
        return _Prepared(unit.name, "", iter(()), [], findings, counted=unit.counted)


async def _made_ready(unit: Unit, node: PublishingNode) -> _Prepared:
    findings = list(unit.findings)
    family = unit.family
    if family is None or any(finding.severity == "error" for finding in findings):
        return _Prepared(unit.name, "", iter(()), [], findings, counted=unit.counted)
    client, known = await whose(family, node)
    if isinstance(client, Finding):
        return _Prepared(unit.name, "", iter(()), [], [*findings, client], counted=unit.counted)
    by_number = bool(unit.records) and not is_fhir(unit.records[0])
    findings += await _another(family, unit.name, node) if by_number else []
    if any(finding.severity == "error" for finding in findings):
        return _Prepared(unit.name, "", iter(()), [], findings, counted=unit.counted)
    naming, said = Naming(node.tenant, node.bsns), faults.own(preparing.said, family, client)
    if not unit.keeps_original:
        family = replace(family, members=tuple(replace(member, original="") for member in family.members))
    if node.check_profiles:
        findings += await asyncio.to_thread(faults.own, preparing.deviations, family)
    batch, warnings = await asyncio.to_thread(
        faults.own, preparing.publications, family, client, naming, node.index, known
    )
    findings += warnings
    originals = _originals(unit, findings) if unit.keeps_original else []
    return _Prepared(unit.name, client, faults.each(batch), originals, findings, said, unit.counted)


async def whose(family: Family, node: PublishingNode) -> tuple[str | Finding, Known]:
    """The client of a record, or why there is not exactly one; and what the store holds of what the record names."""
    absent = sorted({key for m in family.members for key in m.missing.values()} | set(family.children))
    known = await node.known(absent) if node.known and absent else {}
    return await asyncio.to_thread(faults.own, preparing.client_of, family, known), known


async def _another(family: Family, name: str, node: PublishingNode) -> list[Finding]:
    """Whether a record that names its people by BSN only is about others than those who have these numbers here.

    One fact that contradicts may be a correction, and names change; another birth date and another name or sex are
    somebody else, whose record must not be laid with hers."""
    found = []
    for member in family.members:
        if member.key[0] != "Patient":
            continue
        differs = [one for one in await node.writer.against({**member.resource, "id": member.key[1]}) if one in TOLD_BY]
        if "birth_date" in differs and len(differs) > 1:
            text = f"the record kept under this BSN is another's ({_differences(differs)}): correct the BSN"
            found.append(Finding("error", f"{name} Patient", "one-bsn", text))
        elif differs:
            text = f"kept as a correction, of the same BSN as before: {_differences(differs)}"
            found.append(Finding("warning", f"{name} Patient", "one-bsn", text))
    return found


def _differences(codes: Sequence[str]) -> str:
    words = document("texts.toml")["own_clients"]
    return ", ".join(words[f"differs_{code}"]["en"] for code in codes)


async def _keep(prepared: _Prepared, node: PublishingNode) -> InputReport:
    report = await _kept(prepared, node)
    if node.tally and prepared.counted and report.status != "already published":
        await node.tally(prepared.counted, report.status != "refused")
    return report


async def _kept(prepared: _Prepared, node: PublishingNode) -> InputReport:
    if not prepared.client:
        return InputReport(prepared.name, "refused", findings=tuple(prepared.findings))
    if node.told and prepared.said and (prepared.said.choices or prepared.said.secret):
        await node.told(prepared.said)
    try:
        outcomes = await node.writer.publish(prepared.batch, prepared.originals, node.now())
    except faults.OwnFault as fault:
        return InputReport(prepared.name, "refused", findings=(*prepared.findings, faults.told(prepared.name, fault)))
    findings = [*prepared.findings, *await _one_client(prepared, node)]
    return _report(prepared.name, prepared.client, outcomes, findings)


async def _one_client(prepared: _Prepared, node: PublishingNode) -> list[Finding]:
    """Whether another record here is hers too, by her BSN; or her number, or a child's, finds nobody any more."""
    differs = await node.writer.differing(prepared.client)
    if differs:
        what = _differences(differs)
        text = f"another record here bears a BSN of this one and {what}: nobody is answered by it until it is corrected"
        return [Finding("warning", prepared.name, "one-bsn", text)]
    others = len(await node.writer.joined([prepared.client])) - 1
    if others < 1:
        return []
    text = f"shown together with {others} other record{'s' if others > 1 else ''} of this client, of the same BSN"
    return [Finding("information", prepared.name, "one-client", text)]


def _originals(unit: Unit, findings: Sequence[Finding]) -> list[Original]:
    """Each file with what was found in it, so that a later translation can be compared with this one."""
    report = orjson.dumps({"findings": [[f.severity, f.place, f.rule, f.text] for f in findings]})
    return [original(record, report) for record in {digest(r): r for r in unit.records}.values()]


def _report(name: str, client: str, outcomes: Sequence[Outcome], findings: Sequence[Finding]) -> InputReport:
    changes = [outcome.change for outcome in outcomes]
    status: Status = "published with warnings" if any(f.severity == "warning" for f in findings) else "published"
    if set(changes) == {"unchanged"}:
        status = "already published"
    return InputReport(
        name=name,
        status=status,
        created=changes.count("created"),
        updated=changes.count("updated"),
        unchanged=changes.count("unchanged"),
        findings=tuple(findings),
        client=client,
    )
