"""The signed assertion with which one organisation asks another for a token (trust.md §2; RFC 7523, 8725).

`iss = sub` is the asker's URA, `aud` the holder's token endpoint, `target_audience` the holder's URA, lifetime at
most 60 seconds, `jti` once, and the claims of `trust.claims`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Party
from babyconnect.trust import claims, jose, vouching
from babyconnect.trust.claims import Asking, Verified
from babyconnect.trust.jose import Opened, Rejected
from babyconnect.trust.replays import Replays

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = 60
SKEW = 5


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whom the DIRECTORY knows by a URA: what it is, the keys that speak for it (a JWKS), its DID, and whether its word
    counts that a client herself is logged in (`portal`)."""

    party: Party
    keys: Mapping[str, Any]
    did: str = ""
    portal: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """What an assertion must be meant for: this holder's token endpoint and URA; and what is asked for by it."""

    audience: str
    holder: Ura
    asking: Asking


def claimed_issuer(token: str | Opened) -> Ura | Rejected:
    """Whom the assertion says it is from, unverified: only to look up whose keys to verify it with."""
    said = jose.unverified(token)
    if isinstance(said, Rejected):
        return said
    try:
        return Ura(said["iss"])
    except (KeyError, TypeError, ValueError):
        return Rejected("issuer_malformed")


def verify(
    token: str | Opened, issuer: Issuer, expected: Expected, replays: Replays, now: float
) -> Verified | Rejected:
    """Believe the assertion, or say why not.  A refused assertion is not remembered as used, an accepted one is."""
    said = authentic(token, issuer, expected.audience, replays, now)
    if isinstance(said, Rejected):
        return said
    if said.get("target_audience") != expected.holder.value:
        return Rejected("wrong_target")
    signed = claims.signed_scopes(said.get("scope"), expected.asking)
    vouched = vouching.Vouched(issuer.portal, now)
    found = claims.believed(said, issuer.party, signed, said["jti"], vouched)
    return found if isinstance(found, Rejected) else used(found, issuer.party.ura, said, replays, now)


def authentic(
    token: str | Opened, issuer: Issuer, audience: str, replays: Replays, now: float
) -> dict[str, Any] | Rejected:
    """The claims, when this issuer signed them for this audience just now."""
    said = jose.verified(token, issuer.keys)
    if isinstance(said, Rejected):
        return said
    problem = flaw(said, issuer.party.ura, audience, replays.born, now)
    return said if problem is None else Rejected(problem)


def used(found: Verified, issuer: Ura, said: Mapping[str, Any], replays: Replays, now: float) -> Verified | Rejected:
    """`found`, the first time that this assertion comes."""
    return found if replays.first_use(issuer.value, said["jti"], said["exp"] + SKEW, now) else Rejected("replayed")


def flaw(said: Mapping[str, Any], issuer: Ura, audience: str, born: float, now: float) -> str | None:
    """What is wrong with the registered claims, or None: issuer, audience, lifetime, and issued since `born`."""
    if said.get("iss") != issuer.value or said.get("sub") != issuer.value:
        return "wrong_issuer"
    if said.get("aud") not in (audience, [audience]):
        return "wrong_audience"
    return untimely(said, LIFETIME, born, now)


def untimely(said: Mapping[str, Any], lifetime: int, born: float, now: float) -> str | None:
    """What is wrong with when it was issued, how long it lives and its own number, or None."""
    issued, expires = said.get("iat"), said.get("exp")
    if type(issued) is not int or type(expires) is not int or not 0 < expires - issued <= lifetime:
        return "lifetime_wrong"
    if expires + SKEW <= now:
        return "expired"
    not_before = said.get("nbf", issued)
    if issued > now + SKEW or type(not_before) is not int or not_before > now + SKEW:
        return "not_yet_valid"
    if issued < int(born):
        return "issued_before_start"
    return None if claims.is_text(said.get("jti")) else "jti_missing"
