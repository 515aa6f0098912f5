"""An event as FHIR R4 AuditEvent, for export (NEN 7513; IHE BALP 1.1 profiles).

A profile is claimed only by an event that has all it demands: BALP's are for what succeeded, between two network
points, about one patient.  Entities are told apart by their type alone, so what is ours has a type of its own.
"""

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
_RESOURCE = "http://hl7.org/fhir/resource-types"
_ASSURANCE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/ihe-assuranceLevel"
_SOURCE, _DESTINATION = ("110153", "Source Role ID"), ("110152", "Destination Role ID")


def to_fhir(event: Mapping[str, Any]) -> dict[str, Any]:
    """The R4 AuditEvent of an event as `event.event` makes it."""
    row = definitions.document("audit_events.toml")["type"][event["type"]]
    reasons = event.get("reasons") or []
    profile = str(row.get("profile", "")).rpartition(".")[2]
    entities = _entities(event, profile)
    return _filled(
        resourceType="AuditEvent",
        meta={"profile": [row["profile"]]} if _conforms(event, profile) else None,
        type={"system": _SYSTEMS[row["system"]], "code": row["code"], "display": row["display"]},
        subtype=[_subtype(row["subtype"])],
        action=row["action"],
        recorded=event["at"],
        outcome=_OUTCOMES[event["outcome"]],
        outcomeDesc=", ".join(reasons) or None,
        purposeOfEvent=[_purpose(event["purpose"])] if event.get("purpose") else None,
        agent=_agents(event, profile),
        source=_filled(
            site=event.get("holder"),
            observer={"display": event["node"]},
            type=[{"system": "http://terminology.hl7.org/CodeSystem/security-source-type", "code": "4"}],
        ),
        entity=entities or None,
    )


def _conforms(event: Mapping[str, Any], profile: str) -> bool:
    """Whether the event has all that its profile demands."""
    network = event.get("network") or []
    one_patient = bool(event.get("client") or event.get("pseudonym"))
    named = bool(event.get("resource")) if profile == "PatientQuery" else bool(_data(event))
    return bool(profile) and event["outcome"] == "ok" and len(network) == 2 and all(network) and one_patient and named


def _subtype(code: str) -> dict[str, str]:
    system = "http://hl7.org/fhir/restful-interaction" if code in _INTERACTIONS else _OWN
    return {"system": system, "code": code}


def _purpose(code: str) -> dict[str, Any]:
    return {"coding": [{"system": definitions.document("purposes.toml")["system"], "code": code}]}


def _agents(event: Mapping[str, Any], profile: str) -> list[dict[str, Any]]:
    actor = event.get("actor") or {}
    network = event.get("network") or ["", ""]
    # In a read the data flow to the client, in a query the question flows from it (BALP keeps DICOM's habit).
    of_client, of_server = (_DESTINATION, _SOURCE) if profile == "PatientRead" else (_SOURCE, _DESTINATION)
    policies = [f"urn:babyconnect:legal-basis:{event['basis']}"] if event.get("basis") else []
    policies += [f"urn:babyconnect:rules:{event['rules']}"] if event.get("rules") else []
    by_person = bool(actor.get("person"))
    client = _filled(
        type=_coding(_DICOM, *of_client),
        who={"identifier": {"system": _URA, "value": actor.get("organisation", event["node"])}},
        requestor=not by_person,
        policy=None if by_person else policies or None,
        network={"address": network[0], "type": "2"} if network[0] else None,
    )
    server = _filled(
        type=_coding(_DICOM, *of_server),
        who={"display": event["node"]},
        requestor=False,
        network={"address": network[1], "type": "5"} if network[1] else None,
    )
    found = [client, server]
    if by_person:
        found.append(
            _person(event, actor, policies, "IRCP" if profile in ("PatientQuery", "PatientRead", "") else "AUT")
        )
    if actor.get("responsible"):
        who = {"identifier": {"value": actor["responsible"]}}
        found.append({"type": _coding(_BASIC, "RESP"), "who": who, "requestor": False})
    return found


def _person(event: Mapping[str, Any], actor: Mapping[str, Any], policies: list[str], kind: str) -> dict[str, Any]:
    assurance = {"url": _ASSURANCE, "valueCodeableConcept": {"text": actor.get("loa", "")}}
    return _filled(
        extension=[assurance] if actor.get("loa") else None,
        type=_coding(_BASIC, kind),
        role=[_coding(_OWN + ":role", actor["role"])] if actor.get("role") else None,
        who={"identifier": {"value": actor["person"]}},
        requestor=True,
        policy=policies or None,
        purposeOfUse=[_purpose(event["purpose"])] if event.get("purpose") else None,
    )


def _entities(event: Mapping[str, Any], profile: str) -> list[dict[str, Any]]:
    found = [*_patient(event), *_queried(event, profile)]
    found += [_of("EpisodeOfCare", episode) for episode in event.get("episodes") or ()]
    found += [_of("Consent", consent) for consent in event.get("consents") or ()]
    found += [
        {"what": {"display": relation}, "type": {"system": _OWN, "code": "relation"}}
        for relation in event.get("relations") or ()
    ]
    if event.get("trace"):
        found.append({
            "what": {"identifier": {"value": event["trace"]}},
            "type": {"system": _TRACE_TYPE, "code": "XrequestId"},
        })  # fmt: skip
    return found


def _patient(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Her, once, by every name that the log has."""
    what = _filled(
        reference=f"Patient/{event['client']}" if event.get("client") else None,
        type="Patient" if event.get("pseudonym") else None,
        identifier={"system": _OWN + ":client", "value": event["pseudonym"]} if event.get("pseudonym") else None,
    )
    return [_entity("1", "1", what)] if what else []


def _queried(event: Mapping[str, Any], profile: str) -> list[dict[str, Any]]:
    """What was asked, or what was acted on; and whatever else it was about."""
    found: list[dict[str, Any]] = []
    data = _data(event) if profile and profile != "PatientQuery" else ""
    if data:
        found.append(_entity("2", "4", {"reference": data} if data[0].isupper() else {"identifier": {"value": data}}))
    elif event.get("query") or event.get("resource"):
        query = f"{event.get('resource', '')}?{event.get('query', '')}".encode()
        found.append({**_entity("2", "24", None), "query": base64.b64encode(query).decode()})
    if event.get("object") and event["object"] != data:
        found.append({"what": {"identifier": {"value": event["object"]}}, "type": {"system": _OWN, "code": "object"}})
    return found


def _data(event: Mapping[str, Any]) -> str:
    """The one thing that was read or changed, as `kind/id`; "" when the event does not say."""
    resource = str(event.get("resource", ""))
    consents = [f"Consent/{consent}" for consent in event.get("consents") or ()]
    return str(event.get("object") or "") or (resource if "/" in resource else "") or (consents[0] if consents else "")


def _of(type: str, id: str) -> dict[str, Any]:
    return {"what": {"reference": f"{type}/{id}"}, "type": {"system": _RESOURCE, "code": type}}


def _entity(kind: str, role: str, what: dict[str, Any] | None) -> dict[str, Any]:
    return _filled(what=what, type={"system": _OBJECT_TYPE, "code": kind}, role={"system": _OBJECT_ROLE, "code": role})


def _coding(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    return {"coding": [_filled(system=system, code=code, display=display)]}


def _filled(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
