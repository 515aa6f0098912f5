"""What was used once is not used again: a bounded memory of token ids until they expire (RFC 7523 §3, RFC 8725).

In memory, because an assertion lives a minute: after a restart the verifier refuses what was issued before it started
(`born`), which closes the gap without a disk.
"""

from __future__ import annotations

import hashlib
from collections import Counter


class Replays:
    """Remembers (issuer, jti).  When full it refuses: forgetting an unexpired id would allow a replay."""

    def __init__(self, born: float, capacity: int = 300_000, share: int = 150_000) -> None:
        self.born = born
        self._capacity, self._share = capacity, share
        self._until: dict[bytes, tuple[float, str]] = {}
        self._held: Counter[str] = Counter()
        self._next_sweep = born

    def first_use(self, issuer: str, jti: str, until: float, now: float) -> bool:
        """True once per (issuer, jti) before `until`; False for a replay, or when there is no room to remember it."""
        if now >= self._next_sweep:
            self._sweep(now)
        key = hashlib.sha256(f"{issuer}\n{jti}".encode()).digest()[:16]
        if key in self._until or len(self._until) >= self._capacity or self._held[issuer] >= self._share:
            return False
        self._until[key] = (until, issuer)
        self._held[issuer] += 1
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
