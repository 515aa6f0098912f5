"""A token bucket per organisation, person or address: what one may take per second, and what it may take at once.

The clock is an argument (monotonic seconds).  Nobody's bucket is another's: whoever empties hers leaves the rest
as they are.  Memory is bounded: a bucket that is full again says nothing and is let go.
"""

from __future__ import annotations

import math

MOST = 20_000


class Limits:
    def __init__(self, per_second: float, burst: float, most: int = MOST) -> None:
        self._per_second = per_second
        self._burst = burst
        self._most = most
        self._buckets: dict[str, tuple[float, float]] = {}
        """What was left, and when."""

    def take(self, who: str, amount: float, now: float) -> int:
        """0 when granted; otherwise after how many whole seconds to come back (`Retry-After`)."""
        left = self._left(who, now)
        granted = left >= amount
        self._buckets[who] = (left - amount if granted else left, now)
        if len(self._buckets) > self._most:
            self._make_room(now)
        return 0 if granted else self._wait(amount - left)

    def wait(self, who: str, amount: float, now: float) -> int:
        """What `take` would say, taking nothing."""
        left = self._left(who, now)
        return 0 if left >= amount else self._wait(amount - left)

    def _left(self, who: str, now: float) -> float:
        found = self._buckets.get(who)
        return self._burst if found is None else min(self._burst, found[0] + (now - found[1]) * self._per_second)

    def _wait(self, missing: float) -> int:
        return max(1, math.ceil(missing / self._per_second))

    def _make_room(self, now: float) -> None:
        """Lets go of the full ones; when there are none, of the tenth that was made first."""
        full = [who for who in self._buckets if self._left(who, now) >= self._burst]
        for who in full or list(self._buckets)[: max(1, self._most // 10)]:
            del self._buckets[who]

    def __len__(self) -> int:
        return len(self._buckets)
