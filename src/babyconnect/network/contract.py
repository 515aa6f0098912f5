"""What the regional services promise, as values and protocols; the stages around them are given in as callables.

Stages do not import each other, so whoever signs and verifies (`trust`) reaches this package as `Sign` and `Verify`.
Expected outcomes are values; the exceptions below are faults of the region, and each of them must fail closed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
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


class Answered(Protocol):
    """A whole answer; header names in lower case."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


class Calling(Protocol):
    """How requests travel (`exchange.http1.Http`): kept-alive connections, TLS, limits."""

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, owner: str = ""
    ) -> Answered:
        """One request, one whole answer.  `owner`: whose server it must be.  OSError when none came whole; it has
        `early` when a kept connection turned out to be closed before anything was answered."""


class RegionFault(Exception):
    """A regional service could not be used: unreachable, overloaded, or it answered rubbish."""


class ConsentsUnknown(RegionFault):
    """Nobody can say now what she allows; the door denies."""


class NotKept(ConsentsUnknown):
    """The register does not know that this organisation keeps her, so it tells only `recorded`: what was recorded by
    it.  What else she said is unknown."""

    def __init__(self, recorded: tuple[Consent, ...] = ()) -> None:
        super().__init__("the index has no pointer of ours to her")
        self.recorded = recorded


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an organisation's source API answers.  `batch`: it takes a FHIR batch Bundle at `fhir_base`;
    `finds`: whose first entry may be `POST Patient/_search`.

    `grant`: how tokens are asked for there (`definitions/scopes.toml`: minvws, gf or nuts).
    """

    fhir_base: str
    token_endpoint: str
    batch: bool = False
    grant: str = "minvws"
    finds: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One organisation in the directory: who it is, where it answers, which keys speak for it.

    `portal`: the region lists it as a client portal; never what an organisation says of itself.
    """

    party: Party
    endpoint: Endpoint | None
    keys: Jwks
    agb: Agb | None = None
    active: bool = True
    portal: bool = False


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


@dataclass(frozen=True, slots=True)
class Found:
    """What the index answers a professional: where to ask, and what others gave this organisation as evidence that it
    treats her.  One answer, because the index weighs that evidence anyway."""

    located: tuple[Located, ...] = ()
    given: tuple[Given, ...] = ()


class Parties(Protocol):
    """The directory as a node sees it: a replica in memory, so every look-up is immediate."""

    def parties(self) -> Sequence[Party]: ...

    def party(self, ura: Ura) -> Party | None: ...

    def endpoint(self, ura: Ura) -> Endpoint | None: ...

    def keys(self, ura: Ura) -> Jwks:
        """The organisation's public keys as a JWKS; no keys when it is unknown or no longer active."""

    def portal(self, ura: Ura) -> bool:
        """Whether its word counts that a client herself is logged in."""


class Pseudonyms(Protocol):
    async def of(self, bsn: Bsn) -> str:
        """Her pseudonym for this region's services.  Raises RegionFault."""

    async def of_all(self, bsns: Sequence[Bsn]) -> Sequence[str]:
        """The same for many, in few round trips (publishing)."""


class Localisation(Protocol):
    async def localise(self, pseudonym: str, asker: Asker, traceparent: str = "") -> Found:
        """The organisations that she lets this asker know of.  Raises RegionFault."""

    async def hers(self, pseudonym: str, by: By, traceparent: str = "") -> tuple[Located, ...]:
        """All organisations that keep something of her, when she herself asks.  Raises RegionFault."""

    async def register(self, pseudonym: str, source: str, until: dt.datetime) -> None:
        """Idempotent; a later `until` replaces the earlier one.  Raises RegionFault."""

    async def register_all(self, pointers: Sequence[tuple[str, dt.datetime]], source: str) -> None:
        """Many at once: (pseudonym, until) each."""

    async def unregister(self, pseudonym: str, source: str = "") -> None: ...


class Consents(Protocol):
    async def of(self, pseudonym: str) -> tuple[Consent, ...]:
        """Her provisions in force, no older than the lease.  Raises ConsentsUnknown (also NotKept): then deny."""

    async def as_if(self, stand_in: str) -> None:
        """Asks in the same way about a name that nobody has, so that neither time nor a fault tells who is known here.
        Raises ConsentsUnknown."""


Capacity = Literal["professional", "client", "representative"]
"""Who spoke: a professional on her behalf, with her; she herself, logged in; or who represents her (a parent)."""


@dataclass(frozen=True, slots=True)
class By:
    """Who registers or reads consents at this organisation.  `person`: opaque (never a BSN).

    For a client or representative the organisation vouches for the log-in: `assurance` its level, `login` its moment.
    The region believes that of the organisations that it lists as client portals only.
    """

    person: str
    role: str
    capacity: Capacity = "professional"
    assurance: str = ""
    login: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ConsentVersion:
    """One version of one Consent: what it said from `moment` on, and who made it so.

    `recorder` is the organisation.  `active` False: withdrawn.
    """

    sequence: int
    consent: Consent
    active: bool
    moment: dt.datetime
    recorder: Ura
    person: str
    capacity: Capacity


class ConsentRefused(Exception):
    """The register understood and said no (a rule), or does not know it; nothing was changed."""


