"""A resource without anything that says where somebody lives or goes (domain §4, secret addresses).

Addresses, telephone numbers, visiting places, and where her practice and her GP are.  Used on what is released, so that
it covers every version and whatever an answer includes.  What is taken out is marked as FHIR marks it: masked.

Places and people of care are shared by many clients under one id: whoever heard the id here could read it by the leave
of another client.  So they do not leave at all, and no reference tells which one it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babyconnect.definitions import document
from babyconnect.fhir.walk import find, transform
from babyconnect.labelling import displays

Resource = Mapping[str, Any]
_MASKED = [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]
_PLACES = frozenset({"Location", "Organization", "HealthcareService"})
_PERSONS = frozenset({"Practitioner", "PractitionerRole"})
# Elements that place somebody without an Address: STU3 names; free text may say anything, so it goes.
_PLACED = {
    "Encounter": ("location", "hospitalization"),
    "EpisodeOfCare": ("team",),
    "Appointment": ("description", "comment"),
    "Location": ("name", "description", "alias", "position", "physicalType", "identifier"),
    "Organization": ("name", "alias", "identifier", "contact"),
    "HealthcareService": ("name", "comment", "extraDetails", "coverageArea"),
    "Practitioner": ("identifier", "name"),
    "PractitionerRole": ("location", "identifier"),
    "Procedure": ("location",),
    "Immunization": ("location",),
}


def without_whereabouts(resource: Resource) -> dict[str, Any] | None:
    """The resource with every place masked, its narrative gone, and nobody named by whom she could be found; None for
    what is a place, or somebody by whom she could be."""
    if resource.get("resourceType") in _PLACES | _PERSONS:
        return None
    masked = transform(
        resource, {"Address": _masked, "ContactPoint": _masked, "Reference": _reference, "Attachment": _attachment}
    )
    return _without(masked)


def marked(resource: Resource) -> Resource:
    """The resource with a label when it says where she is, for who may see it and must not print it."""
    places = any(True for kind in ("Address", "ContactPoint") for _ in find(resource, kind))
    if not places and not set(_PLACED.get(str(resource.get("resourceType", "")), ())) & resource.keys():
        return resource
    meta = resource.get("meta") or {}
    label = {"system": document("shielded.toml")["system"], "code": "address"}
    return {**resource, "meta": {**meta, "security": [*meta.get("security", ()), label]}}


def _without(resource: Mapping[str, Any]) -> dict[str, Any]:
    gone = {"text", *_PLACED.get(str(resource.get("resourceType", "")), ())}
    kept = {name: value for name, value in resource.items() if name not in gone and name.removeprefix("_") not in gone}
    if isinstance(kept.get("contained"), list):
        kept["contained"] = [_without(one) for one in kept["contained"]]
    if resource.get("resourceType") in _PLACES and "name" in resource:
        kept["name"] = displays.of_type(str(resource["resourceType"]))
    return kept


def _masked(node: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {name: node[name] for name in ("use", "system") if name in node}
    return {**kept, "extension": _MASKED}


def _attachment(node: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if name not in ("title", "url")}


def _reference(node: dict[str, Any]) -> dict[str, Any]:
    """A practice or a professional is as good as an address: neither a name, an address nor a number of them."""
    kind = str(node.get("reference", "")).partition("/")[0]
    if kind.startswith("#"):  # what it holds itself, made less by itself; its display is its name
        return {name: value for name, value in node.items() if name not in ("identifier", "display")}
    if kind not in _PLACES | _PERSONS and "identifier" not in node:
        return node
    kept = {name: value for name, value in node.items() if name not in ("identifier", "display", "reference")}
    return {**kept, "display": displays.of_type(kind) if kind else displays.unknown()}
