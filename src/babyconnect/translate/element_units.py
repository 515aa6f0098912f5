"""In which units the data set has a data element: as its structure names them, in UCUM, less what it cannot mean."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from babyconnect.birthcare import units
from babyconnect.definitions import rows


def units_of(concept: str, stated: str) -> tuple[str, ...]:
    """`stated`: the column of a structure table.  Empty: the data set names none."""
    corrected = _corrections().get(concept)
    return tuple(map(units.coded, (stated if corrected is None else corrected).split()))


@functools.cache
def _corrections() -> Mapping[str, str]:
    return {row["concept"]: row["units"] for row in rows("ada/unit_corrections")}
