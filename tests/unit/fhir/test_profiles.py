"""What the checker finds: a sound resource, and for every kind of rule one change that breaks it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from babyconnect import definitions
from babyconnect.definitions import document
from babyconnect.fhir.check import structure
from babyconnect.fhir.profiles.checking import check
from babyconnect.fhir.profiles.fhirpath import functions, stepping
from babyconnect.fhir.profiles.surroundings import Surroundings
from babyconnect.fhir.profiles.tables import known_profiles, profile
from tests.support.mutants import mutants

NICTIZ, DUTCH = "http://nictiz.nl/fhir/StructureDefinition/", "http://fhir.nl/fhir/StructureDefinition/"
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
Resource = dict[str, Any]


def pressure(**changed: Any) -> Resource:
    """A blood pressure as zib-BloodPressure wants it."""

    def part(code: str, value: int) -> Resource:
        quantity = {"value": value, "unit": "mm[Hg]", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
        return {"code": {"coding": [{"system": LOINC, "code": code}]}, "valueQuantity": quantity}

    category = {"system": "http://hl7.org/fhir/observation-category", "code": "vital-signs"}
    return {
        "resourceType": "Observation",
        "meta": {"profile": [f"{NICTIZ}zib-BloodPressure"]},
        "status": "final",
        "category": [{"coding": [category]}],
        "code": {"coding": [{"system": LOINC, "code": "85354-9"}]},
        "subject": {"reference": "Patient/1"},
        "effectiveDateTime": "2024-06-01T10:00:00+02:00",
        "component": [part("8480-6", 120), part("8462-4", 80)],
        **changed,
    }


def birth_weight(**changed: Any) -> Resource:
    focus = {"url": f"{NICTIZ}observation-focusSTU3", "valueReference": {"reference": "Condition/1"}}
    return {
        "resourceType": "Observation",
        "meta": {"profile": [f"{NICTIZ}bc-PregnancyObservation"]},
        "status": "final",
        "extension": [focus],
        "code": {"coding": [{"system": SNOMED, "code": "364325004"}]},
        "subject": {"reference": "Patient/1"},
        **changed,
    }


def woman(**changed: Any) -> Resource:
    return {
        "resourceType": "Patient",
        "meta": {"profile": [f"{NICTIZ}bc-Woman"]},
        "identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900006"}],
        **changed,
    }


def broken(resource: Resource, change: Callable[[Resource], object]) -> Resource:
    changed = copy.deepcopy(resource)
    change(changed)
    return changed


def rules(resource: Resource, *others: Resource, severity: str = "error") -> set[str]:
    assert [issue for issue in structure(resource) if issue.severity == "error"] == []
    return {one.rule for one in check(resource, Surroundings((resource, *others))) if one.severity == severity}


@pytest.mark.parametrize("resource", [pressure(), birth_weight(), woman()], ids=lambda r: r["meta"]["profile"][0])
def test_a_sound_resource_has_no_error(resource: Resource) -> None:
    assert rules(resource) == set()


CHANGES: dict[str, tuple[Resource, Callable[[Resource], object], str]] = {
    "what must be there is not": (pressure(), lambda r: r.pop("effectiveDateTime"), "cardinality"),
    "more than may be there": (
        woman(),
        lambda r: r["identifier"].append(dict(r["identifier"][0])),
        "slice",
    ),
    "a slice that must be there is not": (pressure(), lambda r: r["component"].pop(), "slice"),
    "a slice twice": (pressure(), lambda r: r["component"].append(r["component"][0]), "slice"),
    "another code than is fixed": (
        pressure(),
        lambda r: r["component"][0]["valueQuantity"].update(code="kPa"),
        "fixed",
    ),
    "another system than is fixed": (
        pressure(),
        lambda r: r["code"]["coding"][0].update(system=SNOMED),
        "slice",
    ),
    "another type than a choice allows": (
        pressure(),
        lambda r: r["component"][0].update(valueString=str(r["component"][0].pop("valueQuantity"))),
        "slice",
    ),
    "a reference to another type": (birth_weight(), lambda r: r.update(context={"reference": "Patient/1"}), "target"),
    "an extension with another type of value": (
        birth_weight(),
        lambda r: r["extension"][0].update(valueString=str(r["extension"][0].pop("valueReference"))),
        "type",
    ),
    "an extension where it does not belong": (
        birth_weight(),
        lambda r: r["code"].update(extension=[r["extension"][0]]),
        "extension",
    ),
    "an extension with nothing in it": (birth_weight(), lambda r: r["extension"][0].pop("valueReference"), "ext-1"),
    "an invariant of STU3": (
        birth_weight(),
        lambda r: r.update(dataAbsentReason={"text": "x"}, valueBoolean=True),
        "obs-6",
    ),
    "an invariant of a data type": (
        birth_weight(),
        lambda r: r.update(effectivePeriod={"start": "2024-02", "end": "2024-01"}),
        "per-1",
    ),
    "an invariant of the profile": (
        pressure(),
        lambda r: r["category"].append({"coding": [{"system": SNOMED, "code": "1"}]}),
        "vs-4",
    ),
    "a profile of another type": (
        woman(),
        lambda r: r["meta"].update(profile=[f"{NICTIZ}zib-BloodPressure"]),
        "profile",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_that_breaks_a_rule_is_found(what: str) -> None:
    resource, change, rule = CHANGES[what]
    assert rule in rules(broken(resource, change))


def test_a_code_outside_a_required_list_is_an_error_and_outside_an_extensible_one_a_warning() -> None:
    organisation = {
        "resourceType": "Organization",
        "meta": {"profile": [f"{DUTCH}nl-core-organization"]},
        "name": "Het Nest",
        "type": [{"coding": [{"system": "http://nictiz.nl/fhir/NamingSystem/organization-type", "code": "ANDERS"}]}],
    }
    assert rules(organisation) == {"binding"}
    odd = broken(pressure(), lambda r: r["component"].append({**r["component"][0], "code": {"text": "cuff"}}))
    assert rules(odd, severity="warning") == {"binding"}


def test_a_code_that_its_list_keeps_for_old_records_is_told_of() -> None:
    position = {
        "resourceType": "Observation",
        "meta": {"profile": [f"{NICTIZ}bc-MaternalObservation"]},
        "status": "final",
        "code": {"coding": [{"system": SNOMED, "code": "249062004"}]},
        "subject": {"reference": "Patient/1"},
        "valueCodeableConcept": {"coding": [{"system": SNOMED, "code": "70028003"}]},
    }
    assert "deprecated" in rules(position, severity="information")


def test_of_every_code_for_old_records_it_is_known_what_its_list_has_instead() -> None:
    lists = document("profiles/value_sets.json")
    old = {(url, *each) for url, codes in lists["deprecated"].items() for each in codes}
    instead = {(row["system"], row["code"]): row for row in definitions.rows("terminology/successors")}
    assert {(system, code) for _, system, code in old} == instead.keys()
    for url, system, code in old:
        row = instead[system, code]
        named = {(system, successor) for successor in row["successors"].split()}
        assert bool(named) is (row["how"] != "none")
        assert {code for _, code in named} <= set(lists["value_sets"][url][system] or ())
        assert not named & {(system, code) for _, system, code in old}


@pytest.mark.parametrize(("code", "said"), [("70028003", "says less"), ("289379002", "for the same")])
def test_what_is_told_of_such_a_code_quotes_none(code: str, said: str) -> None:
    position = {
        "resourceType": "Observation",
        "meta": {"profile": [f"{NICTIZ}bc-MaternalObservation"]},
        "status": "final",
        "code": {"coding": [{"system": SNOMED, "code": "249062004"}]},
        "subject": {"reference": "Patient/1"},
        "valueCodeableConcept": {"coding": [{"system": SNOMED, "code": code}]},
    }
    told = [one.text for one in check(position) if one.rule == "deprecated"]
    assert told and all(said in text and code not in text for text in told)


def test_what_only_a_hierarchy_can_tell_is_left_open() -> None:
    disorder = {
        "resourceType": "Condition",
        "meta": {"profile": [f"{NICTIZ}zib-Problem"]},
        "clinicalStatus": "active",
        "code": {"coding": [{"system": SNOMED, "code": "698350008:370131001=133933007"}]},
        "subject": {"reference": "Patient/1"},
    }
    assert "binding" not in rules(disorder) | rules(disorder, severity="warning")


def test_a_profile_that_is_not_known_is_told_of_and_wrongs_nobody() -> None:
    resource = birth_weight(meta={"profile": ["http://example.org/profile"]})
    [one] = [d for d in check(resource) if d.rule == "profile"]
    assert (one.severity, one.profile) == ("warning", "http://example.org/profile")


def test_place_rule_and_profile_are_named_and_no_value_is_quoted() -> None:
    wrong = broken(pressure(), lambda r: r["component"][1]["valueQuantity"].update(code="GEHEIM"))
    unit, one = [d for d in check(wrong) if d.severity == "error"]
    assert (unit.place, unit.rule) == ("Observation.component[1].valueQuantity", "unit")
    assert (one.place, one.rule) == ("Observation.component[1].valueQuantity.code", "fixed")
    assert one.profile == f"{NICTIZ}zib-BloodPressure"
    assert "mm[Hg]" in one.text
    assert "GEHEIM" not in str([unit, one])


def test_a_slice_by_the_profile_of_what_is_referred_to_needs_that_resource() -> None:
    """bc-Encounter tells its diagnosis `pregnancy` by the profile of the Condition."""
    encounter = {
        "resourceType": "Encounter",
        "meta": {"profile": [f"{NICTIZ}bc-Encounter"]},
        "status": "finished",
        "class": {"system": "http://hl7.org/fhir/v3/ActCode", "code": "AMB"},
        "diagnosis": [{"condition": {"reference": "Condition/1"}}, {"condition": {"reference": "Condition/1"}}],
    }
    pregnancy = {
        "resourceType": "Condition",
        "id": "1",
        "meta": {"profile": [f"{NICTIZ}zib-Pregnancy"]},
        "clinicalStatus": "active",
        "code": {"coding": [{"system": SNOMED, "code": "118185001"}]},
        "subject": {"reference": "Patient/1"},
    }
    alone = rules(encounter)
    together = rules(encounter, pregnancy)
    assert "slice" not in alone
    assert ("slice" in together) == (profile(f"{NICTIZ}bc-Encounter").node.kid("diagnosis").slices[0].node.maximum == 1)


@pytest.mark.parametrize("resource", [pressure(id="1"), birth_weight(id="1"), woman(id="1")], ids=("a", "b", "c"))
def test_no_change_of_a_sound_resource_is_a_fault_of_the_checker(resource: Resource) -> None:
    seen = 0
    for _, changed in mutants(resource):
        if not any(issue.severity == "error" for issue in structure(changed)):
            seen += 1
            assert all(one.place.startswith(resource["resourceType"]) for one in check(changed))
    assert seen > 3


def test_an_address_elsewhere_is_not_taken_for_a_resource_of_this_record() -> None:
    here = {"resourceType": "Patient", "id": "1"}
    around = Surroundings((here,), {"urn:uuid:7": here})
    assert around.resolve("Patient/1", {}) is here
    assert around.resolve("Patient/1/_history/3", {}) is here
    assert around.resolve("urn:uuid:7", {}) is here
    assert around.resolve("https://elsewhere.example/fhir/Patient/1", {}) is None
    assert around.resolve("#1", {"contained": [here]}) is here


def test_every_profile_of_the_tables_can_be_walked() -> None:
    for url in known_profiles():
        found = profile(url)
        assert found is not None
        assert found.node.name == found.type


def test_a_resource_that_contains_itself_by_reference_ends() -> None:
    circle = birth_weight(id="1", related=[{"target": {"reference": "Observation/1"}}])
    assert rules(circle) == set()


def test_a_resource_is_gone_through_as_often_with_many_contained_resources_as_with_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else whoever sends a file of a few hundred kilobytes keeps a node busy for minutes."""
    steps = 0
    once = stepping.descendants

    def counted(item: Any) -> Any:
        nonlocal steps
        steps += 1
        return once(item)

    for module in (functions, stepping):
        monkeypatch.setattr(module, "descendants", counted)

    def work(number: int) -> int:
        nonlocal steps
        contained = [
            {
                "resourceType": "Patient",
                "id": f"c{i}",
                "generalPractitioner": [{"reference": f"#c{j}"} for j in range(9)],
            }
            for i in range(number)
        ]
        steps = 0
        (found,) = check({"resourceType": "Patient", "id": "p", "contained": contained})
        assert found.rule == "dom-3"
        return steps

    assert 0 < work(80) < 3 * work(40)


def test_of_two_contained_resources_with_one_id_a_reference_leads_to_the_first() -> None:
    first, second = ({"resourceType": "Patient", "id": "a", "active": active} for active in (True, False))
    whole = {"resourceType": "Patient", "id": "p", "contained": [first, second]}
    assert Surroundings().resolve("#a", whole) is first
    assert Surroundings().resolve("#b", whole) is None
