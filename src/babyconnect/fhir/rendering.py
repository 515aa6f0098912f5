"""The bytes of a resource as answers need them: JSON and XML, each whole or with the BSN masked, made once at writing.

A masked BSN keeps its system and bears FHIR's `data-absent-reason` with code `masked` where the value was (FHIR STU3
extension-data-absent-reason; the published Nictiz fixtures mask so).  A masked rendering exists only where it differs.
A file (data of an Attachment, content of a Binary, image of a Signature) is left out of it, whatever it says of
itself: whether a BSN stands in one nobody can see.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.identifiers import BSN_SYSTEMS
from babyconnect.fhir import json, xml
from babyconnect.fhir.walk import transform

_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_MASKED = {"extension": [{"url": _ABSENT, "valueCode": "masked"}]}
_STARS = "*********"
_FILES = {"Attachment": "data", "Binary": "content", "Signature": "blob"}
"""The types that hold a file, and the element it is in."""
_HOLDING = (b'"data"', b'"Binary"', b'"blob"')
"""Without any of which a resource holds no file."""


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
    bare, files = without_files(hidden) if any(sign in content for sign in _HOLDING) else (hidden, 0)
    if not numbers and not files:
        return Renderings(content, _xml(whole))
    return Renderings(content, _xml(whole), json.dumps(bare), _xml(bare))


def masked(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """The resource (or Bundle) with every BSN masked; the same object when it has none."""
    numbers = frozenset(_bsns(resource))
    return dict(_mask(resource, numbers)) if numbers else resource


def without_files(resource: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The resource with no file inside it, and how many it had, by the grammar: a file need not say its type."""
    count = 0

    def without(name: str, node: dict[str, Any]) -> dict[str, Any]:
        nonlocal count
        if not isinstance(node.get(name), str):
            return node
        count += 1
        return {**{key: value for key, value in node.items() if key not in (name, f"_{name}")}, f"_{name}": _MASKED}

    visitors = {type: functools.partial(without, name) for type, name in _FILES.items()}
    return transform(resource, visitors), count


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
