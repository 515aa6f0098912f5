"""What publishing adds: opaque ids, the source's own as identifier, names of references, labels, episodes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from babyconnect.fhir import check, json
from babyconnect.fhir.walk import find
from babyconnect.labelling.identity import Identity
from babyconnect.store.contract import SHARED
from tests.spec.publishing.records import BC, BSN, TENANT, Node, bundle, concept, record, weight, woman

LABEL = "urn:babyconnect:shielded"


def shielded(resource: Any) -> set[str]:
    return {s["code"] for s in resource["meta"].get("security", []) if s["system"] == LABEL}


def violence(id: str = "GEWELD") -> dict[str, Any]:
    return {
        "resourceType": "Condition", "id": id, "clinicalStatus": "active", "meta": {"profile": [f"{BC}zib-Problem"]},
        "code": concept("412732008", "voorgeschiedenis met huiselijk geweld"),
        "subject": {"reference": "Patient/JAMILA"},
    }  # fmt: skip


async def test_an_id_is_opaque_and_the_sources_own_is_kept_as_identifier() -> None:
    node = Node()
    await node.one(bundle(*record()))

    patient = node.kept["Patient/JAMILA"]

    assert re.fullmatch(r"[a-z2-7]{26}", patient["id"])
    assert {"system": f"{TENANT}:id", "value": "JAMILA"} in patient["identifier"]


async def test_an_id_is_the_same_each_time_and_another_for_another_tenant_source_or_type() -> None:
    ours = Identity(b"secret of tenant one")

    assert ours.opaque("Patient", "1") == Identity(b"secret of tenant one").opaque("Patient", "1")
    others = {
        ours.opaque("Patient", "1"),
        ours.opaque("Patient", "2"),
        ours.opaque("Observation", "1"),
        ours.opaque("Patient", "1", scope="x"),
        Identity(b"secret of tenant one", source="lab").opaque("Patient", "1"),
        Identity(b"secret of tenant two").opaque("Patient", "1"),
    }
    assert len(others) == 6


def test_a_secret_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        Identity(b"short")


async def test_every_reference_leads_to_a_kept_resource_and_has_a_display() -> None:
    node = Node()
    await node.one(bundle(*record()))

    addresses = {f"{r['resourceType']}/{r['id']}" for r in node.kept.values()}
    references = [r for resource in node.kept.values() for r in find(resource, "Reference")]

    assert {r["reference"] for r in references} <= addresses
    assert all(r["display"] for r in references)
    assert node.kept["EpisodeOfCare/EP"]["patient"]["display"] == "Jamila XXX_Kwee"


async def test_what_is_kept_is_still_stu3() -> None:
    node = Node()
    await node.one(bundle(*record(), weight("X", context="Encounter/WEG"), violence()))

    assert [issue for resource in node.kept.values() for issue in check.structure(resource)] == []


async def test_addresses_of_bundle_entries_are_resolved_as_well() -> None:
    node = Node()
    entries = [{"fullUrl": f"urn:uuid:00000000-0000-4000-8000-00000000000{n}", "resource": dict(r)}
               for n, r in enumerate(record())]  # fmt: skip
    for entry in entries:
        del entry["resource"]["id"]
    content = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    for n, name in enumerate(("Patient/JAMILA", "EpisodeOfCare/EP", "Condition/P-EP", "Encounter/E")):
        content = content.replace(name.encode(), f"urn:uuid:00000000-0000-4000-8000-00000000000{n}".encode())
    content = content.replace(b"Organization/ORG", b"urn:uuid:00000000-0000-4000-8000-000000000005")

    accepted = await node.one(content)

    assert (accepted.status, accepted.findings) == ("published", ())


async def test_every_resource_has_a_profile_and_a_data_group() -> None:
    node = Node()
    await node.one(bundle(*record()))

    groups = {name.split("/")[0]: node.publication(name).group for name in node.kept}

    assert all(resource["meta"]["profile"] for resource in node.kept.values())
    assert groups == {
        "Patient": "patient",
        "EpisodeOfCare": "episode",
        "Condition": "pregnancy",
        "Encounter": "episode",
        "Observation": "prenatal_checks",
        "Organization": "provider",
    }
    tag = {"system": "urn:babyconnect:data-group", "code": "patient"}
    assert tag in node.kept["Patient/JAMILA"]["meta"]["tag"]


async def test_what_no_table_knows_is_kept_for_nobody_and_said() -> None:
    node = Node()
    account = {"resourceType": "Account", "id": "A", "subject": {"reference": "Patient/JAMILA"}}

    accepted = await node.one(bundle(*record(), account))

    assert [f.rule for f in accepted.findings] == ["label"]
    assert node.publication("Account/A").group == "unlabelled"


@pytest.mark.parametrize(
    ("code", "system", "group"),
    [
        ("412732008", "http://snomed.info/sct", "safety"),
        ("412732008", "urn:oid:2.16.840.1.113883.6.96", "safety"),
        ("302375005", "http://snomed.info/sct", "abortion"),
        ("29893-5", "http://loinc.org", "hiv-sti"),
        ("86406008:246112005=24484000", "http://snomed.info/sct", "hiv-sti"),
        ("361055000", "http://snomed.info/sct", "substance-use"),
        ("35489007", "http://snomed.info/sct", "mental-health"),
        ("41040004", "http://snomed.info/sct", "genetics"),
    ],
)
async def test_a_shielded_code_labels_its_resource_as_subject_and_as_value(code: str, system: str, group: str) -> None:
    node = Node()
    told = weight("SUBJECT") | {"code": concept(code, "x", system)}
    valued = weight("VALUE") | {"valueCodeableConcept": concept(code, "x", system)}
    del valued["valueQuantity"]

    await node.one(bundle(*record(), told, valued))

    assert shielded(node.kept["Observation/SUBJECT"]) == shielded(node.kept["Observation/VALUE"]) == {group}
    assert node.publication("Observation/VALUE").shielded == {group}
    assert node.publication("Observation/W").shielded == frozenset()


@pytest.mark.parametrize(
    "said",
    [
        {"valueCodeableConcept": concept("41040004+254266000+254268004", "Trisomie 21, 18 en 13")},
        {"valueCodeableConcept": {"text": "trisomie 21, 18 en 13"}},
        {"valueCodeableConcept": {**concept("OTH", "anders", "http://hl7.org/fhir/v3/NullFlavor"), "text": "geen"}},
        {"valueString": "ziet ervan af"},
        {"valueBoolean": True},
        {"dataAbsentReason": concept("unknown", "onbekend", "http://hl7.org/fhir/data-absent-reason")},
    ],
)
async def test_her_choice_about_nipt_is_shielded_in_whatever_way_it_is_said(said: dict[str, Any]) -> None:
    node = Node()
    choice = {**weight("X"), "code": concept("1186606009", "verzoek van patiënt"), **said}
    del choice["valueQuantity"]

    await node.one(bundle(*record(), choice))

    assert node.publication("Observation/X").shielded == {"genetics"}


async def test_a_label_that_the_source_set_counts() -> None:
    node = Node()
    stated = weight("X")
    stated["meta"]["security"] = [{"system": "http://hl7.org/fhir/v3/ActCode", "code": "PSY"}]

    await node.one(bundle(*record(), stated))

    assert shielded(node.kept["Observation/X"]) == {"mental-health"}


async def test_a_reference_to_something_shielded_does_not_tell_what_it_is() -> None:
    node = Node()
    display = "voorgeschiedenis met huiselijk geweld"
    telling = weight("X") | {
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{display}</div>'},
        "related": [{"target": {"reference": "Condition/GEWELD", "display": display}}],
        "performer": [{"reference": "Patient/JAMILA"}],
    }

    await node.one(bundle(*record(), violence(), telling))

    kept = node.kept["Observation/X"]
    assert shielded(kept) == set()
    assert "geweld" not in json.dumps(kept).decode()
    assert kept["related"][0]["target"]["display"] == "Probleem of diagnose (niet aangeleverd)"


async def test_a_reference_to_something_not_supplied_does_not_tell_what_it_is_either() -> None:
    node = Node()
    target = {"reference": "Condition/NIET-GESTUURD", "display": "voorgeschiedenis met huiselijk geweld"}

    await node.one(bundle(*record(), weight("X") | {"related": [{"target": target}]}))

    kept = node.kept["Observation/X"]["related"][0]["target"]
    assert kept["display"] == "Probleem of diagnose (niet aangeleverd)"


async def test_the_name_of_a_child_that_was_not_supplied_is_kept() -> None:
    node = Node()
    child = weight("X") | {"subject": {"reference": "Patient/KIND", "display": "Louis XXX_Kwee"}}

    await node.one(bundle(*record(), child))

    assert node.kept["Observation/X"]["subject"]["display"] == "Louis XXX_Kwee"


async def test_a_report_bears_the_labels_of_its_results() -> None:
    node = Node()
    hiv = weight("HIV") | {"code": concept("29893-5", "HIV", "http://loinc.org")}
    report = {
        "resourceType": "DiagnosticReport", "id": "R", "status": "final", "code": concept("1", "uitslagen"),
        "subject": {"reference": "Patient/JAMILA"}, "result": [{"reference": "Observation/HIV"}],
    }  # fmt: skip

    await node.one(bundle(*record(), hiv, report))

    assert shielded(node.kept["DiagnosticReport/R"]) == {"hiv-sti"}


async def test_a_resource_lies_in_the_episode_of_its_context_or_its_encounter() -> None:
    node = Node()
    plain = {k: v for k, v in weight("X").items() if k != "context"}
    await node.one(bundle(*record(), weight("Y", context="EpisodeOfCare/EP"), plain))

    hers = {node.kept["EpisodeOfCare/EP"]["id"]}

    for name in ("EpisodeOfCare/EP", "Condition/P-EP", "Encounter/E", "Observation/W", "Observation/Y"):
        assert node.publication(name).episodes == hers
    assert node.publication("Observation/X").episodes == frozenset()


async def test_an_organisation_belongs_to_no_client() -> None:
    node = Node()
    await node.one(bundle(*record()))

    assert node.publication("Organization/ORG").client == SHARED
    assert node.publication("Observation/W").client == node.kept["Patient/JAMILA"]["id"]


async def test_a_place_that_may_be_a_home_is_hers_and_a_hospitals_is_shared() -> None:
    node = Node()
    home = {"resourceType": "Location", "id": "THUIS", "address": {"city": "Rotterdam"}}
    ward = {"resourceType": "Location", "id": "KAMER", "managingOrganization": {"reference": "Organization/ORG"}}

    await node.one(bundle(*record(), home, ward))

    assert node.publication("Location/THUIS").client == node.kept["Patient/JAMILA"]["id"]
    assert node.publication("Location/KAMER").client == SHARED


async def test_a_bsn_from_the_configuration_takes_the_place_of_a_masked_one() -> None:
    absent = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}
    masked = woman() | {"identifier": [{"system": BSN, "_value": {"extension": [absent]}}]}
    node = Node(bsns={"JAMILA": "999900730"})

    await node.one(bundle(masked, *record()[1:]))

    held = [i for i in node.kept["Patient/JAMILA"]["identifier"] if i["system"] == BSN]
    assert held == [{"use": "official", "system": BSN, "value": "999900730"}]


async def test_it_is_found_by_what_it_was_indexed_with() -> None:
    node = Node()
    await node.one(bundle(*record()))

    episode = f"EpisodeOfCare/{node.kept['EpisodeOfCare/EP']['id']}"

    assert node.publication("Encounter/E").index["episodeofcare"] == (episode,)
    assert f"{BSN}|999900730" in node.publication("Patient/JAMILA").index["identifier"]


async def test_every_digit_of_a_decimal_is_kept() -> None:
    node = Node()
    await node.one(bundle(*record()))

    assert b'"value":68.50,' in json.dumps(node.kept["Observation/W"])
