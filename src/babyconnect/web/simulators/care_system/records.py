"""What the demonstration care system knows of one organisation, and that as FHIR R4 (nl-core systems)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Role
from babyconnect.definitions import rows

BSN = "http://fhir.nl/fhir/NamingSystem/bsn"
URA = "http://fhir.nl/fhir/NamingSystem/ura"
UZI = "http://fhir.nl/fhir/NamingSystem/uzi-nr-pers"
ROLE = "http://fhir.nl/fhir/NamingSystem/uzi-rolcode"
Resource = dict[str, Any]


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A client of the care system."""

    id: str
    name: str
    bsn: str
    birth_date: dt.date | None = None
    note: str = ""


class Works(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who works with it.  `password`: a scrypt hash; `number`: of the register of professionals."""

    username: str
    password: str
    name: str
    role: Role
    number: str


class Practice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One organisation's care system.  `viewer`: where its Babyconnect is."""

    ura: str
    name: str
    viewer: str
    staff: tuple[Works, ...] = ()
    clients: tuple[Listed, ...] = ()

    def client(self, id: str) -> Listed | None:
        return next((one for one in self.clients if one.id == id), None)

    def works(self, username: str) -> Works | None:
        return next((one for one in self.staff if one.username == username), None)


def read(content: bytes) -> dict[str, Practice]:
    """Care systems by URA; raises msgspec.MsgspecError or ValueError when the file is none of ours."""
    found = msgspec.json.decode(content, type=list[Practice])
    return {Ura(practice.ura).value: practice for practice in found}


def patient(one: Listed) -> Resource:
    given, _, family = one.name.partition(" ")
    made: Resource = {
        "resourceType": "Patient",
        "id": one.id,
        "active": True,
        "identifier": [{"system": BSN, "value": one.bsn}],
        "name": [{"use": "official", "text": one.name, "given": [given], "family": family}],
        "gender": "female",
    }
    return made | ({"birthDate": one.birth_date.isoformat()} if one.birth_date else {})


def episode(one: Listed, practice: Practice) -> Resource:
    return {
        "resourceType": "EpisodeOfCare",
        "id": f"episode-{one.id}",
        "status": "active",
        "patient": {"reference": f"Patient/{one.id}"},
        "managingOrganization": {"reference": f"Organization/{practice.ura}"},
    }


def organisation(practice: Practice) -> Resource:
    return {
        "resourceType": "Organization",
        "id": practice.ura,
        "active": True,
        "identifier": [{"system": URA, "value": practice.ura}],
        "name": practice.name,
    }


def practitioner(works: Works) -> Resource:
    given, _, family = works.name.partition(" ")
    return {
        "resourceType": "Practitioner",
        "id": works.username,
        "active": True,
        "identifier": [{"system": UZI, "value": works.number}],
        "name": [{"text": works.name, "given": [given], "family": family}],
    }


def practitioner_role(works: Works, practice: Practice) -> Resource:
    code = next((row["code"] for row in rows("dezi_roles") if row["role"] == works.role.value), "")
    coding = [{"system": ROLE, "code": code}] if code else []
    return {
        "resourceType": "PractitionerRole",
        "id": f"role-{works.username}",
        "active": True,
        "practitioner": {"reference": f"Practitioner/{works.username}"},
        "organization": {"reference": f"Organization/{practice.ura}"},
        "code": [{"coding": coding, "text": works.role.value}],
    }
