"""Facts of a dossier as STU3 Observations, by the table `definitions/synthetic/facts.csv`."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babyconnect import definitions
from babyconnect.synthetic.codes import Code, code, parse
from babyconnect.synthetic.dossier import Dossier, Encounter, Fact, Pressure
from babyconnect.synthetic.stu3_people import (
    LOCAL,
    NICTIZ,
    Resource,
    meta,
    text,
    to,
    to_child,
    to_organisation,
    to_professional,
    to_woman,
)

LABORATORY = "https://testlaboratorium.example/uitslagen"
"""The system of the numbers under which the (invented) laboratory sends results."""


@dataclass(frozen=True, slots=True)
class Form:
    """A row of the table, read."""

    profiles: tuple[str, ...]
    codings: tuple[Code, ...]
    category: str
    subject: str
    focus: str
    context: str
    value: str
    unit: str


@functools.cache
def _forms() -> dict[str, Form]:
    return {
        row["key"]: Form(
            tuple(row["profiles"].split(" ; ")),
            tuple(parse(c) for c in row["codings"].split(" ; ")),
            row["category"],
            row["subject"],
            row["focus"],
            row["context"],
            row["value"],
            row["unit"],
        )
        for row in definitions.rows("synthetic/facts")
    }


def number(value: float) -> int | Decimal:
    """A number with the digits it was noted with."""
    return value if isinstance(value, int) else Decimal(str(value))


def quantity(value: float, unit: str) -> Resource:
    return {"value": number(value), "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def to_pregnancy(dossier: Dossier) -> Resource:
    return to("Condition", f"{dossier.id}-pregnancy", f"Zwangerschap {dossier.gravidity} {dossier.woman.display}")


def to_delivery(dossier: Dossier) -> Resource:
    return to("Procedure", f"{dossier.id}-delivery", f"Bevalling {dossier.woman.display}")


def to_birth(dossier: Dossier, rank: int) -> Resource:
    return to("Procedure", f"{dossier.id}-birth-{rank}", f"Geboorte kind {rank} van {dossier.woman.display}")


def to_fetus(dossier: Dossier, rank: int) -> Resource:
    return to("BodySite", f"{dossier.id}-fetus-{rank}", f"Foetus {'AB'[rank - 1]} van {dossier.woman.display}")


def to_episode(dossier: Dossier) -> Resource:
    return to("EpisodeOfCare", f"{dossier.id}-episode", f"Zorgepisode bij {dossier.organisation.name}")


def to_encounter(dossier: Dossier, encounter: Encounter) -> Resource:
    return to("Encounter", f"{dossier.id}-{encounter.id}", f"Contact {encounter.when:%d-%m-%Y}")


def focus_on(reference: Resource) -> Resource:
    return {"url": NICTIZ + "observation-focusSTU3", "valueReference": reference}


def fetus_of(fact: Fact) -> int:
    return fact.fetus or 1


def _focus(dossier: Dossier, form: Form, fact: Fact) -> Resource | None:
    if form.focus == "pregnancy" and dossier.course is not None:
        return to_pregnancy(dossier)
    if form.focus == "delivery":
        return to_delivery(dossier)
    if form.focus == "birth":
        return to_birth(dossier, fact.child)
    return to_fetus(dossier, fetus_of(fact)) if form.focus == "fetus" else None


def _category(name: str) -> list[Resource]:
    if not name:
        return []
    codings = [
        {
            "system": "http://hl7.org/fhir/observation-category",
            "code": name,
            "display": {"vital-signs": "Vital Signs", "laboratory": "Laboratory"}[name],
        }
    ]
    if name == "laboratory":
        codings.append(
            {
                "system": "http://snomed.info/sct",
                "code": "49581000146104",
                "display": "bevinding betreffende laboratoriumonderzoek",
            }
        )
    return [{"coding": codings}]


def _value(form: Form, value: Any) -> Resource:
    if form.value == "quantity":
        return {"valueQuantity": quantity(value, form.unit)}
    if form.value == "count":
        return {"valueQuantity": {"value": value}}
    if form.value == "boolean":
        return {"valueBoolean": value}
    if form.value == "date":
        return {"valueDateTime": text(value)}
    return {"valueCodeableConcept": code(str(value)).concept}


def observation(dossier: Dossier, fact: Fact, identifier: str) -> Resource:
    """One fact as an Observation; feeding and vitamin K have components of their own."""
    if fact.key == "feeding":
        return _feeding(dossier, fact, identifier)
    form = _forms()[fact.key]
    found = _base(dossier, form.profiles, identifier, fact)
    focus = _focus(dossier, form, fact)
    if focus:
        found["extension"] = [focus_on(focus)]
    if form.category:
        found["category"] = _category(form.category)
    found["code"] = {"coding": [coding.coding for coding in form.codings]}
    found["subject"] = to_child(dossier, fact.child) if form.subject == "child" else to_woman(dossier)
    found["context"] = (
        to_encounter(dossier, fact.encounter) if form.context == "encounter" and fact.encounter else to_episode(dossier)
    )
    found |= _value(form, fact.value)
    if fact.method:
        found["method"] = code(fact.method).concept
    if fact.key == "vitamin_k" and fact.when is not None:
        found["component"] = [
            {
                "code": parse("sct|439771001|datum van gebeurtenis (waarneembare entiteit)").concept,
                "valueDateTime": text(fact.when),
            }
        ]
    if fact.key == "antibodies" and fact.note:
        found["comment"] = code(f"antibody.{fact.note}").display
    return found


# zib-TobaccoUse says since when, and takes no moment.
_FOR_A_TIME = frozenset({"zib-TobaccoUse"})


def _base(dossier: Dossier, profiles: tuple[str, ...], identifier: str, fact: Fact) -> Resource:
    numbers = [{"system": LOCAL, "value": identifier}]
    if fact.laboratory:
        numbers.append({"system": LABORATORY, "value": fact.laboratory})
    found: Resource = {
        "resourceType": "Observation",
        "id": identifier,
        "meta": meta(*profiles),
        "identifier": numbers,
        "status": "final",
    }
    if fact.when is not None and _FOR_A_TIME.isdisjoint(profiles):
        found["effectiveDateTime"] = text(fact.when)
    elif fact.when is not None:
        found["effectivePeriod"] = {"start": text(fact.when)}
    if fact.made_by is not None:
        found["performer"] = [to_organisation(fact.made_by)]
    elif fact.encounter is not None:
        found["performer"] = [to_professional(fact.encounter.by, dossier.organisation)]
    return found


def pressure(dossier: Dossier, measured: Pressure, identifier: str) -> Resource:
    """zib-BloodPressure: two components and no value of its own."""
    codings = (
        "loinc|85354-9|Bloeddruk panel waarvan alle leden optioneel in arterieel vaatstelsel",
        "loinc|55284-4|Systolische en diastolische bloeddruk in arterieel vaatstelsel",
        "sct|46973005|bloeddrukmeting (verrichting)",
    )
    parts = (
        ("loinc|8480-6|Intravasculaire systolische bloeddruk [druk] in arterieel vaatstelsel", measured.systolic),
        ("loinc|8462-4|Intravasculaire diastolische bloeddruk [druk] in arterieel vaatstelsel", measured.diastolic),
    )
    found = _base(dossier, ("zib-BloodPressure",), identifier, Fact("", 0, measured.when, measured.encounter))
    return found | {
        "category": _category("vital-signs"),
        "code": {"coding": [parse(c).coding for c in codings]},
        "subject": to_woman(dossier),
        "context": to_encounter(dossier, measured.encounter) if measured.encounter else to_episode(dossier),
        "component": [{"code": parse(c).concept, "valueQuantity": quantity(value, "mm[Hg]")} for c, value in parts],
    }


def _feeding(dossier: Dossier, fact: Fact, identifier: str) -> Resource:
    found = _base(dossier, ("bc-FeedingPatternInfant", "nl-core-observation"), identifier, fact)
    return found | {
        "code": parse("sct|289145007|bevinding betreffende voedingspatroon van zuigeling (bevinding)").concept,
        "subject": to_child(dossier, fact.child),
        "context": to_encounter(dossier, fact.encounter) if fact.encounter else to_episode(dossier),
        "component": [
            {
                "code": parse("sct|109021000146107|soort zuigelingenvoeding (waarneembare entiteit)").concept,
                "valueCodeableConcept": code(str(fact.value)).concept,
            }
        ],
    }
