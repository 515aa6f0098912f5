"""Building blocks of the medication process in a few words, on the dossiers of `tests.support.made`."""

from __future__ import annotations

from typing import Any

from tests.support.made import NICTIZ, Dossier, code, day, ref

ATC = "http://www.whocc.no/atc"
PRK = "urn:oid:2.16.840.1.113883.2.4.4.10"
USE = "urn:oid:2.16.840.1.113883.2.4.3.11.60.20.77.5.3"


def drug(atc: str = "", name: str = "", *more: tuple[str, str]) -> dict[str, Any]:
    """A medicine by ATC code and name, with more codes as (system, code)."""
    codings = [{"system": ATC, "code": atc, "display": name}] if atc else []
    codings += [{"system": system, "code": value, "display": name} for system, value in more]
    return {"text": name, **({"coding": codings} if codings else {})}


def extension(name: str, **value: Any) -> dict[str, Any]:
    return {"url": NICTIZ + name, **value}


def period(start: int | None, end: int | None) -> dict[str, str]:
    """Days from today."""
    return {name: day(days) for name, days in (("start", start), ("end", end)) if days is not None}


def _around(treatment: str, start: int | None, end: int | None) -> list[dict[str, Any]]:
    found = []
    if start is not None or end is not None:
        found.append(extension("zib-Medication-PeriodOfUse", valuePeriod=period(start, end)))
    if treatment:
        identifier = {"system": "urn:oid:2.16.840.1.113883.2.4.3.11.999.77.1.1", "value": treatment}
        found.append(extension("zib-Medication-MedicationTreatment", valueIdentifier=identifier))
    return found


def agreed(
    made: Dossier, id: str, medicine: dict[str, Any], start: int | None, end: int | None = None, **elements: Any
) -> str:
    """A MedicationAgreement; `dose`, `treatment`, `on` (the day of agreeing) and `stop` (stop type) by name."""
    dose, treatment, stop = elements.pop("dose", ""), elements.pop("treatment", ""), elements.pop("stop", "")
    on = elements.pop("on", start)
    kind = code(stop, "urn:oid:2.16.840.1.113883.2.4.3.11.60.20.77.5.2.1")
    stops = [extension("zib-Medication-StopType", valueCodeableConcept=kind)]
    return made.add(
        "MedicationRequest",
        id,
        meta={"profile": [NICTIZ + "zib-MedicationAgreement"]},
        **{"status": "active", "intent": "order", **elements},
        category=code("16076005"),
        medicationCodeableConcept=medicine,
        subject=ref(made.woman),
        authoredOn=day(on) if on is not None else None,
        extension=_around(treatment, start, end) or None,
        modifierExtension=stops if stop else None,
        dosageInstruction=[{"text": dose}] if isinstance(dose, str) and dose else dose or None,
    )


def used(
    made: Dossier, id: str, medicine: dict[str, Any], start: int | None, end: int | None = None, **elements: Any
) -> str:
    """A MedicationUse; `dose`, `on` (the day of asking), `treatment`, `as_agreed` by name."""
    dose, treatment, on = elements.pop("dose", ""), elements.pop("treatment", ""), elements.pop("on", -1)
    as_agreed = elements.pop("as_agreed", None)
    extensions = _around(treatment, None, None)
    if as_agreed is not None:
        extensions.append(extension("zib-MedicationUse-AsAgreedIndicator", valueBoolean=as_agreed))
    return made.add(
        "MedicationStatement",
        id,
        meta={"profile": [NICTIZ + "zib-MedicationUse"]},
        **{"status": "active", "taken": "y", **elements},
        category=code("6", USE),
        medicationCodeableConcept=medicine,
        subject=ref(made.woman),
        effectivePeriod=period(start, end) or None,
        dateAsserted=day(on) if on is not None else None,
        extension=extensions or None,
        dosage=[{"text": dose}] if dose else None,
    )


def given(made: Dossier, id: str, medicine: dict[str, Any], when: int, **elements: Any) -> str:
    return made.add(
        "MedicationAdministration",
        id,
        meta={"profile": [NICTIZ + "zib-MedicationAdministration"]},
        **{"status": "completed", "subject": ref(made.woman), **elements},
        category=code("18629005"),
        medicationCodeableConcept=medicine,
        effectiveDateTime=day(when),
    )


def allergic(made: Dossier, id: str, coded: dict[str, Any], **elements: Any) -> str:
    return made.add(
        "AllergyIntolerance",
        id,
        **{"clinicalStatus": "active", "verificationStatus": "confirmed", **elements},
        code=coded,
        patient=ref(made.woman),
    )
