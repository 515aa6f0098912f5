"""A synthetic ADA record has the names, nesting, order and concept ids of the published transaction itself.

The same is tested against the project's own table; this reads Nictiz' definition, so that a mistake in distilling the
table cannot hide one in the records.
"""

from __future__ import annotations

import pytest
from lxml import etree

from babyconnect.synthetic import published, region
from babyconnect.synthetic.ada import ada
from babyconnect.synthetic.organisations import Network
from babyconnect.synthetic.recording import record
from tests.support.needs import nictiz
from tests.support.synthetic_region import TODAY

FILE = "geboortezorg-stu3/dataset-pwd32/izk-3.0_Transaction_BeschikbaarstellenMedMijVerloskundeBasis.xml"
PAIRS = (
    "hl7-mappings/ada-2-fhir-stu3/peri-3.2.6/med_mij_01_beschikbaarstellen_integrale_zwangerschapskaart/ada_instance"
)


def records() -> list[etree._Element]:
    network = Network(published())
    found = [
        dossier for client in region(40, 11, TODAY) for dossier in record(client, 11, TODAY, network) if dossier.course
    ]
    return [etree.fromstring(ada(d, TODAY)) for d in found if d.organisation.records == "ada"]


def test_every_element_is_where_the_published_definition_has_it() -> None:
    definition = etree.parse(nictiz() / FILE).getroot()

    def compare(written: etree._Element, defined: etree._Element) -> int:
        known = {concept.get("id"): concept for concept in defined.findall("concept")}
        order = list(known)
        places = [order.index(child.get("conceptId")) for child in written]
        assert places == sorted(places), written.tag
        count = len(places)
        for child in written:
            concept = known[child.get("conceptId")]
            assert concept.get("shortName") == child.tag
            # A reference repeats the name of what it points to; the definition nests that under `contains`.
            count += compare(child, concept) if len(child) else 0
        return count

    assert sum(compare(root.find("data")[0], definition) for root in records()) > 5000


@pytest.mark.parametrize(
    "attribute", ["app", "shortName", "formName", "transactionRef", "transactionEffectiveDate", "prefix"]
)
def test_the_form_says_of_itself_what_published_forms_say(attribute: str) -> None:
    example = etree.parse(nictiz() / PAIRS / "gz-izb-kwa-1-V1_actieve_zwschap.xml").getroot().find("data")[0]
    for root in records()[:3]:
        assert root.find("data")[0].get(attribute) == example.get(attribute)