class ConsentDesk(Protocol):
    """Where consents are recorded, withdrawn and read, by an organisation with her, or by herself through one.

    Each raises ConsentRefused for a rule of the register and RegionFault when it cannot be reached; either way nothing
    was changed unless it returns.
    """

    async def change(
        self, pseudonym: str, give: Sequence[Consent], withdraw: Sequence[str], by: By, traceparent: str = ""
    ) -> list[str]:
        """New provisions and ids to withdraw, all or nothing, in force at one instant.  Returns the new ids."""

    async def record_all(self, given: Sequence[tuple[str, Consent]]) -> list[str]:
        """Many at once, each with her pseudonym (publishing); returns their ids."""

    async def versions(self, pseudonym: str, by: By, traceparent: str = "") -> tuple[ConsentVersion, ...]:
        """What of hers the asker may read, every version, oldest first: about its records or recorded by it; all of
        hers when she asks herself."""


@dataclass(frozen=True, slots=True)
class MadeCode:
    """A code for her to show or say.  The code itself is known to nobody afterwards; `reference` names it."""

    code: str
    reference: str
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class ShownCode:
    """She showed a code to this organisation: evidence `Relation("code", reference, start, until)` on the asking side.

    `holder` is the organisation that made it with her.
    """

    reference: str
    start: dt.datetime
    until: dt.datetime
    holder: Ura


class ConsentCodes(Protocol):
    """Codes that she can show or say at any hospital (domain §4: evidence "a code that she shows").

    Short enough to speak, useless without her BSN, tries limited, kept as a keyed hash.  All raise RegionFault.
    """

    async def make(
        self, pseudonym: str, until: dt.datetime, permit: Consent | None, by: By, traceparent: str = ""
    ) -> MadeCode:
        """`permit`: what whoever she shows it to may see of this organisation's records; it is recorded, with that
        organisation as actor, at the moment she shows the code."""

    async def verify(self, code: str, pseudonym: str, by: By, traceparent: str = "") -> ShownCode | None:
        """She showed this code here.  None: not a code of hers that is valid now.  Many tries are a RegionFault."""

    async def shown(self, reference: str, pseudonym: str, asker: Ura, traceparent: str = "") -> ShownCode | None:
        """Whether she showed that code to that organisation: for the holder, who is told of it by the asker's token."""


MayKnow = Callable[[Asker, Sequence[Consent], dt.datetime], Callable[[tuple[Ura, Kind], bool, bool], bool]]
"""(asker, her consents, now) -> (holder, whether it referred her to this asker, whether it opted in to answer a
confirmed emergency against an objection) -> whether the asker may know that this holder has something.  Composed from
`trust`; pure."""


@dataclass(frozen=True, slots=True)
class RegionEvent:
    """What the region did, for its audit log: no clinical content, the client only as pseudonym.

    It is written before the answer leaves; a fault in writing yields no answer.
    """

    action: Literal[
        "register",
        "witness",
        "unregister",
        "localise",
        "consent",
        "withdraw",
        "consents",
        "code",
        "code_shown",
        "evidence",
        "evidence_read",
        "sought",
        "pseudonymise",
        "directory",
    ]
    outcome: Literal["ok", "refused", "fault"]
    organisation: str
    person: str = ""
    role: str = ""
    purpose: str = ""
    pseudonym: str = ""
    detail: str = ""
    traceparent: str = ""


Audit = Callable[[RegionEvent], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Sought:
    """`asker` asked the index, as an emergency, who keeps this client.  `reference`: of its declaration; `reason`: its
    category, as it was given.  `number`: by which the region is told that it was taken note of."""

    pseudonym: str
    reference: str
    asker: Ura
    person: str
    role: str
    responsible: str
    reason: str
    moment: dt.datetime
    trace: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Unread:
    """What the region told under this number cannot be read, but for what is here."""

    number: int
    asker: str = ""
    moment: str = ""


class Searches(Protocol):
    """Emergencies in which a client was searched for whom this organisation keeps.  All raise RegionFault."""

    async def waiting(self, after: int = 0) -> tuple[Sought | Unread, ...]:
        """The oldest first, of a number above `after`; the same again until they were taken note of."""

    async def taken(self, numbers: Collection[int]) -> None: ...


GivenBasis = Literal["announcement", "referral", "locum"]


@dataclass(frozen=True, slots=True)
class Given:
    """Evidence that `issuer` gave `receiver`: it announces or refers this client, or agreed on a locum for its clients.

    `episode`: the issuer's own opaque episode, for the issuer's own use as a holder.  A revoked one is not `standing`.
    """

    reference: str
    basis: GivenBasis
    issuer: Ura
    receiver: Ura
    start: dt.date
    end: dt.date
    episode: str = ""
    standing: bool = True


class EvidenceRegister(Protocol):
    """The region's register of evidence: pseudonyms, who gave whom what, and until when; nothing clinical.

    All raise RegionFault; a holder that cannot ask believes nothing that it should have asked about.
    """

    async def give(self, pseudonym: str, given: Given, person: str, traceparent: str = "") -> None:
        """Recorded for its receiver.  A locum agreement is about all clients of its issuer: `pseudonym` is ""."""

    async def received(self, pseudonym: str, traceparent: str = "") -> tuple[Given, ...]:
        """What stands, for this organisation, about this client (or about all clients of somebody who keeps her)."""

    async def made(self) -> tuple[Given, ...]:
        """What this organisation gave, the latest first, revoked and over included."""

    async def confirm(
        self, pseudonym: str, reference: str, basis: str, asker: Ura, traceparent: str = ""
    ) -> Given | None:
        """For a holder: whether that evidence stands, for that asker, about this client."""

    async def keeps(self, pseudonym: str, asker: Ura) -> bool:
        """For a holder: whether that organisation keeps her itself, by the index."""

    async def revoke(self, reference: str, person: str, traceparent: str = "") -> bool:
        """By whoever gave it.  From now on it is no evidence."""
