"""Laws of the acute handover over synthetic records: what is written is read back as it was, and nothing is added."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import pytest
from lxml import etree

from babyconnect import synthetic
from babyconnect.fhir import json
from babyconnect.fhir.profiles.checking import check
from babyconnect.fhir.profiles.surroundings import Surroundings
from babyconnect.translate.acute import counting, from_message, handover, to_acute
from babyconnect.translate.acute.tables import message_rows
from babyconnect.translate.hl7v3.rows import Row
from tests.support.acute import TODAY, facts, parsed, written

WOMEN = 20
Resource = Mapping[str, Any]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[list[Resource]]:
    """The Bundles of a synthetic region: each kind of organisation's own record of a woman."""
    folder = tmp_path_factory.mktemp("region") / "region"
    synthetic.write(folder, WOMEN, 3, TODAY)
    found = []
    for file in sorted(folder.glob("*/*.json")):
        record = json.loads(file.read_bytes())
        if record["resourceType"] == "Bundle":
            found.append([entry["resource"] for entry in record["entry"]])
    assert len(found) > WOMEN
    return found


def messages(records: list[list[Resource]]) -> Iterator[tuple[list[Resource], bytes]]:
    for resources in records:
        made = handover.write(resources, TODAY, with_bsn=True)
        assert made.content, [f.text for f in made.findings if f.severity == "error"]
        yield resources, made.content


def test_every_record_becomes_a_handover_that_is_read_without_a_remark(records: list[list[Resource]]) -> None:
    for _, content in messages(records):
        assert from_message.read(parsed(content))[1] == []
        assert not [f for f in handover.read(parsed(content), TODAY).findings if f.severity != "information"]


def test_what_the_tree_says_is_what_the_message_says(records: list[list[Resource]]) -> None:
    for resources, content in messages(records):
        made, _ = to_acute.handover(resources)
        written = facts(from_message.read(parsed(content))[0])
        given = {"bericht/nummer", "bericht/datum"}
        stated = {f: n for f, n in written.items() if f[0] not in given and f[1] != (("nullFlavor", "NI"),)}
        assert Counter(stated) == facts(made)


def test_read_and_written_again_the_message_is_the_same_but_for_its_numbers(records: list[list[Resource]]) -> None:
    for _, content in islice(messages(records), 0, None, 2):
        again = handover.write(handover.read(parsed(content), TODAY).resources, TODAY, with_bsn=True)
        assert facts(from_message.read(parsed(again.content))[0]) == facts(from_message.read(parsed(content))[0])


def test_a_handover_adds_no_value_that_the_record_has_not(records: list[list[Resource]]) -> None:
    """Every number and code of the message is in the record, or follows from it by a rule that is named."""
    derived = {"zwangerschap/identificatie_van_de_zwangerschap", "bericht/nummer", "bericht/datum"}
    for resources, content in messages(records):
        text = json.dumps({"all": resources}).decode()
        for path, attributes in facts(from_message.read(parsed(content))[0]):
            value = dict(attributes).get("value", "")
            if path not in derived and value.replace(".", "").isdigit():
                assert value in text or path.endswith("bmi_vrouw"), path


def test_what_a_handover_cannot_hold_is_named(records: list[list[Resource]]) -> None:
    for resources in records:
        made, found = to_acute.handover(resources)
        placed = {f.place.partition(".")[0] for f in found}
        told = facts(made)
        for number, one in enumerate([r for r in resources if r["resourceType"] == "Encounter"], 1):
            assert f"Encounter[{number}]" in placed, one["resourceType"]
        assert told


def test_what_is_read_of_it_breaks_no_rule_that_the_record_did_not_break(records: list[list[Resource]]) -> None:
    for resources, content in messages(records):
        made = handover.read(parsed(content), TODAY).resources
        assert errors(made) <= errors(resources)


def errors(resources: Sequence[Resource]) -> set[tuple[str, str, str]]:
    surroundings = Surroundings(resources)
    found = (one for resource in resources for one in check(resource, surroundings))
    return {(one.place, one.rule, one.text) for one in found if one.severity == "error"}


def test_every_message_has_the_structure_that_the_rows_give(records: list[list[Resource]]) -> None:
    """The order of elements, their fixed attributes and templates, as in the published messages."""
    for _, content in messages(records):
        ordered(message_rows(), parsed(content))


def ordered(row: Row, element: etree._Element) -> None:
    assert all(element.get(name) == value for name, value in row.attributes.items())
    places = []
    for child in element.iterchildren(etree.Element):
        found = [(n, one) for n, one in enumerate(row.children) if is_of(one, child)]
        if found:
            places.append(found[0][0])
            ordered(found[0][1], child.find(f"{{*}}{found[0][1].element}") if found[0][1].wrap else child)  # type: ignore[arg-type]
    assert places == sorted(places)


def is_of(row: Row, child: etree._Element) -> bool:
    if etree.QName(child).localname != (row.wrap or row.element):
        return False
    inner = child.find(f"{{*}}{row.element}") if row.wrap else child
    if inner is None or (row.wrap and any(child.get(k) != v for k, v in row.wrap_attributes.items())):
        return False
    code = inner.find("{*}code")
    if row.code and (code is None or code.get("code") != row.code["code"]):
        return False
    kind = row.attributes.get("qualifier")
    return kind is None or inner.get("qualifier") == kind


def test_of_two_measurements_the_latest_is_handed_over() -> None:
    made = synthetic.sample(TODAY, 1).resources
    pressure = next(r for r in made if r["resourceType"] == "Observation" and _is(r, "718-7", "59260-0", "93846-4"))
    later = json.loads(json.dumps(pressure)) | {
        "id": "later", "effectiveDateTime": (TODAY - dt.timedelta(days=1)).isoformat(),
        "valueQuantity": {"value": 5.1, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"},
    }  # fmt: skip
    for several in ([*made, later], [later, *made]):
        tree, found = to_acute.handover(several)
        [node] = tree.select("medisch_onderzoek/maternale_onderzoeksgegevens/hb")
        assert node.attributes["value"] == "5.1"
        assert any("the latest stands" in f.text for f in found)


def test_a_parity_that_may_count_this_birth_is_not_handed_over_as_one_before_it() -> None:
    made = synthetic.sample(TODAY, 1).resources
    assert any(r["resourceType"] == "Procedure" and _is(r, "3950001") for r in made)
    tree, _ = to_acute.handover(made)
    assert tree.select("zwangerschap/graviditeit") and not tree.select("zwangerschap/pariteit_voor_deze_zwangerschap")


def _is(resource: Resource, *codes: str) -> bool:
    return any(c.get("code") in codes for c in resource.get("code", {}).get("coding", ()))


def test_a_handover_counts_what_it_fills_of_its_own_data_set() -> None:
    made = handover.read(parsed(written()), TODAY).counted
    listed = {item.concept for chapter in counting.chapters(made.data_set, made.version) for item in chapter.items}
    assert made.concepts <= listed
    assert {"10030", "20010", "10814", "40060"} <= made.concepts
    assert len(listed) == 97
    assert counting.chapters("another", "2.1") == ()
