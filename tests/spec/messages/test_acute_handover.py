"""The acute handover: what comes in is a record like any other, and any record can be handed over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from lxml import etree

from babyconnect import synthetic
from babyconnect.flows.inputs import Input
from babyconnect.flows.material import Wanted, Written
from babyconnect.flows.translating import Outcome, translating, write
from babyconnect.flows.units import unit_of_record
from babyconnect.labelling.identity import Identity
from babyconnect.labelling.labels import labels
from babyconnect.sources import Record
from babyconnect.sources.recognise import recognise
from babyconnect.translate.acute import handover
from tests.support.acute import TODAY, parsed, written

V3 = "{urn:hl7-org:v3}"
LIMIT = 9_000_000


def outcome(content: bytes, to: str = "stu3", with_bsn: bool = True) -> tuple[Outcome, Wanted]:
    wanted = Wanted(TODAY, with_bsn=with_bsn, transaction="basis")
    [made] = translating([Input("overdracht.xml", content=content)], LIMIT, {}, wanted, to)
    return made, wanted


def handed_over(resources: list[Mapping[str, Any]]) -> etree._Element:
    return parsed(handover.write(resources, TODAY, with_bsn=True).content)


def values(root: etree._Element, code: str) -> list[str]:
    """The values of the statements with a code."""
    statements = [one.getparent() for one in root.iter(f"{V3}code") if one.get("code") == code]
    found = [one.find(f"{V3}value") for one in statements if one is not None]
    return [str(one.get("value") or one.get("code")) for one in found if one is not None]


def test_a_node_takes_it_in_as_one_unit_of_one_client() -> None:
    record = recognise(written(), "overdracht.xml")
    assert isinstance(record, Record)
    unit = unit_of_record(record, Identity(b"a secret of this test, long enough to be one"), TODAY)
    assert unit.family is not None and not [f for f in unit.findings if f.severity == "error"]
    assert unit.counted is not None and unit.counted.data_set == "overdracht_acute_fase_bericht"


@pytest.mark.parametrize("to", ["ada", "r4", "ips", "kernset-3.2", "hl7v3-acute"])
def test_what_came_in_as_a_handover_goes_out_in_every_other_format(to: str) -> None:
    made, wanted = outcome(written(), to)
    out: Written = write(made, to, wanted)
    assert out.content and not out.refused


def test_a_record_of_verloskunde_basis_is_handed_over() -> None:
    made, wanted = outcome(synthetic.sample(TODAY, 1).ada, "hl7v3-acute")
    out = write(made, "hl7v3-acute", wanted)
    assert values(parsed(out.content), "883-9") and values(parsed(out.content), "Gravidity")


def test_the_same_record_is_the_same_message_on_the_same_day_and_another_on_another() -> None:
    resources = synthetic.sample(TODAY, 1).resources
    first, again = (handover.write(resources, TODAY, True).content for _ in range(2))
    assert first == again != handover.write(resources, TODAY + dt.timedelta(days=1), True).content


def test_two_handovers_with_one_number_are_the_same_resources_changed() -> None:
    later = written().replace(b'value="3780"', b'value="3790"')
    first, second = (handover.read(parsed(one), TODAY).resources for one in (written(), later))
    assert [one["id"] for one in first] == [one["id"] for one in second]
    assert first != second


def test_negative_sexual_experiences_come_in_shielded_as_safety() -> None:
    asked = b'<observation classCode="OBS" moodCode="EVN"><code code="NEGSE" codeSystem="2.16.840.1.113883.2.4.4.13"/>\
<value xsi:type="BL" value="true"/></observation></pertinentInformation3>'
    start = b'<pertinentInformation3 typeCode="PERT" contextConductionInd="true">'
    content = written().replace(start, start + asked + start, 1)
    found = [labels(one) for one in handover.read(parsed(content), TODAY).resources]
    assert "safety" in {name for one in found for name in one.shielded}


def test_a_weight_of_an_earlier_child_is_neither_this_childs_nor_the_womans() -> None:
    earlier = b"""<pertinentInformation3 typeCode="PERT" contextConductionInd="true">
<organizer classCode="CONTAINER" moodCode="EVN"><code code="248983002" codeSystem="2.16.840.1.113883.6.96"/>
<component typeCode="COMP"><procedure classCode="PROC" moodCode="EVN"><id nullFlavor="NI"/>
<code code="236973005" codeSystem="2.16.840.1.113883.6.96"/><inboundRelationship typeCode="COMP">
<procedure classCode="PROC" moodCode="EVN"><id nullFlavor="NI"/>
<code code="Baring" codeSystem="2.16.840.1.113883.2.4.3.22.1.3"/><inboundRelationship typeCode="COMP">
<observation classCode="OBS" moodCode="EVN"><code code="8339-4" codeSystem="2.16.840.1.113883.6.1"/>
<value xsi:type="PQ" value="4810" unit="g"/></observation></inboundRelationship></procedure></inboundRelationship>
</procedure></component></organizer></pertinentInformation3>"""
    root = parsed(written().replace(b"</careProvisionRequest>", earlier + b"</careProvisionRequest>"))
    made = {f"{one['resourceType']}/{one['id']}": one for one in handover.read(root, TODAY).resources}
    weights = {one["valueQuantity"]["value"]: one["subject"]["reference"] for one in made.values()
               if one["resourceType"] == "Observation" and "8339-4" in str(one["code"])}  # fmt: skip
    assert set(weights) == {3780, 4810} and len(set(weights.values())) == 2
    assert all("bc-Child" in str(made[subject]["meta"]) for subject in weights.values())
    births = {one["subject"]["reference"]: one["reasonReference"][0]["reference"] for one in made.values()
              if one["resourceType"] == "Procedure" and "bc-Birth" in str(one["meta"])}  # fmt: skip
    assert births[weights[3780]] != births[weights[4810]]
    assert values(handed_over(list(made.values())), "8339-4") == ["4810", "3780"]


def test_while_no_child_is_born_the_delivery_goes_on_and_there_is_no_birth() -> None:
    root = parsed(written())
    for one in [one for one in root.iter(f"{V3}pertinentInformation3") if one.find(f"{V3}procedure") is not None]:
        one.getparent().remove(one)  # type: ignore[union-attr]
    for one in [one for one in root.iter(f"{V3}component") if one.find(f".//{V3}code[@code='364343000']") is not None]:
        one.getparent().remove(one)  # type: ignore[union-attr]
    made = [one for one in handover.read(root, TODAY).resources if one["resourceType"] == "Procedure"]
    assert [one["status"] for one in made] == ["in-progress"]
