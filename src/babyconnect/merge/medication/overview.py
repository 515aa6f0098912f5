"""From the items of a record to its medication overview: read the blocks, group them, name what contradicts, judge."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

from babyconnect.birthcare.medication import Block, Judgement, Medicine, Overview, Table
from babyconnect.birthcare.record import Item, Stated
from babyconnect.merge.medication import allergies
from babyconnect.merge.medication.blocks import Held, Read, blocks, superseded
from babyconnect.merge.medication.contradictions import RANK, contradictions, state_of
from babyconnect.merge.medication.duplicates import with_shared
from babyconnect.merge.medication.grouping import medicines
from babyconnect.merge.medication.supplies import supplied
from babyconnect.merge.medication.warnings import Judge, Situation, judge_of


def overview(items: Sequence[Item], held: Held, situation: Situation, table: Table) -> Overview:
    """One overview of everybody in the record, in a fixed order: in use first, then by name."""
    judge, hers = judge_of(table), allergies.known(items)
    products = {(o.source.ura.value, o.reference): i.id for i in items if i.type == "Medication" for o in i.origins}
    groups = medicines(blocks(items, held, situation.today))
    made = [
        _medicine(superseded(supplied(group, situation.today)), situation, judge, hers, products) for group in groups
    ]
    made = with_shared(made)
    ordered = sorted(
        made, key=lambda m: (m.subject != "woman", m.subject, RANK.index(m.state), m.name.casefold(), m.id)
    )
    return Overview(
        medicines=tuple(ordered),
        table=table.name,
        version=table.version,
        provisional=table.provisional,
        uncompared=allergies.uncompared(hers) if made else (),
    )


def _medicine(
    group: Sequence[Read],
    situation: Situation,
    judge: Judge,
    hers: Sequence[tuple[Stated, frozenset[str]]],
    products: dict[tuple[str, str], str],
) -> Medicine:
    told = tuple(sorted((read.block for read in group), key=_order))
    woman = group[0].subject == "woman"
    items = [*(block.item for block in told), *(products[r.product_key] for r in group if r.product_key in products)]
    said = [block for block in told if not block.superseded]
    state = state_of(said)
    found = contradictions(told) + (allergies.against(hers, said) if woman else ())
    return Medicine(
        id="m" + hashlib.blake2b(min(block.item for block in told).encode(), digest_size=6).hexdigest(),
        subject=group[0].subject,
        name=_name(group),
        state=state,
        blocks=told,
        start=min((b.start for b in said if b.start and b.state == state), default=None),
        end=_end(said),
        contradictions=found,
        judgement=judge.of(told, situation) if woman else Judgement(),
        items=tuple(dict.fromkeys(items)),
    )


def _end(said: Sequence[Block]) -> dt.date | None:
    state = state_of(said)
    ends = [block.end for block in said if block.state == state]
    return None if None in ends else max((end for end in ends if end), default=None)


def _order(block: Block) -> tuple[bool, int, str, str]:
    return (block.superseded, RANK.index(block.state), block.role, block.item)


def _name(group: Sequence[Read]) -> str:
    """The substance where a source names it, else the shortest name of the product; "" where nothing names it."""
    substances = sorted({read.substance for read in group if read.substance}, key=lambda n: (len(n), n))
    names = sorted({read.block.product.name for read in group if read.block.product.name}, key=lambda n: (len(n), n))
    return next(iter((*substances, *names)), "")
