"""Births handed over to Perined and to youth health care, against the messages that Nictiz publishes.

No pair of one birth in the data set of birth care and in that of the receiver is published.  What can be compared is
the form: which element stands in which, with which attributes.  What is made here and not published is named.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from babyconnect.birthcare import units
from babyconnect.birthcare.ada import AdaRecord
from babyconnect.definitions import rows
from babyconnect.fhir import json
from babyconnect.flows.inputs import Input
from babyconnect.flows.material import Wanted, Written, bundled
from babyconnect.flows.translating import Outcome, translating, write
from babyconnect.sources.ada import read
from babyconnect.sources.recognise import LIMIT
from babyconnect.synthetic import admitted, published, region
from babyconnect.synthetic.ada import ada
from babyconnect.synthetic.organisations import Network
from babyconnect.synthetic.recording import record
from babyconnect.translate.hl7v3 import message
from babyconnect.translate.jgz.birth import files
from babyconnect.translate.recasting import kernsets
from tests.support.ada_material import TRANSACTIONS, full_xml
from tests.support.message_facts import Fact, facts
from tests.support.needs import nictiz
from tests.support.synthetic_region import TODAY

RECORDS = "hl7-mappings/ada-2-fhir-stu3/peri-3.2.6/*/ada_instance/gz-*.xml"
KERNSETS = "hl7-mappings/ada-2-hl7v3/peri-2.3.*/*/hl7_instance/*.xml"
YOUTH = "hl7-mappings/jgz-dossieroverdracht-8.0/*/*.xml"
BORN = {"pregnancyCondition", "neonateData", "heelPrick"}
"""Pregnancy and birth (R014-R016) and the heel prick: no published message of version 8.0 has them."""
Step = tuple[str, str, str]
V3 = "{urn:hl7-org:v3}"
TWINS = "med_mij_uitbreiding_verloskunde_beschikbaarstellen"
DAY = dt.date(2024, 6, 15)
OLDER_ONLY_HERE = {
    ("CareProvisionEvent", "id", "nullFlavor"),
    ("healthCareFacility", "code", "nullFlavor"),
    ("patient", "id", "nullFlavor"),
    ("value", "originalText", ""),  # a code OTH, in words
    ("act", "id", "extension nullFlavor"),  # a number without its root
    # What no published record of 2.2 holds is said as 2.3 says it (docs/hl7v3.md): a suspected death of the fetus, a
    # treatment of it.
    ("observation", "uncertaintyCode", "code codeSystem"),
    ("procedure", "code", "code codeSystem displayName type"),
}
NEONATAL_ONLY_HERE = {
    ("patientRole", "id", "nullFlavor"),  # a child without a number, or whose number is withheld
    ("patientRole", "id", "extension nullFlavor"),  # a number without its root
    (
        "manufacturedMaterial",
        "code",
        "code codeSystem displayName",
    ),  # feeding; published with the system's name beside it
}
KERNSET_ONLY_HERE = {
    ("CareProvisionEvent", "id", "extension nullFlavor"),  # a number without its root, as published of other elements
    ("CareProvisionEvent", "id", "nullFlavor"),
    ("healthCareFacility", "code", "nullFlavor"),
    ("patient", "id", "nullFlavor"),
    ("value", "originalText", ""),  # a code OTH, in words
}
PERINED = {
    "hl7v3-kernset-2.3.6": (KERNSETS, KERNSET_ONLY_HERE),
    "hl7v3-kernset-2.2": ("hl7-mappings/ada-2-hl7v3/peri-2.2/*/hl7_instance/*.xml", OLDER_ONLY_HERE),
    "cda-neonatology": ("hl7-mappings/ada-2-hl7v3/peri-3.0/*/cda_instance/*.xml", NEONATAL_ONLY_HERE),
}
YOUTH_ONLY_HERE = {
    *(
        (holder, "id", "nullFlavor")
        for holder in ("AssignedDevice", "Organization", "assignedEntity", "device", "patient")
    ),
    ("patient", "id", "extension nullFlavor"),
    ("attentionLine", "value", "nullFlavor type"),
    ("patientPerson", "deceasedInd", "value"),
    ("patientPerson", "deceasedTime", "value"),
    ("careProvisionEvent", "component5", ""),  # holds what BORN names
    ("encounter", "component4", ""),
    ("component5", "neonateData", "classCode moodCode"),
    ("component4", "heelPrick", "classCode moodCode negationInd"),
    ("pertinentInformation", "pregnancyCondition", "classCode moodCode"),
}


@functools.cache
def records() -> tuple[AdaRecord, ...]:
    network = Network(published())
    synthetic = [d for client in region(40, 11, TODAY) for d in record(client, 11, TODAY, network) if d.course]
    return (
        *(read(path.read_bytes()) for path in sorted(nictiz().glob(RECORDS))),
        *(read(ada(d, TODAY)) for d in synthetic if d.organisation.records == "ada"),
        *(read(full_xml(name)) for name in TRANSACTIONS),
        *(read(admitted(TODAY, seed).ada) for seed in (1, 2)),
    )


def steps(element: etree._Element, without: frozenset[str] = frozenset()) -> Iterator[Step]:
    above = etree.QName(element).localname
    for child in element.iterchildren(etree.Element):
        name = etree.QName(child).localname
        yield above, name, " ".join(sorted(str(key).rpartition("}")[2] for key in child.attrib))
        if name not in without:
            yield from steps(child, without)


def forms(pattern: str) -> set[Step]:
    return {step for path in nictiz().glob(pattern) for step in steps(etree.parse(str(path)).getroot())}


def payload(root: etree._Element) -> etree._Element:
    return next(root.iter("{urn:hl7-org:v3}CareProvisionEvent", "{urn:hl7-org:v3}ClinicalDocument"))


@functools.cache
def made_of(output: str) -> tuple[tuple[AdaRecord, AdaRecord, bytes], ...]:
    """Of each record: what it becomes, and that as a message."""
    pairs = [(of, made) for of in records() for made in kernsets.kernsets(of, output, DAY).records]
    return tuple((of, made, message.write(made, output, DAY, with_bsn=True).content) for of, made in pairs)


@pytest.mark.parametrize("output", PERINED)
def test_a_message_for_perined_of_birth_care_has_the_form_of_the_published_ones(output: str) -> None:
    published_as, only_here = PERINED[output]
    made: set[Step] = set()
    for _, _, content in made_of(output):
        made |= set(steps(payload(etree.fromstring(content))))
    assert len(made) > 70
    assert made - forms(published_as) == only_here


def test_what_2_2_says_in_no_published_form_of_its_own_it_says_as_2_3_does() -> None:
    as_newer = {("observation", "uncertaintyCode", "code codeSystem"),
                ("procedure", "code", "code codeSystem displayName type")}  # fmt: skip
    assert as_newer <= OLDER_ONLY_HERE and as_newer <= forms(KERNSETS)


# Facts --------------------------------------------------------------------------------------------------------------


def codes_from() -> dict[str, set[str]]:
    """What a code of the receiver can have been: the same, or what a row of the table of codes says."""
    found: dict[str, set[str]] = {}
    for row in rows("recasting/codes"):
        found.setdefault(row["to_code"], {row["to_code"]}).add(row["code"])
    return found


def amounts(of: AdaRecord) -> set[tuple[str, Decimal]]:
    """Every quantity of the record, in the units that the receivers ask for."""
    said = set()
    for one in of.root.walk():
        unit = units.unit(one.attributes.get("unit", ""))
        if unit is None or not re.fullmatch(r"-?[0-9]+([.][0-9]+)?", one.value):
            continue
        written = {"value": Decimal(one.value), "code": unit.code, "system": "http://unitsofmeasure.org"}
        for asked in ("d", "kg", "g", "cm", "mL", "Cel"):
            if (amount := units.value_in(written, asked)) is not None:
                said.add((asked, amount.normalize()))
    return said


@pytest.mark.parametrize("output", PERINED)
def test_whatever_is_delivered_the_record_said(output: str) -> None:
    """Every value is one of the record's own, every code one of its codes or what the table calls it, every quantity
    one of its quantities; what follows from a code being there is an answer `true`."""
    known = codes_from()
    checked = 0
    for of, made, _ in made_of(output):
        values = {one.value for one in of.root.walk()} | {one.attributes.get("originalText") for one in of.root.walk()}
        coded, measured = {one.code for one in of.root.walk()}, amounts(of)
        for leaf in (one for group in made.root.children if group.name != "documentgegevens" for one in group.walk()):
            checked += 1
            if leaf.code:
                assert known.get(leaf.code, {leaf.code}) & coded, leaf
            elif leaf.attributes.get("unit"):
                assert (leaf.attributes["unit"], Decimal(leaf.value).normalize()) in measured, leaf
            elif leaf.value:
                assert leaf.value in values or (leaf.value == "true" and leaf.name.endswith("q")), leaf
            else:
                assert not leaf.attributes or leaf.null_flavor, leaf
    assert checked > 300


CHILD_WITH_A_STAY = "med_mij_uitbreiding_verloskunde_beschikbaarstellen/ada_instance/gz-izv-tes-casus9999.xml"
SAID = [  # where casus9999 says it of this child, and where the document must have it: read by hand from both formats
    ("kind[1]/lichamelijk_onderzoek_kind/lichaamslengte/lengte_waarde/@value", "8302-2"),
    ("kind[1]/lichamelijk_onderzoek_kind/schedelomvang/schedelomvang_waarde/@value", "363812007"),
    ("bouwstenen/metingen/lichaamsgewicht[@id='Gewicht-Daniel']/gewicht_waarde/@value", "29463-7"),
    ("bouwstenen/metingen/lichaamstemperatuur[@id='Temp-Daniel']/temperatuur_waarde/@value", "8310-5"),
    ("kind[1]/lichamelijk_onderzoek_kind/bevindingen/algemene_indruk/apgar_score1min/apgar_score_totaal/@value",
     "9272-6"),
    ("kind[1]/lichamelijk_onderzoek_kind/bevindingen/algemene_indruk/apgar_score5min/apgar_score_totaal/@value",
     "9274-2"),
    ("bevalling/zwangerschapsduur/@value", "412726003"),
    ("zwangerschapsgegevens/zwangerschap/graviditeit/@value", "11996-6"),
    ("zwangerschapsgegevens/zwangerschap/pariteit/@value", "11977-6"),
]  # fmt: skip
NAMED = [
    "kind[1]/problematiek_kind/probleem_problematiek_kind/probleem_naam/@code",
    "kind[1]/problematiek_kind/geboortetrauma/probleem_geboortetrauma/probleem_naam/@code",
    "kind[1]/problematiek_kind/congenitale_aandoeningen/probleem_congenitale_aandoeningen/probleem_naam/@code",
    "kind[1]/ondersteuning_opvang/verrichting_ondersteuning_opvang/verrichting_type/@code",
]


def neonatal(outcome: Outcome, today: dt.date = DAY) -> list[etree._Element]:
    written = write(outcome, "cda-neonatology", Wanted(today, with_bsn=True))
    return [etree.fromstring(content) for content in (written.content, *written.others) if content]


@functools.cache
def handed_in(content: bytes, today: dt.date = DAY) -> Outcome:
    [outcome] = translating([Input("r", content=content)], LIMIT, {}, Wanted(today, with_bsn=True))
    return outcome


def again(outcome: Outcome) -> Outcome:
    """The record as a node keeps it: handed in as its resources."""
    return handed_in(json.dumps(bundled(outcome.resources)))


def of_published(path: str) -> bytes:
    return (nictiz() / "hl7-mappings/ada-2-fhir-stu3/peri-3.2.6" / path).read_bytes()


def test_of_published_twins_the_child_that_was_admitted_has_its_own_document_and_the_stillborn_child_none() -> None:
    source = next(etree.fromstring(of_published(CHILD_WITH_A_STAY)).iter(TWINS))
    [document] = neonatal(handed_in(of_published(CHILD_WITH_A_STAY)))
    for path, code in SAID:
        [expected] = source.xpath(path)
        [there] = [one for one in document.iter(f"{V3}observation") if one.find(f"{V3}code").get("code") == code]
        assert there.find(f"{V3}value").get("value") == expected, path
    codes = {one.get("code") for one in document.iter(f"{V3}value", f"{V3}code")}
    assert {code for path in NAMED for code in source.xpath(path)} <= codes
    assert document.find(f".//{V3}patient/{V3}birthTime").get("value") == "20240423"
    [stay] = [one for one in document.iter(f"{V3}procedure") if one.find(f"{V3}code").get("code") == "305056002"]
    assert [stay.find(f"{V3}effectiveTime/{V3}{end}").get("value") for end in ("low", "high")] == [
        "20240423083600", "20240424134400"]  # fmt: skip


@pytest.mark.parametrize("output", PERINED)
@pytest.mark.parametrize(
    "path",
    ["med_mij_01_beschikbaarstellen_integrale_zwangerschapskaart/ada_instance/gz-izb-kwa-3B-V2_meerling_2elijn.xml",
     "med_mij_kraam_beschikbaarstellen/ada_instance/gz-izk-kwa-casus1.xml",
     "med_mij_uitbreiding_verloskunde_beschikbaarstellen/ada_instance/gz-izv-kwa-casus1.xml"],
)  # fmt: skip
def test_what_a_node_keeps_of_a_published_record_becomes_the_same_message(path: str, output: str) -> None:
    came = handed_in(of_published(path))
    direct, kept = (write(one, output, Wanted(DAY, with_bsn=True)) for one in (came, again(came)))
    assert facts_of(direct) == facts_of(kept)
    if output == "cda-neonatology":  # of nobody here a stay is told
        assert not direct.content and {f.rule for f in direct.findings if f.severity == "error"} == {"no-admission"}


def test_the_document_of_a_child_is_the_same_from_what_a_node_keeps() -> None:
    came = handed_in(of_published(CHILD_WITH_A_STAY))
    [direct], [kept] = neonatal(came), neonatal(again(came))
    lost = {fact for fact in facts(direct) - facts(kept) if fact[0] in ("value", "multipleBirthInd", "birthTime")}
    more = {fact for fact in facts(kept) - facts(direct) if fact[0] == "value"}
    assert (lost, more) == (set(), set())


# What the resources of the synthetic hospital do not say: how long the pregnancy was.  The circumference of the head,
# which they tell without the code of one at birth, is the child's all the same (definitions/ada/to_ada_codes.csv 1429).
NOT_RESOURCES = {"d"}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_synthetic_child_in_intensive_care_has_the_same_document_by_either_way(seed: int) -> None:
    sample = admitted(TODAY, seed)
    by_ada = neonatal(handed_in(sample.ada, TODAY), TODAY)
    by_resources = neonatal(handed_in(json.dumps(bundled(sample.resources)), TODAY), TODAY)
    assert len(by_ada) == len(by_resources) > 0
    said = ("value", "low", "high", "birthTime", "postalCode", "administrativeGenderCode", "extension")
    for one, other in zip(by_ada, by_resources, strict=True):
        lost = [fact for fact in facts(one) - facts(other) if fact[0] in said]
        assert {re.sub(".*unit=([a-z]+).*", r"\1", fact[1]) for fact in lost} == NOT_RESOURCES
        assert len(lost) == len(NOT_RESOURCES)


def test_an_admission_of_which_only_the_moment_is_told_has_the_same_document_as_one_with_a_period() -> None:
    resources = admitted(TODAY, 1).resources
    told = [of_a_moment(one) if one["resourceType"] == "Procedure" else one for one in resources]
    assert told != list(resources)
    by_period, by_moment = (neonatal(handed_in(json.dumps(bundled(each)), TODAY), TODAY) for each in (resources, told))
    assert len(by_period) == len(by_moment) > 0
    assert [facts(one) for one in by_period] == [facts(one) for one in by_moment]


def of_a_moment(procedure: Mapping[str, Any]) -> dict[str, Any]:
    period = procedure.get("performedPeriod", {})
    rest = {name: value for name, value in procedure.items() if name != "performedPeriod"}
    return rest | ({"performedDateTime": period["start"]} if period else {})


def facts_of(written: Written) -> Counter[Fact]:
    """What a message says, without the number that it got for itself."""
    found: Counter[Fact] = Counter()
    for content in (written.content, *written.others) if written.content else ():
        root = etree.fromstring(content)
        for one in root.iter(f"{V3}id"):
            if one.get("root") == "2.25":
                one.set("extension", "")
        found += facts(root)
    return found


def test_a_file_of_youth_health_care_of_a_birth_has_the_form_of_the_published_ones_where_they_have_one() -> None:
    made: set[Step] = set()
    children = 0
    for of in records():
        contents = files([of], "4.2.0", dt.date(2024, 6, 15), with_bsn=True).contents
        children += len(contents)
        made |= {step for one in contents for step in steps(etree.fromstring(one), frozenset(BORN))}
    assert children >= 15
    assert made - forms(YOUTH) == YOUTH_ONLY_HERE
