"""A dossier as one FHIR STU3 Bundle (JSON or XML) of the birth-care profiles, as a system's own export has it."""

from __future__ import annotations

from collections.abc import Iterator

from babyconnect.birthcare.parties import Kind
from babyconnect.fhir import json, xml
from babyconnect.synthetic.codes import code, parse
from babyconnect.synthetic.dossier import Act, Dossier, Encounter, Fact, Problem, Scan
from babyconnect.synthetic.stu3_facts import (
    fetus_of,
    observation,
    pressure,
    to_birth,
    to_delivery,
    to_episode,
    to_pregnancy,
)
from babyconnect.synthetic.stu3_medication import medication
from babyconnect.synthetic.stu3_people import (
    HL7,
    LOCAL,
    Resource,
    child,
    meta,
    organisation,
    professional,
    relations,
    text,
    to,
    to_child,
    to_organisation,
    to_professional,
    to_woman,
    woman,
)

_OBSTETRIC = parse("sct|386637004|obstetrische verrichting (verrichting)")
_SETTINGS = {"AMB": "Poliklinisch", "HH": "Thuis", "IMP": "Klinisch", "EMER": "SEH"}


def stu3(dossier: Dossier) -> bytes:
    """The record in the format its organisation's system writes."""
    base = f"https://{dossier.organisation.key}.example/fhir"
    bundle = {
        "resourceType": "Bundle",
        "id": dossier.id,
        "type": "collection",
        "entry": [{"fullUrl": f"{base}/{r['resourceType']}/{r['id']}", "resource": r} for r in resources(dossier)],
    }
    return xml.from_json(bundle) if dossier.organisation.records == "stu3-xml" else json.dumps(bundle)


def resources(dossier: Dossier) -> Iterator[Resource]:
    """Every resource of the record, in a fixed order."""
    yield woman(dossier)
    for born in dossier.children:
        yield child(dossier, born)
    yield from relations(dossier)
    parties = {
        party.agb: party for party in (dossier.organisation, *dossier.others, *(r.to for r in dossier.referrals))
    }
    for party in parties.values():
        yield organisation(party)
    people = (dossier.manager, *(e.by for e in dossier.encounters), *(person for person, _ in dossier.managers))
    for person in {person.uzi: person for person in people}.values():
        yield from professional(person, dossier.organisation)
    yield _episode(dossier)
    yield from _pregnancy(dossier)
    yield from (_encounter(dossier, encounter) for encounter in dossier.encounters)
    for place, fact in enumerate(dossier.facts):
        yield observation(dossier, fact, f"{dossier.id}-{fact.key.replace('_', '-')}-{place}")
    for place, measured in enumerate(dossier.pressures):
        yield pressure(dossier, measured, f"{dossier.id}-bp-{place}")
    for place, scan in enumerate(dossier.scans):
        yield from _scan(dossier, scan, place)
    yield from (_problem(dossier, problem) for problem in dossier.problems)
    for place, act in enumerate(dossier.acts):
        yield _act(dossier, act, f"{dossier.id}-act-{place}")
    yield from _around(dossier)


def _named(dossier: Dossier, type_name: str, name: str, *profiles: str) -> Resource:
    identifier = f"{dossier.id}-{name}"
    return {
        "resourceType": type_name,
        "id": identifier,
        "meta": meta(*profiles),
        "identifier": [{"system": LOCAL, "value": identifier}],
    }


def _episode(dossier: Dossier) -> Resource:
    """bc-MaternalRecord; preconception care has no pregnancy yet and is named in words."""
    found = _named(dossier, "EpisodeOfCare", "episode", "nl-core-episodeofcare", "bc-MaternalRecord")
    period = {"start": text(dossier.start)} | ({"end": text(dossier.end)} if dossier.end else {})
    kind = (
        parse("sct|364320009|observatie betreffende zwangerschap (waarneembare entiteit)").concept
        if dossier.course is not None
        else {"text": "Preconceptiezorg"}
    )
    found |= {
        "status": "finished" if dossier.end else "active",
        "type": [kind],
        "patient": to_woman(dossier),
        "managingOrganization": to_organisation(dossier.organisation),
        "period": period,
        "careManager": to_professional(dossier.manager, dossier.organisation),
    }
    if dossier.course is not None:
        found["diagnosis"] = [{"condition": to_pregnancy(dossier)}]
    return found


