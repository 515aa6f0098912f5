"""STU3 to R4, and the summary: what each kind of difference becomes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from babyconnect.fhir import check
from babyconnect.fhir.grammar import R4
from babyconnect.translate.r4.ips import NoSummary, Summary, summarise
from babyconnect.translate.r4.record import convert

ZIB = "http://nictiz.nl/fhir/StructureDefinition/"
HER = {"reference": "Patient/w"}
NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


def one(resource: dict[str, Any]) -> dict[str, Any]:
    (made,) = convert([resource]).resources
    assert [issue for issue in check.structure(made, R4) if issue.severity == "error"] == []
    return made


def observation(**elements: Any) -> dict[str, Any]:
    code = {"coding": [{"system": "http://loinc.org", "code": "11996-6"}]}
    return {"resourceType": "Observation", "id": "o", "status": "final", "code": code, "subject": HER, **elements}


def test_an_encounter_stays_and_an_episode_of_care_goes_to_the_extension_of_nl_core() -> None:
    made = one(observation(context={"reference": "Encounter/e"}))
    assert made["encounter"] == {"reference": "Encounter/e"}
    made = one(observation(context={"reference": "EpisodeOfCare/c"}))
    (extension,) = made["extension"]
    assert extension == {"url": f"{ZIB}ext-Context-EpisodeOfCare", "valueReference": {"reference": "EpisodeOfCare/c"}}


def test_a_comment_becomes_a_note_and_members_and_sources_get_elements_of_their_own() -> None:
    related = [
        {"type": "has-member", "target": {"reference": "Observation/a"}},
        {"type": "derived-from", "target": {"reference": "Observation/b"}},
        {"type": "sequel-to", "target": {"reference": "Observation/c"}},
    ]
    made = one(observation(comment="rustig", related=related))
    assert made["note"] == [{"text": "rustig"}]
    assert made["hasMember"] == [{"reference": "Observation/a"}]
    assert made["derivedFrom"] == [{"reference": "Observation/b"}]
    (kept,) = made["extension"]
    assert kept["url"] == "http://hl7.org/fhir/3.0/StructureDefinition/extension-Observation.related"
    assert {"url": "type", "valueCode": "sequel-to"} in kept["extension"]


def test_a_focus_that_was_an_extension_is_an_element() -> None:
    focus = {"url": f"{ZIB}observation-focusSTU3", "valueReference": {"reference": "BodySite/f"}}
    assert one(observation(extension=[focus]))["focus"] == [{"reference": "BodyStructure/f"}]


@pytest.mark.parametrize(
    ("value", "becomes"), [(Decimal(3), {"valueInteger": 3}), (Decimal("2.5"), {"valueQuantity": Decimal("2.5")})]
)
def test_gravidity_is_an_integer_of_zib2020_with_its_code_beside_the_old_one(value: Decimal, becomes: Any) -> None:
    quantity = {"value": value, "system": "http://unitsofmeasure.org", "code": "1"}
    made = one(observation(meta={"profile": [f"{ZIB}zib-Pregnancy-Gravidity"]}, valueQuantity=quantity))
    assert made["meta"]["profile"] == [f"{ZIB}nl-core-Pregnancy.Gravidity"]
    assert [coding["code"] for coding in made["code"]["coding"]] == ["161732006", "11996-6"]
    found = made.get("valueInteger", made.get("valueQuantity", {}).get("value") if "valueQuantity" in made else None)
    assert found == next(iter(becomes.values()))
    assert next(iter(becomes)) in made


def test_a_birth_care_profile_is_not_claimed_because_r4_has_none() -> None:
    assert "meta" not in one(observation(meta={"profile": [f"{ZIB}bc-PregnancyObservation"]}))


def test_the_statuses_of_a_condition_become_concepts_and_unknown_is_kept_apart() -> None:
    condition = {"resourceType": "Condition", "id": "c", "subject": HER, "clinicalStatus": "active",
                 "verificationStatus": "unknown", "assertedDate": "2026-01-02"}  # fmt: skip
    made = one(condition)
    assert made["clinicalStatus"]["coding"][0]["code"] == "active"
    assert "verificationStatus" not in made
    assert made["extension"][0]["valueCode"] == "unknown"
    assert made["recordedDate"] == "2026-01-02"


def test_the_code_of_the_zib_stands_beside_the_code_of_fhir() -> None:
    specified = {"coding": [{"system": "http://snomed.info/sct", "code": "55561003", "display": "Actueel"}]}
    extension = {"url": f"{ZIB}code-specification", "valueCodeableConcept": specified}
    made = one({"resourceType": "Condition", "id": "c", "subject": HER, "clinicalStatus": "active",
                "_clinicalStatus": {"extension": [extension]}})  # fmt: skip
    assert [coding["code"] for coding in made["clinicalStatus"]["coding"]] == ["active", "55561003"]
    assert "extension" not in made["clinicalStatus"]


def test_a_measurement_without_a_date_says_that_it_is_unknown() -> None:
    made = one(observation(meta={"profile": [f"{ZIB}zib-BodyWeight"]}))
    assert made["_effectiveDateTime"]["extension"][0]["valueCode"] == "unknown"


def test_the_kind_of_a_telephone_stands_beside_its_system() -> None:
    kind = {"url": f"{ZIB}zib-ContactInformation-TelecomType", "valueCodeableConcept": {"text": "vast"}}
    made = one({"resourceType": "Organization", "id": "o", "telecom": [{"extension": [kind], "system": "phone"}]})
    (telecom,) = made["telecom"]
    assert telecom["_system"]["extension"][0]["url"] == f"{ZIB}ext-CodeSpecification"
    assert telecom["system"] == "phone"
    assert "extension" not in telecom


def test_a_procedure_that_was_not_done_says_so_in_its_status_and_keeps_what_its_status_was() -> None:
    done = {"resourceType": "Procedure", "id": "p", "status": "completed", "notDone": True, "subject": HER,
            "notDoneReason": {"text": "geweigerd"}}  # fmt: skip
    made = one(done)
    assert (made["status"], made["statusReason"]) == ("not-done", {"text": "geweigerd"})
    assert made["extension"][0]["valueCode"] == "completed"


def test_two_types_that_become_one_keep_two_addresses_and_what_points_at_them_follows() -> None:
    asked = {"resourceType": "ProcedureRequest", "id": "1", "status": "active", "intent": "order",
             "code": {"text": "echo"}, "subject": HER}  # fmt: skip
    referred = {"resourceType": "ReferralRequest", "id": "1", "status": "active", "intent": "order", "subject": HER,
                "basedOn": [{"reference": "ProcedureRequest/1"}]}  # fmt: skip
    first, second = convert([asked, referred]).resources
    assert first["resourceType"] == second["resourceType"] == "ServiceRequest"
    assert first["id"] != second["id"]
    assert second["basedOn"] == [{"reference": f"ServiceRequest/{first['id']}"}]


def test_a_code_system_of_hl7_has_its_new_address() -> None:
    category = {"coding": [{"system": "http://hl7.org/fhir/observation-category", "code": "vital-signs"}]}
    (coding,) = one(observation(category=[category]))["category"][0]["coding"]
    assert coding["system"] == "http://terminology.hl7.org/CodeSystem/observation-category"


def test_a_type_that_r4_is_not_made_of_is_named() -> None:
    assert convert([{"resourceType": "AuditEvent", "id": "a"}]).left == [("AuditEvent", "a")]


# The summary --------------------------------------------------------------------------------------------------------

WOMAN = {"resourceType": "Patient", "id": "w", "name": [{"family": "Bakker"}], "gender": "female"}
PREGNANCY = {"resourceType": "Condition", "id": "z", "meta": {"profile": [f"{ZIB}zib-Pregnancy"]}, "subject": HER,
             "clinicalStatus": "active", "assertedDate": "2026-02-01",
             "code": {"coding": [{"system": "http://snomed.info/sct", "code": "118185001"}]}}  # fmt: skip


def summary(*resources: dict[str, Any]) -> dict[str, Any]:
    made = summarise([WOMAN, *resources], "a record", NOW)
    assert isinstance(made, Summary)
    assert [issue for issue in check.structure(made.bundle, R4) if issue.severity == "error"] == []
    return made.bundle


def sections(bundle: dict[str, Any]) -> dict[str, list[str]]:
    """The ids of what stands in each section, by the section's code."""
    at = {entry["fullUrl"]: entry["resource"]["id"] for entry in bundle["entry"]}
    composition = bundle["entry"][0]["resource"]
    return {
        section["code"]["coding"][0]["code"]: [at[entry["reference"]] for entry in section["entry"]]
        for section in composition["section"]
    }


