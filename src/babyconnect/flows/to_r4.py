"""Write a record in R4: resource by resource, or as an International Patient Summary (`translate.r4`)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from babyconnect.fhir import check, json, xml_writer
from babyconnect.fhir.grammar import R4
from babyconnect.flows.findings import Finding
from babyconnect.flows.material import Material, Written
from babyconnect.translate.r4.ips import NoSummary, summarise
from babyconnect.translate.r4.record import convert

_WHY = {
    "no-client": "a summary is about one woman, and there is no Patient that is her",
    "two-clients": "a summary is about one woman, and there are more in this record",
}


def write_r4(material: Material) -> Written:
    """A Bundle of the same resources in R4, with the addresses that R4 has for them."""
    made = convert(material.resources)
    entries = [
        {"fullUrl": f"urn:babyconnect:source:{r['resourceType']}:{r.get('id', number)}", "resource": r}
        for number, r in enumerate(made.resources)
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", **({"entry": entries} if entries else {})}
    return _written(bundle, material, made.left, made.kept)


def write_ips(material: Material) -> Written:
    """The summary of the one woman in the record."""
    now = dt.datetime.combine(material.wanted.today, dt.time(), dt.UTC)
    made = summarise(material.resources, material.name, now)
    if isinstance(made, NoSummary):
        return Written(b"", material.wanted.format, (Finding("error", material.name, made.rule, _WHY[made.rule]),))
    return _written(made.bundle, material, made.left, made.kept)


def _written(bundle: dict[str, Any], material: Material, left: list[tuple[str, str]], kept: list[str]) -> Written:
    findings = [
        Finding("warning", f"{material.name}: {type}/{id}", "not-mapped", "a resource of a type that R4 is not made of")
        for type, id in left
    ]
    findings += [
        Finding("information", f"{material.name}: {place}", "other-version", "kept in HL7's extension for STU3")
        for place in kept
    ]
    findings += [
        Finding(issue.severity, f"{material.name}: {issue.place}", issue.rule, issue.text)
        for issue in check.structure(bundle, R4)
    ]
    form = material.wanted.format
    if any(finding.severity == "error" for finding in findings):
        return Written(b"", form, tuple(findings))
    return Written(json.dumps(bundle) if form == "json" else xml_writer.from_json(bundle, R4), form, tuple(findings))
