"""What a worker asks the keeper, and what it is answered; each is one message of the line."""

from __future__ import annotations

import msgspec

from babyconnect.birthcare.access import Asker, Consent
from babyconnect.trust.sessions import Session


class Question(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Tagged by its name."""


class Ready(Question, frozen=True):
    """Whether the node is built: answered when it is."""


class WhoIs(Question, frozen=True):
    """Whose token has this hash."""

    key: bytes


class Found(msgspec.Struct, frozen=True, array_like=True):
    """What the keeper knew when the page was at `number`.  None: none that a worker may answer by itself."""

    number: int
    session: Session | None


class Binds(Question, frozen=True):
    """Bind this token to her, if it is nobody's yet."""

    key: bytes
    client: str
    episodes: frozenset[str]


class Bound(msgspec.Struct, frozen=True, array_like=True):
    """Whose it is now; None when the token opens nothing any more."""

    client: str | None
    episodes: frozenset[str]


class Turns(Question, frozen=True):
    """So many requests of an organisation, and what it may have beside them at once."""

    ura: str
    amount: float


class Given(msgspec.Struct, frozen=True, array_like=True):
    """How many were given; when none, the seconds to wait."""

    amount: float
    wait: int


class Finds(Question, frozen=True):
    """A person looks for a client.  Answered with the seconds to wait."""

    ura: str
    person: str


class Uses(Question, frozen=True):
    """A proof is used.  Answered with whether it is for the first time."""

    jkt: str
    jti: str
    until: float
    now: float


class Elsewhere(Question, frozen=True):
    """Her consents when another register is heard too (the Mitz): `said` is what the region's register says."""

    client: str
    asker: Asker
    said: tuple[Consent, ...]


AnyQuestion = Ready | WhoIs | Binds | Turns | Finds | Uses | Elsewhere
