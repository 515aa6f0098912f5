"""Measured values that can be nobody's: told, and kept as they came (`definitions/checks/plausible.csv`).

A wrong unit of the right kind (a birth weight of 3,400 kg) is converted without a word by whoever knows UCUM; only how
large it is tells.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from babyconnect.birthcare import units
from babyconnect.birthcare.resources import codes_in
from babyconnect.definitions import rows
from babyconnect.translate.measures import Told

Resource = Mapping[str, Any]
_VALUES = ("valueQuantity", "valueInteger")


def implausible(resource: Resource) -> Iterator[Told]:
    """Of a resource of sound structure."""
    if resource.get("resourceType") != "Observation":
        return
    for part in (resource, *resource.get("component", ())):
        for name in _VALUES:
            row = _row(part) if name in part else None
            if row and not _fits(part[name], row):
                between = " ".join(filter(None, (f"{row['least']} to {row['most']}", row["unit"])))
                where = "Observation" if part is resource else "Observation.component"
                text = f"outside what is plausible ({between}): is the unit right? Kept as it was sent"
                yield Told("warning", f"{where}.{name}", text)


def _row(part: Resource) -> Mapping[str, str] | None:
    held = set(codes_in(part.get("code")))
    return next((row for code, row in _rows().items() if code in held), None)


@functools.cache
def _rows() -> Mapping[str, Mapping[str, str]]:
    return {row["code"]: row for row in rows("checks/plausible")}


def _fits(value: Any, row: Mapping[str, str]) -> bool:
    """True as well of what cannot be said in the row's unit: others tell of that."""
    number = _in(value, row["unit"])
    return number is None or Decimal(row["least"]) <= number <= Decimal(row["most"])


def _in(value: Any, unit: str) -> Decimal | int | None:
    if not isinstance(value, Mapping):
        return value if isinstance(value, int | Decimal) and not unit else None
    own = units.code_of(value)
    if not unit:
        return None if own and own != "1" else units.said_in(value.get("value"), "1", "1")
    return units.said_in(value.get("value"), own, unit) if own else None
