"""Agreements of a pharmacy that tell no days: those of its supply count, as the older messages (6.12) mean them.

In use as long as the supply lasts; after that nobody knows.  A newer supply of one product takes an older one's place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from babyconnect.birthcare.medication import Block, State
from babyconnect.merge.medication.blocks import Read
from babyconnect.merge.medication.contradictions import fine_codes


def supplied(group: Sequence[Read], today: dt.date) -> list[Read]:
    """The blocks of one medicine, with the days of their supply where they tell none."""
    supplies = [r.block for r in group if r.block.role == "dispense" and r.block.start and r.block.treatment]
    made = [_lasting(read, supplies, today) for read in group]
    by_supply = [one.block for one, was in zip(made, group, strict=True) if one is not was]
    return [
        replace(one, block=replace(one.block, state="stopped", superseded=True))
        if one is not was and any(_after(other, one.block) for other in by_supply)
        else one
        for one, was in zip(made, group, strict=True)
    ]


def _lasting(read: Read, supplies: Sequence[Block], today: dt.date) -> Read:
    block = read.block
    tells_days = block.start or block.end or block.state != "unknown"
    own = [one for one in supplies if one.treatment == block.treatment and one.start]
    if block.role != "administration_agreement" or tells_days or not own:
        return read
    supply = max(own, key=lambda one: (one.start or dt.date.min, one.item))
    end = supply.end or read.lasts
    return replace(read, block=replace(block, start=supply.start, end=end, state=_state(supply.start, end, today)))


def _state(start: dt.date | None, end: dt.date | None, today: dt.date) -> State:
    if start and start > today:
        return "planned"
    return "current" if end and end >= today else "unknown"


def _after(other: Block, block: Block) -> bool:
    """Whether another supply of the same product, by the same source, that has begun is later."""
    begun = other.state != "planned" and (other.start or dt.date.min, other.item) > (
        block.start or dt.date.min,
        block.item,
    )
    return begun and _sources(other) == _sources(block) and _one_product(other, block)


def _sources(block: Block) -> set[str]:
    return {origin.source.ura.value for origin in block.origins}


def _one_product(one: Block, other: Block) -> bool:
    """One code of a product, or no such code and the same name: another strength is another supply."""
    mine, theirs = fine_codes(one), fine_codes(other)
    return bool(mine & theirs) if mine or theirs else one.product.name == other.product.name
