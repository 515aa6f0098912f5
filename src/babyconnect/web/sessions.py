"""Sessions of logged-in professionals: kept in this process, found by a random id, ended by idleness, age or log-out.

A session holds the only link between a page's handle and a client's BSN, so that no BSN is ever in an address.  The
cookie's value is not kept: a session is found by its hash (OWASP ASVS 5, chapter 7).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Party, Person

R = TypeVar("R")

IDLE_SECONDS = 30 * 60
ABSOLUTE_SECONDS = 10 * 3600
MOST_SESSIONS = 5_000
MOST_RECORDS = 8


@dataclass
class Session(Generic[R]):
    """One log-in.  `records`: opened records by handle.  `listed`: clients of today's list by handle.

    `secret` is what form tokens are made of; `name` tells sessions apart (for rate limits) and opens nothing.
    """

    person: Person
    party: Party
    assurance: str
    started: float
    seen: float
    secret: bytes
    name: str
    records: dict[str, R] = field(default_factory=dict)
    listed: dict[str, Bsn] = field(default_factory=dict)

    @property
    def csrf(self) -> str:
        """A form token: the session's secret under a mask of its own, so that no two pages bear the same text."""
        mask = secrets.token_bytes(len(self.secret))
        return (mask + _xor(self.secret, mask)).hex()

    def csrf_holds(self, token: str) -> bool:
        """Whether a form token is one of this session's."""
        try:
            sent = bytes.fromhex(token)
        except ValueError:
            return False
        mask, masked = sent[: len(self.secret)], sent[len(self.secret) :]
        return len(masked) == len(self.secret) and hmac.compare_digest(_xor(masked, mask), self.secret)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def new_handle() -> str:
    """An opaque name for something of a session, fit for an address."""
    return secrets.token_urlsafe(18)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class Sessions(Generic[R]):
    """All sessions of one viewer.  `clock` is monotonic seconds; `close` is called with each record that goes."""

    def __init__(
        self,
        clock: Callable[[], float],
        close: Callable[[R], None],
        idle: float = IDLE_SECONDS,
        absolute: float = ABSOLUTE_SECONDS,
    ) -> None:
        self._clock = clock
        self._close = close
        self._idle = idle
        self._absolute = absolute
        self._by_hash: dict[bytes, Session[R]] = {}

    def start(self, person: Person, party: Party, assurance: str) -> tuple[str, Session[R]]:
        """A new session and the token that finds it; always a new id, so that none can be planted before log-in."""
        self.sweep()
        if len(self._by_hash) >= MOST_SESSIONS:
            self._drop(min(self._by_hash, key=lambda key: self._by_hash[key].seen))
        token = secrets.token_urlsafe(32)
        now = self._clock()
        session: Session[R] = Session(person, party, assurance, now, now, secrets.token_bytes(32), new_handle())
        self._by_hash[_hash(token)] = session
        return token, session

    def find(self, token: str) -> Session[R] | None:
        """The session of a token, if it still lives; finding it counts as use."""
        key = _hash(token)
        session = self._by_hash.get(key)
        if session is None:
            return None
        if self._over(session):
            self._drop(key)
            return None
        session.seen = self._clock()
        return session

    def end(self, token: str) -> None:
        if _hash(token) in self._by_hash:
            self._drop(_hash(token))

    def sweep(self) -> None:
        """Forget whatever is over; called at each log-in."""
        for key in [key for key, session in self._by_hash.items() if self._over(session)]:
            self._drop(key)

    def end_all(self) -> None:
        for key in list(self._by_hash):
            self._drop(key)

    def keep(self, session: Session[R], record: R) -> str:
        """A handle for a newly opened record; the oldest goes when one screen's worth is exceeded."""
        while len(session.records) >= MOST_RECORDS:
            self._close(session.records.pop(next(iter(session.records))))
        handle = new_handle()
        session.records[handle] = record
        return handle

    def _over(self, session: Session[R]) -> bool:
        now = self._clock()
        return now - session.seen > self._idle or now - session.started > self._absolute

    def _drop(self, key: bytes) -> None:
        session = self._by_hash.pop(key)
        for record in session.records.values():
            self._close(record)
        session.records.clear()
        session.listed.clear()
