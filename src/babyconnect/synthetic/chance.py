"""Seeded chance: everything drawn for one woman comes from her own generator, so that regions are reproducible and
can be made by several processes at once."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Draws for one woman.  The same seed and index give the same draws on every machine and Python version."""

    def __init__(self, seed: int, index: int, purpose: str = "truth") -> None:
        self._random = random.Random(f"babyconnect:{seed}:{index}:{purpose}")  # noqa: S311 - reproducible, not secret

    def yes(self, probability: float) -> bool:
        return self._random.random() < probability

    def number(self, low: int, high: int) -> int:
        return int(low + self._random.random() * (high - low + 1))

    def normal(self, mean: float, spread: float) -> float:
        return self._random.gauss(mean, spread)

    def one(self, options: Sequence[T]) -> T:
        return options[int(self._random.random() * len(options))]

    def weighed(self, options: Mapping[T, float]) -> T:
        """One of the keys, by weight; weights need not add up to one."""
        left = self._random.random() * sum(options.values())
        for option, weight in options.items():
            left -= weight
            if left < 0:
                return option
        return option
