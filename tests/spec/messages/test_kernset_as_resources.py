"""The kernset 3.2 as STU3 resources: what is delivered of a record, and what never is.  The table is provisional."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from babyconnect.flows.material import Material, Wanted
from babyconnect.flows.translating import WRITERS
from babyconnect.translate.kernset import kernset

BC = "http://nictiz.nl/fhir/StructureDefinition/"
SNOMED = "http://snomed.info/sct"
Resource = dict[str, Any]


def resource(kind: str, called: str, profile: str, **more: Any) -> Resource:
    return {"resourceType": kind, "id": called, "meta": {"profile": [BC + profile]}, **more}


def coded(code: str) -> Resource:
    return {"coding": [{"system": SNOMED, "code": code, "display": "x"}]}


def to(kind: str, name: str) -> Resource:
    return {"reference": f"{kind}/{name}", "display": "Jansen XXX"}


WOMAN = resource(
    "Patient",
    "w",
    "bc-Woman",
    birthDate="1992-03-04",
    name=[{"family": "Jansen"}],
    telecom=[{"system": "phone", "value": "0612345678"}],
    address=[{"line": ["Dorpsstraat 1"], "city": "Ergens", "postalCode": "1234AB"}],
)
EPISODE = resource(
    "EpisodeOfCare", "e", "bc-MaternalRecord", patient=to("Patient", "w"), careManager=to("Practitioner", "p")
)
GRAVIDITY = resource(
    "Observation", "g", "zib-Pregnancy-Gravidity", subject=to("Patient", "w"), valueQuantity={"value": 2}
)


def delivered(*more: Resource) -> dict[str, Resource]:
    made = kernset([WOMAN, EPISODE, *more])
    assert not [finding for finding in made.findings if finding.severity == "error"]
    return {f"{found['resourceType']}/{found['id']}": found for found in made.resources}


def test_of_the_woman_only_what_the_kernset_asks_is_delivered() -> None:
    woman = delivered()["Patient/w"]

    assert woman["address"] == [{"postalCode": "1234AB"}]
    assert woman["birthDate"] == "1992-03-04"
    assert not {"name", "telecom"} & set(woman)


def test_no_reference_says_a_persons_name() -> None:
    assert delivered(GRAVIDITY)["Observation/g"]["subject"] == {"reference": "Patient/w"}


@pytest.mark.parametrize(
    "other",
    [
        resource("Observation", "o", "bc-MaternalObservation", code=coded("365469004")),
        resource("Condition", "o", "zib-Problem", code=coded("248110007")),
        resource("DiagnosticReport", "o", "bc-PregnancyUltraSound"),
        resource("Consent", "o", "bc-TreatmentDirective"),
        {"resourceType": "Observation", "id": "o", "code": coded("364332008")},
    ],
)
def test_what_no_row_names_stays_here_and_is_counted(other: Resource) -> None:
    made = kernset([WOMAN, EPISODE, other])

    assert "o" not in {found["id"] for found in made.resources}
    assert [(f.severity, f.rule) for f in made.findings] == [
        ("information", rule) for rule in ("not-in-kernset", "withheld")
    ]


def test_a_profile_that_holds_more_than_the_kernset_is_delivered_code_by_code() -> None:
    blood = resource("Observation", "b", "bc-DeliveryObservation", code=coded("364332008"))
    biopsy = resource("Observation", "c", "bc-DeliveryObservation", code=coded("726566009"))

    assert "Observation/b" in delivered(blood, biopsy)
    assert "Observation/c" not in delivered(blood, biopsy)


def test_an_organisation_is_delivered_when_something_names_it_and_else_not() -> None:
    named = resource("Organization", "o", "nl-core-organization", name="Praktijk")
    birth = resource("Procedure", "d", "bc-DeliveryProcedure", performer=[{"actor": to("Organization", "o")}])

    assert "Organization/o" not in delivered(named)
    assert "Organization/o" in delivered(named, birth)


def test_a_reference_to_what_stays_here_goes_with_the_part_that_held_it() -> None:
    problem = resource("Condition", "x", "zib-Problem", code=coded("1"))
    doctor = resource("Practitioner", "p", "nl-core-practitioner", name=[{"family": "Pieters"}])
    by = [{"role": coded("2"), "actor": to("Practitioner", "p")}]
    why = [to("Condition", "x")]
    birth = resource("Procedure", "d", "bc-DeliveryProcedure", performer=by, reasonReference=why)
    found = delivered(problem, doctor, birth)

    assert "performer" not in found["Procedure/d"]
    assert "reasonReference" not in found["Procedure/d"]
    assert "careManager" not in found["EpisodeOfCare/e"]
    assert "Pieters" not in str(found)


def test_what_is_shielded_is_not_delivered_though_a_row_names_it_nor_told_of() -> None:
    psychosis = resource("Condition", "psychosis", "bc-DisorderPostPartum", code=coded("18260003"))
    anaemia = resource("Condition", "anaemia", "bc-DisorderPostPartum", code=coded("398100001"))
    why = [to("Condition", "psychosis"), to("Condition", "anaemia")]
    birth = resource("Procedure", "d", "bc-DeliveryProcedure", reasonReference=why)
    wanted = Wanted(dt.date(2026, 11, 22))
    with_it, without = (
        WRITERS["kernset-3.2"](Material("record", "stu3", (WOMAN, EPISODE, anaemia, birth, *more), None, wanted))
        for more in ((psychosis,), ())
    )

    assert b"anaemia" in with_it.content and b"psychosis" not in with_it.content and b"18260003" not in with_it.content
    assert [finding.rule for finding in without.findings if finding.rule == "withheld"] == ["withheld"]


def test_no_narrative_is_delivered() -> None:
    told = resource("Condition", "c", "zib-Pregnancy", text={"div": "<div>Jansen</div>"})

    assert "text" not in delivered(told)["Condition/c"]


@pytest.mark.parametrize("present", [[WOMAN], [EPISODE], []])
def test_without_a_woman_and_an_episode_nothing_is_delivered(present: list[Resource]) -> None:
    assert "error" in {finding.severity for finding in kernset(present).findings}


@pytest.mark.parametrize(
    "other",
    [
        {"resourceType": "PractitionerRole", "id": "r", "code": [coded("1")]},
        {"resourceType": "SearchParameter", "id": "s", "code": "identifier"},
        {"resourceType": "Observation", "id": "o", "meta": {"profile": [None], "_profile": [{"id": "x"}]}},
    ],
    ids=["several concepts", "a plain code", "a profile without a value"],
)
def test_what_has_its_code_or_profile_otherwise_stays_here_as_everything_that_no_row_names(other: Resource) -> None:
    assert set(delivered(other)) == {"Patient/w", "EpisodeOfCare/e"}
