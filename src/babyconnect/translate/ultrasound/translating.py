"""A tree of an export → STU3 resources, by the data set's own tables (`translate.ada`) and the layer of ours on them.

One record per pregnancy; what they share (the client, organisations, professionals) is one resource.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from lxml import etree

from babyconnect.birthcare.ultrasound import ExportTable, provided
from babyconnect.definitions import document
from babyconnect.translate import ada
from babyconnect.translate.completeness import Chapter, Filled, Item
from babyconnect.translate.findings import Finding, Translated
from babyconnect.translate.tables import AdaMap, ada_map
from babyconnect.translate.ultrasound.export import Export
from babyconnect.translate.ultrasound.images import Sight
from babyconnect.translate.ultrasound.layout import TRANSACTION, levels
from babyconnect.translate.ultrasound.reading import Reading

DATA_SET = "astraia"
_CHAPTERS = {"patient": "Cliënt", "episode": "Zwangerschap", "exam": "Onderzoek", "fetus": "Foetus",
             "structure": "Structuren", "marker": "Sonomarkers", "image": "Beelden"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """`counted`: what the export fills of what the table knows."""

    resources: tuple[dict[str, Any], ...]
    findings: tuple[Finding, ...]
    counted: Filled


def chapters(data_set: str, version: str = "", table: ExportTable | None = None) -> tuple[Chapter, ...]:
    """What an export can fill, by the levels of the table; an element that only opens a level says nothing itself."""
    if data_set != DATA_SET:
        return ()
    found = {
        name: [path for path, items in level.items.items() if any(item.kind != "level" for item in items)]
        for name, level in levels(table or provided()).items()
        if name != "file"
    }
    return tuple(
        Chapter(_CHAPTERS.get(name, name), tuple(Item(f"{name}/{path}", path) for path in paths))
        for name, paths in found.items()
        if paths
    )


def counted(root: etree._Element, sight: Sight, today: dt.date, table: ExportTable | None = None) -> Made:
    """The resources of an export, with what it fills.  A finding of severity `error` means: refuse it.  `table`: what
    it calls things, when that is not the table provided."""
    export = Reading(sight, today, table or provided()).run(root)
    made = _translated(export, today)
    lost = export.lost | (export.filled & _without_a_place(table or provided()))
    names = [frozenset(f"{level}/{path}" for level, path in found) for found in (export.filled, lost)]
    filled = Filled(DATA_SET, "", names[0], names[1], export.counted.get("unknown-element", 0))
    return Made(tuple(made.resources), tuple(made.findings), filled)


def _without_a_place(table: ExportTable) -> set[tuple[str, str]]:
    """Rows of data elements that no resource takes: known by name, so that they are missed by name."""
    rows = _table().rows
    nowhere = {concept for concept, found in rows.items() if all(row.transform == "none" for row in found)}
    return {
        (level.name, path)
        for level in levels(table).values()
        for path, items in level.items.items()
        if any(item.concept in nowhere for item in items)
    }


def _table() -> AdaMap:
    block = document("ada/transactions.toml")[TRANSACTION]
    return ada_map(block["map"], block["structure"], "ultrasound")


def translate(root: etree._Element, sight: Sight, today: dt.date, table: ExportTable | None = None) -> Translated:
    """The resources of an export."""
    return _translated(Reading(sight, today, table or provided()).run(root), today)


def _translated(export: Export, today: dt.date) -> Translated:
    findings = [Finding(t.severity, *export.place(t.source), "", t.rule, t.text) for t in export.told]
    if any(f.severity == "error" for f in findings):
        return Translated([], findings)
    block = document("ada/transactions.toml")[TRANSACTION]
    table = _table()
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
