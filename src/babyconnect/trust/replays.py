"""What was used once is not used again: a bounded memory of token ids until they expire (RFC 7523 §3, RFC 8725).

Kept in a journal, when there is one, so that a restart forgets nothing; without it (or when the machine itself went
down and the journal may lack its end) the verifier refuses whatever was issued before it started to remember (`born`).
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
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
        self._held: Counter[bytes] = Counter()
        self._next_sweep = born
        self._written = 0

    def recall(self, kept: Iterable[tuple[bytes, bytes, float]]) -> None:
        """What the journal still knows from before a restart."""
        for key, issuer, until in kept:
            if key not in self._until:
                self._until[key] = (until, issuer)
                self._held[issuer] += 1

    def first_use(self, issuer: str, jti: str, until: float, now: float) -> bool:
        """True once per (issuer, jti) before `until`; False for a replay, or when there is no room to remember it."""
        if now >= self._next_sweep:
            self._sweep(now)
        key, who = _digest(f"{issuer}\n{jti}"), _who(issuer)
        if key in self._until or len(self._until) >= self._capacity or self._held[who] >= self._share:
            return False
        if self._journal is not None and not self._journal.append(key, who, until):
            return False
        self._until[key] = (until, who)
        self._held[who] += 1
        self._written += 1
        return True

    @property
    def size(self) -> int:
        return len(self._until)

    def _sweep(self, now: float) -> None:
        gone = [key for key, (until, _) in self._until.items() if until <= now]
        for key in gone:
            _, issuer = self._until.pop(key)
            self._held[issuer] -= 1
            if not self._held[issuer]:
                del self._held[issuer]
        self._next_sweep = now + 5
        if self._journal is not None and self._written > self._capacity:
            # As long as the memory itself at most: the journal is rewritten when it holds mostly what expired.
            self._journal.replace((key, issuer, until) for key, (until, issuer) in self._until.items())
            self._written = len(self._until)


@functools.lru_cache(maxsize=4096)
def _who(issuer: str) -> bytes:
    return _digest(issuer)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:KEY_BYTES]
