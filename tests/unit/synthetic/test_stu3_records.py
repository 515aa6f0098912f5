"""Every STU3 record of a region is sound FHIR, in itself and by what the published scripts ask of a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babyconnect.fhir import check, json, xml
from tests.synthetic_region import Written


def bundle(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return json.loads(content) if path.suffix == ".json" else xml.to_json(content)


def resources(written: Written) -> Iterator[dict[str, Any]]:
    return (entry["resource"] for path in written.stu3() for entry in bundle(path)["entry"])


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from nodes(part)
    elif isinstance(value, list):
        for part in value:
            yield from nodes(part)


def test_every_resource_keeps_to_the_grammar_of_stu3(sixty: Written) -> None:
    issues = [(resource["id"], issue) for resource in resources(sixty) for issue in check.structure(resource)]
    assert issues == []


def test_both_json_and_xml_are_written(sixty: Written) -> None:
    assert {path.suffix for path in sixty.stu3()} == {".json", ".xml"}


def test_every_reference_has_a_display_and_is_in_the_record(sixty: Written) -> None:
    for path in sixty.stu3():
        entries = [entry["resource"] for entry in bundle(path)["entry"]]
        here = {f"{r['resourceType']}/{r['id']}" for r in entries}
        assert len(here) == len(entries), path.name
        found = [node for r in entries for node in nodes(r) if "reference" in node]
        assert found
        assert [node for node in found if node["reference"] not in here or not node.get("display")] == []


def test_every_coding_says_system_code_and_display(sixty: Written) -> None:
    for resource in resources(sixty):
        for node in nodes(resource):
            for coding in node.get("coding", ()):
                assert coding.get("system") and coding.get("code") and coding.get("display"), resource["id"]


def test_every_resource_names_its_profile_and_has_an_identifier_or_is_known_by_one(sixty: Written) -> None:
    for resource in resources(sixty):
        assert resource["meta"]["profile"], resource["id"]
        assert resource["identifier"][0]["system"] and resource["identifier"][0]["value"]


def test_a_full_url_ends_in_the_id(sixty: Written) -> None:
    for path in sixty.stu3():
        for entry in bundle(path)["entry"]:
            assert entry["fullUrl"].endswith(f"/{entry['resource']['resourceType']}/{entry['resource']['id']}")


def test_the_profiles_of_birth_care_occur(sixty: Written) -> None:
    used = {profile.rsplit("/", 1)[-1] for r in resources(sixty) for profile in r["meta"]["profile"]}
    assert used >= {
        "bc-Woman", "bc-Child", "bc-MotherOf", "bc-MaternalRecord", "zib-Pregnancy", "bc-DeliveryProcedure", "bc-Birth",
        "bc-Fetus", "bc-PregnancyObservation", "bc-MaternalObservation", "bc-DeliveryObservation",
        "bc-BirthObservation",
        "bc-ChildObservation", "bc-FetusObservation", "bc-Encounter", "bc-PregnancyUltraSound", "bc-ObstetricProcedure",
        "bc-DisorderOfPregnancy", "bc-DisorderOfLaborAndDelivery", "zib-ApgarScore", "zib-AllergyIntolerance",
        "bc-FeedingPatternInfant", "bc-VitaminKAdministration", "zib-LaboratoryTestResult-Observation",
    }  # fmt: skip


def test_what_was_declined_is_said_with_its_reason(sixty: Written) -> None:
    declined = [r for r in resources(sixty) if r.get("notDone")]
    assert declined
    assert all(r["notDoneReason"]["coding"] and r["status"] == "aborted" for r in declined)


def test_a_copied_result_names_who_made_it(sixty: Written) -> None:
    own = {path.parent.name: None for path in sixty.stu3()}
    copies = [r for r in resources(sixty) if r["resourceType"] == "Observation"
              and any(p["reference"].startswith("Organization/") for p in r.get("performer", ()))]  # fmt: skip
    assert own and copies
