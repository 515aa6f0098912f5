"""Access tokens given out by this node: opaque, short-lived, bound to their sender and to one client (trust.md §2).

A token is 256 random bits; only its SHA-256 is kept, so that a memory dump yields no usable token and looking one up
takes no time that tells anything of another.  It opens nothing without what it is bound to: the certificate of the
connection (RFC 8705) or the key of a proof (RFC 9449).  The holder binds client and episodes at `Patient/_search`,
once: a token for one woman never opens another's record.  Tokens end with the process: askers ask again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.access import Asker, Herself
from babyconnect.birthcare.identifiers import Ura
from babyconnect.trust.claims import Verified

MAX_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Binding:
    """What a token's sender must have: the key with this thumbprint (`jkt`), the certificate with this one (`x5t`).

    Also what a request shows: then both are what it proved.
    """

    jkt: str = ""
    x5t: str = ""

    def fits(self, shown: Binding) -> bool:
        """Whether a request that proved `shown` may use a token bound to this."""
        return self.jkt in ("", shown.jkt) and self.x5t in ("", shown.x5t)

    def claim(self) -> dict[str, Any]:
        """`cnf` (RFC 7800), empty for a token that is bound to nothing."""
        return {name: value for name, value in (("jkt", self.jkt), ("x5t#S256", self.x5t)) if value}


UNBOUND = Binding()


@dataclass(slots=True, repr=False)
class Session:
    """What one token stands for.  `client` and `episodes` are set by `Sessions.bind`; `herself`, once, by the door:
    who a client portal's token turned out to be about here."""

    id: str
    verified: Verified
    audience: str
    issued: float
    expires: float
    bound: Binding = UNBOUND
    client: str | None = None
    episodes: frozenset[str] = frozenset()
    herself: Herself | None = None
    revoked: bool = False
    key: bytes = b""
    """The SHA-256 of the token: by which it is found, never by which it is used."""

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

    @property
    def kind(self) -> str:
        """`token_type` (RFC 6749 §7.1, RFC 9449 §5)."""
        return "DPoP" if self.session.bound.jkt else "Bearer"

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
        *,
        ended: Callable[[], None] = lambda: None,
        moved: Callable[[str], bool] = lambda client: False,
    ) -> None:
        """`ended` is called after tokens were ended, before whoever ended them hears of it; `moved`: whether what was
        kept by this name is kept by another since."""
        if not 0 < seconds <= MAX_SECONDS:
            raise ValueError(f"a token lives at most {MAX_SECONDS} seconds")
        self.audience, self.seconds = audience, seconds
        self._clock, self._capacity, self._share, self._ended = clock, capacity, share, ended
        self._moved = moved
        self._by_hash: dict[bytes, Session] = {}
        self._ending: dict[int, deque[bytes]] = {}
        self._held: Counter[Ura] = Counter()

    def issue(self, verified: Verified, bound: Binding = UNBOUND) -> Issued | Busy:
        """A fresh token for a verified asker, or Busy when this node or this organisation holds too many."""
        now = self._clock()
        self._drop_expired(now)
        ura = verified.asker.ura
        if len(self._by_hash) >= self._capacity or self._held[ura] >= self._share:
            return Busy(seconds=5)
        token, seconds = secrets.token_urlsafe(32), min(self.seconds, verified.seconds)
        key = hash_of(token)
        session = Session(secrets.token_hex(8), verified, self.audience, now, now + seconds, bound, key=key)
        self._by_hash[key] = session
        self._ending.setdefault(seconds, deque()).append(key)
        self._held[ura] += 1
        return Issued(token, seconds, session)

    def get(self, token: str, shown: Binding = UNBOUND) -> Session | None:
        """The live session of a token; None for unknown, expired, revoked, or sent by another than it was given to."""
        session = self._by_hash.get(hash_of(token))
        return session if session is not None and self.live(session, shown) else None

    def live(self, session: Session, shown: Binding = UNBOUND) -> bool:
        """Whether a session opens anything, now, for a request that proved `shown`.

        Of whose records were joined or parted since, it ended: its asker gets another and is told of her as she is now,
        where nothing at all would read as if there were nothing of her."""
        if not lives(session, shown, self._clock()):
            return False
        if session.client is not None and self._moved(session.client):
            session.revoked = True
            self._ended()
            return False
        return True

    def known(self, token: str) -> Session | None:
        """The session of a token given out here, whatever became of it: for the log, never to open anything."""
        return self._by_hash.get(hash_of(token))

    def by_key(self, key: bytes) -> Session | None:
        """The same by the token's hash, for a process that serves beside this one."""
        return self._by_hash.get(key)

    def bind(self, session: Session, client: str, episodes: frozenset[str]) -> bool:
        """Bind the token to her, once.  The same client again is fine; another is refused and changes nothing."""
        if session.client is None:
            session.client, session.episodes = client, episodes
        return session.client == client

    def bind_herself(self, session: Session, who: Herself) -> bool:
        """The same for a client who asks for her own: one person and one record per token."""
        if session.herself is None:
            session.herself, session.client = who, who.client or None
        return session.herself == who

    def revoke(self, token: str, by: Ura) -> bool:
        """RFC 7009: from now on this token of `by` opens nothing.  False when there is no such token of theirs."""
        session = self._by_hash.get(hash_of(token))
        if session is None or session.asker.ura != by:
            return False
        session.revoked = True
        self._ended()
        return True

    def revoke_client(self, client: str, concerned: Callable[[Asker], bool] = lambda _: True) -> int:
        """A consent was withdrawn: every token bound to her ends, also the ones already given.  Returns how many.

        `concerned`: of whom.  An asker whom the withdrawn provision is not about keeps a token that is still good."""
        ended = [
            session
            for session in self._by_hash.values()
            if session.client == client and not session.revoked and concerned(session.asker)
        ]
        for session in ended:
            session.revoked = True
        if ended:
            self._ended()
        return len(ended)

    @property
    def size(self) -> int:
        return len(self._by_hash)

    def _drop_expired(self, now: float) -> None:
        # Tokens of one lifetime end in the order in which they were given out; there are few lifetimes.
        for ending in self._ending.values():
            while ending and (session := self._by_hash[ending[0]]).expires <= now:
                del self._by_hash[ending.popleft()]
                self._held[session.asker.ura] -= 1
                if not self._held[session.asker.ura]:
                    del self._held[session.asker.ura]


def lives(session: Session, shown: Binding, now: float) -> bool:
    """Whether a session opens anything at a moment for a request that proved `shown`."""
    return not session.revoked and session.expires > now and session.bound.fits(shown)


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
