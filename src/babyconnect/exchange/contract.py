"""What asking a source takes, as values: the question, the place, and the callable that signs for this organisation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from babyconnect.birthcare.access import Emergency, LoggedIn, Purpose, Relation
from babyconnect.birthcare.answers import Status
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Party, Person

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for what, on which grounds.  `relations` is the evidence on the asking side (`trust.relation`);
    `emergency` what was declared, with that purpose.  `logged_in`: the client who asks for her own, with that purpose;
    `related`: her BSN, when she asks on behalf of the child whose BSN is `bsn`."""

    person: Person
    purpose: Purpose
    bsn: Bsn
    relations: tuple[Relation, ...] = ()
    emergency: Emergency | None = None
    logged_in: LoggedIn | None = None
    related: Bsn | None = None
    _made: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def once(self, make: Callable[[Asking], T]) -> T:
        """What `make` makes of this question, made once for all its sources; it is gone when the question is."""
        found = self._made.get(make)
        if found is None:
            found = self._made[make] = make(self)
        return cast(T, found)


@dataclass(frozen=True, slots=True)
class Source:
    """One place to ask: the organisation, where it answers, whether it takes a batch Bundle, by which grant it gives
    tokens, and whether the first of a batch may be `POST Patient/_search` (`finds`)."""

    party: Party
    fhir_base: str
    token_endpoint: str
    batch: bool = False
    grant: str = "minvws"
    finds: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One resource at a source, by id.  `about`: the reference to whom it is about, as the source gave it before."""

    type: str
    id: str
    about: str = ""


TokenForm = Callable[[Asking, Source], Mapping[str, str]]
"""The form fields of a token request (grant_type, scope, client_assertion, ...), signed by this organisation.
Called again for every request: an assertion is used once."""


Prove = Callable[[str, str, str, str], str]
"""(method, url, token or "", the source's nonce or "") -> a proof of possession for this one request (RFC 9449); ""
where the connection's certificate proves it."""


class Stopped(Exception):
    """The conversation with one source ended early; `ask` makes a value of it.  `reason` holds no client data."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status: Status = status
        self.reason = reason
