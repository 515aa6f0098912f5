"""Short signed statements between a node and the regional services: any claims, by one organisation, for one audience.

The same rules as the assertion (jose, registered claims, once only); what the claims mean is the service's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from babyconnect.birthcare.identifiers import Ura
from babyconnect.trust import assertion, jose
from babyconnect.trust.jose import Rejected
from babyconnect.trust.keys import SigningKey
from babyconnect.trust.replays import Replays

_RESERVED = frozenset({"iss", "sub", "aud", "iat", "exp", "jti"})


def signer(key: SigningKey, ura: Ura, clock: Callable[[], float]) -> Callable[[str, Mapping[str, Any]], str]:
    """(audience, claims) -> a compact token by this organisation's key, valid for less than a minute."""

    def sign(audience: str, claims: Mapping[str, Any]) -> str:
        if not _RESERVED.isdisjoint(claims):
            raise ValueError("a statement's own claims may not replace the registered ones")
        return jose.seal(key, {**claims, **assertion.registered(ura, audience, clock())})

    return sign


def verifier(
    replays: Replays, clock: Callable[[], float]
) -> Callable[[str, str, Mapping[str, Any]], Mapping[str, Any]]:
    """(token, audience, the issuer's JWKS) -> verified claims; raises ValueError.  A token is believed once.

    The caller looks the keys up by the token's `iss`; that claim is part of what is verified here.
    """

    def verify(token: str, audience: str, published: Mapping[str, Any]) -> Mapping[str, Any]:
        now = clock()
        claims = jose.verified(token, published)
        if isinstance(claims, Rejected):
            raise ValueError(claims.reason)
        try:
            issuer = Ura(claims["iss"])
        except (KeyError, TypeError, ValueError) as problem:
            raise ValueError("issuer_malformed") from problem
        flaw = assertion.flaw(claims, issuer, audience, replays.born, now)
        if flaw is None and not replays.first_use(issuer.value, claims["jti"], now + assertion.LIFETIME * 2, now):
            flaw = "replayed"
        if flaw is not None:
            raise ValueError(flaw)
        return claims

    return verify
