"""Units of publishing: what is kept together or not at all, taken from records and from loose resources."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from babyconnect.birthcare.identifiers import BSN_SYSTEMS, passes_eleven_check
from babyconnect.flows import faults, preparing
from babyconnect.flows.findings import Finding
from babyconnect.flows.inputs import Loose, Refusal, digest, is_fhir
from babyconnect.flows.measures import measured
from babyconnect.flows.translating import READERS
from babyconnect.labelling import attachments, disclosing
from babyconnect.labelling.addresses import Addresses
from babyconnect.labelling.families import Family, families, is_shared, whole
from babyconnect.labelling.identity import Identity
from babyconnect.labelling.member import Member
from babyconnect.labelling.members import Clash, Given, members
from babyconnect.sources import Record
from babyconnect.translate import kernset
from babyconnect.translate.completeness import Filled


@dataclass(frozen=True, slots=True)
class Unit:
    """One client's part of what came in; without a family when it was refused before that."""

    name: str
    records: tuple[Record, ...]
    family: Family | None
    findings: tuple[Finding, ...]
    keeps_original: bool = True
    """False when a working note was left out: then the file that holds it is not kept either."""
    counted: Filled | None = None
    """What the record fills of its data set, where its format has one."""


def unit_of_record(record: Record, identity: Identity, today: dt.date, version: str = "") -> Unit:
    """A Bundle, or a record of another format (translated): one unit, whatever is in it."""
    try:
        return _of_record(record, identity, today, version)
    except Exception as fault:
        return Unit(record.name, (record,), None, (faults.told(record.name, fault),))


def _of_record(record: Record, identity: Identity, today: dt.date, version: str) -> Unit:
    source = digest(record)
    made = READERS[record.format].read(record, today, version)
    given = [Given(s.resource, s.full_url, f"{record.name}: {s.place}".rstrip(), source) for s in made.resources]
    findings = [*made.findings, *preparing.faults(given)]
    if _wrong(findings):
        return Unit(record.name, (record,), None, tuple(findings), counted=made.counted)
    given, notes = _without_notes(given)
    given, told = _in_their_units(given, record.format == "csv")
    given = attachments.apart(given)
    findings += [*told, *notes]
    numbers = {} if is_fhir(record) else _by_number(given)
    held = members(given, Addresses(identity), numbers)
    findings += _clashes(held)
    present = [m for m in held if isinstance(m, Member)]
    # What was parsed is needed no more: of the record only its bytes go along, as the original.
    record = replace(record, ada=None, resources=())
    if not present:
        findings.append(Finding("error", record.name, "no-client", "the record holds no resource at all"))
        return Unit(record.name, (record,), None, tuple(findings), counted=made.counted)
    family = whole(present)
    findings += _deliveries(family) if is_fhir(record) else []
    return Unit(record.name, (record,), family, tuple(findings), not notes, made.counted)


def _deliveries(family: Family) -> list[Finding]:
    """Kept, it would close her own record: by a number without a name nobody can tell that both are hers."""
    women = [member for member in family.members if member.key in family.women]
    if not kernset.is_delivery([m.resource for m in family.members], [m.resource for m in women]):
        return []
    text = "holds what kernset 3.2 delivers and no name of hers: a delivery for Perined, not a client's record"
    return [Finding("error", f"{women[0].place} Patient.name", "data-set", text)]


