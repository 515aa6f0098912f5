"""Conflicts: values of which at most one can be true, with everyone who states them.  Nothing is chosen here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from babyconnect.birthcare.record import Blood, Child, Conflict, Pregnancy, Stated, Topic, Woman


def _differ(topic: Topic, scope: str, stated: Sequence[Stated]) -> Iterator[Conflict]:
    if len(stated) > 1:
        yield Conflict(topic, scope, tuple(stated))


def _allergies(stated: Sequence[Stated]) -> Iterator[Conflict]:
    """`none` beside an allergy, or an allergy that another source calls gone."""
    values = {s.value for s in stated}
    actual = {v for v in values if not v.startswith("-") and v != "none"}
    if "none" in values and actual:
        yield Conflict("allergy", "", tuple(s for s in stated if s.value == "none" or s.value in actual))
    for value in sorted(actual):
        if f"-{value}" in values:
            yield Conflict("allergy", "", tuple(s for s in stated if s.value.lstrip("-") == value))


def _chorionicity(stated: Sequence[Stated]) -> Iterator[Conflict]:
    """Two different kinds; the coarse *monochorionic* does not contradict a finer one of the same kind."""
    kinds = {s.value.split("-")[0] for s in stated}
    fine = {s.value for s in stated if "-" in s.value}
    if len(kinds) > 1 or len(fine) > 1:
        yield Conflict("chorionicity", "", tuple(stated))


def _of_pregnancy(pregnancy: Pregnancy, due: Sequence[Stated]) -> Iterator[Conflict]:
    yield from _differ("due_date", pregnancy.id, due)
    yield from _differ("gravidity", pregnancy.id, pregnancy.gravidity)
    yield from _differ("parity", pregnancy.id, pregnancy.parity)
    yield from _differ("multiple_pregnancy", pregnancy.id, pregnancy.multiple)
    for conflict in _chorionicity(pregnancy.chorionicity):
        yield Conflict("chorionicity", pregnancy.id, conflict.values)


@dataclass(frozen=True, slots=True)
class Compared:
    """What is compared over sources.  `due`: per pregnancy the dates that compete."""

    woman: Woman | None
    pregnancies: Sequence[Pregnancy]
    due: Mapping[str, Sequence[Stated]]
    children: Sequence[Child]
    blood: Blood
    allergies: Sequence[Stated]


def conflicts(facts: Compared) -> tuple[Conflict, ...]:
    """Every conflict of the record."""
    found = [
        *_differ("blood_group", "", facts.blood.group),
        *_differ("rhesus_d", "", facts.blood.rhesus_d),
        *_differ("rhesus_c", "", facts.blood.rhesus_c),
        *_allergies(facts.allergies),
    ]
    for pregnancy in facts.pregnancies:
        found += _of_pregnancy(pregnancy, facts.due[pregnancy.id])
    if facts.woman and facts.woman.death.disputed:
        found.append(Conflict("death", "woman", facts.woman.death.stated))
    found += [Conflict("death", child.id, child.death.stated) for child in facts.children if child.death.disputed]
    return tuple(found)
