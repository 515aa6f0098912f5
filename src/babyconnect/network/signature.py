"""Signatures on requests to the regional services: a JWS per request by the organisation's key in the directory.

Like RFC 7523 assertions (iss = sub = URA, aud = the region, exp at most 60 s ahead, jti once), and bound to method, path
and body, so that one request cannot be made into another.  EdDSA by preference (design §4: cheapest to make).
"""

from __future__ import annotations

import base64
import functools
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key

from babyconnect.birthcare.identifiers import Ura
from babyconnect.network.contract import Claims, Jwks, Sign, Verify

ALGORITHMS = ["EdDSA", "Ed25519", "ES256", "PS256", "RS256"]
LIFETIME_SECONDS = 60
CLOCK_SKEW_SECONDS = 5
LARGEST_TOKEN = 16_384


class BadSignature(ValueError):
    """Not proved to come from whom it says."""


def signer(private_jwk: Mapping[str, Any], algorithm: str, ura: Ura, now: Callable[[], float]) -> Sign:
    """A `Sign` by one key.  `now` gives seconds since 1970."""
    key = import_key(dict(private_jwk))
    header = {"alg": algorithm, "kid": str(private_jwk.get("kid", ""))}

    def sign(audience: str, claims: Claims) -> str:
        moment = int(now())
        base = {
            "iss": ura.value,
            "sub": ura.value,
            "aud": audience,
            "iat": moment,
            "exp": moment + LIFETIME_SECONDS - CLOCK_SKEW_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }
        return jwt.encode(header, {**claims, **base}, key, algorithms=ALGORITHMS)

    return sign


def claimed_issuer(token: str) -> Ura:
    """Who it says it is from; unverified, only to find the keys.  Raises BadSignature."""
    if len(token) > LARGEST_TOKEN or token.count(".") != 2:
        raise BadSignature("no compact JWS")
    payload = token.split(".")[1]
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return Ura(claims["iss"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadSignature("no issuer") from None


class Replays:
    """The jti values seen while their tokens live.  `capacity` bounds memory: a full one refuses, it never forgets."""

    def __init__(self, capacity: int = 200_000) -> None:
        self._capacity = capacity
        self._seen: set[str] = set()
        self._order: deque[tuple[float, str]] = deque()

    def first_time(self, key: str, expires: float, now: float) -> bool:
        while self._order and self._order[0][0] < now:
            self._seen.discard(self._order.popleft()[1])
        if key in self._seen or len(self._seen) >= self._capacity:
            return False
        self._seen.add(key)
        # Kept for the longest time a token can live, so that the queue stays in order whatever `expires` says.
        self._order.append((max(expires, now + LIFETIME_SECONDS) + CLOCK_SKEW_SECONDS, key))
        return True


def verifier(replays: Replays, now: Callable[[], float]) -> Verify:
    """A `Verify` that refuses what is late, long-lived, meant for another, or seen before."""

    def verify(token: str, audience: str, keys: Jwks) -> Claims:
        if not keys.get("keys"):
            raise BadSignature("the issuer has no keys in the directory")
        try:
            claims = dict(jwt.decode(token, _key_set(orjson.dumps(keys)), ALGORITHMS).claims)
        except (JoseError, ValueError, KeyError, TypeError):
            raise BadSignature("the signature does not verify") from None
        check_times(claims, audience, now())
        if not replays.first_time(f"{claims['iss']}|{claims['jti']}", float(claims["exp"]), now()):
            raise BadSignature("seen before")
        return claims

    return verify


@functools.lru_cache(maxsize=1024)
def _key_set(keys: bytes) -> KeySet:
    return KeySet.import_key_set(orjson.loads(keys))


def check_times(claims: Claims, audience: str, now: float) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int) or not isinstance(claims.get("jti"), str):
        raise BadSignature("iat, exp or jti is missing")
    if claims.get("aud") != audience or claims.get("sub") != claims.get("iss"):
        raise BadSignature("not meant for us")
    if expires - issued > LIFETIME_SECONDS or issued > now + CLOCK_SKEW_SECONDS or expires < now:
        raise BadSignature("too early, too late or too long")
