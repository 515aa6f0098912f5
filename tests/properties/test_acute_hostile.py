"""Hostile and broken acute handovers: refused with place and rule, or reported, and never a word of their content."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from babyconnect.flows.inputs import Input
from babyconnect.flows.material import Wanted
from babyconnect.flows.translating import translating
from babyconnect.sources import Record, Rejected
from babyconnect.sources.recognise import recognise
from babyconnect.translate.acute import from_message, handover
from tests.support.acute import TODAY, parsed, written

GOOD = written()
BSN = b"999901023"
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


def without(tag: str) -> bytes:
    root = parsed(GOOD)
    for one in root.findall(f".//{{*}}{tag}"):
        one.getparent().remove(one)  # type: ignore[union-attr]
    return etree.tostring(root)


HOSTILE = {
    "an entity": (GOOD.replace(b"?>", b"?>" + BOMB, 1).replace(b"Aylin", b"&b;"), "doctype"),
    "a file of this machine": (GOOD.replace(b"?>", b'?><!DOCTYPE x SYSTEM "file:///etc/passwd">', 1), "doctype"),
    "an entity that nobody declared": (GOOD.replace(b"Aylin", b"&geheim;"), "xml"),
    "cut off": (GOOD[: len(GOOD) // 2], "xml"),
    "something after its end": (GOOD + b"<meer/>", "xml"),
    "another encoding": (GOOD.decode().encode("utf-16"), "utf-8"),
    "no interaction": (GOOD.replace(b"interactionId", b"otherId"), "interaction"),
    "the interaction of another": (GOOD.replace(b'extension="REPC_IN002120NL"', b'extension="X"'), "interaction"),
    "another root": (GOOD.replace(b"REPC_IN002120NL", b"REPC_IN002121NL"), "format"),
    "no handover": (without("careProvisionRequest"), "incomplete"),
    "another template": (GOOD.replace(b"6.10.90.63", b"6.10.90.64"), "template"),
    "no template": (without("templateId"), "template"),
    "more attributes than anything has": (
        GOOD.replace(b"<patient ", b"<patient " + b" ".join(b'a%d="1"' % n for n in range(99)) + b" "), "attributes"),
    "deeper than anything is": (GOOD.replace(b"Aylin", b"<x>" * 400 + b"</x>" * 400), "xml"),
    "larger than is read": (GOOD.replace(b"Aylin", b"x" * 9_000_001), "size"),
}  # fmt: skip
CHANGES = {
    "a BSN that fails the eleven-check": (BSN, b"999901024", "bsn"),
    "a day of birth that does not exist": (b"19980629", b"19980631", "date"),
    "a day of birth to come": (b"19980629", b"20980629", "date"),
    "a message for training": (b'processingCode code="P"', b'processingCode code="T"', "training"),
    "a handover that was withdrawn": (b'statusCode code="active"', b'statusCode code="cancelled"', "status"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_it_is_refused_with_place_and_rule(what: str) -> None:
    content, rule = HOSTILE[what]
    found = recognise(content, "overdracht.xml")
    assert isinstance(found, Rejected)
    assert found.rule == rule and found.place
    assert BSN.decode() not in found.text and "Aylin" not in found.text


@pytest.mark.parametrize("what", CHANGES)
def test_what_no_record_may_say_is_refused_whole(what: str) -> None:
    old, new, rule = CHANGES[what]
    assert old in GOOD
    rules, resources = read(GOOD.replace(old, new))
    assert rule in rules
    assert resources == 0


def test_two_clients_in_one_handover_are_refused() -> None:
    root = parsed(GOOD)
    [patient] = root.findall(".//{*}careProvisionRequest/{*}subject")
    patient.addnext(parsed(etree.tostring(patient)))
    rules, resources = read(etree.tostring(root))
    assert "repeated" in rules and resources == 0


def test_a_handover_of_nobody_is_refused() -> None:
    root = parsed(GOOD)
    [person] = root.findall(".//{*}careProvisionRequest/{*}subject/{*}patient")
    for one in list(person):
        person.remove(one)
    rules, resources = read(etree.tostring(root))
    assert "no-client" in rules and resources == 0


def test_an_unknown_code_is_kept_as_it_came_and_reported() -> None:
    made = handover.read(parsed(GOOD.replace(b'code="rhcpos"', b'code="rhcxyz"')), TODAY)
    assert {f.rule for f in made.findings if f.severity == "warning"} == {"unknown-code", "unknown-system"}
    codes = [c["code"] for one in made.resources for c in one.get("valueCodeableConcept", {}).get("coding", ())]
    assert "rhcxyz" in codes


@pytest.mark.parametrize("kind", ["negationInd", "nullFlavor", "moodCode"])
def test_a_statement_that_denies_itself_is_not_read_as_said(kind: str) -> None:
    value = {"negationInd": "true", "nullFlavor": "NI", "moodCode": "INT"}[kind]
    root = parsed(GOOD)
    [statement] = [one for one in root.iter("{*}observation") if one.find("{*}code[@code='978-7']") is not None]
    statement.set(kind, value)
    _, found = from_message.read(root)
    assert [f.rule for f in found] == ["unread"]
    codes = [c["code"] for one in handover.read(root, TODAY).resources for c in one.get("code", {}).get("coding", ())
             if isinstance(one.get("code"), dict)]  # fmt: skip
    assert "1305-2" not in codes


def read(content: bytes) -> tuple[set[str], int]:
    """The rules of the errors, and how many resources came of it."""
    [outcome] = translating([Input("overdracht.xml", content=content)], 9_000_000, {}, Wanted(TODAY, with_bsn=True))
    texts = " ".join(f.text for f in outcome.findings)
    assert BSN.decode() not in texts and "Aylin" not in texts
    return {f.rule for f in outcome.findings if f.severity == "error"}, len(outcome.resources)


TAGS = st.sampled_from(["observation", "procedure", "organizer", "value", "code", "id", "name", "effectiveTime",
                        "component", "inboundRelationship", "pertinentInformation3", "geheim"])  # fmt: skip
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["code", "codeSystem", "value", "unit", "nullFlavor", "negationInd", "moodCode", "root",
                     "extension", "representation", "mediaType", "displayName"]),
    st.sampled_from(["", "true", "4711", "2.16.840.1.113883.6.96", "883-9", "B64", "20260231", "NI", "é\u2028", "1e9"]),
    max_size=4,
)  # fmt: skip


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 10_000), TAGS, ATTRIBUTES, st.booleans()), max_size=6))
def test_whatever_else_stands_in_a_message_it_is_read_or_reported(
    added: list[tuple[int, str, dict[str, str], bool]],
) -> None:
    root = parsed(GOOD)
    before = {one["id"] for one in handover.read(root, TODAY).resources}
    places = list(root.iter(etree.Element))
    for number, tag, attributes, inside in added:
        place = places[number % (len(places) - 1) + 1]
        made = etree.Element(f"{{urn:hl7-org:v3}}{tag}", attributes)
        place.append(made) if inside else place.addnext(made)
    made_of_it = handover.read(root, TODAY)
    assert all(f.place and f.rule and "\n" not in f.text for f in made_of_it.findings)
    refused = any(f.severity == "error" for f in made_of_it.findings)
    assert refused or before - {one["id"] for one in made_of_it.resources} == set() or made_of_it.findings


def test_a_good_message_is_read_as_what_it_is() -> None:
    found = recognise(GOOD, "overdracht.xml")
    assert isinstance(found, Record) and found.format == "hl7v3-acute"
    assert not [f for f in handover.read(parsed(GOOD), TODAY).findings if f.severity != "information"]
