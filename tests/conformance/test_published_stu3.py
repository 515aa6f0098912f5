"""Every STU3 resource that Nictiz published for birth care goes through unchanged, and its records can be published."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from babyconnect.fhir import check, json, xml
from babyconnect.fhir.malformed import Malformed
from babyconnect.sources.relative_dates import resolve
from tests.spec.publishing.records import Node
from tests.support.needs import nictiz

T = {"T": dt.date(2026, 1, 1)}
PLACES = (
    "geboortezorg-stu3/examples",
    "geboortezorg-stu3/legacy-prio1-pwd23/fhir",
    "geboortezorg-stu3/legacy-prio1-pwd23/bundle",
    "testscripts/*/_reference",
    "hl7-mappings/ada-2-fhir-stu3/**/fhir_instance",
    "hl7-mappings/ada-2-fhir-stu3-beta4/**/fhir_instance",
)
# Published, and no STU3: `BodySite.description` is a string there, the work in progress gives it a child.
NO_STU3 = "-bc-Fetus83418008-"
# Published, and outside the standard's own formats or cardinalities (each named with the rule).
DEVIATIONS = {
    "bc-Child-JORIS-VISSER": "date",
    "bc-Child-SIMONE-S-XXX-OSTENDORF": "date",
    "IHE.MHD.Minimal.DocumentReference": "date cardinality",
}


def published() -> list[Path]:
    root = nictiz()
    return sorted({f for place in PLACES for folder in root.glob(place) for f in folder.rglob("*.xml")})


def test_every_published_resource_goes_from_xml_to_json_to_xml_to_json_unchanged() -> None:
    changed, refused, seen = [], [], 0
    for file in published():
        content = file.read_bytes()
        try:
            first = xml.to_json(content)
        except Malformed as fault:
            refused.append((file.name, fault.rule))
            continue
        seen += 1
        second = xml.to_json(xml.from_json(json.loads(json.dumps(first))))
        if first != second or json.loads(json.dumps(second)) != first:
            changed.append(file.name)

    assert seen > 1500
    assert changed == []
    assert [rule for name, rule in refused if NO_STU3 in name] == ["unknown-element"] * 3
    assert [name for name, _ in refused if NO_STU3 not in name] == []


def test_every_published_resource_passes_the_check_of_structure_but_for_named_deviations() -> None:
    odd = []
    for file in published():
        if NO_STU3 in file.name and "beta4" in str(file):
            continue
        for issue in check.structure(xml.to_json(resolve(file.read_bytes(), T))):
            known = next((rules for name, rules in DEVIATIONS.items() if name in file.name), "")
            if issue.severity == "error" and issue.rule not in known.split():
                odd.append((file.name, issue))

    assert odd == []


def cases() -> list[Path]:
    try:
        root = nictiz()
    except pytest.skip.Exception:
        return []
    return sorted(
        [
            *root.glob("testscripts/*/_reference/*"),
            *root.glob("hl7-mappings/ada-2-fhir-stu3/**/fhir_instance/*"),
            root / "geboortezorg-stu3/legacy-prio1-pwd23/fhir",
            root / "geboortezorg-stu3/legacy-prio1-pwd23/bundle",
            root / "geboortezorg-stu3/examples/verloskunde-ectopisch",
        ]
    )


# Fixtures that dangle (domain §3): the client's Patient lies in another folder.
WITHOUT_CLIENT = {"Vrouw2-Kaart3-2elijn", "geboortezorg-2/_reference/Echo-Casus2"}
# References that nothing in the published folder resolves: how many.
DANGLING = {
    "geboortezorg-1-0/_reference/Vrouw2-Kaart3-1elijn": 6,
    "geboortezorg-2/_reference/Echo-Casus1": 1,
    "geboortezorg-2/_reference/Kraam-Casus1": 19,
    "fhir_instance/gz-izv-tes-casus9999": 1,
    "legacy-prio1-pwd23/fhir": 2,
    "verloskunde-ectopisch": 7,
}

# Haemoglobin in g/dL under a code that says moles: the same records of 3.0 have mmol/L.
CONTRADICTING = {"geboortezorg-1-0/_reference/Vrouw2-Kaart3-2elijn": 3}


@pytest.mark.parametrize("case", cases(), ids=lambda case: "/".join(case.parts[-3:]))
async def test_a_published_case_is_published_whole(case: Path) -> None:
    node = Node(dates=T)

    report = await node.publish(case)

    (taken,) = report.inputs
    told = ["unit"] * next((number for name, number in CONTRADICTING.items() if str(case).endswith(name)), 0)
    if any(str(case).endswith(name) for name in WITHOUT_CLIENT):
        assert (taken.status, [f.rule for f in taken.findings]) == ("refused", [*told, "no-client"])
        return
    expected = next((number for name, number in DANGLING.items() if str(case).endswith(name)), 0)
    assert [f.rule for f in taken.findings] == ["unresolved-reference"] * expected
    assert taken.status == ("published with warnings" if expected else "published")
    assert [i for r in node.kept.values() for i in check.structure(r) if i.severity == "error"] == []
    assert not {"unlabelled"} & {v[-1].publication.group for v in node.store.versions.values()}


async def test_the_first_twin_set_becomes_one_woman_when_both_folders_are_given() -> None:
    root = nictiz() / "testscripts/geboortezorg-1-0/_reference"
    node = Node(dates=T)

    report = await node.publish(root / "Vrouw2-Kaart3-2elijn", root / "Vrouw2-Kaart3-1elijn")

    (taken,) = report.inputs
    assert taken.status == "published with warnings"
    assert len({v[-1].publication.client for v in node.store.versions.values()} - {""}) == 1


async def test_the_three_women_of_the_first_set_stay_three_records() -> None:
    report = await Node(dates=T).publish(nictiz() / "testscripts/geboortezorg-1-0/_reference")

    assert len({i.client for i in report.inputs}) == len(report.inputs) == 3


async def test_a_record_of_data_set_pwd_2_3_is_refused() -> None:
    file = nictiz() / "geboortezorg-stu3/legacy-prio1-pwd23/ada/wouden-huidige_zwangerschap.xml"

    refused = await Node().one(file)

    assert (refused.status, refused.findings[0].rule) == ("refused", "data-set")
