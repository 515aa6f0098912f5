"""Medication in a node: published from ADA, labelled by group and by what it reveals, found as MedMij searches it."""

from __future__ import annotations

from typing import Any

from babyconnect.fhir.search_index import index
from tests.spec.publishing.records import BC, Node, bundle, record
from tests.support import ada_medication as ada
from tests.support import dispense_list as v3
from tests.support.medicines import ATC, extension

LABEL = "urn:babyconnect:shielded"
GROUP = "urn:babyconnect:data-group"


def labels(resource: Any, system: str) -> set[str]:
    meta = resource["meta"]
    return {one["code"] for one in (*meta.get("security", ()), *meta.get("tag", ())) if one["system"] == system}


async def test_a_record_of_the_medication_process_is_published_whole_and_in_the_group_medication() -> None:
    node = Node()
    report = await node.one(ada.record())

    kinds = [resource["resourceType"] for resource in node.kept.values()]
    assert kinds.count("MedicationRequest") == 2 and kinds.count("MedicationDispense") == 2
    assert kinds.count("MedicationStatement") == 1 and kinds.count("Medication") == 1
    medication = [one for one in node.kept.values() if one["resourceType"].startswith("Medication")]
    assert all(labels(one, GROUP) == {"medication"} for one in medication)
    assert report is not None


async def test_a_list_of_dispenses_is_published_whole_and_a_refill_adds_only_itself() -> None:
    node = Node()
    await node.one(v3.message(v3.event()))
    again = await node.one(v3.message(v3.event(), v3.event(number="V2", day="20260601")))
    medication = [one for one in node.kept.values() if one["resourceType"].startswith("Medication")]
    assert all(labels(one, GROUP) == {"medication"} for one in medication)
    assert (again.created, again.updated) == (2, 0)


async def test_two_clients_of_one_source_share_what_is_the_same_and_nothing_else() -> None:
    node = Node()
    other = ada.record(
        ada.AGREEMENT.replace('value="MA1"', 'value="MA7"')
        .replace("Huisartsenpraktijk Voorbeeld", "Huisartsenpraktijk Anders")
        .replace("00001111", "00002222"),
        patient=ada.PATIENT.replace("999900730", "999990019").replace("Voorbeeld", "Ander"),
        treatment="MBH7",
    )
    await node.one(ada.record())
    await node.one(other)
    names = [one["name"] for one in node.kept.values() if one["resourceType"] == "Organization"]
    assert sorted(names) == ["Apotheek Voorbeeld", "Huisartsenpraktijk Anders", "Huisartsenpraktijk Voorbeeld"]
    subjects = {one["subject"]["reference"] for one in node.kept.values() if one["resourceType"] == "MedicationRequest"}
    assert len(subjects) == 2


async def test_the_same_record_again_adds_nothing() -> None:
    node = Node()
    await node.one(ada.record())
    again = await node.one(ada.record())
    assert (again.created, again.updated) == (0, 0)


async def test_a_block_bears_the_shielded_label_of_the_medicine_that_it_names() -> None:
    node = Node()
    medicine = {"coding": [{"system": ATC, "code": "N07BC02", "display": "methadon"}]}
    resources: list[dict[str, Any]] = [
        {"resourceType": "Medication", "id": "M", "meta": {"profile": [f"{BC}zib-Product"]}, "code": medicine},
        {
            "resourceType": "MedicationStatement", "id": "S", "meta": {"profile": [f"{BC}zib-MedicationUse"]},
            "status": "active", "taken": "y", "dateAsserted": "2026-01-02", "subject": {"reference": "Patient/JAMILA"},
            "medicationReference": {"reference": "Medication/M", "display": "tablet 5 mg"},
        },
    ]  # fmt: skip
    await node.one(bundle(*record(), *resources))
    assert labels(node.kept["MedicationStatement/S"], LABEL) == {"substance-use"}


def test_an_agreement_is_found_by_its_category_and_by_its_period_of_use_also_when_a_duration_gives_the_end() -> None:
    resource = {
        "resourceType": "MedicationRequest",
        "category": {"coding": [{"system": "http://snomed.info/sct", "code": "16076005"}]},
        "extension": [
            extension("zib-Medication-PeriodOfUse", valuePeriod={"start": "2026-01-01"}),
            extension("zib-MedicationUse-Duration", valueDuration={"value": 10, "code": "d"}),
        ],
        "medicationReference": {"reference": "Medication/M"},
    }
    found = index(resource)
    assert found["category"] == ("http://snomed.info/sct|16076005",)
    assert found["periodofuse"] == ("2025-12-31T23:00:00.000000Z/2026-01-10T23:00:00.000000Z",)
    assert found["medication"] == ("Medication/M",)
