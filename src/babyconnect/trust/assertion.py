"""The signed assertion with which one organisation asks another for a token (trust.md §2; RFC 7523, 8725).

`iss = sub` is the asker's URA, `aud` the holder's token endpoint, `target_audience` the holder's URA, lifetime at
most 60 seconds, `jti` once.  What kind of organisation asks is NEVER taken from the assertion: the directory says it.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect import definitions
from babyconnect.birthcare.access import Asker, Purpose, Relation
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.trust import asker_policy, jose
from babyconnect.trust.jose import Opened, Rejected
from babyconnect.trust.keys import SigningKey
from babyconnect.trust.replays import Replays

SCOPE = "zorginzage-geboortezorg"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = 60
SKEW = 5
MAX_RELATIONS = 16
MAX_TEXT = 200

_BASIS = re.compile(r"[a-z_]{1,40}")
_REFERENCE = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class Claim:
    """What an asker says of itself: organisation, person, purpose, evidence, and how well the person was identified."""

    party: Party
    person: Person
    purpose: Purpose
    relations: tuple[Relation, ...] = ()
    loa: str = "low"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whom the DIRECTORY knows by a URA: what it is, and the keys that speak for it (a JWKS)."""

    party: Party
    keys: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """What an assertion must be meant for: this holder's token endpoint and URA, and our scope."""

    audience: str
    holder: Ura
    scope: str = SCOPE


@dataclass(frozen=True, slots=True)
class Verified:
    """Believed.  `organisation` is the directory's; `surname` and `loa` are for the log and introspection only."""

    asker: Asker
    organisation: Party
    surname: str
    loa: str
    scope: str
    jti: str


def sign(key: SigningKey, claim: Claim, audience: str, target: Ura, now: float) -> str:
    """The `client_assertion` by which `claim.party` asks the holder `target`, whose token endpoint is `audience`."""
    kind = definitions.document("parties.toml")["kind"][claim.party.kind.value]
    return jose.seal(key, {
        **registered(claim.party.ura, audience, now),
        "scope": SCOPE,
        "target_audience": target.value,
        "organization_ura": claim.party.ura.value,
        "organization_name": claim.party.name,
        "organization_facility_type": kind["codes"][0],
        "user_id": claim.person.id,
        "user_role": claim.person.role.value,
        "user_surname": claim.person.name,
        "loa": claim.loa,
        "purpose_of_use": claim.purpose.value,
        "treatment_relation": [_relation_claim(relation) for relation in claim.relations],
    })  # fmt: skip


def token_form(key: SigningKey, claim: Claim, audience: str, target: Ura, now: float) -> dict[str, str]:
    """The form fields of a token request (RFC 6749 §4.4, RFC 7521 §4.2)."""
    return {
        "grant_type": "client_credentials",
        "scope": SCOPE,
        "target_audience": target.value,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": sign(key, claim, audience, target, now),
    }


def registered(issuer: Ura, audience: str, now: float, lifetime: int = LIFETIME - 2) -> dict[str, Any]:
    """The registered claims (RFC 7519 §4.1) of a short-lived, once-only token."""
    issued = int(now)
    return {
        "iss": issuer.value,
        "sub": issuer.value,
        "aud": [audience],
        "iat": issued,
        "exp": issued + lifetime,
        "jti": secrets.token_urlsafe(16),
    }


def claimed_issuer(token: str | Opened) -> Ura | Rejected:
    """Whom the assertion says it is from, unverified: only to look up whose keys to verify it with."""
    claims = jose.unverified(token)
    if isinstance(claims, Rejected):
        return claims
    try:
        return Ura(claims["iss"])
    except (KeyError, TypeError, ValueError):
        return Rejected("issuer_malformed")


