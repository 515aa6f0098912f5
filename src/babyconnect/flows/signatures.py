"""Signatures on requests to the regional services, composed from `trust`: what `network` calls `Sign` and `Verify`.

The same signed form as a token request (RFC 7523, 8725), but for one request only: method, path and a digest of the
body are among the claims, so that no request can be made into another, and no jti is taken twice.
"""

from __future__ import annotations

from collections.abc import Callable

from babyconnect.birthcare.identifiers import Ura
from babyconnect.network.contract import Claims, Jwks, Sign, Verify
from babyconnect.trust import asserting, assertion, jose
from babyconnect.trust.jose import Rejected
from babyconnect.trust.keys import SigningKey
from babyconnect.trust.replays import Replays

Seconds = Callable[[], float]


def signer(key: SigningKey | Callable[[], SigningKey], ura: Ura, now: Seconds) -> Sign:
    """Sign for one organisation by the key that the directory knows; a callable when that changes meanwhile."""

    def sign(audience: str, claims: Claims) -> str:
        return jose.seal(key() if callable(key) else key, {**claims, **asserting.registered(ura, audience, now())})

    return sign


def verifier(replays: Replays, now: Seconds) -> Verify:
    """Verify with the keys of whom it says it is from.  The reason of a refusal is a code, for the log."""

    def verify(token: str, audience: str, keys_of: Callable[[Ura], Jwks]) -> Claims:
        opened = jose.opened(token)
        if isinstance(opened, Rejected):
            raise ValueError(opened.reason)
        issuer = assertion.claimed_issuer(opened)
        if isinstance(issuer, Rejected):
            raise ValueError(issuer.reason)
        claims = jose.verified(opened, keys_of(issuer))
        if isinstance(claims, Rejected):
            raise ValueError(claims.reason)
        problem = assertion.flaw(claims, issuer, audience, replays.born, now())
        if problem is not None:
            raise ValueError(problem)
        if not replays.first_use(issuer.value, claims["jti"], claims["exp"] + assertion.SKEW, now()):
            raise ValueError("replayed")
        return claims

    return verify
