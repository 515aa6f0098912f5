"""Access tokens given out by this node: opaque, short-lived, bound to one client (RFC 6749 §10.3, trust.md §2).

A token is 256 random bits; only its SHA-256 is kept, so that a memory dump yields no usable token.  The holder binds
client and episodes at `Patient/_search`, once: a token for one woman never opens another's record.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from babyconnect.birthcare.access import Asker
from babyconnect.birthcare.identifiers import Ura
from babyconnect.trust.assertion import Verified

MAX_SECONDS = 900


@dataclass(slots=True, repr=False)
class Session:
    """What one token stands for.  `client` and `episodes` are set by `Sessions.bind`; `cnf`: sender constraint."""

    id: str
    verified: Verified
    audience: str
    issued: float
    expires: float
    cnf: str | None = None
    client: str | None = None
    episodes: frozenset[str] = frozenset()
    revoked: bool = False

    @property
    def asker(self) -> Asker:
        return self.verified.asker

    def __repr__(self) -> str:
        return f"Session({self.id})"


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A token, shown once.  Its repr hides it: it must not reach a log by accident."""

    token: str
    seconds: int
    session: Session

    def __repr__(self) -> str:
        return f"Issued({self.session.id})"


@dataclass(frozen=True, slots=True)
class Busy:
    """No room for another token now: the asker must wait (`seconds`) rather than push others out."""

    seconds: int


class Sessions:
    """The tokens of one node, in the process that answers.  `clock` gives seconds since the epoch."""

    def __init__(
        self,
        audience: str,
        clock: Callable[[], float],
        seconds: int = 300,
        capacity: int = 100_000,
        share: int = 50_000,
    ) -> None:
        if not 0 < seconds <= MAX_SECONDS:
            raise ValueError(f"a token lives at most {MAX_SECONDS} seconds")
        self.audience, self.seconds = audience, seconds
        self._clock, self._capacity, self._share = clock, capacity, share
        self._by_hash: dict[bytes, Session] = {}
        self._held: Counter[Ura] = Counter()

    def issue(self, verified: Verified, cnf: str | None = None) -> Issued | Busy:
        """A fresh token for a verified asker, or Busy when this node or this organisation holds too many."""
        now = self._clock()
        self._drop_expired(now)
        ura = verified.asker.ura
        if len(self._by_hash) >= self._capacity or self._held[ura] >= self._share:
            return Busy(seconds=5)
        token = secrets.token_urlsafe(32)
        session = Session(secrets.token_hex(8), verified, self.audience, now, now + self.seconds, cnf)
        self._by_hash[_hash(token)] = session
        self._held[ura] += 1
        return Issued(token, self.seconds, session)

    def get(self, token: str, cnf: str | None = None) -> Session | None:
        """The live session of a token; None for unknown, expired, revoked, or sent by another than it was given to."""
        session = self._by_hash.get(_hash(token))
        if session is None or session.revoked or session.expires <= self._clock():
            return None
        return session if session.cnf is None or session.cnf == cnf else None

    def bind(self, session: Session, client: str, episodes: frozenset[str]) -> bool:
        """Bind the token to her, once.  The same client again is fine; another is refused and changes nothing."""
        if session.client is None:
            session.client, session.episodes = client, episodes
        return session.client == client

    def revoke(self, token: str) -> bool:
        """RFC 7009: from now on this token opens nothing."""
        session = self._by_hash.get(_hash(token))
        if session is not None:
            session.revoked = True
        return session is not None

    def revoke_client(self, client: str) -> int:
        """A consent was withdrawn: every token bound to her ends, also the ones already given.  Returns how many."""
        ended = [session for session in self._by_hash.values() if session.client == client and not session.revoked]
        for session in ended:
            session.revoked = True
        return len(ended)

    @property
    def size(self) -> int:
        return len(self._by_hash)

    def _drop_expired(self, now: float) -> None:
        # All tokens live equally long, so the dict's order is the order in which they expire.
        while self._by_hash:
            oldest = next(iter(self._by_hash))
            session = self._by_hash[oldest]
            if session.expires > now:
                return
            del self._by_hash[oldest]
            self._held[session.asker.ura] -= 1
            if not self._held[session.asker.ura]:
                del self._held[session.asker.ura]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
