"""What was used once is not used again: a bounded memory of token ids until they expire (RFC 7523 §3, RFC 8725).

Kept in a journal, when there is one, so that a restart forgets nothing; without it (or when the machine itself went
down and the journal may lack its end) the verifier refuses whatever was issued before it started to remember (`born`).
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter, deque
from collections.abc import Iterable
from typing import Protocol

KEY_BYTES = 16


class Journal(Protocol):
    """Where used ids are written before they are called used; `trust.replay_journal` is one on disk."""

    def append(self, key: bytes, issuer: bytes, until: float) -> bool:
        """False when it could not be written: then the id is not called used, and nothing is believed."""

    def replace(self, kept: Iterable[tuple[bytes, bytes, float]]) -> None:
        """Only these are still of use."""


class Replays:
    """Remembers (issuer, jti).  When full it refuses: forgetting an unexpired id would allow a replay."""

    def __init__(
        self, born: float, capacity: int = 300_000, share: int = 150_000, journal: Journal | None = None
    ) -> None:
        self.born = born
        self._capacity, self._share, self._journal = capacity, share, journal
        self._until: dict[bytes, tuple[float, bytes]] = {}
        self._order: deque[bytes] = deque()
        self._held: Counter[bytes] = Counter()
        self._written = 0

    def recall(self, kept: Iterable[tuple[bytes, bytes, float]]) -> None:
        """What the journal still knows from before a restart."""
        for key, issuer, until in kept:
            if key not in self._until:
                self._remember(key, issuer, until)

    def first_use(self, issuer: str, jti: str, until: float, now: float) -> bool:
        """True once per (issuer, jti) before `until`; False for a replay, or when there is no room to remember it."""
        self._forget(now)
        key, who = _digest(f"{issuer}\n{jti}"), _who(issuer)
        if key in self._until or len(self._until) >= self._capacity or self._held[who] >= self._share:
            return False
        if self._journal is not None and not self._journal.append(key, who, until):
            return False
        self._remember(key, who, until)
        self._written += 1
        return True

    @property
    def size(self) -> int:
        return len(self._until)

    def _remember(self, key: bytes, issuer: bytes, until: float) -> None:
        self._until[key] = (until, issuer)
        self._order.append(key)
        self._held[issuer] += 1

    def _forget(self, now: float) -> None:
        """What ended, oldest first: a step or two at every use instead of a walk through all.  What came before
        something that lives a little longer stays with it, which only makes the memory a minute longer."""
        while self._order and self._until[self._order[0]][0] <= now:
            _, issuer = self._until.pop(self._order.popleft())
            self._held[issuer] -= 1
            if not self._held[issuer]:
                del self._held[issuer]
        if self._journal is not None and self._written > 2 * self._capacity:
            # Twice as long as the memory at most, so that it is rewritten seldom, also when the memory is nearly full.
            self._journal.replace((key, issuer, until) for key, (until, issuer) in self._until.items())
            self._written = len(self._until)


@functools.lru_cache(maxsize=4096)
def _who(issuer: str) -> bytes:
    return _digest(issuer)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:KEY_BYTES]
