"""What the regional services promise, as values and protocols; the stages around them are given in as callables.

Stages do not import each other, so whoever signs and verifies (`trust`) reaches this package as `Sign` and `Verify`.
Expected outcomes are values; the exceptions below are faults of the region, and each of them must fail closed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from babyconnect.birthcare.access import Asker, Consent
from babyconnect.birthcare.identifiers import Agb, Bsn, Ura
from babyconnect.birthcare.parties import Kind, Party

Jwks = Mapping[str, Any]
Claims = Mapping[str, Any]

Sign = Callable[[str, Claims], str]
"""(audience, claims) -> a compact JWS by this organisation's key: iss = sub = own URA, exp <= 60 s, jti."""

Verify = Callable[[str, str, Callable[[Ura], Jwks]], Claims]
"""(token, audience, keys of an organisation) -> verified claims; raises ValueError.  It refuses a jti seen before."""


class RegionFault(Exception):
    """A regional service could not be used: unreachable, overloaded, or it answered rubbish."""


class ConsentsUnknown(RegionFault):
    """Nobody can say now what she allows; the door denies."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an organisation's source API answers.  `batch`: it takes a FHIR batch Bundle at `fhir_base`."""

    fhir_base: str
    token_endpoint: str
    batch: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One organisation as it publishes itself: who it is, where it answers, which keys speak for it."""

    party: Party
    endpoint: Endpoint | None
    keys: Jwks
    agb: Agb | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Registration:
    """One pointer: this organisation keeps birth-care data about this pseudonym.  Nothing about what data.

    `until`: the end of the episode plus the configured term, or of the consent, whichever is first; never open.
    `source` tells registrations of one organisation apart (its system's opaque name).
    """

    pseudonym: str
    holder: Ura
    kind: Kind
    source: str
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Located:
    """One organisation that keeps something, and that she allows this asker to know of.

    `kind` is None when the directory does not know the holder (yet): then it cannot be asked, and that is said.
    """

    holder: Ura
    kind: Kind | None
    source: str


class Parties(Protocol):
    """The directory as a node sees it: a replica in memory, so every look-up is immediate."""

    def parties(self) -> Sequence[Party]: ...

    def party(self, ura: Ura) -> Party | None: ...

    def endpoint(self, ura: Ura) -> Endpoint | None: ...

    def keys(self, ura: Ura) -> Jwks:
        """The organisation's public keys as a JWKS; no keys when it is unknown or no longer active."""


class Pseudonyms(Protocol):
    async def of(self, bsn: Bsn) -> str:
        """Her pseudonym for this region's services.  Raises RegionFault."""

    async def of_all(self, bsns: Sequence[Bsn]) -> Sequence[str]:
        """The same for many, in few round trips (publishing)."""


class Localisation(Protocol):
    async def localise(self, pseudonym: str, asker: Asker, traceparent: str = "") -> tuple[Located, ...]:
        """The organisations that she lets this asker know of; () when none.  Raises RegionFault."""

    async def register(self, pseudonym: str, source: str, until: dt.datetime) -> None:
        """Idempotent; a later `until` replaces the earlier one.  Raises RegionFault."""

    async def register_all(self, pointers: Sequence[tuple[str, dt.datetime]], source: str) -> None:
        """Many at once: (pseudonym, until) each."""

    async def unregister(self, pseudonym: str, source: str = "") -> None: ...


class Consents(Protocol):
    async def of(self, pseudonym: str) -> tuple[Consent, ...]:
        """Her provisions in force, no older than the lease.  Raises ConsentsUnknown: then deny."""


class ConsentDesk(Protocol):
    """Where a consent is recorded or withdrawn, by an organisation on her behalf."""

    async def record(self, pseudonym: str, consent: Consent) -> str:
        """Returns the id in the register."""

    async def record_all(self, given: Sequence[tuple[str, Consent]]) -> list[str]:
        """Many at once, each with her pseudonym; returns their ids."""

    async def withdraw(self, id: str) -> None: ...


MayKnow = Callable[[Asker, Ura, Kind, Sequence[Consent], dt.datetime], bool]
"""(asker, holder, holder's kind, her consents, now) -> whether she lets this asker know that this holder has something.
Composed from `trust`; a pure function."""


@dataclass(frozen=True, slots=True)
class RegionEvent:
    """What the region did, for its audit log: no clinical content, the client only as pseudonym.

    It is written before the answer leaves; a fault in writing yields no answer.
    """

    action: Literal[
        "register", "unregister", "localise", "consent", "withdraw", "consents", "pseudonymise", "directory"
    ]
    outcome: Literal["ok", "refused"]
    organisation: str
    person: str = ""
    role: str = ""
    purpose: str = ""
    pseudonym: str = ""
    detail: str = ""
    traceparent: str = ""


Audit = Callable[[RegionEvent], Awaitable[None]]
