"""Every element of the published acute handovers left out, doubled, swapped or corrupted.

The law: the mutant is refused, or what changed of what it says is reported, or the change is exactly that one value, or
the specification says that nothing changed.  Never a crash, and never a fact that no element of the message has.
"""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from lxml import etree

from babyconnect.translate.acute import from_message, to_stu3
from babyconnect.translate.findings import Finding
from tests.support.acute import MESSAGES, TODAY, Fact, facts, published
from tests.support.needs import nictiz

EVERY = int(os.environ.get("BABYCONNECT_ACUTE_EVERY", "17"))
"""One place in so many is changed; 1 changes all, which takes some minutes."""
OTHER = "4711"
Said = tuple[Counter[Fact], Counter[tuple[str, str]]]


def message(name: str) -> etree._Element:
    """The message with its files cut short: it is read some thousand times."""
    root = published(nictiz(), name)
    for element in root.iter("{*}value"):
        if element.get("representation") == "B64":
            element.text = "JVBERi0="
    return root


def said(root: etree._Element) -> Said | None:
    """The facts, and the remarks by rule and text; None: refused."""
    tree, found = from_message.read(root)
    if any(one.severity == "error" for one in found):
        return None
    made = to_stu3.translate(tree, TODAY)
    if any(one.severity == "error" for one in made.findings):
        return None
    return facts(tree), remarks([*found, *made.findings])


def remarks(found: list[Finding]) -> Counter[tuple[str, str]]:
    return Counter((one.rule, one.text) for one in found)


def elements(root: etree._Element) -> list[etree._Element]:
    return [one for one in root.iter(etree.Element) if one is not root]


def mutants(root: etree._Element, change: Callable[[etree._Element], bool]) -> Iterator[etree._Element]:
    for number in range(0, len(elements(root)), EVERY):
        changed = copy.deepcopy(root)
        if change(elements(changed)[number]):
            yield changed


def drop(element: etree._Element) -> bool:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
    return True


def double(element: etree._Element) -> bool:
    element.addnext(copy.deepcopy(element))
    return True


def swap(element: etree._Element) -> bool:
    following = element.getnext()
    if following is None:
        return False
    following.addnext(element)
    return True


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_left_out_is_gone_and_nothing_comes_in_its_place(name: str) -> None:
    root = message(name)
    before = said(root)
    assert before is not None
    for changed in mutants(root, drop):
        after = said(changed)
        if after is not None:
            more = after[0] - before[0]
            assert not more or after[1] - before[1] or _only_less(more, before[0]), more


def _only_less(more: Counter[Fact], before: Counter[Fact]) -> bool:
    """Facts with less beside them than before: an original text, a media type or a unit that was left out."""
    return all(any(path == other and set(value) <= set(whole) for other, whole in before) for path, value in more)


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_doubled_is_there_once_or_twice_or_reported(name: str) -> None:
    root = message(name)
    before = said(root)
    assert before is not None
    for changed in mutants(root, double):
        after = said(changed)
        if after is not None:
            assert set(after[0]) <= set(before[0]) or after[1] - before[1]
            assert not before[0] - after[0] or after[1] - before[1]


@pytest.mark.parametrize("name", MESSAGES)
def test_the_order_of_elements_changes_nothing_that_is_said(name: str) -> None:
    root = message(name)
    before = said(root)
    assert before is not None
    for changed in mutants(root, swap):
        after = said(changed)
        assert after is not None
        assert after[0] == before[0]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_corrupted_value_is_refused_reported_or_exactly_that_value(name: str) -> None:
    root = message(name)
    before = said(root)
    assert before is not None
    number = 0
    for place, element in enumerate(elements(root)):
        for attribute in element.attrib:
            number += 1
            if number % EVERY:
                continue
            changed = copy.deepcopy(root)
            elements(changed)[place].set(attribute, OTHER)
            after = said(changed)
            if after is None or after[1] - before[1]:
                continue
            old = str(element.get(attribute))
            lost, more = before[0] - after[0], after[0] - before[0]
            assert all(OTHER in str(one) for one in more), (element.tag, attribute)
            assert not lost or more or any(old in str(one) for one in lost), (element.tag, attribute)
            assert len(lost) <= 2, (element.tag, attribute)
