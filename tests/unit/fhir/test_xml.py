"""FHIR XML: what is read, what is refused with its line, what is written."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from babyconnect.fhir import json, xml
from babyconnect.fhir.malformed import Malformed

NS = 'xmlns="http://hl7.org/fhir"'


def read(content: str) -> dict[str, object]:
    return xml.to_json(content.encode())


def refused(content: str) -> tuple[str, str]:
    with pytest.raises(Malformed) as fault:
        read(content)
    return fault.value.place, fault.value.rule


def test_a_value_with_an_extension_is_two_names_in_json() -> None:
    extension = '<extension url="urn:x"><valueCode value="masked"/></extension>'
    patient = read(f'<Patient {NS}><birthDate id="b" value="1990">{extension}</birthDate></Patient>')

    assert patient["birthDate"] == "1990"
    assert patient["_birthDate"] == {"id": "b", "extension": [{"url": "urn:x", "valueCode": "masked"}]}


def test_repeated_values_and_their_extensions_lie_side_by_side() -> None:
    extension = '<given><extension url="urn:x"><valueBoolean value="true"/></extension></given>'
    given = f'<given value="Anna"/>{extension}<given value="Maria"/>'
    (name,) = read(f"<Patient {NS}><name>{given}</name></Patient>")["name"]  # type: ignore[attr-defined]

    assert name["given"] == ["Anna", None, "Maria"]
    assert name["_given"] == [None, {"extension": [{"url": "urn:x", "valueBoolean": True}]}, None]
    assert xml.to_json(xml.from_json({"resourceType": "Patient", "name": [name]}))["name"] == [name]


def test_a_contained_resource_is_read_and_written_as_one() -> None:
    contained = '<contained><Organization><id value="o"/><name value="x"/></Organization></contained>'
    patient = read(f"<Patient {NS}>{contained}</Patient>")

    assert patient["contained"] == [{"resourceType": "Organization", "id": "o", "name": "x"}]
    assert contained.encode() in xml.from_json(patient)


def test_comments_and_instructions_are_ignored() -> None:
    assert read(f'<?x y?><!-- a --><Patient {NS}><!-- b --><id value="1"/><?z?></Patient>')["id"] == "1"


def test_every_digit_of_a_decimal_survives() -> None:
    for text in ("1.50", "0.0000000001", "-0.10", "12345678901234567890.123", "7", "0.0"):
        resource = read(f'<Observation {NS}><valueQuantity><value value="{text}"/></valueQuantity></Observation>')
        assert f'value="{text}"'.encode() in xml.from_json(json.loads(json.dumps(resource)))


def test_line_breaks_in_a_value_survive() -> None:
    resource = {"resourceType": "Observation", "comment": 'één\ntwee\t<drie> & "vier"\r'}

    assert xml.to_json(xml.from_json(resource)) == resource


def test_white_space_around_a_number_is_no_part_of_it() -> None:
    quantity = read(f'<Observation {NS}><valueQuantity><value value="6 "/></valueQuantity></Observation>')

    assert quantity["valueQuantity"] == {"value": 6}


def test_elements_are_written_in_the_order_of_the_grammar() -> None:
    written = xml.from_json({"resourceType": "Patient", "birthDate": "1990", "active": True, "id": "a"})

    assert written == f'<Patient {NS}><id value="a"/><active value="true"/><birthDate value="1990"/></Patient>'.encode()


@pytest.mark.parametrize(
    ("content", "place", "rule"),
    [
        (f"<Patient {NS}>\n<geboren/></Patient>", "line 2", "unknown-element"),
        (f'<Patient {NS}>\n\n<id waarde="1"/></Patient>', "line 3", "unknown-attribute"),
        (f'<Patient {NS}><id value="1"/>\n<id value="2"/></Patient>', "line 2", "cardinality"),
        (f"<Patient {NS}>los</Patient>", "line 1", "text"),
        (f'<Patient {NS}>\n<active value="ja"/></Patient>', "line 2", "value"),
        (f'<Patient {NS}><multipleBirthInteger value="1.5"/></Patient>', "line 1", "value"),
        (f'<Observation {NS}><valueQuantity><value value="1e3"/></valueQuantity></Observation>', "line 1", "value"),
        (f"<Patient {NS}><contained><Organization/><Organization/></contained></Patient>", "line 1", "contained"),
        (f'<Patient {NS}><x xmlns="urn:x"/></Patient>', "line 1", "namespace"),
        (f"<Patient {NS}>\n<id value='1'></Patient>", "line 2", "xml"),
    ],
)
def test_what_is_not_fhir_is_refused_with_its_line(content: str, place: str, rule: str) -> None:
    assert refused(content) == (place, rule)


def test_an_external_file_is_never_read(tmp_path: object) -> None:
    place, rule = refused(f'<!DOCTYPE Patient SYSTEM "file:///etc/hostname"><Patient {NS}/>')

    assert (place, rule) == ("line 1", "doctype")


def test_a_bundle_is_read_entry_by_entry_and_then_its_head() -> None:
    entry = '<entry><fullUrl value="urn:uuid:1"/><resource><Basic><id value="b"/></Basic></resource></entry>'
    parts = list(xml.parts(f'<Bundle {NS}><type value="collection"/>\n{entry}\n{entry}</Bundle>'.encode()))

    assert [p.content.get("fullUrl", p.content.get("resourceType")) for p in parts] == ["urn:uuid:1"] * 2 + ["Bundle"]
    assert [p.place for p in parts] == ["line 2", "line 3", "line 1"]


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Patient", "onbekend": 1},
        {"resourceType": "Patient", "name": {"family": "x"}},
        {"resourceType": "Patient", "active": "\x00"},
        {"resourceType": "Patient", "id": 'a"\x08'},
        {"resourceType": "Onbekend"},
        {"resourceType": "Patient", "contained": ["x"]},
        {"resourceType": "Observation", "valueQuantity": {"value": Decimal("NaN")}},
        {"resourceType": "Patient", "_birthDate": {"value": "x"}},
    ],
)
def test_what_has_no_xml_form_is_refused(resource: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        xml.from_json(resource)


def test_an_element_that_repeats_a_hundred_thousand_times_is_read_in_seconds() -> None:
    """Copying what came before at each repetition took minutes, in which a node answered nobody."""
    content = b'<Patient xmlns="http://hl7.org/fhir">' + b'<name id="a"/>' * 100_000 + b"</Patient>"
    began = time.process_time()
    assert len(xml.to_json(content)["name"]) == 100_000
    assert time.process_time() - began < 4
