"""Rate limits: how often one key (an address, a user name, a session) may do something within a window."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

MOST_KEYS = 10_000


class Limit:
    """At most `times` per `seconds` per key.  Keys beyond MOST_KEYS push out the least recently used."""

    def __init__(self, times: int, seconds: float, clock: Callable[[], float]) -> None:
        self._times = times
        self._seconds = seconds
        self._clock = clock
        self._moments: OrderedDict[str, deque[float]] = OrderedDict()

    def reached(self, key: str) -> bool:
        """True when the key has no turn left; asking takes no turn."""
        moments = self._recent(key)
        return moments is not None and len(moments) >= self._times

    def take(self, key: str) -> bool:
        """Takes a turn; False when none was left."""
        if self.reached(key):
            return False
        self._moments.setdefault(key, deque()).append(self._clock())
        self._moments.move_to_end(key)
        while len(self._moments) > MOST_KEYS:
            self._moments.popitem(last=False)
        return True

    def forgive(self, key: str) -> None:
        self._moments.pop(key, None)

    def _recent(self, key: str) -> deque[float] | None:
        moments = self._moments.get(key)
        if moments is None:
            return None
        horizon = self._clock() - self._seconds
        while moments and moments[0] <= horizon:
            moments.popleft()
        return moments
