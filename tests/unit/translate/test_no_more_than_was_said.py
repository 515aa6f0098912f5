"""ADA ↔ STU3: what stands near something, or asks for it, does not make it so."""

from __future__ import annotations

import datetime as dt

from babyconnect.sources.ada import read
from babyconnect.translate.ada import translate
from babyconnect.translate.findings import Translated
from babyconnect.translate.to_ada.record import Made, to_ada, transactions
from tests.unit.translate.test_ada_translation import EPISODE, HERSELF, WOMAN, e, person, ref
from tests.unit.translate.test_to_ada_timing import WOMAN as HER

TODAY = dt.date(2026, 11, 21)
UITBREIDING = transactions()["uitbreiding"]
SCT = "2.16.840.1.113883.6.96"
PROFILE = "http://nictiz.nl/fhir/StructureDefinition/"


def translated(*parts: str, patients: str = WOMAN, blocks: str = "") -> Translated:
    body = e("administratief", 1313, patients) + EPISODE + HERSELF + "".join(parts) + e("bouwstenen", 926, blocks)
    return translate(
        read(f'<adaxml><data><{UITBREIDING} id="r">{body}</{UITBREIDING}></data></adaxml>'.encode()), TODAY
    )


def made_of(*resources: dict[str, object]) -> Made:
    return to_ada([HER, *resources], UITBREIDING, TODAY)


def test_a_finding_of_the_skin_is_not_at_the_place_of_the_finding_beside_it() -> None:
    place = e("anatomische_locatie", 3054, e("locatie", 3055, code="66019005", system=SCT), id="L")
    note = e("toelichting", 2943, value="droog")
    found = [e("huid_observatie", 2967, *at, note) for at in ((ref("anatomische_locatie", 3057, "L"),), ())]
    skin = e("lichamelijk_onderzoek_kind", 1407, e("bevindingen", 1765, e("huid", 2966, *found)))
    child = e("kind", 1404, e("demografische_gegevens", 1754, ref("patient", 1378, "K")), skin)
    result = translated(
        child, patients=WOMAN + person("K", "Sem", born="2026-06-03"), blocks=e("subbouwstenen", 1332, place)
    )
    sites = [r["bodySite"] for r in result.resources if "bodySite" in r]
    assert [site["coding"][0]["code"] for site in sites] == ["66019005"]


def test_a_request_that_nothing_answers_is_not_written_as_what_was_done_and_told() -> None:
    asked = {"resourceType": "ProcedureRequest", "id": "q", "status": "active", "intent": "plan",
             "meta": {"profile": [f"{PROFILE}zib-ProcedureRequest"]}, "subject": {"reference": "Patient/w"},
             "code": {"coding": [{"system": "http://snomed.info/sct", "code": "236958009"}]}}  # fmt: skip
    made = made_of(asked)
    assert made.record is not None
    assert not [one for one in made.record.root.walk() if one.code == "236958009"]
    assert [f.rule for f in made.findings if f.place.startswith("ProcedureRequest")] == ["not-held"]


def test_a_related_person_without_a_role_is_a_contact_person_and_no_insurer() -> None:
    somebody = {"resourceType": "RelatedPerson", "id": "p", "patient": {"reference": "Patient/w"},
                "meta": {"profile": ["http://fhir.nl/fhir/StructureDefinition/nl-core-relatedperson"]},
                "address": [{"city": "Brugstad"}]}  # fmt: skip
    made = made_of(somebody)
    assert made.record is not None
    assert not [one for one in made.record.root.walk() if one.name == "betaler"]


def test_a_patient_whom_nothing_refers_to_is_no_second_woman() -> None:
    made = translated(patients=WOMAN + person("X", "Noor"))
    assert len([r for r in made.resources if r["resourceType"] == "Patient"]) == 1
    assert [f.rule for f in made.findings if f.concept == "3198"] == ["not-mapped"]


def nameless_problem() -> dict[str, object]:
    unknown = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    return {"resourceType": "Condition", "id": "c", "meta": {"profile": [f"{PROFILE}zib-Problem"]},
            "subject": {"reference": "Patient/w"}, "code": {"extension": [unknown]},
            "note": [{"text": "sinds de zomer"}]}  # fmt: skip


def test_a_problem_without_a_name_is_as_usual_one_of_the_general_history() -> None:
    made = made_of(nameless_problem())
    assert made.record is not None
    noted = [one.concept for one in made.record.root.walk() if one.value == "sinds de zomer"]
    assert noted == ["925"]


def test_a_care_team_keeps_its_name_where_the_list_of_specialists_has_more_ways_to_give_its_one_problem() -> None:
    team = {"resourceType": "CareTeam", "id": "t", "name": "Team Noord", "subject": {"reference": "Patient/w"},
            "meta": {"profile": [f"{PROFILE}bc-CareTeam"]},
            "reasonReference": [{"reference": "Condition/c"}]}  # fmt: skip
    made = made_of(nameless_problem(), team)
    assert made.record is not None
    said = {one.value: one.concept for one in made.record.root.walk() if one.value}
    assert (said.get("Team Noord"), said.get("sinds de zomer")) == ("3389", "8862")
