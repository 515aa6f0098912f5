"""Compact signed tokens with a closed list of algorithms (RFC 7515, 7519, 8725).

Written out rather than left to a library's defaults, so that each refusal of RFC 8725 stands in one readable place: the
algorithm comes from the allow-list and must fit the key, the key is found by its exact `kid` among those the directory
publishes, and a header that carries or points to a key of its own is refused whole.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from babyconnect.trust import keys
from babyconnect.trust.keys import SigningKey

MAX_TOKEN = 8192
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not believed.  `reason` is a code for the audit log; whoever sent it learns only the OAuth error."""

    reason: str


def seal(key: SigningKey, claims: Mapping[str, Any], typ: str = "JWT") -> str:
    """The claims, signed."""
    header = orjson.dumps({"alg": key.algorithm, "kid": key.kid, "typ": typ})
    signed = _encode(header) + b"." + _encode(orjson.dumps(claims))
    signature = JWSRegistry.algorithms[key.algorithm].sign(signed, key.private)
    return (signed + b"." + _encode(signature)).decode("ascii")


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


def verified(token: str | Opened, published: Mapping[str, Any]) -> dict[str, Any] | Rejected:
    """The claims, when a key in `published` (a JWKS) signed exactly these bytes."""
    parts = opened(token) if isinstance(token, str) else token
    if isinstance(parts, Rejected):
        return parts
    header, claims, signed, signature = parts
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in keys.ALGORITHMS:
        return Rejected("algorithm_not_allowed")
    if not header.keys() <= _HEADER_MEMBERS:
        # jku, x5u, jwk, x5c, crit, b64, zip: none of them may choose the key or change what was signed.
        return Rejected("header_not_allowed")
    if not isinstance(kid, str):
        return Rejected("key_unknown")
    key = keys.find(published, kid, algorithm)
    if key is None:
        return Rejected("key_unknown")
    try:
        genuine = JWSRegistry.algorithms[algorithm].verify(signed, signature, key)
    except (JoseError, ValueError):
        genuine = False
    return claims if genuine else Rejected("signature_wrong")


def opened(text: str) -> Opened | Rejected:
    """The token's parts, or why they cannot be read: size, alphabet, form."""
    if len(text) > MAX_TOKEN:
        return Rejected("too_large")
    try:
        head, body, tail = text.encode("ascii").split(b".")
        header, claims = orjson.loads(_decode(head)), orjson.loads(_decode(body))
        signature = _decode(tail)
    except (ValueError, UnicodeError, binascii.Error):
        return Rejected("malformed")
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return Rejected("malformed")
    return Opened(header, claims, head + b"." + body, signature)


def _encode(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    decoded = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encode(decoded) != text:
        # One token, one spelling: a second spelling of the same bytes would be a way round a replay store.
        raise ValueError("not canonical base64url")
    return decoded
