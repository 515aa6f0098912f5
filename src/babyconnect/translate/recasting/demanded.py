"""What a message demands and the record lacks: a null flavour where the message may have one, else a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.definitions import rows
from babyconnect.translate.findings import Finding
from babyconnect.translate.hl7v3.sites import sites
from babyconnect.translate.recasting.recast import Recast


def completed(record: AdaRecord, output: str, told: tuple[Finding, ...]) -> Recast:
    """The record with what it demands, or none of it: a required element that may not be empty cannot be written."""
    missing = list(_missing(record, output))
    found = tuple(_finding(path, flavor, record.root.line) for path, flavor in missing)
    if any(finding.severity == "error" for finding in found):
        return Recast(None, (*told, *found))
    root = record.root
    for path, flavor in missing:
        root = _put(root, path.split("/"), flavor)
    return Recast(replace(record, root=root), (*told, *found))


def _missing(record: AdaRecord, output: str) -> Iterator[tuple[str, str]]:
    root = sites(record)
    for row in rows("recasting/demanded"):
        there = row["output"] != output or any(
            site.element.is_filled or site.element.null_flavor for site in root.select(row["path"])
        )
        if not there:
            yield row["path"], row["flavor"]


def _finding(path: str, flavor: str, line: int) -> Finding:
    name = path.rpartition("/")[2]
    if flavor:
        return Finding("warning", path, line, "", "incomplete", f"{name}: not in the record; written as {flavor}")
    return Finding("error", path, line, "", "incomplete", f"{name}: not in the record, and the message may not lack it")


def _put(element: AdaElement, path: list[str], flavor: str) -> AdaElement:
    """The tree with this null flavour at the path, in the first element of each name on the way."""
    name, *rest = path
    if not rest:
        return replace(element, children=(*element.children, AdaElement(name, "", {"nullFlavor": flavor}, (), 0)))
    at = next((n for n, child in enumerate(element.children) if child.name == name), len(element.children))
    below = element.children[at] if at < len(element.children) else AdaElement(name, "", {}, (), 0)
    return replace(element, children=(*element.children[:at], _put(below, rest, flavor), *element.children[at + 1 :]))
