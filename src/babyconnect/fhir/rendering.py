"""The bytes of a resource as answers need them: JSON and XML, each whole or with the BSN masked, made once at writing.

A masked BSN keeps its system and bears FHIR's `data-absent-reason` with code `masked` where the value was (FHIR STU3
extension-data-absent-reason; the published Nictiz fixtures mask so).  A masked rendering exists only where it differs.
A file (data of an Attachment, content of a Binary) is left out of it: whether a BSN stands in one nobody can see.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.identifiers import BSN_SYSTEMS
from babyconnect.fhir import json, xml

_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_MASKED = {"extension": [{"url": _ABSENT, "valueCode": "masked"}]}
_STARS = "*********"
_TYPED = b'"contentType"'
"""Without which a resource holds no file."""


@dataclass(frozen=True, slots=True)
class Renderings:
    """One version's bytes; a masked one is None when there is nothing to mask."""

    json: bytes
    xml: bytes
    json_masked: bytes | None = None
    xml_masked: bytes | None = None


def render(resource: Mapping[str, Any], version: int, updated: dt.datetime) -> Renderings:
    """Render a resource as this version of itself; references stay relative, so that no host is in the bytes."""
    stamps = {"versionId": str(version), "lastUpdated": instant(updated)}
    meta = {**stamps, **resource.get("meta", {}), **stamps}
    whole = {**resource, "meta": meta}
    numbers, content = frozenset(_bsns(whole)), json.dumps(whole)
    hidden = _mask(whole, numbers) if numbers else whole
    bare, files = without_files(hidden) if _TYPED in content else (hidden, 0)
    if not numbers and not files:
        return Renderings(content, _xml(whole))
    return Renderings(content, _xml(whole), json.dumps(bare), _xml(bare))


def masked(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """The resource (or Bundle) with every BSN masked; the same object when it has none."""
    numbers = frozenset(_bsns(resource))
    return dict(_mask(resource, numbers)) if numbers else resource


def without_files(node: Any) -> tuple[Any, int]:
    """The node with no file inside it, and how many it had: the `data` of an Attachment, the `content` of a Binary."""
    if isinstance(node, list):
        parts = [without_files(part) for part in node]
        return [part for part, _ in parts], sum(count for _, count in parts)
    if not isinstance(node, Mapping):
        return node, 0
    name = "content" if node.get("resourceType") == "Binary" else "data" if "contentType" in node else ""
    here = isinstance(node.get(name), str)
    kept = {key: without_files(value) for key, value in node.items() if not (here and key in (name, f"_{name}"))}
    hidden = {f"_{name}": _MASKED} if here else {}
    return {**{k: value for k, (value, _) in kept.items()}, **hidden}, here + sum(count for _, count in kept.values())


def instant(moment: dt.datetime) -> str:
    """A FHIR instant in UTC, to the millisecond."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _xml(resource: dict[str, Any]) -> bytes:
    content = xml.from_json(resource)
    # An entry holds the element alone; a document's declaration may stand only at the start of a Bundle.
    return content[content.index(b"?>") + 2 :].lstrip() if content.startswith(b"<?xml") else content


def _bsns(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if node.get("system") in BSN_SYSTEMS and isinstance(node.get("value"), str):
            yield node["value"]
        for child in node.values():
            yield from _bsns(child)
    elif isinstance(node, list):
        for child in node:
            yield from _bsns(child)


def _mask(node: Any, numbers: frozenset[str]) -> Any:
    """The same with each BSN's value replaced by the extension, and gone from every text that repeats it."""
    if isinstance(node, Mapping):
        if node.get("system") in BSN_SYSTEMS and "value" in node:
            kept = {k: _mask(v, numbers) for k, v in node.items() if k not in ("value", "_value")}
            return {**kept, "_value": _MASKED}
        return {key: _mask(child, numbers) for key, child in node.items()}
    if isinstance(node, list):
        return [_mask(child, numbers) for child in node]
    if isinstance(node, str):
        for number in numbers:
            node = node.replace(number, _STARS) if number else node
    return node
