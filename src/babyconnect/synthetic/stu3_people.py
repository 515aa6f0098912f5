"""Patients, related persons, organisations and professionals of a dossier as STU3 resources (nl-core, bc-*)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from babyconnect.birthcare.identifiers import AGB_SYSTEM, BSN_SYSTEM, URA_SYSTEM, UZI_SYSTEM
from babyconnect.birthcare.resources import HOME
from babyconnect.synthetic.codes import displays
from babyconnect.synthetic.course import Child
from babyconnect.synthetic.dossier import Dossier, Moment
from babyconnect.synthetic.organisations import Organisation, Professional
from babyconnect.synthetic.people import Woman
from babyconnect.synthetic.roles import specialty

Resource = dict[str, Any]
NICTIZ = "http://nictiz.nl/fhir/StructureDefinition/"
NL_CORE = "http://fhir.nl/fhir/StructureDefinition/"
HL7 = "http://hl7.org/fhir/StructureDefinition/"
LOCAL = "urn:oid:2.16.840.1.113883.2.4.3.11.999.7.6"
_ORGANISATION_TYPES = ("http://nictiz.nl/fhir/NamingSystem/organization-type", "2.16.840.1.113883.2.4.15.1060")
_GENDERS = {"F": ("female", "Vrouw"), "M": ("male", "Man")}


def profile(name: str) -> str:
    return (NL_CORE if name.startswith("nl-core") else NICTIZ) + name


def meta(*profiles: str) -> Resource:
    return {"profile": [profile(name) for name in profiles]}


def text(when: Moment) -> str:
    """A date, or a moment with its offset in the Netherlands."""
    if isinstance(when, dt.datetime):
        return when.replace(tzinfo=HOME).isoformat(timespec="seconds")
    return when.isoformat()


def to(type_name: str, identifier: str, display: str) -> Resource:
    return {"reference": f"{type_name}/{identifier}", "display": display}


def woman_id(dossier: Dossier) -> str:
    return f"V{dossier.number}"


def child_id(dossier: Dossier, rank: int) -> str:
    return f"K{dossier.number}-{dossier.episode}-{rank}"


def to_woman(dossier: Dossier) -> Resource:
    return to("Patient", woman_id(dossier), dossier.woman.display)


def to_child(dossier: Dossier, rank: int) -> Resource:
    child = next(child for child in dossier.children if child.rank == rank)
    return to("Patient", child_id(dossier, rank), f"Kind {child.given} {dossier.woman.surname}")


def to_organisation(organisation: Organisation) -> Resource:
    return to("Organization", organisation.agb, organisation.name)


def to_professional(person: Professional, organisation: Organisation) -> Resource:
    role = to(
        "PractitionerRole",
        f"{person.uzi}-{organisation.agb}",
        f"{person.name} || {specialty(person.role).display} || {organisation.name}",
    )
    return {
        "extension": [{"url": NICTIZ + "practitionerrole-reference", "valueReference": role}],
        **to("Practitioner", person.uzi, person.name),
    }


def _specified(system: str, value: str, display: str) -> Resource:
    return {
        "url": NICTIZ + "code-specification",
        "valueCodeableConcept": {"coding": [{"system": system, "code": value, "display": display}]},
    }


def _gender(letter: str) -> Resource:
    value, display = _GENDERS[letter]
    return {
        "gender": value,
        "_gender": {"extension": [_specified("http://hl7.org/fhir/v3/AdministrativeGender", letter, display)]},
    }


def _given(parts: list[tuple[str, str]]) -> Resource:
    qualifier = HL7 + "iso21090-EN-qualifier"
    return {
        "given": [part for part, _ in parts],
        "_given": [{"extension": [{"url": qualifier, "valueCode": code}]} for _, code in parts],
    }


def _family(prefix: str, family: str) -> Resource:
    parts = [{"url": HL7 + "humanname-own-name", "valueString": family}]
    if prefix:
        parts.insert(0, {"url": HL7 + "humanname-own-prefix", "valueString": prefix})
    return {
        "extension": [{"url": HL7 + "humanname-assembly-order", "valueCode": "NL1"}],
        "family": f"{prefix} {family}".strip(),
        "_family": {"extension": parts},
    }


def _woman_name(woman: Woman) -> Resource:
    parts = [(woman.given, "BR"), (woman.initials, "IN")] + ([(woman.called, "CL")] if woman.called else [])
    name = _family(woman.prefix, woman.family)
    return {"extension": name.pop("extension"), "text": woman.display, **name, **_given(parts)}


def woman(dossier: Dossier) -> Resource:
    person = dossier.woman
    number = {"system": BSN_SYSTEM, "value": person.bsn} if person.bsn else {"system": LOCAL, "value": dossier.number}
    found: Resource = {
        "resourceType": "Patient",
        "id": woman_id(dossier),
        "meta": meta("nl-core-patient", "bc-Woman"),
        "identifier": [number],
        "name": [_woman_name(person)],
        **_gender(person.sex),
        "birthDate": text(person.born),
    }
    if person.sex == "M":
        code = "446151000124109"
        found["extension"] = [
            {
                "url": NICTIZ + "bc-patient-genderIdentity",
                "valueCodeableConcept": {
                    "coding": [
                        {
                            "system": "http://snomed.info/sct",
                            "code": code,
                            "display": displays()["2.16.840.1.113883.6.96", code],
                        }
                    ]
                },
            }
        ]
    if person.secret_address:
        found["address"] = [{"use": "home", "text": "Geheim adres"}]
    else:
        found["telecom"] = [{"system": "phone", "value": person.phone, "use": "mobile"}]
        found["address"] = [_address(person)]
    language, display = person.language
    found["communication"] = [
        {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": language, "display": display}]}}
    ]
    return found


def _address(person: Woman) -> Resource:
    parts = [("streetName", person.street), ("houseNumber", str(person.house))]
    return {
        "use": "home",
        "type": "physical",
        "line": [f"{person.street} {person.house}"],
        "_line": [
            {"extension": [{"url": f"{HL7}iso21090-ADXP-{name}", "valueString": value} for name, value in parts]}
        ],
        "city": person.town,
        "postalCode": person.postcode,
        "country": "NL",
    }


def child(dossier: Dossier, born: Child) -> Resource:
    numbers = [{"system": LOCAL, "value": child_id(dossier, born.rank)}]
    if born.bsn and dossier.organisation.type == "JGZ":  # a newborn has no number in its first days (domain §2)
        numbers.insert(0, {"system": BSN_SYSTEM, "value": born.bsn})
    name = _family(dossier.woman.prefix, dossier.woman.family)
    found: Resource = {
        "resourceType": "Patient",
        "id": child_id(dossier, born.rank),
        "meta": meta("nl-core-patient", "bc-Child"),
        "identifier": numbers,
        "name": [
            {
                "extension": name.pop("extension"),
                "text": f"{born.given} {dossier.woman.surname}",
                **name,
                **_given([(born.given, "BR")]),
            }
        ],
        **_gender(born.sex),
        "birthDate": text(born.born.date()),
        "multipleBirthBoolean": bool(dossier.course and dossier.course.twins),
    }
    if born.died is not None:
        found["deceasedDateTime"] = text(born.died)
    return found


def relations(dossier: Dossier) -> Iterator[Resource]:
    """Her partner, and that she gave birth to these children (`bc-MotherOf` says nothing about authority)."""
    person = dossier.woman
    if person.partner:
        yield _related(
            dossier,
            "partner",
            to_woman(dossier),
            "DOMPART",
            f"{person.partner} {person.partner_family}",
        )
    for born in dossier.children:
        found = _related(
            dossier,
            f"mother-{born.rank}",
            to_child(dossier, born.rank),
            "MTH",
            person.display,
        )
        if person.bsn:
            found["identifier"].append({"system": BSN_SYSTEM, "value": person.bsn})
        yield found


_RELATIONS = {"DOMPART": ("nl-core-relatedperson", "Partner"), "MTH": ("bc-MotherOf", "Moeder")}


def _related(dossier: Dossier, name: str, patient: Resource, role: str, display: str) -> Resource:
    of, said = _RELATIONS[role]
    identifier = f"{dossier.id}-{name}"
    return {
        "resourceType": "RelatedPerson",
        "id": identifier,
        "meta": meta(of),
        "identifier": [{"system": LOCAL, "value": identifier}],
        "patient": patient,
        "relationship": {"coding": [{"system": "http://hl7.org/fhir/v3/RoleCode", "code": role, "display": said}]},
        "name": [{"text": display}],
    }


def organisation(party: Organisation) -> Resource:
    system, oid = _ORGANISATION_TYPES
    return {
        "resourceType": "Organization",
        "id": party.agb,
        "meta": meta("nl-core-organization"),
        "identifier": [{"system": AGB_SYSTEM, "value": party.agb}, {"system": URA_SYSTEM, "value": party.ura}],
        "type": [{"coding": [{"system": system, "code": party.type, "display": displays()[oid, party.type]}]}],
        "name": party.name,
    }


def professional(person: Professional, at: Organisation) -> Iterator[Resource]:
    number = {"system": UZI_SYSTEM, "value": person.uzi}
    yield {
        "resourceType": "Practitioner",
        "id": person.uzi,
        "meta": meta("nl-core-practitioner"),
        "identifier": [number],
        "name": [{"text": person.name, "family": person.family, "given": [person.given]}],
    }
    role = f"{person.uzi}-{at.agb}"
    yield {
        "resourceType": "PractitionerRole",
        "id": role,
        "meta": meta("nl-core-practitionerrole"),
        "identifier": [{"system": LOCAL, "value": role}],
        "practitioner": to("Practitioner", person.uzi, person.name),
        "organization": to_organisation(at),
        "specialty": [specialty(person.role).concept],
    }
