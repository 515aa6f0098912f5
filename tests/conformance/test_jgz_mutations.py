"""Each element of published files taken away, doubled, and each of its attributes and texts changed.

A file is then refused with place and rule, or converted; what was made says what the changed file says, except where a
finding tells otherwise: never a crash, never another value in silence.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
from lxml import etree

from babyconnect.sources import Rejected
from babyconnect.sources.hl7v3 import read
from babyconnect.sources.recognise import recognise
from babyconnect.translate.jgz.convert import convert
from tests.conformance.test_jgz_pairs import DOWN, OWN, ROOT, V3
from tests.support.jgz_account import untold
from tests.support.needs import nictiz

FILES = [(OWN, "R012-CR_test_JGZ-107", "4.1.3"), (OWN, "R030-CR_test_JGZ-342", "4.1.3"),
         (DOWN, "R012-CR_test_JGZ-107", "4.2.0")]  # fmt: skip
CHANGES = ("1665", "G087", "ééé <&>", "", "2.16.840.1.113883.2.4.4.40.267")


def mutants(root: etree._Element, whole: bool) -> Iterator[tuple[str, etree._Element]]:
    """What was done, and the tree with it done; one change in each.  Not whole: only in the visits."""
    for place, node in enumerate(root.iter(etree.Element)):
        if not whole and not any(one.tag == f"{V3}encounter" for one in node.iterancestors()):
            continue
        if node is not root:
            for what in ("dropped", "doubled"):
                tree, one = _copy(root, place)
                if what == "dropped":
                    one.getparent().remove(one)
                else:
                    one.addnext(copy.deepcopy(one))
                yield f"{node.tag} {what}", tree
        for number, name in enumerate([*node.attrib, None]):
            tree, one = _copy(root, place)
            made = CHANGES[(place + number) % len(CHANGES)]
            if name is None:
                one.text = made
            else:
                one.set(str(name), made)
            yield f"{node.tag} {name} {made}", tree


def _copy(root: etree._Element, place: int) -> tuple[etree._Element, etree._Element]:
    whole = copy.deepcopy(root)
    return whole, next(node for n, node in enumerate(whole.iter(etree.Element)) if n == place)


@pytest.mark.parametrize(("folder", "name", "to"), FILES)
def test_a_changed_file_is_refused_or_says_the_same_but_for_what_is_told(folder: str, name: str, to: str) -> None:
    content = (nictiz() / ROOT / folder / f"DOB-4.0.0-{name}_hl7.xml").read_bytes()
    refused = converted = 0
    first = (folder, name, to) == FILES[0]
    for what, mutant in mutants(read(content)[1], first):
        found = recognise(etree.tostring(mutant, pretty_print=True), "kind.xml")
        if isinstance(found, Rejected):
            assert found.place.startswith("line ") and found.rule in ("format", "interaction", "incomplete"), what
            refused += 1
            continue
        message = found.message
        assert message is not None
        made = convert(message, to)
        assert read(made.content)[0] == to, what
        assert untold(message, made) == [], what
        converted += 1
    assert converted > 50 and (refused > 5 or not first)
