"""The values a decision about access is made of (design principle 2; NEN 7512, Wabvpz 15a).

Nothing here decides: `trust.decision.decide` does, from exactly these values, without a clock, a socket or a database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Kind, Responsible, Role


class Purpose(StrEnum):
    """Purpose of use (HL7 v3 PurposeOfUse; the codes that the Mitz and Dutch token profiles use)."""

    __hash__ = str.__hash__  # Enum's own is written in Python, and a decision looks up by these all the time

    TREATMENT = "TREAT"
    COORDINATION = "COC"
    EMERGENCY = "BTG"
    OWN_RECORD = "PATRQT"
    """She asks for her own; decided by `trust.client_access`, never by the rules for professionals."""


CONSULT_SCOPE = "zorginzage-geboortezorg"
"""The use case of birth care consultation (trust.md §2)."""

EMERGENCY_SCOPE = "noodinzage-geboortezorg"
"""Our own scope for breaking the glass: whoever asks it says so in the token request (domain §4)."""


OWN_SCOPE = "eigen-inzage-geboortezorg"
"""Our own scope for a client who sees her own record and log over all organisations."""


class Shielded(StrEnum):
    """Groups outside every default (domain: shielded groups), carried in `meta.security` of a resource."""

    __hash__ = str.__hash__  # Enum's own is written in Python, and a decision looks up by these all the time

    SAFETY = "safety"
    ABORTION = "abortion"
    HIV_STI = "hiv-sti"
    SUBSTANCE_USE = "substance-use"
    MENTAL_HEALTH = "mental-health"
    GENETICS = "genetics"


class Channel(StrEnum):
    """Where an answer comes to light.  Which labels go where is data (`definitions/channels.csv`, `trust.channels`)."""

    PROFESSIONAL_VIEWER = "professional_viewer"
    CLIENT_SITE = "client_site"
    PGO = "pgo"
    PRINT = "print"
    NOTIFICATION = "notification"
    EXPORT = "export"
    LOG = "log"


ALL = frozenset({"*"})
"""Stands for every data group (or every holder) in a consent; never for a shielded group."""


@dataclass(frozen=True, slots=True)
class Consent:
    """One provision of a client: yes or no to whom, about which groups, from which holders, in which period.

    `actor` is `ura:<8 digits>`, `kind:<Kind>` or `*`; `holder` likewise.  `groups` are data groups or shielded groups
    by code, or ALL.  Specific beats general; at equal specificity an objection wins (domain §4).
    """

    id: str
    permit: bool
    actor: str
    holder: str = "*"
    groups: frozenset[str] = ALL
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    recorded: dt.datetime | None = None


def unbeaten(id: str, asker: Ura, holder: Ura, groups: Iterable[str]) -> Consent:
    """A no to this asker at this holder that no yes beats: none is more specific about who asks, who holds or what.
    `groups`: every data group there is."""
    every = ALL.union(groups, [shielded.value for shielded in Shielded])
    return Consent(id, False, f"ura:{asker}", f"ura:{holder}", every)


@dataclass(frozen=True, slots=True)
class Relation:
    """Evidence of a treatment relationship, on one side.

    `basis`: episode | preconception | announcement | emergency_registration | locum | code | referral | care_team |
    enrolment | break_glass.  `reference` is an opaque id the side can be held to (no clinical content).  Dates bound
    its validity.  `episode`: the holder's episode it is about, "" when it is about her as a whole or the holder is to
    judge.  How far evidence of the asker's must be checked is data (`definitions/relation_terms.toml`).
    """

    basis: str
    reference: str
    start: dt.date | None = None
    end: dt.date | None = None
    episode: str = ""


@dataclass(frozen=True, slots=True)
class Emergency:
    """What somebody declared who broke the glass: a category of `definitions/break_glass.toml`, never free text.

    `over_objection`: the second confirmation, given with the first and on the same screen for everybody, so that being
    asked for it tells nothing.
    """

    reason: str
    over_objection: bool = False


@dataclass(frozen=True, slots=True)
class EmergencyTerms:
    """How this holder answers an emergency (its settings): whether at all, whether an explicit objection may be
    overridden on a second confirmation, and how long one declaration opens anything."""

    answered: bool = True
    overrides_objection: bool = False
    minutes: int = 60


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """What a client portal signs of the client behind a request: her pseudonym of the region (`subject`: who is logged
    in, also while she acts for a child), when that log-in was (seconds since the epoch), and where the answer comes to
    light."""

    subject: str
    moment: int
    channel: Channel = Channel.CLIENT_SITE


@dataclass(frozen=True, slots=True)
class Herself:
    """A client, or who has authority over a child, behind her own log-in, as one holder knows her.

    `client`: whose record (compartment) it is, "" where there is none here; `own`: the log-in proves that it is hers;
    `child`: the child whose view is asked, "" for her own.  `person`: her handle in the registers; `pseudonym`: as the
    log knows her; `about`: whose record it is, where that is asked by number.
    """

    person: str
    pseudonym: str
    client: str
    own: bool
    channel: Channel
    child: str = ""
    loa: str = ""
    about: Bsn | None = None

    @property
    def role(self) -> str:
        return "client" if self.own else "representative"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as the verified token says.

    `responsible`: for whom somebody acts under delegation.  `loa`: how well the person was identified.  `scopes`: what
    the token was given for.  `emergency`: what was declared, with purpose EMERGENCY only.  `logged_in`: the client
    behind it, with purpose OWN_RECORD only.
    """

    ura: Ura
    kind: Kind
    person: str
    role: Role
    purpose: Purpose
    relations: tuple[Relation, ...] = ()
    responsible: Responsible | None = None
    loa: str = "low"
    scopes: frozenset[str] = frozenset({CONSULT_SCOPE})
    emergency: Emergency | None = None
    logged_in: LoggedIn | None = None


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Everything one decision rests on.  `client` is the holder's opaque Patient id; `episodes` are hers, here.

    `verified`: what the holder itself found true of the asker's evidence (a reference known at both ends, a code or
    agreement in the register); each may name the episode it is about.  `declared`: when this emergency first came here.
    """

    asker: Asker
    holder: Ura
    holder_kind: Kind
    client: str
    episodes: frozenset[str]
    holder_relations: tuple[Relation, ...]
    consents: tuple[Consent, ...]
    moment: dt.datetime
    verified: tuple[Relation, ...] = ()
    emergency_terms: EmergencyTerms = EmergencyTerms()
    declared: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """What the store may release: an allow-list, so that anything unforeseen stays out.

    A resource passes when its compartment is `client`, its data group is in `groups`, every shielded label it bears
    is in `shielded`, and its episodes (if it has any) meet `episodes`.

    `subject`: with it, only what is about this one child, and of that only what `labelling.childs_view` allows.
    `chosen`: items about safety (`Type/id`) that their author chose to show in this channel.  `hidden`: what is taken
    out of everything that is released (`trust.secrecy`), "address" is the only one there is.
    """

    client: str
    groups: frozenset[str]
    shielded: frozenset[str]
    episodes: frozenset[str]
    subject: str = ""
    chosen: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Permit:
    """Allowed, so far as `filter` goes.  Stored with the event: `legal_basis` (explicit, referral, own, emergency),
    the reasons and `version`, the version of the rules that it was decided by."""

    filter: Filter
    legal_basis: str
    reasons: tuple[str, ...] = field(default=())
    version: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """Not allowed.  `reasons` are for the client and the privacy officer; the asker never sees them."""

    reasons: tuple[str, ...]
    version: str = field(default="", compare=False)


Decision = Permit | Refused
