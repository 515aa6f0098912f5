"""Births handed over to Perined and to youth health care, against the messages that Nictiz publishes.

No pair of one birth in the data set of birth care and in that of the receiver is published.  What can be compared is
the form: which element stands in which, with which attributes.  What is made here and not published is named.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator

from lxml import etree

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.sources.ada import read
from babyconnect.synthetic import published, region
from babyconnect.synthetic.ada import ada
from babyconnect.synthetic.organisations import Network
from babyconnect.synthetic.recording import record
from babyconnect.translate.hl7v3 import message
from babyconnect.translate.jgz.birth import files
from babyconnect.translate.recasting import kernsets
from tests.support.ada_material import TRANSACTIONS, full_xml
from tests.support.needs import nictiz
from tests.support.synthetic_region import TODAY

RECORDS = "hl7-mappings/ada-2-fhir-stu3/peri-3.2.6/*/ada_instance/gz-*.xml"
KERNSETS = "hl7-mappings/ada-2-hl7v3/peri-2.3.*/*/hl7_instance/*.xml"
YOUTH = "hl7-mappings/jgz-dossieroverdracht-8.0/*/*.xml"
BORN = {"pregnancyCondition", "neonateData", "heelPrick"}
"""Pregnancy and birth (R014-R016) and the heel prick: no published message of version 8.0 has them."""
Step = tuple[str, str, str]
KERNSET_ONLY_HERE = {
    ("CareProvisionEvent", "id", "extension nullFlavor"),  # a number without its root, as published of other elements
    ("CareProvisionEvent", "id", "nullFlavor"),
    ("healthCareFacility", "code", "nullFlavor"),
    ("patient", "id", "nullFlavor"),
    ("value", "originalText", ""),  # a code OTH, in words
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
    return next(root.iter("{urn:hl7-org:v3}CareProvisionEvent"))


def test_a_message_for_perined_of_birth_care_has_the_form_of_the_published_ones() -> None:
    made: set[Step] = set()
    for of in records():
        kernset = kernsets.recast(of, "hl7v3-kernset-2.3.6").record
        assert kernset is not None
        written = message.write(kernset, "hl7v3-kernset-2.3.6", dt.date(2024, 6, 15), with_bsn=True)
        made |= set(steps(payload(etree.fromstring(written.content))))
    assert len(made) > 80
    assert made - forms(KERNSETS) == KERNSET_ONLY_HERE


def test_a_file_of_youth_health_care_of_a_birth_has_the_form_of_the_published_ones_where_they_have_one() -> None:
    made: set[Step] = set()
    children = 0
    for of in records():
        contents = files([of], "4.2.0", dt.date(2024, 6, 15), with_bsn=True).contents
        children += len(contents)
        made |= {step for one in contents for step in steps(etree.fromstring(one), frozenset(BORN))}
    assert children >= 15
    assert made - forms(YOUTH) == YOUTH_ONLY_HERE
