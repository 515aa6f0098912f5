"""Sessions of logged-in people: kept in this process, found by a random id, ended by idleness, age or log-out.

A session holds the only link between a page's handle and a client's BSN, so that no BSN is ever in an address.  The
cookie's value is not kept: a session is found by its hash (OWASP ASVS 5, chapter 7).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Function, Party, Person

IDLE_SECONDS = 30 * 60
ABSOLUTE_SECONDS = 10 * 3600
MOST_SESSIONS = 5_000
MOST_RECORDS = 8


def new_handle() -> str:
    """An opaque name for something of a session, fit for an address."""
    return secrets.token_urlsafe(18)


@dataclass(frozen=True, slots=True)
class Origin:
    """Which log-in at which issuer a session came of; by this a back-channel logout finds it."""

    issuer: str = ""
    subject: str = ""
    sid: str = ""
    id_token: str = field(default="", repr=False)

    @classmethod
    def of(cls, claims: Mapping[str, Any], id_token: str) -> Origin:
        return cls(str(claims.get("iss", "")), str(claims.get("sub", "")), str(claims.get("sid", "")), id_token)


@dataclass(kw_only=True)
class Session:
    """One log-in of somebody.

    `secret` is what form tokens are made of; `name` tells sessions apart (for rate limits) and opens nothing.  `ended`:
    for good, so that a request that was under way leaves nothing in it.
    """

    origin: Origin = Origin()
    started: float = 0.0
    seen: float = 0.0
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    name: str = field(default_factory=new_handle)
    ended: bool = False

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

    def close(self) -> None:
        """Forget whatever this session held."""

    def end(self) -> None:
        """Forget it, and hold nothing from now on."""
        self.ended = True
        self.close()


R = TypeVar("R")
S = TypeVar("S", bound=Session)


@dataclass(kw_only=True)
class StaffSession(Session, Generic[R]):
    """Somebody of the organisation.  `records`: opened records by handle.  `listed`: clients of today's list by handle.

    `functions` open pages that are not about care (`web.site.may`); `shut` is called with each record
    that goes; `holds` whether the log-in still does.
    """

    person: Person
    party: Party
    assurance: str = ""
    functions: frozenset[Function] = frozenset()
    shut: Callable[[R], None] = field(repr=False)
    holds: Callable[[], Awaitable[bool]] = field(repr=False)
    records: dict[str, R] = field(default_factory=dict, repr=False)
    listed: dict[str, Bsn] = field(default_factory=dict, repr=False)

    def keep(self, record: R) -> str:
        """A handle for a newly opened record; the oldest goes when one screen's worth is exceeded."""
        while len(self.records) >= MOST_RECORDS:
            self.shut(self.records.pop(next(iter(self.records))))
        handle = new_handle()
        self.records[handle] = record
        if self.ended:
            self.drop(handle)
        return handle

    def drop(self, handle: str) -> None:
        """The record of a handle goes, if it is still there."""
        record = self.records.pop(handle, None)
        if record is not None:
            self.shut(record)

    def close(self) -> None:
        for handle in list(self.records):
            self.drop(handle)
        self.listed.clear()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class Sessions(Generic[S]):
    """All sessions of one site.  `clock` is monotonic seconds."""

    def __init__(
        self, clock: Callable[[], float], idle: float = IDLE_SECONDS, absolute: float = ABSOLUTE_SECONDS
    ) -> None:
        self._clock = clock
        self._idle = idle
        self._absolute = absolute
        self._by_hash: dict[bytes, S] = {}

    def start(self, session: S) -> str:
        """The token that finds this session; always a new id, so that none can be planted before log-in."""
        self.sweep()
        if len(self._by_hash) >= MOST_SESSIONS:
            self._drop(min(self._by_hash, key=lambda key: self._by_hash[key].seen))
        token = secrets.token_urlsafe(32)
        session.started = session.seen = self._clock()
        self._by_hash[_hash(token)] = session
        return token

    def find(self, token: str) -> S | None:
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

    def end(self, token: str) -> S | None:
        """Ends the session of a token; the session that ended, if there was one."""
        return self._drop(_hash(token))

    def end_where(self, holds: Callable[[S], bool]) -> list[S]:
        """Ends every session that fits; those that ended."""
        fitting = [key for key, session in self._by_hash.items() if holds(session)]
        return [ended for key in fitting if (ended := self._drop(key)) is not None]

    def sweep(self) -> None:
        """Forget whatever is over; called at each log-in."""
        self.end_where(self._over)

    def end_all(self) -> None:
        self.end_where(lambda _: True)

    def _over(self, session: S) -> bool:
        now = self._clock()
        return now - session.seen > self._idle or now - session.started > self._absolute

    def _drop(self, key: bytes) -> S | None:
        session = self._by_hash.pop(key, None)
        if session is not None:
            session.end()
        return session