def test_sections_that_must_be_there_say_that_nothing_is_known() -> None:
    found = sections(summary())
    assert found == {"10160-0": ["no-medication-info"], "48765-2": ["no-allergy-info"], "11450-4": ["no-problem-info"]}


def test_a_pregnancy_that_goes_on_is_told_as_the_summary_tells_it_and_one_that_ended_is_not() -> None:
    assert "pregnancy-status" in sections(summary(PREGNANCY))["10162-6"]
    assert "10162-6" not in sections(summary({**PREGNANCY, "abatementDateTime": "2026-03-01"}))
    assert "10162-6" not in sections(summary({**PREGNANCY, "clinicalStatus": "resolved"}))


def test_the_document_points_only_at_what_it_holds_and_holds_nothing_that_it_does_not_point_at() -> None:
    practitioner = {"resourceType": "Practitioner", "id": "p", "name": [{"family": "Smit"}]}
    stray = {"resourceType": "Practitioner", "id": "q", "name": [{"family": "Vis"}]}
    bundle = summary(PREGNANCY, observation(performer=[{"reference": "Practitioner/p"}]), practitioner, stray)
    held = {entry["fullUrl"] for entry in bundle["entry"]}
    assert set(pointed_at(bundle)) <= held
    assert [e["resource"]["id"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Practitioner"] == ["p"]


def pointed_at(value: Any) -> list[str]:
    if isinstance(value, dict):
        here = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return here + [address for one in value.values() for address in pointed_at(one)]
    return [address for one in value for address in pointed_at(one)] if isinstance(value, list) else []


def test_what_is_of_her_child_is_no_part_of_her_summary() -> None:
    child = {"resourceType": "Patient", "id": "k", "meta": {"profile": [f"{ZIB}bc-Child"]}}
    weight = observation(subject={"reference": "Patient/k"})
    assert "10162-6" not in sections(summary(child, weight))


def test_a_text_that_is_markup_is_text_in_the_summary() -> None:
    bundle = summary(observation(code={"text": "<script>alert(1)</script>"}))
    text = next(s["text"]["div"] for s in bundle["entry"][0]["resource"]["section"] if "script" in s["text"]["div"])
    assert "<script" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize(("women", "rule"), [(0, "no-client"), (2, "two-clients")])
def test_a_summary_is_of_one_woman(women: int, rule: str) -> None:
    given = [{**WOMAN, "id": str(n)} for n in range(women)]
    assert summarise(given, "a record", NOW) == NoSummary(rule)
