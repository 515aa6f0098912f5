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
        return _written(output, material, material.ada, ())
    if output not in kernsets.outputs():
        text = f"{output} is made of a record of its own data set, and this is none"
        return Written(b"", "xml", (Finding("error", material.name, "data-set", text),))
    record, found = birth_care(material, "uitbreiding")
    if record is None:
        return Written(b"", "xml", _named(material, found))
    made = kernsets.recast(record, output)
    told = (*found, *made.findings)
    if made.record is None:
        text = "nothing of this record is in the kernset"
        return Written(b"", "xml", (*_named(material, told), Finding("error", material.name, "incomplete", text)))
    return _written(output, material, made.record, told)


def _written(output: str, material: Material, record: AdaRecord, told: Iterable[findings.Finding]) -> Written:
    made = message.write(record, output, material.wanted.today, material.wanted.with_bsn)
    return Written(made.content, "xml", _named(material, (*told, *made.findings)))


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
