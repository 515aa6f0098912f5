"""The assertion that `trust.assertion` believes and the token request with it, made at the asker (RFC 7521, 7523)."""

from __future__ import annotations

import secrets
from typing import Any

from babyconnect.birthcare.identifiers import Ura
from babyconnect.trust import claims, jose
from babyconnect.trust.assertion import ASSERTION_TYPE, LIFETIME
from babyconnect.trust.claims import Claim
from babyconnect.trust.keys import SigningKey


def sign(key: SigningKey, claim: Claim, audience: str, target: Ura, now: float, *, bound: str = "") -> str:
    """The `client_assertion` by which `claim.party` asks the holder `target`, whose token endpoint is `audience`.

    `bound`: the thumbprint of the client certificate that the request is sent with (RFC 8705), "" without one.
    """
    said = {
        **registered(claim.party.ura, audience, now),
        "scope": claim.scope,
        "target_audience": target.value,
        **claims.written(claim),
    }
    return jose.seal(key, said | ({"cnf": {"x5t#S256": bound}} if bound else {}))


def token_form(
    key: SigningKey, claim: Claim, audience: str, target: Ura, now: float, *, bound: str = ""
) -> dict[str, str]:
    """The form fields of a token request (RFC 6749 §4.4, RFC 7521 §4.2)."""
    return {
        "grant_type": "client_credentials",
        "scope": claim.scope,
        "target_audience": target.value,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": sign(key, claim, audience, target, now, bound=bound),
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
