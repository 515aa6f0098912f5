"""The figures and assumptions a region is drawn from, as numbers by key (`definitions/synthetic/*.csv`)."""

from __future__ import annotations

import functools
from bisect import bisect_left
from dataclasses import dataclass

from babyconnect import definitions


@dataclass(frozen=True, slots=True)
class Figure:
    """A published figure: `slack` is how far a region may be off beyond chance, in the figure's own unit."""

    key: str
    value: float
    unit: str
    slack: float
    source: str

    @property
    def share(self) -> float:
        """The figure as a share of one."""
        return self.value / (1000 if self.unit.startswith("per 1000") else 100)


@functools.cache
def figures() -> dict[str, Figure]:
    return {
        row["key"]: Figure(row["key"], float(row["value"]), row["unit"], float(row["slack"]), row["source"])
        for row in definitions.rows("synthetic/figures")
    }


@functools.cache
def assumption(key: str) -> float:
    """An assumption as a share of one."""
    return next(float(row["value"]) / 100 for row in definitions.rows("synthetic/assumptions") if row["key"] == key)


def share(key: str) -> float:
    return figures()[key].share


def shares(prefix: str) -> dict[str, float]:
    """The figures `prefix.*` as shares of one, by the rest of their key, in the table's order."""
    return {key[len(prefix) + 1 :]: figure.share for key, figure in figures().items() if key.startswith(prefix + ".")}


@functools.cache
def _growth(column: str) -> tuple[list[float], list[float]]:
    rows = [row for row in definitions.rows("synthetic/growth") if row[column]]
    return [float(row["week"]) for row in rows], [float(row[column]) for row in rows]


def growth(column: str, days: int) -> float:
    """A median of `growth.csv` at a gestation in days, interpolated between weeks and flat outside the table."""
    weeks, values = _growth(column)
    at = days / 7
    place = bisect_left(weeks, at)
    if place == 0:
        return values[0]
    if place == len(weeks):
        return values[-1]
    low, high = weeks[place - 1], weeks[place]
    return values[place - 1] + (values[place] - values[place - 1]) * (at - low) / (high - low)
