"""The client and the professionals of a record of the medication process: each once, however often it is named."""

from __future__ import annotations

import datetime as dt
from typing import Any

from babyconnect.birthcare.ada import AdaElement
from babyconnect.birthcare.identifiers import BSN_OID, BSN_SYSTEMS, passes_eleven_check
from babyconnect.translate import codes, moments
from babyconnect.translate.medication.reading import Reading, named

_CORE = "http://fhir.nl/fhir/StructureDefinition/"
_ROLE = "http://nictiz.nl/fhir/StructureDefinition/practitionerrole-reference"
_GENDERS = {"M": "male", "F": "female", "UN": "other"}
_NUMBERS = ("zorgverlener_identificatienummer", "zorgverlener_identificatie_nummer")
_PLACES = ("zorgaanbieder_identificatienummer", "zorgaanbieder_identificatie_nummer")
Resource = dict[str, Any]


class Parties:
    """Makes a resource of each party, and gives references to it."""

    def __init__(self, reading: Reading, today: dt.date) -> None:
        self._reading, self._today = reading, today
        self.resources: list[Resource] = []
        self._known: dict[tuple[str, ...], Resource] = {}
        self.patient: Resource = {}

    def client(self, element: AdaElement) -> None:
        """The patient; a number that is no BSN refuses the record."""
        read = self._reading
        patient: Resource = {"resourceType": "Patient", "id": "patient", "meta": _meta("nl-core-patient")}
        numbers = []
        for number in read.children(element, "identificatienummer", "patient_identificatienummer"):
            root = number.attributes.get("root", "")
            if root == BSN_OID and number.value and not passes_eleven_check(number.value):
                read.say(number, "bsn", "the number is no BSN: it fails the eleven-check", "error")
            if number.value:
                numbers.append({"system": codes.system(root), "value": number.value})
        name = _name(read, read.child(element, "naamgegevens"))
        born = moments.fhir(read.value(element, "geboortedatum"), self._today)
        gender = read.child(element, "geslacht")
        patient |= {"identifier": numbers} if numbers else {}
        patient |= {"name": [name]} if name else {}
        patient |= {"gender": _GENDERS.get(gender.code or gender.value, "unknown")} if gender else {}
        patient |= {"birthDate": born[:10]} if born else {}
        patient["id"] = self._patient_id(numbers, name, born or "")
        self.patient = self._reference(patient, name.get("text", "") if name else "") or {}
        self.resources.insert(0, patient)

    @staticmethod
    def _patient_id(numbers: list[Resource], name: Resource, born: str) -> str:
        """By her local number; who has a BSN alone is known by that when she is kept (`flows.units`)."""
        local = [f"{n['system']}|{n['value']}" for n in numbers if n["system"] not in BSN_SYSTEMS]
        if local:
            return named("patient", *sorted(local))
        return "patient" if numbers else named("patient", name.get("text", ""), born)

    def professional(self, element: AdaElement | None) -> tuple[Resource, Resource]:
        """(reference to the practitioner, reference to the organisation) below an element; {} where it names none."""
        read = self._reading
        if element is None:
            return {}, {}
        within = read.child(element, "zorgverlener") or element
        organisation = self._organisation(within)
        numbers = self._numbers(within, _NUMBERS)
        named = read.child(within, "naamgegevens", "zorgverlener_naam")
        name = _name(read, read.child(named, "naamgegevens") or named)
        specialty = read.concept(read.child(within, "specialisme"))
        if not numbers and not name:
            return {}, organisation
        made: Resource = {"resourceType": "Practitioner", "meta": _meta("nl-core-practitioner")}
        made |= {"identifier": numbers} if numbers else {}
        made |= {"name": [name]} if name else {}
        shown = name["text"] if name else "Zorgverlener"
        practitioner = self._once(made, _key("Practitioner", numbers, shown), shown)
        if specialty or organisation:
            role = self._role(practitioner, specialty, organisation)
            practitioner = {"extension": [{"url": _ROLE, "valueReference": role}], **practitioner}
        return practitioner, organisation

    def _role(self, practitioner: Resource, specialty: Resource, organisation: Resource) -> Resource:
        made: Resource = {"resourceType": "PractitionerRole", "meta": _meta("nl-core-practitionerrole")}
        made |= {"practitioner": practitioner}
        made |= {"organization": organisation} if organisation else {}
        made |= {"specialty": [specialty]} if specialty else {}
        kind = specialty.get("text") or next((c.get("display", "") for c in specialty.get("coding", ())), "")
        parts = [practitioner["display"], kind, organisation.get("display", "")]
        key = ("PractitionerRole", practitioner["reference"], organisation.get("reference", ""), kind)
        return self._once(made, key, " || ".join(part for part in parts if part))

    def _organisation(self, element: AdaElement) -> Resource:
        read = self._reading
        outer = read.child(element, "zorgaanbieder")
        within = read.child(outer, "zorgaanbieder") or outer
        if within is None:
            return {}
        numbers = self._numbers(within, _PLACES)
        name = read.value(within, "organisatie_naam")
        if not numbers and not name:
            return {}
        made: Resource = {"resourceType": "Organization", "meta": _meta("nl-core-organization")}
        made |= {"identifier": numbers} if numbers else {}
        made |= {"name": name} if name else {}
        return self._once(made, _key("Organization", numbers, name), name or "Zorgaanbieder")

    def _numbers(self, element: AdaElement, names: tuple[str, ...]) -> list[Resource]:
        found = self._reading.children(element, *names)
        return [{"system": codes.system(n.attributes.get("root", "")), "value": n.value} for n in found if n.value]

    def _once(self, made: Resource, key: tuple[str, ...], display: str) -> Resource:
        if key not in self._known:
            self._known[key] = {**made, "id": named(*key)}
            self.resources.append(self._known[key])
        return self._reference(self._known[key], display)

    @staticmethod
    def _reference(resource: Resource, display: str) -> Resource:
        reference = {"reference": f"{resource['resourceType']}/{resource['id']}"}
        return {**reference, "display": display or str(resource["resourceType"])}


def _key(kind: str, numbers: list[Resource], name: str) -> tuple[str, ...]:
    return (kind, *(f"{n['system']}|{n['value']}" for n in numbers)) if numbers else (kind, "name", name)


def _meta(profile: str) -> Resource:
    return {"profile": [_CORE + profile]}


def _name(read: Reading, element: AdaElement | None) -> Resource:
    """A HumanName; its text is what people read."""
    if element is None:
        return {}
    given = [value for name in ("voornamen", "initialen") if (value := read.value(element, name))]
    call = read.value(element, "roepnaam")
    family = read.child(element, "geslachtsnaam")
    surname = " ".join(filter(None, (read.value(family, "voorvoegsels"), read.value(family, "achternaam"))))
    partner = read.child(element, "geslachtsnaam_partner")
    theirs = " ".join(
        filter(None, (read.value(partner, "voorvoegsels_partner"), read.value(partner, "achternaam_partner")))
    )
    whole = read.value(element, "ongestructureerde_naam")
    last = "-".join(filter(None, (surname, theirs)))
    text = whole or " ".join(filter(None, (*given[:1], last)))
    if not text and not call:
        return {}
    found: Resource = {"text": text or call}
    found |= {"family": last} if last else {}
    return found | ({"given": given or [call]} if given or call else {})
