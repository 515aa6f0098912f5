"""Verifiable credentials as JWT (W3C VC Data Model 1.1 §6.3.1): believed when who may issue them signed them.

Which types are read, who may have issued them and what they say is data (`definitions/credentials.toml`).  No key is
fetched: the holder's and the organisation's are the directory's, a certificate's comes with its chain and counts only
when a configured CA stands for it.
"""

from __future__ import annotations

import base64
import binascii
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babyconnect import definitions
from babyconnect.birthcare.identifiers import Ura
from babyconnect.trust import jose
from babyconnect.trust.algorithms import PublicKey
from babyconnect.trust.jose import Opened, Rejected

MAX_CREDENTIAL = 12_000
SKEW = 5
_CERTIFIED_HEADER = frozenset({"alg", "kid", "typ", "x5c", "x5t#S256", "x5t"})

Certified = Callable[[Sequence[bytes], str, float], "tuple[Ura, PublicKey] | Rejected"]
"""(a chain in DER, leaf first; the `did:x509` that issued; seconds) -> whose certificate it is and its key, when a
configured CA stands for it and the DID says what it says."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table; `claims`: name in the claim model -> path in `credentialSubject`."""

    name: str
    type: str
    issuer: frozenset[str]
    claims: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """Who may have signed: `did` and its `keys` (a JWKS), and how a certificate's chain is looked at."""

    did: str
    keys: Mapping[str, Any]
    certified: Certified | None = None


@functools.cache
def kinds() -> Mapping[str, Kind]:
    """The rows by their name in the table."""
    table = definitions.document("credentials.toml")
    return {
        name: Kind(name, row["type"], frozenset(row["issuer"]), row["claims"])
        for name, row in table.items()
        if isinstance(row, dict) and "type" in row
    }


def read(text: object, kind: Kind, subject: str, known: Known, now: float) -> dict[str, Any] | Rejected:
    """What a credential of this kind says about `subject` (a DID), in the names of the claim model."""
    parts = jose.opened(text, MAX_CREDENTIAL) if isinstance(text, str) else Rejected("credential_malformed")
    if isinstance(parts, Rejected):
        return Rejected("credential_malformed")
    believed = _signed(parts, kind, known, now)
    if isinstance(believed, Rejected):
        return believed
    about = _about(parts.claims, kind, subject, now)
    if isinstance(about, Rejected):
        return about
    said = {name: found for name, path in kind.claims.items() if (found := _at(about, path)) is not None}
    if isinstance(believed, Ura) and said.get("organization_ura", believed.value) != believed.value:
        return Rejected("credential_of_another")
    return said


def _signed(parts: Opened, kind: Kind, known: Known, now: float) -> Ura | Rejected | None:
    """None when signed by the key of `known`; the URA of the certificate when signed by one."""
    issuer = parts.claims.get("iss")
    if issuer == known.did and not kind.issuer.isdisjoint({"holder", "organisation"}):
        found = jose.verified(parts, known.keys, f"{known.did}#")
        return Rejected("credential_signature") if isinstance(found, Rejected) else None
    if isinstance(issuer, str) and issuer.startswith("did:x509:") and "certificate" in kind.issuer:
        return _by_certificate(parts, issuer, known.certified, now)
    return Rejected("credential_issuer")


def _by_certificate(parts: Opened, issuer: str, certified: Certified | None, now: float) -> Ura | Rejected:
    header = parts.header
    chain = header.get("x5c")
    if certified is None or not header.keys() <= _CERTIFIED_HEADER or not isinstance(chain, list) or len(chain) > 5:
        return Rejected("credential_issuer")
    if not str(header.get("kid")).startswith(f"{issuer}#"):
        return Rejected("credential_issuer")
    try:
        found = certified([base64.b64decode(str(one), validate=True) for one in chain], issuer, now)
    except (ValueError, binascii.Error):
        return Rejected("credential_issuer")
    if isinstance(found, Rejected):
        return found
    ura, key = found
    genuine = key.algorithm == header.get("alg") and key.verify(parts.signed, parts.signature)
    return ura if genuine else Rejected("credential_signature")


def _about(claims: Mapping[str, Any], kind: Kind, subject: str, now: float) -> Mapping[str, Any] | Rejected:
    credential = claims.get("vc")
    if not isinstance(credential, dict) or not isinstance(types := credential.get("type"), list):
        return Rejected("credential_malformed")
    if "VerifiableCredential" not in types or kind.type not in types:
        return Rejected("credential_of_another_type")
    begins, ends = claims.get("nbf", 0), claims.get("exp", 2**53)
    if type(begins) is not int or type(ends) is not int or not begins - SKEW <= now < ends + SKEW:
        return Rejected("credential_expired")
    about = credential.get("credentialSubject")
    about = about[0] if isinstance(about, list) and len(about) == 1 else about
    if not isinstance(about, dict) or claims.get("sub") != subject or about.get("id", subject) != subject:
        return Rejected("credential_of_another")
    return about


def _at(about: Mapping[str, Any], path: str) -> Any:
    found: Any = about
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
