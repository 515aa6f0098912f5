"""Imperfect input that can be understood is kept, and the report says what is the matter; the same again is fine."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from babyconnect.fhir import json
from babyconnect.flows.publish import Input, publish
from tests.spec.publishing.records import Node, bundle, encounter, episode, folder, record, weight, woman

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


async def test_an_unknown_code_is_kept_as_the_source_gave_it() -> None:
    node = Node()
    strange = {**weight("X"), "code": {"coding": [{"system": "urn:oid:1.2.3", "code": "ONBEKEND"}]}}

    accepted = await node.one(bundle(*record(), strange))

    assert accepted.status == "published"
    assert node.kept["Observation/X"]["code"]["coding"][0]["code"] == "ONBEKEND"


async def test_a_reference_that_nothing_resolves_is_kept_and_shown_as_not_supplied() -> None:
    node = Node()
    lost = weight("X", context="Encounter/NOOIT-GEZIEN")

    report = await node.publish(bundle(*record(), lost))

    (accepted,) = report.inputs
    context = node.kept["Observation/X"]["context"]
    assert accepted.status == "published with warnings"
    assert [f.rule for f in accepted.findings] == ["unresolved-reference"]
    assert (report.exit_code(), report.exit_code(strict=True)) == (0, 1)
    assert context["display"] == "Contact (niet aangeleverd)"
    assert {"url": ABSENT, "valueCode": "unknown"} in context["extension"]
    assert "NOOIT" not in str(node.kept["Observation/X"])


async def test_two_mentions_of_one_absent_child_remain_one_child() -> None:
    node = Node()
    first, second = weight("A", patient="KIND"), weight("B", patient="KIND")
    other = weight("C", patient="ANDER-KIND")

    await node.one(bundle(*record(), first, second, other))

    subjects = [node.kept[f"Observation/{name}"]["subject"]["reference"] for name in "ABC"]
    assert subjects[0] == subjects[1] != subjects[2]


async def test_the_same_file_again_is_already_published_and_makes_no_new_version() -> None:
    node = Node()
    await node.one(bundle(*record()))

    report = await node.publish(bundle(*record()))

    (again,) = report.inputs
    assert (again.status, again.created, again.updated, again.unchanged) == ("already published", 0, 0, 6)
    assert report.exit_code(strict=True) == 0
    assert all(len(versions) == 1 for versions in node.store.versions.values())


async def test_a_changed_record_makes_a_new_version_of_what_changed_only() -> None:
    node = Node()
    await node.one(bundle(*record()))

    changed = await node.one(bundle(*(weight(value="69") if r["id"] == "W" else r for r in record())))

    assert (changed.created, changed.updated, changed.unchanged) == (0, 1, 5)


async def test_a_record_may_be_spread_over_folders_in_any_order(tmp_path: Path) -> None:
    node = Node()
    second = folder(tmp_path, "tweede", [weight("W2", context="EpisodeOfCare/EP")])
    first = folder(tmp_path, "eerste", record())

    report = await node.publish(second, first)

    assert [i.status for i in report.inputs] == ["published"]
    assert len(node.kept) == 7


async def test_single_files_of_one_call_are_one_batch(tmp_path: Path) -> None:
    node = Node()
    files = sorted(folder(tmp_path, "los", record()).iterdir())

    report = await node.publish(*files)

    assert [i.status for i in report.inputs] == ["published"]


async def test_what_was_published_before_resolves_what_comes_later() -> None:
    node = Node()
    first = await node.one(bundle(*record()))

    async def known(keys):  # type: ignore[no-untyped-def]
        kept = node.store.versions
        return {key: kept[key][-1].publication.client for key in keys if key in kept}

    node.settings["known"] = known
    later = await node.one(bundle(weight("LATER", context="Encounter/E"), encounter("E2")))

    assert (later.status, later.client) == ("published", first.client)
    assert node.publication("Observation/LATER").client == first.client


async def test_two_clients_of_one_folder_are_two_records(tmp_path: Path) -> None:
    node = Node()
    fiona = [woman("FIONA", "999900171"), {**episode("EP2", "FIONA"), "diagnosis": []}]
    del fiona[1]["diagnosis"]
    place = folder(tmp_path, "praktijk", [*record(), *fiona])

    report = await node.publish(place)

    assert [i.name for i in report.inputs] == ["praktijk (client 1)", "praktijk (client 2)"]
    assert {i.status for i in report.inputs} == {"published"}
    assert len({i.client for i in report.inputs}) == 2


async def test_a_child_with_its_mother_is_one_record() -> None:
    node = Node()
    child = {"resourceType": "Patient", "id": "LOUIS", "birthDate": "2026-11-20"}
    mother_of = {
        "resourceType": "RelatedPerson", "id": "M", "patient": {"reference": "Patient/LOUIS"},
        "relationship": {"coding": [{"system": "http://hl7.org/fhir/v3/RoleCode", "code": "MTH"}]},
    }  # fmt: skip

    accepted = await node.one(bundle(*record(), child, mother_of, weight("G", patient="LOUIS")))

    assert accepted.status == "published"
    mother = node.kept["Patient/JAMILA"]["id"]
    assert {node.publication(f"{name}").client for name in ("Patient/LOUIS", "RelatedPerson/M", "Observation/G")} == {
        mother
    }


async def test_a_child_on_its_own_is_a_client() -> None:
    node = Node()
    child = {"resourceType": "Patient", "id": "LOUIS", "meta": {"profile": [PROFILE]}, "birthDate": "2026-11-20"}
    mine = {k: v for k, v in weight("G", patient="LOUIS").items() if k != "context"}

    accepted = await node.one(bundle(child, mine))

    assert accepted.status == "published"
    assert accepted.client == node.kept["Patient/LOUIS"]["id"]


async def test_the_original_is_kept_byte_for_byte_with_its_report() -> None:
    node = Node()
    content = bundle(*record(), weight("X", context="Encounter/WEG"))

    await node.one(content)

    (original,) = node.store.originals.values()
    assert original.content == content
    assert json.loads(original.report)["findings"][0][2] == "unresolved-reference"
    assert node.publication("Observation/X").original == original.digest


@pytest.mark.parametrize(
    ("hour", "day"),
    [("2026-11-22T22:59Z", "2026-11-22"), ("2026-11-22T23:45Z", "2026-11-23"), ("2026-06-30T22:30Z", "2026-07-01")],
)
def test_what_is_handed_in_after_midnight_here_is_of_the_new_day(hour: str, day: str) -> None:
    at = dt.datetime.fromisoformat(hour)

    assert replace(Node().node, now=lambda: at).today == dt.date.fromisoformat(day)


async def test_an_empty_batch_is_no_error() -> None:
    report = await publish(iter([]), Node().node)

    assert (report.inputs, report.exit_code(strict=True)) == ((), 0)


async def test_bytes_and_files_give_the_same_resources(tmp_path: Path) -> None:
    one, other = Node(), Node()
    file = tmp_path / "record.json"
    file.write_bytes(bundle(*record()))

    await one.one(file)
    await publish([Input("intake", content=bundle(*record()))], other.node)

    assert one.kept == other.kept


PROFILE = "http://nictiz.nl/fhir/StructureDefinition/bc-Child"
