"""Material for tests of store, door and source API: small resources with labels, as publishing would hand them over."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Any

from babyconnect.birthcare.access import Filter
from babyconnect.fhir import json
from babyconnect.fhir.search_index import index
from babyconnect.store.contract import SHARED, Publication

SNOMED = "http://snomed.info/sct"
BSN = "http://fhir.nl/fhir/NamingSystem/bsn"
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
ALL_GROUPS = frozenset({"patient", "provider", "episode", "prenatal_checks", "maternal_lab"})


def allowed(client: str, **narrower: Iterable[str]) -> Filter:
    """A filter that lets all of a client's groups and episodes through, unless told narrower."""
    return Filter(
        client=client,
        groups=frozenset(narrower.get("groups", ALL_GROUPS)),
        shielded=frozenset(narrower.get("shielded", ())),
        episodes=frozenset(narrower.get("episodes", (f"{client}-episode",))),
    )


def publication(resource: dict[str, Any], client: str, group: str, **labels: Any) -> Publication:
    """Any resource as publishing hands it over; `labels`: shielded, episodes, original."""
    return Publication(
        type=resource["resourceType"],
        id=resource["id"],
        resource=resource,
        client=client,
        group=group,
        shielded=frozenset(labels.get("shielded", ())),
        episodes=frozenset(labels.get("episodes", ())),
        index=index(resource),
        digest=hashlib.sha256(json.dumps(resource)).digest(),
        original=labels.get("original"),
    )


def woman(id: str, bsn: str | None = None, name: str = "De Vries") -> Publication:
    resource: dict[str, Any] = {
        "resourceType": "Patient",
        "id": id,
        "meta": {"profile": ["http://nictiz.nl/fhir/StructureDefinition/bc-Woman"]},
        "name": [{"family": name}],
        "birthDate": "1994-05-06",
    }
    if bsn:
        resource["identifier"] = [{"system": BSN, "value": bsn}]
    return publication(resource, id, "patient")


def episode(client: str, status: str = "active", id: str | None = None, **refs: str) -> Publication:
    """The woman's MaternalRecord here."""
    key = id or f"{client}-episode"
    resource = {
        "resourceType": "EpisodeOfCare",
        "id": key,
        "meta": {"profile": ["http://nictiz.nl/fhir/StructureDefinition/bc-MaternalRecord"]},
        "status": status,
        "type": [{"coding": [{"system": SNOMED, "code": "364320009", "display": "Pregnancy observable"}]}],
        "patient": {"reference": f"Patient/{client}", "display": "cliënt"},
        "period": {"start": "2026-01-05"},
    }
    if "organization" in refs:
        resource["managingOrganization"] = {"reference": f"Organization/{refs['organization']}", "display": "praktijk"}
    if "manager" in refs:
        resource["careManager"] = {"reference": f"Practitioner/{refs['manager']}", "display": "verloskundige"}
    return publication(resource, client, "episode", episodes={key})


def encounter(client: str, id: str, episode_id: str | None = None, **labels: Any) -> Publication:
    key = episode_id or f"{client}-episode"
    resource = {
        "resourceType": "Encounter",
        "id": id,
        "status": "finished",
        "subject": {"reference": f"Patient/{client}", "display": "cliënt"},
        "episodeOfCare": [{"reference": f"EpisodeOfCare/{key}", "display": "zwangerschap"}],
        "period": {"start": "2026-02-02T10:00:00+01:00", "end": "2026-02-02T10:20:00+01:00"},
    }
    return publication(resource, client, labels.pop("group", "prenatal_checks"), **{"episodes": {key}, **labels})


def observation(client: str, id: str, context: str | None = None, **more: Any) -> Publication:
    """`more`: code, value, date, group, shielded, episodes, original."""
    resource = {
        "resourceType": "Observation",
        "id": id,
        "meta": {"profile": ["http://nictiz.nl/fhir/StructureDefinition/bc-MaternalObservation"]},
        "status": "final",
        "code": {"coding": [{"system": SNOMED, "code": more.get("code", "364075005"), "display": "hartslag"}]},
        "subject": {"reference": f"Patient/{client}", "display": "cliënt"},
        "context": {"reference": context or f"EpisodeOfCare/{client}-episode", "display": "zwangerschap"},
        "effectiveDateTime": more.get("date", "2026-02-03"),
        "valueString": more.get("value", "72"),
    }
    labels = {k: more[k] for k in ("shielded", "original") if k in more}
    episodes = more.get("episodes", {f"{client}-episode"})
    return publication(resource, client, more.get("group", "prenatal_checks"), episodes=episodes, **labels)


def organisation(id: str, name: str = "Verloskundigenpraktijk Test") -> Publication:
    return publication({"resourceType": "Organization", "id": id, "name": name}, SHARED, "provider")


def practitioner(id: str) -> Publication:
    return publication({"resourceType": "Practitioner", "id": id, "name": [{"family": "Jansen"}]}, SHARED, "provider")
