"""Laws of ADA → STU3 → ADA and STU3 → ADA → STU3 over a synthetic region: 10,000 in `make soak`.

Facts are counted by `tests/support`, apart from the translator's own comparison.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.sources.ada import read
from babyconnect.synthetic.ada import ada
from babyconnect.synthetic.stu3 import resources
from babyconnect.translate.ada import translate
from babyconnect.translate.to_ada.record import to_ada, transactions
from babyconnect.translate.to_ada.writing import written
from tests.support.ada_facts import facts
from tests.support.ada_random import BY_CHANCE, random_xml
from tests.support.ada_structure import misplaced
from tests.support.dossiers import TODAY, dossiers
from tests.support.fhir_facts import lost_elements

Resources = list[Mapping[str, Any]]


def made(given: Resources, transaction: str) -> tuple[AdaRecord, Counter[str]]:
    """The record as it comes out of its file, and how often each rule found something that is not just information."""
    result = to_ada(given, transactions()[transaction], TODAY)
    assert result.record is not None
    warnings = Counter(f.rule for f in result.findings if f.severity == "warning")
    return read(written(result.record, TODAY)), warnings


def test_a_record_of_ada_comes_back_whole_from_stu3() -> None:
    for dossier in dossiers(by_ada=True):
        before = read(ada(dossier, TODAY))
        translated = translate(before, TODAY)
        after, warnings = made(list(translated.resources), "basis")
        untranslated = {f.concept for f in translated.findings}
        lost = {concept for concept, _ in facts(before, TODAY) - facts(after, TODAY)}
        assert lost <= untranslated
        assert not facts(after, TODAY) - facts(before, TODAY)
        assert not warnings
        assert misplaced(after) == []


@pytest.mark.parametrize("transaction", ["basis", "echo", "kraam", "uitbreiding"])
def test_a_record_of_any_elements_comes_back_once_and_for_all_with_nothing_made_up(transaction: str) -> None:
    """Records made by chance: `random_xml(name, number)` is the one of a failure."""
    name = transactions()[transaction]
    for number in range(BY_CHANCE):
        before = read(random_xml(name, number))
        forward = translate(before, TODAY)
        assert not [f for f in forward.findings if f.severity == "error"], number
        first, _ = made(list(forward.resources), transaction)
        assert misplaced(first) == [], number
        assert _texts(first) <= _texts(before), number
        again = translate(first, TODAY)
        assert not [f for f in again.findings if f.severity == "error"], number
        assert _told(made(list(again.resources), transaction)[0]) == _told(first), number


def _texts(of: AdaRecord) -> set[str]:
    """The texts and numbers of their own that `random_xml` gave."""
    return {found for _, said in facts(of, TODAY) for found in re.findall(r"tekst \d+|id-\d+", said)}


def _told(of: AdaRecord) -> Counter[tuple[str, str]]:
    """Values; which null flavour is why there is none, FHIR's reasons of absence do not all tell."""
    told: Counter[tuple[str, str]] = Counter()
    for (concept, said), times in values(of).items():
        told[concept, "no value" if said.startswith("no value") else said] += times
    return told


def values(of: AdaRecord) -> Counter[tuple[str, str]]:
    """Facts without references: what refers to what is compared in STU3."""
    return Counter({fact: times for fact, times in facts(of, TODAY).items() if not fact[1].startswith("->")})


@pytest.mark.parametrize("transaction", ["basis", "echo", "kraam", "uitbreiding"])
def test_what_a_record_of_stu3_loses_is_named_and_lost_once(transaction: str) -> None:
    for dossier in dossiers(by_ada=False):
        given: Resources = list(resources(dossier))
        result = to_ada(given, transactions()[transaction], TODAY)
        assert result.record is not None
        first = read(written(result.record, TODAY))
        assert misplaced(first) == []
        again: Resources = list(translate(first, TODAY).resources)
        named = {f.place.partition("[")[0] + "." + f.place.partition(".")[2].split(".")[0] for f in result.findings}
        assert not [lost for lost in lost_elements(given, again) if not _is_named(lost, named)]
        second, warnings = made(again, transaction)
        assert values(first) == values(second)
        assert set(warnings) <= {"unknown-code"}


def _is_named(lost: tuple[str, str], named: set[str]) -> bool:
    """True when a finding is about the element, or about a whole resource of the type."""
    return f"{lost[0]}.{lost[1]}" in named or f"{lost[0]}." in named
