"""Mutants of a medication record and of a list of dispenses: refused, reported or harmless; never a fault, never
another dose."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from babyconnect.fhir import check
from babyconnect.flows.translating import READERS
from babyconnect.sources import Record
from babyconnect.sources.recognise import recognise
from tests.support import ada_medication as ada
from tests.support import dispense_list as v3

TODAY = dt.date(2026, 6, 1)
EVENTS = v3.event(v3.request(v3.within('<period value="0.5" unit="d"/>')), number="V2")
WHOLE = {"ada-medication": ada.record(), "hl7v3-medication": v3.message(v3.event(), EVENTS)}
KINDS = ["drop", "twice", "rename", "swap", "corrupt", "empty", "large", "negative"]


def spoilt(whole: bytes, kind: str, at: int, other: int) -> bytes:
    root = etree.fromstring(whole)
    elements = list(root.iter(etree.Element))
    one, two = elements[at % len(elements)], elements[other % len(elements)]
    parent = one.getparent()
    if parent is None:
        return etree.tostring(root)
    if kind == "drop":
        parent.remove(one)
    elif kind == "twice":
        parent.insert(parent.index(one), etree.fromstring(etree.tostring(one)))
    elif kind == "rename":
        one.tag = "onbekend"
    elif kind == "swap" and two.getparent() is not None:
        mine, theirs = dict(one.attrib), dict(two.attrib)
        one.attrib.clear(), two.attrib.clear()
        one.attrib.update(theirs), two.attrib.update(mine)
    else:
        for name in one.attrib:
            one.attrib[name] = {"corrupt": "?!é", "empty": "", "large": "9" * 40}.get(kind, "-1")
    return etree.tostring(root)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.sampled_from(KINDS), st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_mutant_is_refused_reported_or_still_stu3(format: str, kind: str, at: int, other: int) -> None:
    record = recognise(spoilt(WHOLE[format], kind, at, other), "mp.xml")
    if not isinstance(record, Record) or record.format != format:
        return
    made = READERS[record.format].read(record, TODAY, "")
    if any(finding.severity == "error" for finding in made.findings):
        return
    for one in made.resources:
        issues = [issue for issue in check.structure(one.resource) if issue.severity == "error"]
        if issues:  # what the structure check finds refuses the record when it is published
            assert all(issue.place for issue in issues)
    doses = [d for one in made.resources for d in one.resource.get("dosageInstruction", ()) if "timing" in d]
    for dose in doses:
        repeat = dose["timing"]["repeat"]
        assert "frequency" not in repeat or repeat["period"] > 0


def every_dose(content: bytes) -> list[Any] | None:
    """The doses that are told as numbers; None where the record is refused."""
    record = recognise(content, "mp.xml")
    if not isinstance(record, Record) or record.format not in WHOLE:
        return None
    made = READERS[record.format].read(record, TODAY, "")
    if any(finding.severity == "error" for finding in made.findings):
        return None
    told = [d for one in made.resources for d in one.resource.get("dosageInstruction", ())]
    return [(d.get("doseQuantity"), d.get("timing")) for d in told if "timing" in d]


def test_no_element_of_a_list_that_goes_missing_or_twice_makes_another_dose_of_it() -> None:
    """Each element once: what is left is the dose that it was, less of it, or a schedule left to its words."""
    whole = WHOLE["hl7v3-medication"]
    before = every_dose(whole)
    assert before
    quantities, timings = [q for q, _ in before], [t for _, t in before]
    for at in range(sum(1 for _ in etree.fromstring(whole).iter(etree.Element))):
        for kind in ("drop", "twice"):
            for quantity, timing in every_dose(spoilt(whole, kind, at, 0)) or ():
                assert timing in timings, (kind, at)
                assert quantity in quantities or quantity is None or quantity.get("code") is None, (kind, at)
