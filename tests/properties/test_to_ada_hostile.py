"""Whatever comes in as STU3 becomes a record of the data set, or is refused; what it loses is named; nothing crashes.

Mutations of resources that fill every data element of a transaction: dropped, repeated, swapped and damaged parts.
"""

from __future__ import annotations

import copy
import datetime as dt
import functools
import os
import random
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from babyconnect.sources.ada import read
from babyconnect.translate.ada import translate
from babyconnect.translate.to_ada.record import to_ada
from babyconnect.translate.to_ada.writing import written
from tests.support.ada_material import TRANSACTIONS, full_xml
from tests.support.ada_structure import misplaced
from tests.support.fhir_facts import lost_elements

TODAY = dt.date(2024, 6, 15)
CASES = int(os.environ.get("BABYCONNECT_MUTATIONS", "6"))
"""Mutated records; `make soak` takes thousands, and of verloskunde uitbreiding too."""
QUIET = settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.sampled_from([name for name in sorted(TRANSACTIONS) if CASES > 100 or "uitbreiding" not in name])
HOSTILE: list[Any] = [
    None, "", "x", -1, 10**30, True, [], {}, [[]], {"a": {"b": []}}, "Patient/", "../../etc", "2024-13-45", "\u202e",
    "Observation/weg", {"reference": "#1"}, {"coding": "x"}, {"value": "NaN"}, "\x00",
]  # fmt: skip
Resources = list[dict[str, Any]]


@functools.cache
def full(transaction: str) -> tuple[dict[str, Any], ...]:
    """The resources of a record that fills every data element."""
    return tuple(translate(read(full_xml(transaction)), TODAY).resources)


def parts(node: Any) -> Iterator[tuple[Any, Any]]:
    """(holder, key) of everything within."""
    pairs = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    for key, child in pairs:
        yield node, key
        yield from parts(child)


HARMFUL = ("drop", "repeat", "swap", "damage", "lose")
KEEPING_FORM = ("drop", "lose", "exchange")
"""Mutations after which most records still are FHIR; of the others nearly all are refused for their form."""


def mutated(resources: Resources, chance: random.Random, kinds: Sequence[str] = HARMFUL) -> Resources:
    holder, key = chance.choice([p for resource in resources for p in parts(resource)])
    kind = chance.choice(kinds)
    if kind == "lose":
        resources.pop(chance.randrange(len(resources)))
    elif kind == "drop":
        del holder[key]
    elif kind == "repeat" and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif kind == "exchange":
        # A value of another resource's element of that name.
        alike = [(other, its) for one in resources for other, its in parts(one) if its == key and isinstance(key, str)]
        other, its = chance.choice(alike or [(holder, key)])
        holder[key], other[its] = copy.deepcopy(other[its]), copy.deepcopy(holder[key])
    elif kind == "swap":
        other, its = chance.choice([p for resource in resources for p in parts(resource)])
        holder[key], other[its] = copy.deepcopy(other[its]), copy.deepcopy(holder[key])
    else:
        holder[key] = copy.deepcopy(chance.choice(HOSTILE))
    return resources


@QUIET
@given(NAMES, st.integers(0, 2**32), st.integers(1, 12))
def test_a_damaged_record_becomes_a_valid_one_or_none(transaction: str, seed: int, times: int) -> None:
    becomes_what_it_says_or_is_refused(transaction, random.Random(seed), times, HARMFUL)


def test_a_record_that_lost_or_exchanged_parts_mostly_becomes_one_and_names_what_it_loses() -> None:
    """Counted, so that the law cannot hold because everything is refused."""
    names = [name for name in sorted(TRANSACTIONS) if CASES > 100 or "uitbreiding" not in name]
    made = [
        becomes_what_it_says_or_is_refused(name, random.Random(seed), 1 + seed % 3, KEEPING_FORM)
        for name in names
        for seed in range(max(CASES // 2, 3))
    ]
    assert sum(made) > len(made) / 3


def becomes_what_it_says_or_is_refused(
    transaction: str, chance: random.Random, times: int, kinds: Sequence[str]
) -> bool:
    """Whether it became a record."""
    resources = copy.deepcopy(list(full(transaction)))
    for _ in range(times):
        resources = mutated(resources, chance, kinds)
    made = to_ada(resources, transaction, TODAY)
    assert (made.record is None) is any(f.severity == "error" for f in made.findings)
    if made.record is None:
        return False
    again = read(written(made.record, TODAY))
    assert misplaced(again) == []
    # `_element` is the same element's extensions.
    named = {
        f"{f.place.partition('[')[0]}.{f.place.partition('.')[2].split('.')[0].removeprefix('_')}"
        for f in made.findings
    }
    lost = lost_elements(resources, list(translate(again, TODAY).resources))
    assert not [(t, e) for t, e in lost if f"{t}.{e}" not in named and f"{t}." not in named]
    return True


@QUIET
@given(NAMES, st.integers(0, 2**32))
def test_the_order_of_resources_does_not_matter(transaction: str, seed: int) -> None:
    resources = list(full(transaction))
    random.Random(seed).shuffle(resources)
    made, usual = to_ada(resources, transaction, TODAY), to_ada(list(full(transaction)), transaction, TODAY)
    assert {f.rule for f in made.findings} == {f.rule for f in usual.findings}
    assert made.record is not None
    assert misplaced(read(written(made.record, TODAY))) == []
