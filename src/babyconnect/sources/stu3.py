"""FHIR STU3 from a source, in XML or JSON: a single resource, or a Bundle taken apart entry by entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from babyconnect.fhir import json, xml
from babyconnect.fhir.grammar import resource_types
from babyconnect.fhir.malformed import Malformed
from babyconnect.sources import Sourced

# Bundles that say something else than "these resources": a history holds versions, a message asks for an action.
REFUSED_BUNDLES = frozenset({"history", "message", "transaction-response", "batch-response"})


@dataclass(frozen=True, slots=True)
class Read:
    """The resources of a file, and whether they came in a Bundle."""

    resources: tuple[Sourced, ...]
    bundled: bool


def read_xml(content: bytes) -> Read:
    """The resources of an XML file, entry by entry.  Raises `Malformed`."""
    found: list[Sourced] = []
    bundled = False
    for part in xml.parts(content):
        if part.content.get("resourceType") == "Bundle":
            _refuse_kind(part.content, part.place)
            bundled = True
        elif "resourceType" in part.content:
            found.append(Sourced(part.content, "", part.place))
        elif not _outcome_only(part.content):
            found.append(_entry(part.content, part.place))
    return Read(tuple(found), bundled)


def read_json(content: bytes) -> Read:
    """The resources of a JSON file.  Raises `Malformed`."""
    resource = json.loads(content)
    name = resource.get("resourceType")
    if not isinstance(name, str) or name not in resource_types():
        raise Malformed("resourceType", "root", "no STU3 resource has this name")
    if name != "Bundle":
        return Read((Sourced(resource, "", name),), bundled=False)
    return Read(tuple(_unpack(resource, "Bundle")), bundled=True)


def _unpack(bundle: dict[str, Any], place: str) -> Iterator[Sourced]:
    _refuse_kind(bundle, place)
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise Malformed(f"{place}.entry", "type", "a list stands here")
    for position, entry in enumerate(entries):
        where = f"{place}.entry[{position}]"
        if not isinstance(entry, dict):
            raise Malformed(where, "type", "an object stands here")
        if not _outcome_only(entry):
            yield _entry(entry, where)


def _refuse_kind(bundle: dict[str, Any], place: str) -> None:
    if bundle.get("type") in REFUSED_BUNDLES:
        raise Malformed(place, "bundle", "this kind of Bundle holds no record")


def _entry(entry: dict[str, Any], place: str) -> Sourced:
    resource = entry.get("resource")
    if not isinstance(resource, dict):
        raise Malformed(place, "bundle", "an entry of a record holds a resource")
    if resource.get("resourceType") == "Bundle":
        raise Malformed(place, "bundle", "a Bundle within a Bundle")
    return Sourced(resource, _text(entry.get("fullUrl")), place)


def _outcome_only(entry: dict[str, Any]) -> bool:
    """A search set may end in the server's remarks (`search.mode` = outcome): they are no part of the record."""
    search = entry.get("search")
    return isinstance(search, dict) and search.get("mode") == "outcome"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
