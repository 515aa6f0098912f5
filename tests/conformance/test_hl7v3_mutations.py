"""Each value of published records changed, taken away, corrupted or doubled: the message changes there, only there."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from lxml import etree

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.sources.ada import read
from babyconnect.translate.hl7v3.message import write
from tests.conformance.test_hl7v3_pairs import FOLDERS, ROOT, TO, T, lines, payload
from tests.support.needs import nictiz

RECORDS = [("2.3.6", "scenario3-23"), ("3.0", "ksneo-test1")]
ANSWERS = {"true": "false", "false": "true"}
DATES = ("T", "20", "19")
Path = tuple[int, ...]


def record(version: str, name: str) -> AdaRecord:
    return read((nictiz() / ROOT / FOLDERS[version] / "ada_instance" / f"{name}.xml").read_bytes())


def leaves(element: AdaElement, path: Path = ()) -> Iterator[tuple[Path, AdaElement]]:
    for place, child in enumerate(element.children):
        if child.value or child.code:
            yield (*path, place), child
        yield from leaves(child, (*path, place))


def changed(element: AdaElement, path: Path, made: AdaElement | None) -> AdaElement:
    """The tree with another element in this place, or none."""
    here, *rest = path
    children = list(element.children)
    if rest:
        children[here] = changed(children[here], tuple(rest), made)
    elif made is None:
        del children[here]
    else:
        children[here] = made
    return replace(element, children=tuple(children))


def said(version: str, of: AdaRecord) -> Counter[str]:
    message = write(of, TO[version], T[version], with_bsn=True)
    assert message.content, [f.rule for f in message.findings]
    return Counter(line for line in lines(payload(etree.fromstring(message.content)), False))


def other(leaf: AdaElement) -> tuple[AdaElement, str, str]:
    """The element with another value, and what that value is in a message, before and after."""
    attributes = dict(leaf.attributes)
    if leaf.code:
        attributes |= {"code": "4711", "codeSystem": "1.2.3.4", "displayName": "anders"}
        return replace(leaf, attributes=attributes), "", "4711"
    if leaf.value in ANSWERS:
        return replace(leaf, attributes=attributes | {"value": ANSWERS[leaf.value]}), "", ""
    if attributes.get("unit") or leaf.value.isdigit():
        return replace(leaf, attributes=attributes | {"value": "77"}), leaf.value, "77"
    if leaf.value.startswith(DATES):
        return replace(leaf, attributes=attributes | {"value": "2001-02-03"}), "", "20010203"
    return replace(leaf, attributes=attributes | {"value": "anders"}), leaf.value, "anders"


@pytest.mark.parametrize(("version", "name"), RECORDS)
def test_another_value_changes_what_depends_on_it_and_nothing_else(version: str, name: str) -> None:
    original = record(version, name)
    before = said(version, original)
    unmapped = Counter(f.line for f in write(original, TO[version], T[version]).findings if f.rule == "not-mapped")
    for path, leaf in leaves(original.root):
        if unmapped[leaf.line] or leaf.is_reference:
            continue
        made, old, new = other(leaf)
        after = said(version, replace(original, root=changed(original.root, path, made)))
        lost, found = list((before - after).elements()), list((after - before).elements())
        assert lost, leaf.name
        if leaf.value not in ANSWERS and leaf.name != "rangnummer_kind":  # by the rank other facts find their child
            assert all(new in line for line in found), (leaf.name, found)
            assert all(old in line for line in lost), (leaf.name, lost)
            assert len(lost) <= 4, (leaf.name, lost)


@pytest.mark.parametrize(("version", "name"), RECORDS)
def test_what_is_taken_away_is_gone_and_nothing_comes_in_its_place(version: str, name: str) -> None:
    original = record(version, name)
    before = said(version, original)
    null_flavours = ("nullFlavor=", "deceasedInd value=false", "id")
    for path, leaf in leaves(original.root):
        after = said(version, replace(original, root=changed(original.root, path, None)))
        come = [line for line in (after - before).elements() if not line.startswith(("observation", "procedure"))]
        assert all(any(word in line for word in null_flavours) for line in come), (leaf.name, come)


@pytest.mark.parametrize(("version", "name"), RECORDS[1:])
def test_a_corrupt_value_is_refused_or_reported_and_never_written(version: str, name: str) -> None:
    original = record(version, name)
    broken = "2001-02-30"
    for path, leaf in leaves(original.root):
        if leaf.code or "root" in leaf.attributes or leaf.is_reference:
            continue
        made = replace(leaf, attributes=dict(leaf.attributes) | {"value": broken})
        message = write(replace(original, root=changed(original.root, path, made)), TO[version], T[version], True)
        says = any(f.line == leaf.line and f.severity in ("error", "warning", "information") for f in message.findings)
        is_text = broken.encode() in message.content
        assert says or is_text, leaf.name
        assert b"20010230" not in message.content


@pytest.mark.parametrize(("version", "name"), RECORDS[1:])
def test_a_doubled_element_is_in_the_message_twice_or_reported(version: str, name: str) -> None:
    original = record(version, name)
    before = said(version, original)
    for path, leaf in leaves(original.root):
        twice = changed_twice(original.root, path, leaf)
        message = write(replace(original, root=twice), TO[version], T[version], True)
        after = said(version, replace(original, root=twice))
        reported = any(f.line == leaf.line for f in message.findings)
        assert reported or after - before or leaf.is_reference, leaf.name


def changed_twice(element: AdaElement, path: Path, leaf: AdaElement) -> AdaElement:
    here, *rest = path
    children = list(element.children)
    if rest:
        children[here] = changed_twice(children[here], tuple(rest), leaf)
    else:
        children.insert(here, leaf)
    return replace(element, children=tuple(children))


def test_a_day_later_the_relative_dates_are_a_day_later() -> None:
    original = record("2.3.6", "scenario1-23")
    today, tomorrow = T["2.3.6"], T["2.3.6"] + dt.timedelta(days=1)

    assert b"20210301" in write(original, TO["2.3.6"], today).content
    assert b"20210302" in write(original, TO["2.3.6"], tomorrow).content
