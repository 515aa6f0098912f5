"""Translate without publishing: recognise → translate → check, one outcome per input (`babyconnect translate`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.fhir import check
from babyconnect.flows.findings import Finding
from babyconnect.flows.inputs import Input, Loose, Refusal, read
from babyconnect.sources import Record
from babyconnect.translate import ada


@dataclass(frozen=True, slots=True)
class Outcome:
    """One input as STU3 resources with the source's own ids, and what was found on the way; refused: no resources."""

    name: str
    format: str = ""
    resources: tuple[Mapping[str, Any], ...] = ()
    findings: tuple[Finding, ...] = field(default=())

    @property
    def refused(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)

    def bundle(self) -> dict[str, Any]:
        """A Bundle of type collection; the addresses are the sources' own, relative to nothing."""
        entries = [
            {"fullUrl": f"urn:babyconnect:source:{r['resourceType']}:{r.get('id', number)}", "resource": r}
            for number, r in enumerate(self.resources)
        ]
        return {"resourceType": "Bundle", "type": "collection", **({"entry": entries} if entries else {})}


def translating(inputs: Iterable[Input], limit: int, dates: Mapping[str, dt.date], today: dt.date,
                version: str = "") -> Iterator[Outcome]:  # fmt: skip
    """Each input, one at a time in memory; single resources of a folder come as one outcome each.

    `version`: of the data set that ADA is of.
    """
    for item in read(inputs, limit, dates):
        if isinstance(item, Refusal):
            yield Outcome(item.name, item.format, findings=(item.finding,))
        elif isinstance(item, Loose):
            yield _stu3(item.record)
        elif item.ada is not None:
            yield _ada(item, today, version)
        else:
            yield _stu3(item)


def versions() -> list[str]:
    """The versions of the data set that ADA can be of, the usual first."""
    return ada.versions()


def _ada(record: Record, today: dt.date, version: str) -> Outcome:
    assert record.ada is not None
    translated = ada.translate(record.ada, today, version)
    findings = [
        Finding(f.severity, f"{record.name}: line {f.line} {f.place}", f.rule, f.text) for f in translated.findings
    ]
    return _outcome(record, [(resource, record.name) for resource in translated.resources], findings)


def _stu3(record: Record) -> Outcome:
    given = [(sourced.resource, f"{record.name}: {sourced.place}") for sourced in record.resources]
    return _outcome(record, given, [])


def _outcome(record: Record, given: list[tuple[Mapping[str, Any], str]], findings: list[Finding]) -> Outcome:
    for resource, place in given:
        findings += [
            Finding(issue.severity, f"{place} {issue.place}", issue.rule, issue.text)
            for issue in check.structure(resource)
        ]
    refused = any(finding.severity == "error" for finding in findings)
    resources = () if refused else tuple(resource for resource, _ in given)
    return Outcome(record.name, record.format, resources, tuple(findings))
