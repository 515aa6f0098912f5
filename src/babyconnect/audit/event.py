"""One event as the log keeps it: compact, complete for NEN 7513, without clinical content (trust.md §7).

An event that lacks who, what or how it ended is a fault: the call refuses rather than log half.  The client is an
opaque id of the holder or a keyed pseudonym; a BSN is never written, also not where NEN 7513 would have it: the
node, which holds the key, finds her events by the same pseudonym (decision of the project).
"""

from __future__ import annotations

import datetime as dt
import functools
import hmac
import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl

from babyconnect import definitions
from babyconnect.audit.reading import text_of
from babyconnect.birthcare.access import Consent, Relation
from babyconnect.birthcare.identifiers import Bsn, passes_eleven_check

Outcome = Literal["ok", "refused", "fault"]
MAX_TEXT = 1000

_NINE_DIGITS = re.compile(r"(?<![0-9])[0-9]{9}(?![0-9])")
_ENOUGH_DIGITS = re.compile(r"[0-9]{9}")
"""Found in half the time where, as nearly always, there are none."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: the organisation's URA, the person's opaque id, the role, under whose responsibility, and how sure it
    is that it was this person (`loa`, the level of assurance of the log-in)."""

    organisation: str
    person: str = ""
    role: str = ""
    responsible: str = ""
    loa: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """Whom and what it was about.  `client`: the holder's opaque id; `pseudonym`: from `client_pseudonym`, at whichever
    end knows a BSN.  `query`: the search as asked, of which only names and harmless values are kept.  `object`: what
    else it was about, as `kind/id` with an opaque id (`breakglass/…`, `role_matrix/2026.2`), never a sentence."""

    client: str = ""
    pseudonym: str = ""
    episodes: tuple[str, ...] = ()
    resource: str = ""
    query: str = ""
    count: int | None = None
    object: str = ""


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why it was allowed or not: purpose, legal basis, evidence, consents (by id), the codes of the reasons, and the
    version of the rules by which it was decided."""

    purpose: str = ""
    basis: str = ""
    relations: tuple[Relation, ...] = ()
    consents: tuple[Consent, ...] = ()
    reasons: tuple[str, ...] = ()
    rules: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where: this node's name, at which end of the exchange, the holder's URA, both network points, the traceparent."""

    node: str
    side: Literal["asker", "holder", ""] = ""
    holder: str = ""
    client_address: str = ""
    server_address: str = ""
    trace: str = ""


def event(  # noqa: PLR0917 - who, what, where, about whom and why: NEN 7513 asks for each
    type: str,
    outcome: Outcome,
    moment: dt.datetime,
    actor: Actor,
    place: Place,
    about: About = About(),
    grounds: Grounds = Grounds(),
) -> dict[str, Any]:
    """The event, ready to append.  `type` is a row of `definitions/audit_events.toml`.  ValueError when one lacks who,
    what or how it ended."""
    if type not in types():
        raise ValueError("an audit event needs a type of definitions/audit_events.toml")
    if not actor.organisation or not place.node:
        raise ValueError("an audit event needs an actor and a source")
    if outcome not in ("ok", "refused", "fault"):
        raise ValueError("an audit event needs an outcome")
    return {
        "type": type,
        "outcome": outcome,
        "at": text_of(moment),
        "actor": _filled(
            organisation=actor.organisation,
            person=actor.person,
            role=actor.role,
            responsible=actor.responsible,
            loa=actor.loa,
        ),
        "node": place.node,
        **_filled(
            side=place.side,
            holder=place.holder,
            network=[place.client_address, place.server_address] if place.client_address else None,
            trace=place.trace,
            client=about.client,
            pseudonym=about.pseudonym,
            episodes=sorted(about.episodes),
            resource=without_bsn(about.resource),
            query=harmless(about.query),
            count=about.count,
            object=without_bsn(about.object),
            purpose=grounds.purpose,
            basis=grounds.basis,
            relations=[f"{relation.basis} {without_bsn(relation.reference)}" for relation in grounds.relations],
            consents=sorted(consent.id for consent in grounds.consents),
            reasons=list(grounds.reasons),
            rules=grounds.rules,
        ),
    }


def client_pseudonym(key: bytes, bsn: Bsn) -> str:
    """A keyed hash of her BSN, by which this node's events about her are found.  `key`: at least 32 secret bytes of the
    node, so that nobody else can try all BSNs."""
    if len(key) < 32:
        raise ValueError("the key of client pseudonyms has at least 32 bytes")
    return hmac.digest(key, b"audit client\n" + bsn.value.encode(), "sha256").hex()[:40]


def harmless(query: str) -> str:
    """The query with the values that may be clinical or identifying left out: their names alone tell what was asked."""
    if not query:
        return ""
    return "&".join(
        f"{name}={without_bsn(value)}" if name.partition(":")[0] in _kept_parameters() else f"{name}=…"
        for name, value in parse_qsl(query[:MAX_TEXT], keep_blank_values=True)
    )


def without_bsn(text: str) -> str:
    """The text with everything that can be a BSN blanked: nine digits that pass the eleven-check."""
    text = text[:MAX_TEXT]
    if not _ENOUGH_DIGITS.search(text):
        return text
    return _NINE_DIGITS.sub(lambda match: "*********" if passes_eleven_check(match[0]) else match[0], text)


@functools.cache
def types() -> frozenset[str]:
    return frozenset(definitions.document("audit_events.toml")["type"])


@functools.cache
def _kept_parameters() -> frozenset[str]:
    return frozenset(definitions.document("audit_events.toml")["query"]["kept"])


def _filled(**members: Any) -> dict[str, Any]:
    # Nothing said is left out; a count of nought is something said.
    return {name: value for name, value in members.items() if value or value == 0}
