"""Hostile and broken files of youth health care: refused with place and rule, and never a word of their content."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from babyconnect.flows.inputs import Input
from babyconnect.flows.material import Wanted
from babyconnect.flows.translating import translating, write
from babyconnect.sources import Record, Rejected
from babyconnect.sources.hl7v3 import read
from babyconnect.sources.recognise import recognise
from babyconnect.translate.jgz.convert import convert
from babyconnect.translate.jgz.masking import without_bsn
from tests.spec.messages.transfers import BSN, J, coded, element, group, section, transfer

GOOD = transfer("4.2.0", section("R019", element("1665"), element("152")))
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
HOSTILE = {
    "an entity": (GOOD.replace(b"?>", b"?>" + BOMB, 1).replace(b"tekst", b"&b;"), "doctype"),
    "a file of this machine": (GOOD.replace(b"?>", b'?><!DOCTYPE x SYSTEM "file:///etc/passwd">', 1), "doctype"),
    "an entity that nobody declared": (GOOD.replace(b"tekst", b"&geheim;", 1), "xml"),
    "cut off": (GOOD[: len(GOOD) // 2], "xml"),
    "something after its end": (GOOD + b"<meer/>", "xml"),
    "nothing": (b"", "empty"),
    "another encoding": (GOOD.decode().encode("utf-16"), "utf-8"),
    "another message": (transfer("4.2.0", root="REPC_IN004014NL"), "format"),
    "a version that nobody knows": (transfer("4.2.0", root="REPC_IN902120NL05"), "format"),
    "the interaction of another version": (transfer("4.2.0", interaction="REPC_IN902120NL03"), "interaction"),
    "no interaction": (GOOD.replace(b"interactionId", b"otherId"), "interaction"),
    "no file in it": (GOOD.replace(b"CareProvisionRequest", b"Nothing"), "incomplete"),
    "more attributes than anything has": (
        GOOD.replace(b"<encounter", b"<encounter " + b" ".join(b'a%d="1"' % n for n in range(100)), 1), "attributes"),
    "deeper than anything is": (GOOD.replace(b"tekst", b"<x>" * 400 + b"</x>" * 400, 1), "xml"),
    "larger than is read": (GOOD.replace(b"tekst", b"x" * 9_000_001, 1), "size"),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_it_is_refused_with_place_and_rule(what: str) -> None:
    content, rule = HOSTILE[what]
    found = recognise(content, "kind.xml")
    assert isinstance(found, Rejected)
    assert found.rule == rule and found.place
    assert BSN not in found.text and "tekst" not in found.text


def test_a_file_without_fault_is_read_as_what_it_is() -> None:
    found = recognise(GOOD, "kind.xml")
    assert isinstance(found, Record) and found.format == "jgz-4.2.0" and found.version == "4.2.0"


def test_a_crowd_of_one_element_in_one_group_is_converted_each_once() -> None:
    members = group("G019", *(element("80", coded("8", "16", "ADHD")) for _ in range(3000)))
    made = convert(read(transfer("4.2.0", section("R012", members)))[1], "4.1.3")
    assert made.content.count(b"<groupCluster>") == made.content.count(b"<observation") == 3000


def test_a_group_beside_another_in_one_component_is_split_without_doubling_the_other() -> None:
    both = group("G019", element("80"), element("80")) + group("G020", element("152"))
    made = convert(read(transfer("4.2.0", section("R012", both)))[1], "4.1.3")
    root = etree.fromstring(made.content)
    codes = [code.get("code") for code in root.iter("{*}code") if code.get("codeSystem") in (f"{J}.393", f"{J}.267")]
    assert sorted(codes) == ["152", "80", "80", "G019", "G019", "G020"]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=("Cc", "Cs")), max_size=12)
NUMBERS = st.sampled_from(["80", "79", "152", "1665", "1671", "1345", "1344", "763", "9999", ""]) | TEXT
CODES = st.sampled_from(["02", "05", "10", "16", "51", "ADHD"]) | TEXT
SYSTEMS = st.sampled_from([f"{J}.{n}" for n in ("8", "72", "387", "46", "267", "393")]) | TEXT
PARTS = st.sampled_from(["value", "methodCode", "location", "targetSiteCode", "code"])
CLUSTERS = st.sampled_from(["R012", "G019", "G087", "G119", "encounter"])


@st.composite
def statements(draw: st.DrawFn) -> str:
    made = etree.Element("observation")
    etree.SubElement(made, "code", code=draw(NUMBERS), codeSystem=f"{J}.267", displayName=draw(TEXT))
    for part in draw(st.lists(PARTS, max_size=3)):
        one = etree.SubElement(made, part, code=draw(CODES), codeSystem=draw(SYSTEMS), displayName=draw(TEXT))
        if draw(st.booleans()):
            one.set("nullFlavor", "OTH")
            etree.SubElement(one, "originalText").text = draw(TEXT)
    return etree.tostring(made, encoding="unicode")


@given(st.lists(st.tuples(CLUSTERS, st.lists(statements(), max_size=4)), max_size=4), st.booleans())
def test_a_file_of_any_content_becomes_a_file_that_reads_as_one_of_the_version(
    parts: list[tuple[str, list[str]]], down: bool
) -> None:
    content = "".join(
        section("R012", group(code, *held)) if code.startswith("G") else section(code, *held) for code, held in parts
    )
    source, to = ("4.2.0", "4.1.3") if down else ("4.1.3", "4.2.0")
    made = convert(read(transfer(source, content))[1], to)
    assert read(made.content)[0] == to
    assert all(f.severity != "error" and f.line and "\n" not in f.place for f in made.findings)


@given(TEXT, TEXT)
def test_a_bsn_anywhere_in_a_file_is_in_no_message(before: str, after: str) -> None:
    value = etree.Element("value", displayName=f"{before}{BSN}{after}")
    value.text = f"{before}{BSN}{after}"
    content = section("R019", element("152", etree.tostring(value, encoding="unicode")))
    masked = without_bsn(read(transfer("4.2.0", content))[1])
    assert BSN.encode() not in etree.tostring(masked)


def test_masking_is_what_a_writer_gets_unless_asked_otherwise() -> None:
    for with_bsn in (False, True):
        wanted = Wanted(dt.date(2026, 11, 22), with_bsn=with_bsn)
        (outcome,) = translating([Input("kind.xml", content=GOOD)], 9_000_000, {}, wanted, "jgz-4.1.3")
        assert (BSN.encode() in write(outcome, "jgz-4.1.3", wanted).content) is with_bsn
