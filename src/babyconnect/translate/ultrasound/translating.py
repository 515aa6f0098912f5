"""A tree of an export → STU3 resources, by the data set's own tables (`translate.ada`) and the layer of ours on them.

One record per pregnancy; what they share (the client, organisations, professionals) is one resource.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from lxml import etree

from babyconnect.definitions import document
from babyconnect.translate import ada
from babyconnect.translate.findings import Finding, Translated
from babyconnect.translate.tables import ada_map
from babyconnect.translate.ultrasound.images import Sight
from babyconnect.translate.ultrasound.layout import TRANSACTION
from babyconnect.translate.ultrasound.reading import Reading


def translate(root: etree._Element, sight: Sight, today: dt.date) -> Translated:
    """The resources of an export.  A finding of severity `error` means: refuse it."""
    export = Reading(sight, today).run(root)
    findings = [Finding(t.severity, *export.place(t.source), "", t.rule, t.text) for t in export.told]
    if any(f.severity == "error" for f in findings):
        return Translated([], findings)
    block = document("ada/transactions.toml")[TRANSACTION]
    table = ada_map(block["map"], block["structure"], "ultrasound")
    resources: dict[str, dict[str, Any]] = {}
    for draft in export.drafts:
        made, _ = ada.traced(draft.record(block["ref"], block["version"]), table, today)
        findings += [Finding(f.severity, *export.place(f.line), f.concept, f.rule, f.text) for f in made.findings]
        for resource in made.resources:
            resources.setdefault(f"{resource['resourceType']}/{resource['id']}", resource)
    if any(f.severity == "error" for f in findings):
        return Translated([], findings)
    woman = next((name for name in resources if name.startswith("Patient/")), "")
    for found in export.images.values():
        resources[f"Binary/{found.id}"] = found.binary(woman)
    return Translated(list(resources.values()), findings)
