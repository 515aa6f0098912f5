"""What is advised in every pregnancy and that no source tells of: a gap, in the weeks in which it matters.

Rows: `definitions/medication/advised.csv`.  That she does not use it is an answer as well; only silence is a gap.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from babyconnect.birthcare import gestation
from babyconnect.birthcare.medication import Block, Overview
from babyconnect.birthcare.record import Gap, Item, Pregnancy
from babyconnect.birthcare.resources import day
from babyconnect.definitions import document, rows

_ATC = document("medication/zibs.toml")["product"]["atc"]
# What was used until so long before the pregnancy counts as of it: advised is from four weeks before conception. [own]
_BEFORE_DAYS = 28


def gaps(overview: Overview, hers: Sequence[Item], pregnancy: Pregnancy) -> list[Gap]:
    """Of a pregnancy that runs and whose due date is known; `hers`: its items."""
    if pregnancy.due is None or pregnancy.gestation is None:
        return []
    begin = pregnancy.due.date - dt.timedelta(days=gestation.TERM_DAYS + _BEFORE_DAYS)
    used = [block for m in overview.medicines if m.subject == "woman" for block in m.blocks if _since(block, begin)]
    return [
        Gap("medicine", row["name"], row["label"], pregnancy.id, reason=row["citation"])
        for row in rows("medication/advised")
        if pregnancy.gestation.days < gestation.days_of(row["until"])
        and not any(set(row["codes"].split()) & set(item.codes) for item in hers)
        and not any(_is(block, tuple(f"{_ATC}|{start}" for start in row["atc"].split())) for block in used)
    ]


def _is(block: Block, starts: tuple[str, ...]) -> bool:
    return any(code.startswith(starts) for code in (*block.product.codes, *block.product.substances))


def _since(block: Block, begin: dt.date) -> bool:
    """Whether it may be of this pregnancy: it has no last day, or one after the pregnancy began."""
    last = block.end or (day(block.stated) if block.state == "stopped" else None)
    return last is None or last >= begin
