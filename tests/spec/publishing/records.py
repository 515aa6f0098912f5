"""A small record of one pregnancy, as a source system might send it, and a node that keeps it in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babyconnect.birthcare.access import Filter, Shielded
from babyconnect.fhir import json
from babyconnect.fhir.search_index import index
from babyconnect.flows.findings import InputReport, Report
from babyconnect.flows.publish import Input, PublishingNode, publish
from babyconnect.store.memory import MemoryStore

NOW = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
BSN = "http://fhir.nl/fhir/NamingSystem/bsn"
BC = "http://nictiz.nl/fhir/StructureDefinition/"
SNOMED = "http://snomed.info/sct"
TENANT = "urn:babyconnect:ura:00000001"
Resource = dict[str, Any]


def concept(code: str, display: str, system: str = SNOMED) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def woman(id: str = "JAMILA", bsn: str = "999900730") -> Resource:
    return {
        "resourceType": "Patient",
        "id": id,
        "meta": {"profile": [f"{BC}bc-Woman"]},
        "identifier": [{"system": BSN, "value": bsn}],
        "name": [{"given": ["Jamila"], "family": "XXX_Kwee"}],
        "birthDate": "1990-04-01",
    }


def episode(id: str = "EP", patient: str = "JAMILA") -> Resource:
    return {
        "resourceType": "EpisodeOfCare",
        "id": id,
        "identifier": [{"value": "123123249"}],
        "status": "active",
        "type": [concept("364320009", "zwangerschap")],
        "diagnosis": [{"condition": {"reference": f"Condition/P-{id}"}}],
        "patient": {"reference": f"Patient/{patient}"},
        "managingOrganization": {"reference": "Organization/ORG"},
    }


def pregnancy(id: str = "P-EP", patient: str = "JAMILA") -> Resource:
    return {
        "resourceType": "Condition",
        "id": id,
        "meta": {"profile": [f"{BC}zib-Pregnancy"]},
        "clinicalStatus": "active",
        "code": concept("118185001", "zwangerschap"),
        "subject": {"reference": f"Patient/{patient}"},
    }


def encounter(id: str = "E", patient: str = "JAMILA", episode: str = "EP") -> Resource:
    return {
        "resourceType": "Encounter",
        "id": id,
        "status": "finished",
        "subject": {"reference": f"Patient/{patient}"},
        "episodeOfCare": [{"reference": f"EpisodeOfCare/{episode}"}],
    }


def weight(id: str = "W", patient: str = "JAMILA", context: str = "Encounter/E", value: str = "68.50") -> Resource:
    return {
        "resourceType": "Observation",
        "id": id,
        "meta": {"profile": [f"{BC}zib-BodyWeight"]},
        "status": "final",
        "code": concept("29463-7", "Body weight", "http://loinc.org"),
        "subject": {"reference": f"Patient/{patient}"},
        "context": {"reference": context},
        "valueQuantity": {
            "value": json.decimal(value), "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"
        },
    }  # fmt: skip


def organisation() -> Resource:
    return {"resourceType": "Organization", "id": "ORG", "name": "Verloskundigenpraktijk Veilig Zwanger"}


def record() -> list[Resource]:
    """One woman, her episode and pregnancy, a contact and a weight, and the practice."""
    return [woman(), episode(), pregnancy(), encounter(), weight(), organisation()]


def bundle(*resources: Resource) -> bytes:
    entries = [{"resource": resource} for resource in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


def folder(place: Path, name: str, resources: list[Resource]) -> Path:
    made = place / name
    made.mkdir(parents=True)
    for resource in resources:
        (made / f"{resource['resourceType']}-{resource['id']}.json").write_bytes(json.dumps(resource))
    return made


class Node:
    """A custodian's node with a store in memory, and the eyes of a test."""

    def __init__(self, **settings: Any) -> None:
        self.store = MemoryStore()
        self.settings = {"secret": b"a secret of this tenant, 32 bytes", "tenant": TENANT} | settings

    @property
    def node(self) -> PublishingNode:
        return PublishingNode(writer=self.store.writer, index=index, now=lambda: NOW, **self.settings)

    async def publish(self, *contents: bytes | Path) -> Report:
        inputs = [
            Input(content.name, path=content) if isinstance(content, Path) else Input(f"input-{i}", content=content)
            for i, content in enumerate(contents)
        ]
        return await publish(inputs, self.node)

    async def one(self, content: bytes | Path) -> InputReport:
        report = await self.publish(content)
        assert len(report.inputs) == 1
        return report.inputs[0]

    @property
    def kept(self) -> dict[str, Mapping[str, Any]]:
        """Every resource as it lies in the store now, by `Type/source id`, or `Type/opaque id` without one."""
        found = {}
        for (type_name, opaque), versions in self.store.versions.items():
            resource = versions[-1].publication.resource
            held = resource.get("identifier", [])
            listed = held if isinstance(held, list) else [held]
            own = [i["value"] for i in listed if i.get("system") == f"{TENANT}:id"]
            found[f"{type_name}/{own[0] if own else opaque}"] = resource
        return found

    def publication(self, name: str) -> Any:
        resource = self.kept[name]
        return self.store.versions[(resource["resourceType"], resource["id"])][-1].publication

    @property
    def empty(self) -> bool:
        return not self.store.versions and not self.store.originals


def everything(client: str) -> Filter:
    return Filter(client, frozenset({"*"}), frozenset(s.value for s in Shielded), frozenset())
