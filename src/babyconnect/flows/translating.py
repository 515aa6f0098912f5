"""Translate without publishing: recognise → read → check → write, one outcome per input (`babyconnect translate`).

Two tables hold the formats.  READERS: what an input can be (`sources.recognise` says which) → STU3 resources.  WRITERS:
what can be asked for → bytes.  A format more is a row here and a package under `translate/`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.birthcare.ultrasound import ExportTable
from babyconnect.fhir import json, xml_writer
from babyconnect.flows import faults, to_acute, to_ada, to_csv, to_jgz, to_perined, to_r4
from babyconnect.flows.addresses import resolved
from babyconnect.flows.findings import Finding
from babyconnect.flows.inputs import Input, Loose, Refusal, read
from babyconnect.flows.material import Material, Read, Wanted, Written, files_in, without_bsn
from babyconnect.flows.measures import measured
from babyconnect.flows.sound import wrong
from babyconnect.sources import Format, Record, Sourced, images
from babyconnect.translate import ada, completeness, medication
from babyconnect.translate.acute import handover
from babyconnect.translate.findings import Finding as Told
from babyconnect.translate.tabular import translating as tabular
from babyconnect.translate.ultrasound.images import Sight
from babyconnect.translate.ultrasound.translating import counted as translate_ultrasound


@dataclass(frozen=True, slots=True)
class Outcome:
    """One input as STU3 resources with the source's own ids, and what was found on the way; refused: no resources."""

    name: str
    format: str = ""
    resources: tuple[Mapping[str, Any], ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    ada: AdaRecord | None = None
    message: etree._Element | None = None

    @property
    def refused(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)


# Readers ------------------------------------------------------------------------------------------------------------


def _from_ada(record: Record, today: dt.date, version: str) -> Read:
    assert record.ada is not None
    translated = ada.translate(record.ada, today, version)
    findings = [
        Finding(f.severity, f"{record.name}: line {f.line} {f.place}", f.rule, f.text) for f in translated.findings
    ]
    counted = completeness.filled(record.ada, translated.findings, version)
    return Read(tuple(Sourced(resource) for resource in translated.resources), tuple(findings), counted)


def _from_kernset(record: Record, today: dt.date, version: str) -> Read:
    """A record for a registry becomes that registry's message, and nothing else: see `to_perined`."""
    line = record.ada.root.line if record.ada is not None else 1
    text = "a record of a kernset for Perined; it can be written as Perined's message, not be kept as a client's record"
    return Read((), (Finding("error", f"{record.name}: line {line}", "data-set", text),))


def _from_medication(record: Record, today: dt.date, version: str) -> Read:
    assert record.ada is not None
    return _medicines(record, record.ada, (), today)


def _from_dispense_list(record: Record, today: dt.date, version: str) -> Read:
    assert record.message is not None
    recast, told = medication.recast(record.message)
    return _medicines(record, recast, told, today)


def _medicines(record: Record, told: AdaRecord, before: Iterable[Told], today: dt.date) -> Read:
    made = medication.translate(told, today)
    said = sorted([*before, *made.findings], key=lambda finding: finding.line)
    found = [Finding(f.severity, f"{record.name}: line {f.line} {f.place}", f.rule, f.text) for f in said]
    return Read(tuple(Sourced(resource) for resource in made.resources), tuple(found), made.counted)


def _from_jgz(record: Record, today: dt.date, version: str) -> Read:
    """A file of youth health care becomes that of another version, and nothing else yet: see `to_jgz`."""
    text = "a file of youth health care; it can be written in another version, not be kept as a client's record"
    return Read((), (Finding("error", f"{record.name}: line 1", "data-set", text),))


def _from_acute(record: Record, today: dt.date, version: str) -> Read:
    assert record.message is not None
    made = handover.read(record.message, today)
    findings = [
        Finding(f.severity, f"{record.name}: line {f.line} {f.place}".rstrip(), f.rule, f.text) for f in made.findings
    ]
    return Read(tuple(Sourced(resource) for resource in made.resources), tuple(findings), made.counted)


def _from_astraia(record: Record, today: dt.date, version: str) -> Read:
    assert record.message is not None
    sight = Sight(record.beside, images.kind, images.LARGEST)
    made = translate_ultrasound(record.message, sight, today, record.table)
    findings = [Finding(f.severity, f"{record.name}: line {f.line} {f.place}", f.rule, f.text) for f in made.findings]
    return Read(tuple(Sourced(resource) for resource in made.resources), tuple(findings), made.counted)


def _from_tabular(record: Record, today: dt.date, version: str) -> Read:
    assert record.extract is not None
    made = tabular.translate(record.extract, today)
    findings = [
        Finding(f.severity, f"{record.name}: {f.place}".removesuffix(": "), f.rule, f.text) for f in made.findings
    ]
    places = zip(made.resources, made.places, strict=True)
    return Read(tuple(Sourced(resource, place=place) for resource, place in places), tuple(findings), made.counted)


def _from_stu3(record: Record, today: dt.date, version: str) -> Read:
    return Read(record.resources)


@dataclass(frozen=True, slots=True)
class Reading:
    """`name`: the format as the contract calls it; `read(record, today, version)`."""

    name: str
    read: Callable[[Record, dt.date, str], Read]


READERS: Mapping[Format, Reading] = {
    "ada": Reading("ada", _from_ada),
    "ada-kernset": Reading("ada", _from_kernset),
    "ada-medication": Reading("ada", _from_medication),
    "astraia": Reading("astraia", _from_astraia),
    "csv": Reading("csv", _from_tabular),
    "hl7v3-acute": Reading("hl7v3-acute", _from_acute),
    "hl7v3-medication": Reading("hl7v3-medication", _from_dispense_list),
    "jgz-4.1.3": Reading("jgz-4.1.3", _from_jgz),
    "jgz-4.2.0": Reading("jgz-4.2.0", _from_jgz),
    "stu3-json": Reading("stu3", _from_stu3),
    "stu3-xml": Reading("stu3", _from_stu3),
}


# Writers ------------------------------------------------------------------------------------------------------------


def _to_stu3(material: Material) -> Written:
    bundle, form = material.bundle, material.wanted.format
    return Written(json.dumps(bundle) if form == "json" else xml_writer.from_json(bundle), form)


WRITERS: Mapping[str, Callable[[Material], Written]] = {
    "ada": to_ada.write,
    "csv": to_csv.write,
    "stu3": _to_stu3,
    "r4": to_r4.write_r4,
    "ips": to_r4.write_ips,
    "hl7v3-acute": to_acute.write,
    **to_jgz.WRITERS,
    **to_perined.WRITERS,
}

# What becomes another message as it stands, without being a client's record: what it can become.
_DIRECT: Mapping[str, Collection[str]] = {
    "ada-kernset": to_perined.MESSAGES,
    "jgz-4.1.3": to_jgz.WRITERS,
    "jgz-4.2.0": to_jgz.WRITERS,
}

# What is written resource by resource; of every other format the loose files of one folder are one record.
_LOOSE = frozenset({"stu3", "r4"})


# The way through ----------------------------------------------------------------------------------------------------


def translating(  # noqa: PLR0917 - what is read, how, and what is wanted of it
    inputs: Iterable[Input],
    limit: int,
    dates: Mapping[str, dt.date],
    wanted: Wanted,
    to: str = "stu3",
    ultrasound: ExportTable | None = None,
) -> Iterator[Outcome]:
    """Each input, one at a time in memory; `ultrasound`: what exports of such a system call things, if not as provided.

    Single resources of a folder come as one outcome each, or together as one record where the format wanted needs it.
    What this program breaks on is refused, and no other input is lost by it.
    """
    together: dict[str, list[Outcome]] = {}
    for item in read(inputs, limit, dates, ultrasound):
        if isinstance(item, Refusal):
            yield Outcome(item.name, item.format, findings=(item.finding,))
        elif not isinstance(item, Loose):
            yield _outcome(item, wanted, to)
        elif to in _LOOSE:
            yield _outcome(item.record, wanted, to)
        else:
            together.setdefault(item.group, []).append(_outcome(item.record, wanted, to))
    for name, parts in together.items():
        findings = tuple(finding for part in parts for finding in part.findings)
        whole = not any(part.refused for part in parts)
        resources = tuple(resource for part in parts for resource in part.resources) if whole else ()
        yield Outcome(name, parts[0].format, resources, findings)


def write(outcome: Outcome, to: str, wanted: Wanted) -> Written:
    """The outcome in the format wanted; what was refused stays refused, with nothing written."""
    if outcome.refused:
        return Written(b"", "")
    try:
        return _write(outcome, to, wanted)
    except Exception as fault:
        return Written(b"", "", (faults.told(outcome.name, fault),))


def _write(outcome: Outcome, to: str, wanted: Wanted) -> Written:
    material = Material(outcome.name, outcome.format, outcome.resources, outcome.ada, wanted, outcome.message)
    if wanted.with_bsn:
        return WRITERS[to](material)
    written = WRITERS[to](without_bsn(material))
    return replace(written, findings=(*written.findings, *_kept_back(material)))


def _kept_back(material: Material) -> tuple[Finding, ...]:
    count = files_in(material)
    text = f"{count} files (letters, images) are left out where BSNs are masked, as one may stand in them: --with-bsn"
    return (Finding("warning", material.name, "masked", text),) if count else ()


def inputs_offered() -> list[str]:
    """The formats that can be read, as the contract calls them."""
    return sorted({reader.name for reader in READERS.values()})


def outputs_offered() -> list[str]:
    """The formats that can be written."""
    return sorted(WRITERS)


def is_format(found: str, name: str) -> bool:
    """True when what an input was found to be is the format of this name."""
    return any(kind == found and reader.name == name for kind, reader in READERS.items())


def called(found: str) -> str:
    """The name of the format that an input was found to be."""
    return next((reader.name for kind, reader in READERS.items() if kind == found), found)


def versions() -> list[str]:
    """The versions of the data set that ADA can be of, the usual first."""
    return ada.versions()


def _outcome(record: Record, wanted: Wanted, to: str) -> Outcome:
    try:
        return _translated(record, wanted, to)
    except Exception as fault:
        return Outcome(record.name, record.format, findings=(faults.told(record.name, fault),))


def _translated(record: Record, wanted: Wanted, to: str) -> Outcome:
    if to in _DIRECT.get(record.format, ()):
        return Outcome(record.name, record.format, (), (), record.ada, record.message)
    made = READERS[record.format].read(record, wanted.today, wanted.version)
    findings = list(made.findings)
    sourced: list[Sourced] = []
    for one in made.resources:
        place = f"{record.name}: {one.place}".rstrip()
        unsound = wrong(one.resource, place)
        judged = record.format == "csv"
        sound, told = (one.resource, []) if _refuse(unsound) else measured(one.resource, place, judged)
        findings += [*unsound, *told]
        sourced.append(replace(one, resource=sound))
    refused = _refuse(findings)
    whole = tuple(one.resource for one in sourced) if to in _LOOSE else resolved(sourced)
    return Outcome(
        record.name, record.format, () if refused else whole, tuple(findings), None if refused else record.ada
    )


def _refuse(findings: Iterable[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)