def _pregnancy(dossier: Dossier) -> Iterator[Resource]:
    if dossier.course is None:
        return
    found = _named(dossier, "Condition", "pregnancy", "zib-Pregnancy")
    if dossier.note:
        found["note"] = [{"text": dossier.note}]
    yield found | {
        "clinicalStatus": "inactive" if dossier.course.over else "active",
        "subject": to_woman(dossier),
        "context": to_episode(dossier),
        "code": parse("sct|118185001|bevinding betreffende zwangerschap (bevinding)").concept,
    }
    if dossier.organisation.kind in (Kind.MIDWIFERY_PRACTICE, Kind.HOSPITAL, Kind.ULTRASOUND_CENTRE):
        yield from _counts(dossier)
    measured = [*dossier.facts, *(fact for scan in dossier.scans for fact in scan.facts)]
    fetuses = {fetus_of(fact) for fact in measured if fact.key in ("heart_rate", "crl", "bpd", "hc", "ac", "fl", "efw")}
    for rank in sorted(fetuses):
        site = _named(dossier, "BodySite", f"fetus-{rank}", "bc-Fetus")
        yield site | {
            "code": parse("sct|83418008|gehele foetus (lichaamsstructuur)").concept,
            "description": f"Foetus {'AB'[rank - 1]}",
            "patient": to_woman(dossier),
        }
    if dossier.born_here or dossier.told_by is not None:
        yield from _births(dossier)


def _counts(dossier: Dossier) -> Iterator[Resource]:
    for key, value in (("gravidity", dossier.gravidity), ("parity", dossier.parity)):
        yield observation(dossier, Fact(key, value, dossier.start), f"{dossier.id}-{key}")


def _births(dossier: Dossier) -> Iterator[Resource]:
    delivery = _named(dossier, "Procedure", "delivery", "bc-DeliveryProcedure")
    first = dossier.children[0].born
    yield delivery | {
        "status": "completed",
        "category": _OBSTETRIC.concept,
        "code": parse("sct|236973005|verlossing (verrichting)").concept,
        "subject": to_woman(dossier),
        "context": to_episode(dossier),
        "performedDateTime": text(first),
        "reasonReference": [to_pregnancy(dossier)],
    }
    for born in dossier.children:
        birth = _named(dossier, "Procedure", f"birth-{born.rank}", "bc-Birth")
        yield birth | {
            "partOf": [to_delivery(dossier)],
            "status": "completed",
            "category": _OBSTETRIC.concept,
            "code": parse("sct|3950001|geboorte (bevinding)").concept,
            "subject": to_child(dossier, born.rank),
            "context": to_episode(dossier),
            "performedDateTime": text(born.born),
            "reasonReference": [to_pregnancy(dossier)],
        }


def _encounter(dossier: Dossier, encounter: Encounter) -> Resource:
    found = _named(dossier, "Encounter", encounter.id, "zib-Encounter", "bc-Encounter")
    setting = {
        "system": "http://hl7.org/fhir/v3/ActCode",
        "code": encounter.setting,
        "display": _SETTINGS[encounter.setting],
    }
    return found | {
        "status": "finished",
        "class": setting,
        "type": [code(encounter.type).concept],
        "subject": to_child(dossier, encounter.child) if encounter.child else to_woman(dossier),
        "episodeOfCare": [to_episode(dossier)],
        "participant": [{"individual": to_professional(encounter.by, dossier.organisation)}],
        "period": {"start": text(encounter.when), "end": text(encounter.when)},
        "serviceProvider": to_organisation(dossier.organisation),
    }


def _scan(dossier: Dossier, scan: Scan, place: int) -> Iterator[Resource]:
    """Measurements, the report that holds them, and the procedure."""
    results = [
        observation(dossier, fact, f"{dossier.id}-scan-{place}-{fact.key.replace('_', '-')}-{n}")
        for n, fact in enumerate(scan.facts)
    ]
    yield from results
    kind = code(scan.code)
    report = _named(dossier, "DiagnosticReport", f"report-{place}", "bc-PregnancyUltraSound")
    yield report | {
        "status": "final",
        "code": kind.concept,
        "subject": to_woman(dossier),
        "context": to_episode(dossier),
        "effectiveDateTime": text(scan.when),
        "performer": [{"actor": to_professional(dossier.manager, dossier.organisation)}],
        "result": [to("Observation", r["id"], r["code"]["coding"][0]["display"]) for r in results],
    }
    procedure = _named(dossier, "Procedure", f"scan-{place}", "bc-ObstetricProcedure", "zib-Procedure")
    yield procedure | {
        "status": "completed",
        "category": _OBSTETRIC.concept,
        "code": kind.concept,
        "subject": to_woman(dossier),
        "context": to_episode(dossier),
        "performedDateTime": text(scan.when),
        "reasonReference": [to_pregnancy(dossier)],
        "report": [to("DiagnosticReport", report["id"], kind.display)],
    }


