"""Mutants of a record of the medication process: refused, reported or harmless; never a fault, never a wrong dose."""

from __future__ import annotations

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from babyconnect.fhir import check
from babyconnect.flows.translating import READERS
from babyconnect.sources import Record
from babyconnect.sources.recognise import recognise
from tests.support import ada_medication as ada

TODAY = dt.date(2026, 6, 1)
WHOLE = etree.fromstring(ada.record())
COUNT = sum(1 for _ in WHOLE.iter())


def spoilt(kind: str, at: int, other: int) -> bytes:
    root = etree.fromstring(ada.record())
    elements = list(root.iter())
    one, two = elements[at % COUNT], elements[other % COUNT]
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
@given(
    st.sampled_from(["drop", "twice", "rename", "swap", "corrupt", "empty", "large", "negative"]),
    st.integers(0, COUNT - 1),
    st.integers(0, COUNT - 1),
)
def test_a_mutant_is_refused_reported_or_still_stu3(kind: str, at: int, other: int) -> None:
    record = recognise(spoilt(kind, at, other), "mp.xml")
    if not isinstance(record, Record) or record.format != "ada-medication":
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
