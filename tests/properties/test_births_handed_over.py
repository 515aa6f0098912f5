"""Laws of what birth care hands over: a value in a file is a value of the record, nothing of the mother is in it, and
whatever is damaged on the way in is refused, reported or harmless."""

from __future__ import annotations

import datetime as dt
import functools
import os
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.sources.ada import read
from babyconnect.translate.hl7v3 import message
from babyconnect.translate.jgz.birth import Files, files
from babyconnect.translate.recasting import kernsets
from tests.support.ada_material import TRANSACTIONS, full_xml
from tests.support.births import child, e, examined, of_child, record, v

TODAY = dt.date(2024, 6, 15)
CASES = int(os.environ.get("BABYCONNECT_MUTATIONS", "12"))
QUIET = settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
OUTPUTS = ("hl7v3-kernset-2.3.6", "hl7v3-kernset-2.2", "cda-neonatology")
OF_THE_CHILD = ("kind", "uitdrijvingsfase")
OF_WHO_HANDS_OVER = ("zorgaanbieder",)
V3 = "{urn:hl7-org:v3}"
SECRET = "MOEDERGEHEIM"


@functools.cache
def whole(name: str) -> AdaRecord:
    """A record in which every data element of the transaction is filled."""
    return read(full_xml(name))


def made(of: AdaRecord) -> Files:
    return files([of], "4.2.0", TODAY, with_bsn=True)


def secrets(element: AdaElement, *, told: bool = False) -> AdaElement:
    """Every word and value that is not said of a child or of who hands over becomes the secret."""
    told = told or element.name in (*OF_THE_CHILD, *OF_WHO_HANDS_OVER) or is_child(element)
    attributes = dict(element.attributes)
    for name in ("value", "displayName", "originalText"):
        if name in attributes and not told and not element.is_reference:
            attributes[name] = SECRET
    inner = tuple(secrets(one, told=told) for one in element.children)
    return replace(element, attributes=attributes, children=inner)


def is_child(element: AdaElement) -> bool:
    return element.name == "patient" and element.id in ("K1", "K2")


def test_whatever_is_said_of_the_mother_no_word_of_it_is_in_the_file() -> None:
    born = record(of_child("K1", examined("3000")), persons=(child("K1"),))
    for name in TRANSACTIONS:
        parts = [one for one in whole(name).root.children if one.name not in ("administratief", "kind")]
        both = replace(born, root=replace(born.root, children=(*born.root.children, *parts)))
        (content,) = made(replace(both, root=secrets(both.root))).contents
        assert SECRET.encode() not in content and b"Moedersnaam" not in content, name


def test_nothing_that_is_changed_about_the_mother_changes_the_file() -> None:
    born = record(of_child("K1", examined("3000")), persons=(child("K1"),))
    kept = [one for one in born.root.children if one.name not in ("vrouw", "zwangerschapsgegevens")]
    for name in TRANSACTIONS:
        parts = [
            one
            for one in whole(name).root.children
            if one.name in ("vrouw", "zwangerschapsgegevens", "medisch_onderzoek")
        ]
        more = replace(born, root=replace(born.root, children=(*kept, *parts)))
        less = replace(born, root=replace(born.root, children=tuple(kept)))
        assert statements(made(more)) == statements(made(less)), name


def statements(of: Files) -> list[str]:
    """All that the file says, without its own numbers."""
    (content,) = of.contents
    root = etree.fromstring(content)
    for one in root.iter(f"{V3}id"):
        if one.get("root") == "2.25":
            one.set("extension", "")
    return [f"{one.tag} {sorted(one.attrib.items())} {(one.text or '').strip()}" for one in root.iter()]


weights = st.integers(300, 6500)


