"""Compact signed tokens (RFC 7515, 7519, 8725).

Written out rather than left to a library's defaults, so that each refusal of RFC 8725 stands in one readable place: the
key is found by its exact `kid` among those the directory publishes, its own algorithm is the only one it is used by,
and a header that carries or points to a key of its own, or asks to be read in another way, is refused whole.
"""

from __future__ import annotations

import binascii
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from babyconnect.trust import keys
from babyconnect.trust.algorithms import ALGORITHMS, decoded, encoded
from babyconnect.trust.keys import SigningKey

MAX_TOKEN = 8192
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})
_TYPES = ("JWT", "jwt")


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not believed.  `reason` is a code for the audit log; whoever sent it learns only the OAuth error."""

    reason: str


def seal(key: SigningKey, claims: Mapping[str, Any], kid: str = "") -> str:
    """The claims, signed.  `kid`: how the key is called here, when not by its own name (a DID URL)."""
    return sealed(key, header(key.algorithm, kid or key.kid), orjson.dumps(claims))


@functools.lru_cache(maxsize=64)
def header(algorithm: str, kid: str) -> bytes:
    """The header (base64url) under which a key signs claims, by the name that it is called by."""
    return encoded(orjson.dumps({"alg": algorithm, "kid": kid, "typ": "JWT"}))


def sealed(key: SigningKey, header: bytes, content: bytes) -> str:
    """What is written (claims, as JSON), signed under this header (base64url)."""
    signed = header + b"." + encoded(content)
    return (signed + b"." + encoded(key.sign(signed))).decode("ascii")


class Opened(NamedTuple):
    """A token taken apart, believed by nobody yet."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def unverified(token: str | Opened) -> dict[str, Any] | Rejected:
    """The claims as they stand, believed by nobody yet: only to find out whose keys to verify with."""
    parts = opened(token) if isinstance(token, str) else token
    return parts if isinstance(parts, Rejected) else parts.claims


def verified(token: str | Opened, published: Mapping[str, Any], called: str = "") -> dict[str, Any] | Rejected:
    """The claims, when a key in `published` (a JWKS) signed exactly these bytes.

    `called`: what stands before the key's name in `kid` (a DID and `#`).
    """
    parts = opened(token) if isinstance(token, str) else token
    if isinstance(parts, Rejected):
        return parts
    header, claims, signed, signature = parts
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        return Rejected("algorithm_not_allowed")
    if not header.keys() <= _HEADER_MEMBERS or header.get("typ", "JWT") not in _TYPES:
        # jku, x5u, jwk, x5c, crit, b64, zip: none of them may choose the key or change what was signed; and what was
        # signed for another use (a DPoP proof) is no assertion (RFC 8725 §3.11).
        return Rejected("header_not_allowed")
    if not isinstance(kid, str) or not kid.startswith(called):
        return Rejected("key_unknown")
    key = keys.find(published, kid.removeprefix(called))
    if key is None:
        return Rejected("key_unknown")
    if key.algorithm != algorithm:
        return Rejected("algorithm_of_another_key")
    return claims if key.verify(signed, signature) else Rejected("signature_wrong")


def opened(text: str, limit: int = MAX_TOKEN) -> Opened | Rejected:
    """The token's parts, or why they cannot be read: size, alphabet, form."""
    if len(text) > limit:
        return Rejected("too_large")
    try:
        head, body, tail = text.encode("ascii").split(b".")
        header, claims = orjson.loads(decoded(head)), orjson.loads(decoded(body))
        signature = decoded(tail)
    except (ValueError, UnicodeError, binascii.Error):
        return Rejected("malformed")
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return Rejected("malformed")
    return Opened(header, claims, head + b"." + body, signature)
