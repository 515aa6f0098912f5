"""What goes to Perined: a kernset's ADA record as its HL7v3 message or CDA document; any record as kernset 3.2."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping

from babyconnect.fhir import json, xml_writer
from babyconnect.flows.findings import Finding
from babyconnect.flows.material import Material, Written, bundled
from babyconnect.translate import findings, kernset
from babyconnect.translate.hl7v3 import message


def _message(output: str, material: Material) -> Written:
    if material.ada is None:
        text = f"{output} is made of an ADA record of its kernset, and this is none"
        return Written(b"", "xml", (Finding("error", material.name, "format", text),))
    made = message.write(material.ada, output, material.wanted.today, material.wanted.with_bsn)
    return Written(made.content, "xml", _named(material, made.findings))


def _bundle(material: Material) -> Written:
    """As a collection: how Perined takes it is not published."""
    made, form = kernset.kernset(material.resources), material.wanted.format
    found = _named(material, made.findings)
    if any(finding.severity == "error" for finding in found):
        return Written(b"", form, found)
    bundle = bundled(made.resources)
    return Written(json.dumps(bundle) if form == "json" else xml_writer.from_json(bundle), form, found)


def _named(material: Material, found: Iterable[findings.Finding]) -> tuple[Finding, ...]:
    return tuple(
        Finding(f.severity, f"{material.name}: {f'line {f.line} ' if f.line else ''}{f.place}", f.rule, f.text)
        for f in found
    )


MESSAGES: Mapping[str, Callable[[Material], Written]] = {
    output: functools.partial(_message, output) for output in message.outputs()
}
"""Written of an ADA record of a kernset, which nothing else can be made of."""
WRITERS: Mapping[str, Callable[[Material], Written]] = {**MESSAGES, "kernset-3.2": _bundle}