@QUIET
@given(st.lists(st.tuples(weights, st.integers(0, 10)), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_each_child_has_its_own_values_in_whatever_order_the_record_has_them(
    born: list[tuple[int, int]], chance: random.Random
) -> None:
    kinds = [of_child(f"K{n}", examined(str(weight), apgar=str(apgar))) for n, (weight, apgar) in enumerate(born)]
    persons = [child(f"K{n}") for n in range(len(born))]
    chance.shuffle(kinds)
    chance.shuffle(persons)
    of = record(*kinds, persons=tuple(persons))
    said = {}
    for content in made(of).contents:
        root = etree.fromstring(content)
        values = [one.get("value") for one in root.iter(f"{V3}value") if one.get("unit") == "g"]
        scores = [one.getparent().find(f"{V3}value").get("value")  # type: ignore[union-attr]
                  for one in root.iter(f"{V3}code") if one.get("code") == "9274-2"]  # fmt: skip
        said[root.findtext(f".//{V3}given")] = (*values, *scores)
    assert said == {f"KindK{n}": (str(weight), str(apgar)) for n, (weight, apgar) in enumerate(born)}


@QUIET
@given(weights)
def test_a_weight_is_the_same_weight_in_grams_and_in_kilograms(weight: int) -> None:
    as_kg = f"{weight // 1000}.{weight % 1000:03d}"
    both = [made(record(of_child("K1", examined(value, unit)), persons=(child("K1"),)))
            for value, unit in ((str(weight), "g"), (as_kg, "kg"))]  # fmt: skip
    assert statements(both[0]) == statements(both[1])


def spots(element: AdaElement, path: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    for number, inner in enumerate(element.children):
        yield (*path, number)
        yield from spots(inner, (*path, number))


def mutated(element: AdaElement, path: tuple[int, ...], how: str) -> AdaElement:
    """The tree with what lies there dropped, doubled, swapped with what is beside it, or damaged."""
    first, *rest = path
    inner = list(element.children)
    if rest:
        inner[first] = mutated(inner[first], tuple(rest), how)
    elif how == "dropped":
        del inner[first]
    elif how == "doubled":
        inner.insert(first, inner[first])
    elif how == "swapped":
        inner[first], inner[first - 1] = inner[first - 1], inner[first]
    else:
        damage = {"corrupt": "\u2026x", "empty": "", "huge": "9" * 400, "null": ""}[how]
        attributes = dict.fromkeys(inner[first].attributes, damage)
        inner[first] = replace(inner[first], attributes={"nullFlavor": "UNK"} if how == "null" else attributes)
    return replace(element, children=tuple(inner))


@QUIET
@pytest.mark.parametrize("name", TRANSACTIONS)
@given(chance=st.randoms(use_true_random=False),
       how=st.sampled_from(["dropped", "doubled", "swapped", "corrupt", "empty", "huge", "null"]))  # fmt: skip
def test_a_damaged_record_becomes_a_message_or_is_refused_and_never_more_than_it_said(
    name: str, chance: random.Random, how: str
) -> None:
    of = whole(name)
    hurt = replace(of, root=mutated(of.root, chance.choice(list(spots(of.root))), how))
    for content in made(hurt).contents:
        assert etree.fromstring(content) is not None
    for output in OUTPUTS:
        recast = kernsets.kernsets(hurt, output, TODAY)
        assert recast.records or any(f.severity == "error" for f in recast.findings)
        for one in recast.records:
            written = message.write(one, output, TODAY, with_bsn=True)
            assert written.content or any(f.severity == "error" for f in written.findings)
            assert not [f for f in written.findings if f.rule == "unknown-concept"]


@pytest.mark.parametrize("value", ["", "veel", "1e9", "NaN", "-", "9" * 50, "3,1"])
def test_a_weight_that_is_none_is_not_in_the_file_and_is_named(value: str) -> None:
    of = made(record(of_child("K1", examined(value)), persons=(child("K1"),)))
    (content,) = of.contents
    assert b"8339-4" not in content
    assert not value or any(f.rule in ("unknown-unit", "bad-value") for f in of.findings)


def test_a_date_that_does_not_exist_refuses_the_file() -> None:
    wrong = e("patient", v("geboortedatum", "2026-02-30"), id="K1")
    of = made(record(of_child("K1", examined("3000")), persons=(wrong,)))
    assert not of.contents and ("error", "date") in [(f.severity, f.rule) for f in of.findings]
