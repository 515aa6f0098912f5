"""What goes to Perined: a kernset's record as its HL7v3 message or CDA document; a record of birth care as the kernset
that it holds, and as kernset 3.2."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.fhir import json, xml_writer
from babyconnect.flows.findings import Finding
from babyconnect.flows.material import Material, Written, bundled
from babyconnect.flows.to_ada import birth_care
from babyconnect.labelling.labels import labels
from babyconnect.translate import findings, kernset
from babyconnect.translate.hl7v3 import message
from babyconnect.translate.recasting import kernsets


def _message(output: str, material: Material) -> Written:
    """Of a kernset's record as it stands; any other record becomes one first."""
    if material.ada is not None and material.ada.transaction in message.transactions():
        return _written(output, material, [material.ada], ())
    record, found = birth_care(material, "uitbreiding")
    if record is None:
        return Written(b"", "xml", _named(material, found))
    made = kernsets.kernsets(record, output, material.wanted.today)
    told = (*found, *made.findings)
    if not made.records and not any(finding.severity == "error" for finding in told):
        told = (*told, findings.Finding("error", "", 0, "", "incomplete", "nothing of this record is in the kernset"))
    return _written(output, material, made.records, told)


def _written(
    output: str, material: Material, records: Iterable[AdaRecord], told: Iterable[findings.Finding]
) -> Written:
    """A file for each record; when one of them cannot be written none is, as a registry would take the rest for all."""
    made = [message.write(record, output, material.wanted.today, material.wanted.with_bsn) for record in records]
    found = _named(material, (*told, *(finding for one in made for finding in one.findings)))
    if any(finding.severity == "error" for finding in found):
        return Written(b"", "xml", found)
    first, *others = [one.content for one in made]
    return Written(first, "xml", found, tuple(others))


def _bundle(material: Material) -> Written:
    """As a collection: how Perined takes it is not published."""
    made, form = kernset.kernset(material.resources, _is_shielded), material.wanted.format
    found = _named(material, made.findings)
    if any(finding.severity == "error" for finding in found):
        return Written(b"", form, found)
    bundle = bundled(made.resources)
    return Written(json.dumps(bundle) if form == "json" else xml_writer.from_json(bundle), form, found)


def _is_shielded(resource: Mapping[str, Any]) -> bool:
    return bool(labels(resource).shielded)


def _named(material: Material, found: Iterable[findings.Finding]) -> tuple[Finding, ...]:
    return tuple(
        Finding(f.severity, f"{material.name}: {f'line {f.line} ' if f.line else ''}{f.place}", f.rule, f.text)
        for f in found
    )


MESSAGES: Mapping[str, Callable[[Material], Written]] = {
    output: functools.partial(_message, output) for output in message.outputs()
}
"""Written of an ADA record of a kernset as it stands."""
WRITERS: Mapping[str, Callable[[Material], Written]] = {**MESSAGES, "kernset-3.2": _bundle}