_PROBLEMS = {
    "pregnancy": ("bc-DisorderOfPregnancy", "sct|173300003|zwangerschapsstoornis (aandoening)"),
    "labour": ("bc-DisorderOfLaborAndDelivery", "sct|362972006|aandoening durante partu (aandoening)"),
    "child": ("bc-DisorderOfLaborAndDelivery", "sct|362972006|aandoening durante partu (aandoening)"),
}


def _problem(dossier: Dossier, problem: Problem) -> Resource:
    """zib-Problem; a disorder of pregnancy or birth is part of it."""
    special = _PROBLEMS.get(problem.about)
    found = _named(dossier, "Condition", problem.id, "zib-Problem", *([special[0]] if special else []))
    partof = {"pregnancy": to_pregnancy, "labour": to_delivery if dossier.born_here else to_pregnancy}.get(
        problem.about
    )
    target = partof(dossier) if partof and dossier.course else None
    if problem.about == "child":
        target = to_birth(dossier, problem.child)
    if target:
        found["extension"] = [{"url": HL7 + "condition-partOf", "valueReference": target}]
    found |= {
        "clinicalStatus": "active",
        "code": code(problem.code).concept,
        "context": to_episode(dossier),
        "subject": to_child(dossier, problem.child) if problem.about == "child" else to_woman(dossier),
    }
    if special:
        found["category"] = [parse(special[1]).concept]
    if problem.start:
        found["onsetDateTime"] = text(problem.start)
    return found


def _act(dossier: Dossier, act: Act, identifier: str) -> Resource:
    """bc-ObstetricProcedure, also for what was offered and not done."""
    name = identifier.removeprefix(f"{dossier.id}-")
    found = _named(dossier, "Procedure", name, "bc-ObstetricProcedure", "zib-Procedure")
    found |= {
        "status": "completed",
        "category": _OBSTETRIC.concept,
        "code": code(act.code).concept,
        "subject": to_child(dossier, act.child) if act.child else to_woman(dossier),
        "context": to_episode(dossier),
    }
    if act.child:  # of a stay or a treatment the profile has the beginning
        found |= {"partOf": [to_birth(dossier, act.child)], "performedPeriod": {"start": text(act.when)}}
    else:
        found["performedDateTime"] = text(act.when)
    if act.not_done:
        found |= {"status": "aborted", "notDone": True, "notDoneReason": code(act.not_done).concept}
    if act.about == "pregnancy" and dossier.course is not None:
        found["reasonReference"] = [to_pregnancy(dossier)]
    return found


def _around(dossier: Dossier) -> Iterator[Resource]:
    """Allergies, medication, referrals and the team."""
    for place, allergy in enumerate(dossier.allergies):
        found = _named(dossier, "AllergyIntolerance", f"allergy-{place}", "zib-AllergyIntolerance")
        yield found | {
            "clinicalStatus": "active",
            "verificationStatus": "confirmed",
            "patient": to_woman(dossier),
            "code": code(f"allergen.{allergy}").concept,
            "assertedDate": text(dossier.start),
        }
    yield from medication(dossier)
    for place, referral in enumerate(dossier.referrals):
        found = _named(dossier, "ReferralRequest", f"referral-{place}", "bc-ReferralRequest")
        yield found | {
            "status": "completed",
            "intent": "order",
            "type": code("referral.transfer").concept,
            "subject": to_woman(dossier),
            "context": to_episode(dossier),
            "authoredOn": text(referral.when),
            "requester": {"agent": to_organisation(dossier.organisation)},
            "recipient": [to_organisation(referral.to)],
            "reasonReference": [to("Condition", f"{dossier.id}-p-ref", code(f"problem.{referral.reason}").display)],
        }
    if dossier.managers:
        found = _named(dossier, "CareTeam", "team", "bc-CareTeam")
        yield found | {
            "status": "active",
            "subject": to_woman(dossier),
            "context": to_episode(dossier),
            "participant": [
                {"member": to_professional(person, dossier.organisation), "period": {"start": text(since)}}
                for person, since in dossier.managers
            ],
        }