def _wrong(findings: Sequence[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)


def _in_their_units(given: Sequence[Given], judged: bool = False) -> tuple[list[Given], list[Finding]]:
    made, findings = list[Given](), list[Finding]()
    for one in given:
        resource, told = measured(one.resource, one.place, judged)
        made.append(one if resource is one.resource else replace(one, resource=resource))
        findings += told
    return made, findings


def _without_notes(given: list[Given]) -> tuple[list[Given], list[Finding]]:
    """Without the working notes of their authors, which are never published (domain §4), and that they were there."""
    text = "a working note of its author's: not published, and not kept"
    kept, findings = [], []
    for one in given:
        if disclosing.is_working_note(one.resource):
            findings.append(Finding("information", one.place, "working-note", text))
        else:
            kept.append(one)
    return kept, findings


def units_of_loose(loose: Sequence[Loose], refused: Sequence[Refusal], identity: Identity) -> list[Unit]:
    """One unit per client.  A file that could not be read spoils the one record of its folder, and no other."""
    records = {digest(one.record): one for one in loose}
    given = [
        Given(one.sourced.resource, one.sourced.full_url, f"{one.record.name}: {one.sourced.place}", source)
        for source, one in records.items()
    ]
    given, notes = _without_notes(given)
    if notes and not given:
        return [Unit(notes[0].place.split(":")[0], (), None, tuple(replace(note, severity="error") for note in notes))]
    checked = [_checked(one) for one in given]
    given, by_place = [one for one, _ in checked], {one.place: found for one, found in checked}
    held = members(attachments.apart(given), Addresses(identity), {})
    clashes = [c for c in held if isinstance(c, Clash)]
    parts = families([m for m in held if isinstance(m, Member)]) if held else []
    spoilt = _spoilt(parts, refused)
    units = []
    for position, family in enumerate(parts):
        mine = [records[m.original] for m in family.members]
        keys = {m.key for m in family.members}
        findings = [f for m in family.members for f in by_place.get(m.place, [])]
        findings += _clashes([c for c in clashes if c.key in keys])
        findings += [spoilt[position]] if position in spoilt else []
        findings += [] if _wrong(findings) else _deliveries(family)
        own = [records[m.original] for m in family.members if not is_shared(m.resource)]
        findings += notes if not position else []
        units.append(Unit(_name(own or mine), tuple(one.record for one in mine), family, tuple(findings)))
    return _numbered(units)


def _checked(one: Given) -> tuple[Given, list[Finding]]:
    """A loose resource in the units that are asked for, and what was found in it."""
    try:
        found = preparing.faults([one])
        if any(finding.severity == "error" for finding in found):
            return one, found
        (made,), told = _in_their_units([one])
    except Exception as fault:
        return one, [faults.told(one.place, fault)]
    return made, [*found, *told]


def _numbered(units: list[Unit]) -> list[Unit]:
    """Units of one folder told apart by number."""
    names = [unit.name for unit in units]
    numbered = []
    for position, unit in enumerate(units):
        several = names.count(unit.name) > 1
        name = f"{unit.name} (client {names[:position].count(unit.name) + 1})" if several else unit.name
        numbered.append(Unit(name, unit.records, unit.family, unit.findings))
    return numbered


def _name(loose: Sequence[Loose]) -> str:
    groups = list(dict.fromkeys(one.group for one in loose))
    return groups[0] if len(groups) == 1 else f"{groups[0]} and {len(groups) - 1} more"


def _spoilt(parts: Sequence[Family], refused: Sequence[Refusal]) -> dict[int, Finding]:
    """Which family lies alone in the folder of a refused file: it would be kept without a part of it."""
    where: dict[str, set[int]] = {}
    for position, family in enumerate(parts):
        for member in family.members:
            if is_shared(member.resource):
                continue
            where.setdefault(str(PurePath(member.place.split(":")[0]).parent), set()).add(position)
    spoilt: dict[int, Finding] = {}
    for one in refused:
        positions = where.get(str(PurePath(one.name).parent), set()) if one.in_folder else set()
        if len(positions) == 1:
            text = "another file of this record was refused: nothing of it is kept"
            spoilt.setdefault(positions.pop(), Finding("error", one.name, "incomplete", text))
    return spoilt


def _clashes(held: Sequence[Member | Clash]) -> list[Finding]:
    return [Finding("error", f"{c.place} {c.key[0]}", "duplicate-id", c.text) for c in held if isinstance(c, Clash)]


def _by_number(given: Sequence[Given]) -> dict[int, str]:
    """Other formats name a client by her BSN only: the same woman in another record of a tenant is one Patient."""
    found = {}
    for position, one in enumerate(given):
        if one.resource.get("resourceType") == "Patient":
            for identifier in one.resource.get("identifier", ()):
                value = str(identifier.get("value", ""))
                if identifier.get("system") in BSN_SYSTEMS and passes_eleven_check(value):
                    found[position] = f"bsn:{value}"
    return found
