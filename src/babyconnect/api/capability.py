"""`/metadata`: a CapabilityStatement made of the tables that the API itself works by, so that it cannot be untrue.

FHIR STU3 capabilitystatement.html.
"""

from __future__ import annotations

import functools
from typing import Any

from babyconnect import __version__, definitions
from babyconnect.fhir import json as fhir_json
from babyconnect.fhir import xml as fhir_xml
from babyconnect.fhir.search_names import parameters, types

DATED = "2026-11-21"


@functools.lru_cache(maxsize=8)
def capability(base: str, json: bool) -> bytes:
    """The statement for a server at this address, as JSON or XML."""
    statement = _statement(base)
    return fhir_json.dumps(statement) if json else fhir_xml.from_json(statement)


def _statement(base: str) -> dict[str, Any]:
    table = definitions.document("source_api.toml")
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": DATED,
        "kind": "instance",
        "instantiates": [table["standard"]["instantiates"]],
        "software": {"name": "Babyconnect", "version": __version__},
        "implementation": {"description": "Source API of a Babyconnect node", "url": base},
        "fhirVersion": table["standard"]["fhir_version"],
        "acceptUnknown": "no",
        "format": ["application/fhir+json", "application/fhir+xml"],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "cors": False,
                    "service": [{"text": "OAuth 2.0 bearer token, from /oauth"}],
                },
                "resource": [_searched(type) for type in types()] + [_read(t) for t in table["read_only"]["types"]],
                "interaction": [{"code": "batch", "documentation": table["standard"]["batch"]}],
            }
        ],
    }


def _read(type: str) -> dict[str, Any]:
    codes = ("read", "vread", "history-instance")
    return {"type": type, "interaction": [{"code": code} for code in codes], "versioning": "versioned"}


def _searched(type: str) -> dict[str, Any]:
    known = parameters(type).values()
    found = _read(type)
    found["interaction"].append({"code": "search-type"})
    found["searchInclude"] = [f"{type}:{p.name}" for p in known if p.kind == "reference"]
    found["searchParam"] = [{"name": p.name, "type": p.kind} for p in known]
    return found if found["searchInclude"] else {k: v for k, v in found.items() if k != "searchInclude"}