def verify(
    token: str | Opened, issuer: Issuer, expected: Expected, replays: Replays, now: float
) -> Verified | Rejected:
    """Believe the assertion, or say why not.  A refused assertion is not remembered as used, an accepted one is."""
    claims = jose.verified(token, issuer.keys)
    if isinstance(claims, Rejected):
        return claims
    problem = flaw(claims, issuer.party.ura, expected.audience, replays.born, now)
    if problem is None and claims.get("target_audience") != expected.holder.value:
        problem = "wrong_target"
    if problem is not None:
        return Rejected(problem)
    believed = _believe(claims, issuer.party, expected.scope, now)
    if isinstance(believed, Rejected):
        return believed
    if not replays.first_use(issuer.party.ura.value, believed.jti, claims["exp"] + SKEW, now):
        return Rejected("replayed")
    return believed


def flaw(claims: Mapping[str, Any], issuer: Ura, audience: str, born: float, now: float) -> str | None:
    """What is wrong with the registered claims, or None: issuer, audience, lifetime, and issued since `born`."""
    if claims.get("iss") != issuer.value or claims.get("sub") != issuer.value:
        return "wrong_issuer"
    if claims.get("aud") not in (audience, [audience]):
        return "wrong_audience"
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or type(expires) is not int or not 0 < expires - issued <= LIFETIME:
        return "lifetime_wrong"
    if expires + SKEW <= now:
        return "expired"
    not_before = claims.get("nbf", issued)
    if issued > now + SKEW or type(not_before) is not int or not_before > now + SKEW:
        return "not_yet_valid"
    if issued < int(born):
        return "issued_before_start"
    return None if _is_text(claims.get("jti")) else "jti_missing"


def _believe(claims: Mapping[str, Any], party: Party, scope: str, now: float) -> Verified | Rejected:
    scopes = claims.get("scope")
    if not isinstance(scopes, str) or scope not in scopes.split(" "):
        return Rejected("scope_missing")
    if claims.get("organization_ura") != party.ura.value or not _facility_fits(claims, party.kind):
        return Rejected("organisation_contradicts_directory")
    if not all(_is_text(claims.get(name)) for name in ("user_id", "user_surname", "loa")):
        return Rejected("person_missing")
    try:
        role, purpose = Role(str(claims.get("user_role"))), Purpose(str(claims.get("purpose_of_use")))
        relations = _relations(claims.get("treatment_relation", []))
    except ValueError:
        return Rejected("claims_malformed")
    if not asker_policy.believable(party.kind, role, dt.datetime.fromtimestamp(now, dt.UTC).date()):
        return Rejected("role_not_believable")
    asker = Asker(party.ura, party.kind, claims["user_id"], role, purpose, relations)
    return Verified(asker, party, claims["user_surname"], claims["loa"], scope, claims["jti"])


def _facility_fits(claims: Mapping[str, Any], kind: Kind) -> bool:
    return claims.get("organization_facility_type") in definitions.document("parties.toml")["kind"][kind.value]["codes"]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()


def _relation_claim(relation: Relation) -> dict[str, str]:
    claim = {"basis": relation.basis, "evidence": relation.reference}
    if relation.start:
        claim["start"] = relation.start.isoformat()
    if relation.end:
        claim["end"] = relation.end.isoformat()
    return claim


def _relations(claim: object) -> tuple[Relation, ...]:
    """The evidence list; raises ValueError for anything that is not one."""
    listed = [claim] if isinstance(claim, dict) else claim
    if not isinstance(listed, list) or len(listed) > MAX_RELATIONS:
        raise ValueError("not a list of evidence")
    return tuple(_relation(item) for item in listed)


def _relation(item: object) -> Relation:
    if not isinstance(item, dict):
        raise ValueError("evidence is an object")
    basis, reference = item.get("basis"), item.get("evidence")
    # Both go into the log: names and opaque ids, so that nobody writes a story about her there.
    if not (isinstance(basis, str) and _BASIS.fullmatch(basis)):
        raise ValueError("evidence needs a basis")
    if not (isinstance(reference, str) and _REFERENCE.fullmatch(reference)):
        raise ValueError("evidence needs a reference")
    return Relation(basis, reference, _day(item.get("start")), _day(item.get("end")))


def _day(value: object) -> dt.date | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) != 10:
        raise ValueError("not a date")
    return dt.date.fromisoformat(value)
