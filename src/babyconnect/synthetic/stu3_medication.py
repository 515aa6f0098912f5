"""The medicines of a dossier as the building blocks of zib2017: agreement, use, administration, and their product.

Profiles: Nictiz-STU3-Zib2017 2.2.18 zib-MedicationAgreement, -MedicationUse, -MedicationAdministration, zib-Product.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from babyconnect import definitions
from babyconnect.synthetic.dossier import Dossier, Medicine
from babyconnect.synthetic.stu3_facts import to_episode
from babyconnect.synthetic.stu3_people import (
    LOCAL,
    NICTIZ,
    Resource,
    meta,
    text,
    to,
    to_organisation,
    to_professional,
    to_woman,
)

_PIECE = {"unit": "stuk", "system": "urn:oid:2.16.840.1.113883.2.4.4.1.900.2", "code": "245"}
_ATC = "http://www.whocc.no/atc"
_SNOMED, _BLOCKS = "http://snomed.info/sct", "urn:oid:2.16.840.1.113883.2.4.3.11.60.20.77.5.3"
# Per role: the resource type, its profile, and the fixed code of its category.
_KINDS = {
    "agreement": ("MedicationRequest", "zib-MedicationAgreement", _SNOMED, "16076005", "Medicatieafspraak"),
    "use": ("MedicationStatement", "zib-MedicationUse", _BLOCKS, "6", "Medicatiegebruik"),
    "administration": ("MedicationAdministration", "zib-MedicationAdministration", _SNOMED, "18629005", "Toediening"),
}


@functools.cache
def _rows() -> dict[str, dict[str, str]]:
    return {row["key"]: row for row in definitions.rows("synthetic/medicines")}


def medication(dossier: Dossier) -> Iterator[Resource]:
    """Each product once, and each block."""
    for key in dict.fromkeys(medicine.key for medicine in dossier.medicines):
        yield _product(dossier, key)
    for place, medicine in enumerate(dossier.medicines):
        yield _block(dossier, medicine, f"{dossier.id}-med-{place}")


def _product(dossier: Dossier, key: str) -> Resource:
    row = _rows()[key]
    atc, _, name = row["contains"].partition(" ")
    part = {"itemCodeableConcept": {"coding": [{"system": _ATC, "code": atc, "display": name}]}}
    return {
        "resourceType": "Medication",
        "id": _product_id(dossier, key),
        "meta": meta("zib-Product"),
        "code": {
            "coding": [{"system": _ATC, "code": row["atc"], "display": row["substance"]}],
            "text": row["product"],
        },
        **({"ingredient": [part]} if atc else {}),
    }


def _product_id(dossier: Dossier, key: str) -> str:
    return f"{dossier.id}-product-{key.replace('_', '-')}"


def _block(dossier: Dossier, medicine: Medicine, identifier: str) -> Resource:
    kind, profile, system, code, display = _KINDS[medicine.role]
    row = _rows()[medicine.key]
    found: Resource = {
        "resourceType": kind,
        "id": identifier,
        "meta": meta(profile),
        "identifier": [{"system": LOCAL, "value": identifier}],
        "category": {"coding": [{"system": system, "code": code, "display": display}], "text": display},
        "medicationReference": to("Medication", _product_id(dossier, medicine.key), row["product"]),
        "subject": to_woman(dossier),
        "context": to_episode(dossier),
    }
    extensions = []
    if medicine.treatment:
        treatment = {"system": f"{LOCAL}/behandeling", "value": f"{dossier.id}-{medicine.treatment}"}
        extensions.append({"url": NICTIZ + "zib-Medication-MedicationTreatment", "valueIdentifier": treatment})
    write = {"agreement": _agreement, "use": _use, "administration": _administration}[medicine.role]
    return found | write(dossier, medicine, row, extensions)


def _period(medicine: Medicine) -> Resource:
    return {"start": text(medicine.start)} | ({"end": text(medicine.end)} if medicine.end else {})


def _agreement(dossier: Dossier, medicine: Medicine, row: dict[str, str], extensions: list[Resource]) -> Resource:
    period = {"url": NICTIZ + "zib-Medication-PeriodOfUse", "valuePeriod": _period(medicine)}
    agent = to_professional(dossier.manager, dossier.organisation)
    return {
        "extension": [period, *extensions],
        "status": "active",
        "intent": "order",
        "authoredOn": text(medicine.noted),
        "requester": {"agent": agent, "onBehalfOf": to_organisation(dossier.organisation)},
        "dosageInstruction": [_dosage(row)],
    }


def _use(dossier: Dossier, medicine: Medicine, row: dict[str, str], extensions: list[Resource]) -> Resource:
    author = {"url": NICTIZ + "zib-MedicationUse-Author", "valueReference": to_organisation(dossier.organisation)}
    found = {
        "extension": [author, *extensions],
        "status": "active" if medicine.taken and not medicine.end else "completed" if medicine.taken else "stopped",
        "effectivePeriod": _period(medicine),
        "dateAsserted": text(medicine.noted),
        "informationSource": to_woman(dossier),
        "taken": "y" if medicine.taken else "n",
    }
    return found | ({"dosage": [_dosage(row)]} if medicine.taken else {})


def _administration(dossier: Dossier, medicine: Medicine, row: dict[str, str], extensions: list[Resource]) -> Resource:
    """Given once; how much is told in words, since the profile asks codes of the G-Standaard for a dose."""
    return {
        **({"extension": extensions} if extensions else {}),
        "status": "completed",
        "effectiveDateTime": text(medicine.start),
        "performer": [{"actor": to_professional(dossier.manager, dossier.organisation)}],
        "note": [{"text": row["text"]}],
    }


def _dosage(row: dict[str, str]) -> Resource:
    found: Resource = {"text": row["text"]}
    if row["pieces"]:
        found["timing"] = {"repeat": {"frequency": int(row["often"]), "period": 1, "periodUnit": row["period"]}}
        found["doseQuantity"] = {"value": int(row["pieces"]), **_PIECE}
    return found
