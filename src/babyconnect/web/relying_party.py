"""Log in at an OpenID Connect issuer: code flow with PKCE, state, nonce (OpenID Connect Core 1.0, RFC 7636, RFC 9700).

Knows nothing of pages.  `begin` gives the address to send the browser to, `finish` turns the browser's return into
claims or a refusal.  The id token must bear the issuer's signature by an algorithm of the allow-list, our client id,
the nonce of this very attempt and a moment that holds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from babyconnect.web.backchannel import Backchannel, BackchannelFault

ALGORITHMS = ("ES256", "PS256", "RS256", "Ed25519", "EdDSA")
SKEW_SECONDS = 30
METADATA_SECONDS = 3600
KEYS_AT_MOST_EVERY = 60


@dataclass(frozen=True, slots=True)
class Issuer:
    """Where people log in, and what we are called there."""

    issuer: str
    client_id: str
    client_secret: str = ""
    scope: str = "openid profile"
    algorithms: tuple[str, ...] = ALGORITHMS[:4]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One log-in on its way; kept by us, never by the browser."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """Why no session came of it.  `reason`: a code for our log, without anything of the person; `message`: the page."""

    reason: str
    message: str = "login_refused"


@dataclass(frozen=True, slots=True)
class Verified:
    """A log-in that holds: the claims of its id token, and that token for the issuer's log-out."""

    claims: Mapping[str, Any]
    id_token: str = field(repr=False)


class RelyingParty:
    """Our side of one issuer.  `now` gives seconds since the epoch."""

    def __init__(self, issuer: Issuer, redirect_uri: str, backchannel: Backchannel, now: Callable[[], float]) -> None:
        self._issuer = issuer
        self._redirect_uri = redirect_uri
        self._backchannel = backchannel
        self._now = now
        self._metadata: tuple[float, Mapping[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def begin(self) -> tuple[str, Attempt]:
        """Where to send the browser.  Raises BackchannelFault when the issuer does not answer."""
        metadata = await self._discover()
        attempt = Attempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._issuer.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self._issuer.scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        separator = "&" if "?" in metadata["authorization_endpoint"] else "?"
        return f"{metadata['authorization_endpoint']}{separator}{urlencode(query)}", attempt

    async def finish(self, attempt: Attempt, returned: Mapping[str, str]) -> Verified | LoginRefused:
        """The verified log-in.  Raises BackchannelFault when the issuer does not answer."""
        if not hmac.compare_digest(attempt.state.encode(), returned.get("state", "").encode()):
            return LoginRefused("state")
        metadata = await self._discover()
        # RFC 9207: an answer that names another issuer is a mix-up.
        if returned.get("iss", self._issuer.issuer) != self._issuer.issuer:
            return LoginRefused("issuer")
        if metadata.get("authorization_response_iss_parameter_supported") and "iss" not in returned:
            return LoginRefused("issuer")
        if "error" in returned or not returned.get("code"):
            return LoginRefused("denied")
        token = await self._redeem(metadata["token_endpoint"], returned["code"], attempt)
        if token is None:
            return LoginRefused("code")
        return await self._verified(token, attempt, metadata)

    async def _redeem(self, endpoint: str, code: str, attempt: Attempt) -> str | None:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self._issuer.client_id,
            "code_verifier": attempt.verifier,
        }
        secret = self._issuer.client_secret
        status, answer = await self._backchannel.post(
            endpoint, fields, (self._issuer.client_id, secret) if secret else None
        )
        token = answer.get("id_token") if status == 200 and isinstance(answer, dict) else None
        return token if isinstance(token, str) else None

    async def _verified(self, token: str, attempt: Attempt, metadata: Mapping[str, Any]) -> Verified | LoginRefused:
        decoded = await self._decode(token, metadata["jwks_uri"])
        if decoded is None:
            return LoginRefused("signature")
        registry = jwt.JWTClaimsRegistry(
            now=int(self._now()),
            leeway=SKEW_SECONDS,
            iss={"essential": True, "value": self._issuer.issuer},
            aud={"essential": True, "value": self._issuer.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": attempt.nonce},
        )
        try:
            registry.validate(dict(decoded))
        except JoseError as problem:
            return LoginRefused(f"claims:{getattr(problem, 'claim', '')}")
        many = isinstance(decoded["aud"], list) and len(decoded["aud"]) > 1
        if (many or "azp" in decoded) and decoded.get("azp") != self._issuer.client_id:
            return LoginRefused("claims:azp")
        return Verified(decoded, token)

    async def _decode(self, token: str, jwks_uri: str) -> Mapping[str, Any] | None:
        """Tries the keys we know, then, at most once a minute, the issuer's keys anew (it may have rotated them)."""
        for fresh in (False, True):
            keys = await self._key_set(jwks_uri, fresh)
            if keys is None:
                continue
            try:
                return jwt.decode(token, keys, algorithms=list(self._issuer.algorithms)).claims
            except (JoseError, ValueError, TypeError):
                continue
        return None

    async def _key_set(self, jwks_uri: str, fresh: bool) -> KeySet | None:
        age = self._now() - self._keys[0] if self._keys else None
        if self._keys and (
            (not fresh and age is not None and age < METADATA_SECONDS)
            or (fresh and age is not None and age < KEYS_AT_MOST_EVERY)
        ):
            return self._keys[1]
        content = await self._backchannel.get(jwks_uri)
        try:
            self._keys = (self._now(), KeySet.import_key_set(content))
        except (JoseError, ValueError, KeyError, TypeError) as problem:
            raise BackchannelFault("jwks") from problem
        return self._keys[1]

    async def _discover(self) -> Mapping[str, Any]:
        if self._metadata and self._now() - self._metadata[0] < METADATA_SECONDS:
            return self._metadata[1]
        found = await self._backchannel.get(f"{self._issuer.issuer}/.well-known/openid-configuration")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if not isinstance(found, dict) or found.get("issuer") != self._issuer.issuer:
            raise BackchannelFault("metadata of another issuer")
        if any(not isinstance(found.get(name), str) for name in needed):
            raise BackchannelFault("incomplete metadata")
        if self._issuer.issuer.startswith("https:") and any(not found[name].startswith("https:") for name in needed):
            raise BackchannelFault("metadata leads away from https")
        self._metadata = (self._now(), found)
        return found
