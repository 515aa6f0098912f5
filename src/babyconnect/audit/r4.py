"""An event as FHIR R4 AuditEvent, for export and the client's own view (NEN 7513; IHE BALP 1.1 profiles)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from babyconnect import definitions

_SYSTEMS = {
    "dicom": "http://dicom.nema.org/resources/ontology/DCM",
    "rest": "http://terminology.hl7.org/CodeSystem/audit-event-type",
}
_DICOM = _SYSTEMS["dicom"]
_OUTCOMES = {"ok": "0", "refused": "4", "fault": "8"}
_INTERACTIONS = {"search-type", "read", "vread", "history-instance", "batch", "delete", "create", "update"}
_OBJECT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_BASIC = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_URA = "http://fhir.nl/fhir/NamingSystem/ura"
_TRACE_TYPE = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
_OWN = "urn:babyconnect:audit"


def to_fhir(event: Mapping[str, Any]) -> dict[str, Any]:
    """The R4 AuditEvent of an event as `event.event` makes it."""
    row = definitions.document("audit_events.toml")["type"][event["type"]]
    reasons = event.get("reasons") or []
    return _filled(
        resourceType="AuditEvent",
        meta={"profile": [row["profile"]]} if "profile" in row else None,
        type={"system": _SYSTEMS[row["system"]], "code": row["code"], "display": row["display"]},
        subtype=[_subtype(row["subtype"])],
        action=row["action"],
        recorded=event["at"],
        outcome=_OUTCOMES[event["outcome"]],
        outcomeDesc=", ".join(reasons) or None,
        purposeOfEvent=[_purpose(event["purpose"])] if event.get("purpose") else None,
        agent=_agents(event),
        source=_filled(
            site=event.get("holder"),
            observer={"display": event["node"]},
            type=[{"system": "http://terminology.hl7.org/CodeSystem/security-source-type", "code": "4"}],
        ),
        entity=_entities(event) or None,
    )


def _subtype(code: str) -> dict[str, str]:
    system = "http://hl7.org/fhir/restful-interaction" if code in _INTERACTIONS else _OWN
    return {"system": system, "code": code}


def _purpose(code: str) -> dict[str, Any]:
    return {"coding": [{"system": definitions.document("purposes.toml")["system"], "code": code}]}


def _agents(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    actor = event.get("actor") or {}
    organisation = {"identifier": {"system": _URA, "value": actor.get("organisation", event["node"])}}
    network = event.get("network") or ["", ""]
    person = _filled(
        type=_coding(_BASIC, "IRCP"),
        role=[_coding(_OWN + ":role", actor["role"])] if actor.get("role") else None,
        who={"identifier": {"value": actor["person"]}} if actor.get("person") else None,
        requestor=bool(actor.get("person")),
        policy=[f"urn:babyconnect:legal-basis:{event['basis']}"] if event.get("basis") else None,
        purposeOfUse=[_purpose(event["purpose"])] if event.get("purpose") else None,
    )
    client = _filled(
        type=_coding(_DICOM, "110153", "Source Role ID"),
        who=organisation,
        requestor=not actor.get("person"),
        network={"address": network[0], "type": "2"} if network[0] else None,
    )
    server = _filled(
        type=_coding(_DICOM, "110152", "Destination Role ID"),
        who={"display": event["node"]},
        requestor=False,
        network={"address": network[1], "type": "2"} if network[1] else None,
    )
    found = [client, server]
    if actor.get("person"):
        found.append(person)
    if actor.get("responsible"):
        who = {"identifier": {"value": actor["responsible"]}}
        found.append({"type": _coding(_BASIC, "RESP"), "who": who, "requestor": False})
    return found


def _entities(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if event.get("client"):
        found.append(_entity("1", "1", {"reference": f"Patient/{event['client']}"}))
    if event.get("pseudonym"):
        found.append(_entity("1", "1", {"identifier": {"system": _OWN + ":client", "value": event["pseudonym"]}}))
    found += [_entity("2", "4", {"reference": f"EpisodeOfCare/{episode}"}) for episode in event.get("episodes") or ()]
    if event.get("query") or event.get("resource"):
        query = f"{event.get('resource', '')}?{event.get('query', '')}".encode()
        found.append({**_entity("2", "24", None), "query": base64.b64encode(query).decode()})
    found += [_entity("2", "10", {"reference": f"Consent/{consent}"}) for consent in event.get("consents") or ()]
    if event.get("trace"):
        found.append({
            "what": {"identifier": {"value": event["trace"]}},
            "type": {"system": _TRACE_TYPE, "code": "XrequestId"},
        })  # fmt: skip
    return found


def _entity(kind: str, role: str, what: dict[str, Any] | None) -> dict[str, Any]:
    return _filled(what=what, type={"system": _OBJECT_TYPE, "code": kind}, role={"system": _OBJECT_ROLE, "code": role})


def _coding(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    return {"coding": [_filled(system=system, code=code, display=display)]}


def _filled(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
