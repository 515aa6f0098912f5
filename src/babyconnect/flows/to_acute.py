"""The writer of the acute handover: any record as one message, with a finding for each thing that it cannot say."""

from __future__ import annotations

from babyconnect.flows.findings import Finding
from babyconnect.flows.material import Material, Written
from babyconnect.labelling import attachments
from babyconnect.translate.acute import handover


def write(material: Material) -> Written:
    made = handover.write(attachments.together(material.resources), material.wanted.today, material.wanted.with_bsn)
    findings = tuple(Finding(f.severity, f"{material.name}: {f.place}", f.rule, f.text) for f in made.findings)
    return Written(made.content, "xml", findings)
