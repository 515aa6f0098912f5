"""Every STU3 record of a region is sound FHIR, in itself and by what the published scripts ask of a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from babyconnect.fhir import check, json, xml
from tests.support.synthetic_region import Written


def bundle(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return json.loads(content) if path.suffix == ".json" else xml.to_json(content)


@pytest.fixture(scope="module")
def bundles(sixty: Written) -> list[dict[str, Any]]:
    """Every STU3 record of the region, read once."""
    return [bundle(path) for path in sixty.stu3()]


def resources(bundles: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (entry["resource"] for found in bundles for entry in found["entry"])


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from nodes(part)
    elif isinstance(value, list):
        for part in value:
            yield from nodes(part)


def test_every_resource_keeps_to_the_grammar_of_stu3(bundles: list[dict[str, Any]]) -> None:
    issues = [(resource["id"], issue) for resource in resources(bundles) for issue in check.structure(resource)]
    assert issues == []


def test_both_json_and_xml_are_written(sixty: Written) -> None:
    assert {path.suffix for path in sixty.stu3()} == {".json", ".xml"}


def test_every_reference_has_a_display_and_is_in_the_record(bundles: list[dict[str, Any]]) -> None:
    for found in bundles:
        entries = [entry["resource"] for entry in found["entry"]]
        here = {f"{r['resourceType']}/{r['id']}" for r in entries}
        assert len(here) == len(entries), found["id"]
        links = [node for r in entries for node in nodes(r) if "reference" in node]
        assert links
        assert [node for node in links if node["reference"] not in here or not node.get("display")] == []


def test_every_coding_says_system_code_and_display(bundles: list[dict[str, Any]]) -> None:
    for resource in resources(bundles):
        for node in nodes(resource):
            for coding in node.get("coding", ()):
                assert coding.get("system") and coding.get("code") and coding.get("display"), resource["id"]


def test_every_resource_names_its_profile_and_has_an_identifier_or_is_known_by_one(
    bundles: list[dict[str, Any]],
) -> None:
    for resource in resources(bundles):
        assert resource["meta"]["profile"], resource["id"]
        # A Medication is a product: STU3 gives it no identifier, its code tells what it is.
        if resource["resourceType"] != "Medication":
            assert resource["identifier"][0]["system"] and resource["identifier"][0]["value"]


def test_a_full_url_ends_in_the_id(bundles: list[dict[str, Any]]) -> None:
    for found in bundles:
        for entry in found["entry"]:
            assert entry["fullUrl"].endswith(f"/{entry['resource']['resourceType']}/{entry['resource']['id']}")


def test_the_profiles_of_birth_care_occur(bundles: list[dict[str, Any]]) -> None:
    used = {profile.rsplit("/", 1)[-1] for r in resources(bundles) for profile in r["meta"]["profile"]}
    assert used >= {
        "bc-Woman", "bc-Child", "bc-MotherOf", "bc-MaternalRecord", "zib-Pregnancy", "bc-DeliveryProcedure", "bc-Birth",
        "bc-Fetus", "bc-PregnancyObservation", "bc-MaternalObservation", "bc-DeliveryObservation",
        "bc-BirthObservation",
        "bc-ChildObservation", "bc-FetusObservation", "bc-Encounter", "bc-PregnancyUltraSound", "bc-ObstetricProcedure",
        "bc-DisorderOfPregnancy", "bc-DisorderOfLaborAndDelivery", "zib-ApgarScore", "zib-AllergyIntolerance",
        "bc-FeedingPatternInfant", "bc-VitaminKAdministration", "zib-LaboratoryTestResult-Observation",
    }  # fmt: skip


def test_what_was_declined_is_said_with_its_reason(bundles: list[dict[str, Any]]) -> None:
    declined = [r for r in resources(bundles) if r.get("notDone")]
    assert declined
    assert all(r["notDoneReason"]["coding"] and r["status"] == "aborted" for r in declined)


def test_a_copied_result_names_who_made_it(bundles: list[dict[str, Any]]) -> None:
    copies = [r for r in resources(bundles) if r["resourceType"] == "Observation"
              and any(p["reference"].startswith("Organization/") for p in r.get("performer", ()))]  # fmt: skip
    assert copies
