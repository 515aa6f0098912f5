"""A token bucket per organisation: what one may take per second, and what it may take at once.

The clock is an argument (monotonic seconds).  Memory is bounded by the directory: only verified organisations have one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class _Bucket:
    left: float
    at: float


class Limits:
    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._buckets: dict[str, _Bucket] = {}

    def take(self, who: str, amount: float, now: float) -> int:
        """0 when granted; otherwise after how many whole seconds to come back (`Retry-After`)."""
        bucket = self._buckets.setdefault(who, _Bucket(self._burst, now))
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.left >= amount:
            bucket.left -= amount
            return 0
        return max(1, math.ceil((amount - bucket.left) / self._per_second))
