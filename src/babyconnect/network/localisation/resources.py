"""A pointer as R4 `List` (NL Generic Functions IG 0.10.0, nl-gf-localization-list), and back.

Dialect `ig-0.10`: `List.code` is required.  The list is always empty with reason `withheld`: it says that something is
there, never what.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import orjson

from babyconnect.birthcare.identifiers import URA_SYSTEM, Ura
from babyconnect.birthcare.parties import Kind
from babyconnect.definitions import document
from babyconnect.network import fhir4
from babyconnect.network.contract import Registration
from babyconnect.network.fhir4 import Malformed, Resource

LONGEST_TEXT = 200
MOST_WRITTEN = 8_192
"""Some 1.5 KB each."""


def _table() -> dict[str, Any]:
    table: dict[str, Any] = document("network.toml")["localisation"]
    return table


def to_list(registration: Registration, id: str = "") -> dict[str, Any]:
    table = _table()
    resource: dict[str, Any] = {
        "resourceType": "List",
        "extension": [
            {
                "url": table["custodian_extension"],
                "valueReference": {"identifier": {"system": URA_SYSTEM, "value": registration.holder.value}},
            },
            {"url": table["until_extension"], "valueInstant": fhir4.instant(registration.until)},
        ],
        "status": "current",
        "mode": "working",
        "code": {"coding": [{"system": table["code_system"], "code": table["code"], "display": table["code_display"]}]},
        "subject": {
            "type": "Patient",
            "identifier": {"system": table["subject_system"], "value": registration.pseudonym},
        },
        "source": {
            "type": "Device",
            "identifier": {"system": table["source_system"], "value": registration.source},
        },
        "emptyReason": {"coding": [{"system": table["empty_reason_system"], "code": table["empty_reason"]}]},
    }
    return {"resourceType": "List", "id": id, **resource} if id else resource


@functools.lru_cache(maxsize=MOST_WRITTEN)
def entry(base: str, id: str, registration: Registration) -> orjson.Fragment:
    """A pointer in a searchset, written: who has her record open asks for the same eight time and again."""
    return orjson.Fragment(orjson.dumps(fhir4.entry(base, to_list(registration, id))))


def _text(resource: Resource, element: str, system: str) -> str:
    value = fhir4.identifier(resource, element, system)
    if not value or len(value) > LONGEST_TEXT:
        raise Malformed(f"List.{element}.identifier of system {system} is required")
    return value


def _extension(resource: Resource, url: str) -> Mapping[str, Any]:
    return next((e for e in resource.get("extension", []) if e.get("url") == url), {})


def from_list(resource: Resource, kind: Kind) -> Registration:
    """Raises Malformed.  `kind` is the holder's in the directory; a List does not say it."""
    try:
        return _from_list(resource, kind)
    except Malformed:
        raise
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Malformed("not a List of the localisation profile") from None


def _from_list(resource: Resource, kind: Kind) -> Registration:
    table = _table()
    if resource.get("resourceType") != "List":
        raise Malformed("resourceType is not List")
    codings = resource.get("code", {}).get("coding", [])
    if not any(c.get("system") == table["code_system"] and c.get("code") == table["code"] for c in codings):
        raise Malformed(f"List.code {table['code']} is required")
    if resource.get("entry"):
        raise Malformed("List.entry is refused: the index holds no content")
    custodian = _extension(resource, table["custodian_extension"]).get("valueReference", {}).get("identifier", {})
    if custodian.get("system") != URA_SYSTEM:
        raise Malformed("the custodian extension with a URA is required")
    until = _extension(resource, table["until_extension"]).get("valueInstant")
    if not until:
        raise Malformed("the localisation-until extension is required: no pointer is for ever")
    return Registration(
        pseudonym=_text(resource, "subject", table["subject_system"]),
        holder=Ura(custodian["value"]),
        kind=kind,
        source=_text(resource, "source", table["source_system"]),
        until=fhir4.moment(until),
    )
