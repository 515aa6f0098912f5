"""Medicines that are in use beside each other and perhaps should not be: of one substance, or of one kind.

Kinds are rows of `definitions/medication/kinds.csv`.  It is said that both are there: carers know whether it is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from babyconnect.birthcare.medication import Block, Contradiction, Medicine
from babyconnect.definitions import document, rows
from babyconnect.merge.medication.contradictions import AGREED, stated

_ATC = document("medication/zibs.toml")["product"]["atc"]
_KINDS = {row["kind"]: tuple(f"{_ATC}|{start}" for start in row["atc"].split()) for row in rows("medication/kinds")}


def with_shared(made: Sequence[Medicine]) -> list[Medicine]:
    """Each medicine with those that are in use beside it: of one substance (a combination beside its part), else of one
    kind."""
    found = []
    for one in made:
        others = [other for other in made if other.id != one.id and other.subject == one.subject]
        same = [other for other in others if _substances(other) & _substances(one)]
        said = [_contradiction("duplicate", one, same)] if same else []
        rest = [other for other in others if other not in same]
        said += _of_one_kind(one, rest)
        found.append(replace(one, contradictions=(*one.contradictions, *said)) if said else one)
    return found


def _of_one_kind(one: Medicine, others: Sequence[Medicine]) -> Iterator[Contradiction]:
    for kind, starts in _KINDS.items():
        if _is(one, starts) and (same := [other for other in others if _is(other, starts)]):
            yield replace(_contradiction("duplicate_class", one, same), kind=kind)


def _contradiction(topic: str, one: Medicine, others: Sequence[Medicine]) -> Contradiction:
    sides = sorted([one, *others], key=lambda medicine: (medicine.name, medicine.id))
    return Contradiction(topic, tuple(stated(m.name, _going(m), m.id) for m in sides))  # type: ignore[arg-type]


def _is(medicine: Medicine, starts: tuple[str, ...]) -> bool:
    told = {code for block in _going(medicine) for code in (*block.product.codes, *block.product.substances)}
    return any(code.startswith(starts) for code in told)


def _going(medicine: Medicine) -> list[Block]:
    return [b for b in medicine.blocks if b.state == "current" and not b.superseded and b.role in (*AGREED, "use")]


def _substances(medicine: Medicine) -> set[str]:
    return {code for block in _going(medicine) for code in block.product.substances}
