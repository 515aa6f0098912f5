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

from babyconnect.web.login.backchannel import Backchannel, BackchannelFault
from babyconnect.web.login.issuers import ALGORITHMS, Published

SKEW_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Issuer:
    """Where people log in, and what we are called there.

    `userinfo`: also ask the userinfo endpoint, for issuers whose id tokens say little.  `hint`: hand the id token back
    at log-out (OpenID Connect RP-Initiated Logout 1.0); never where it holds a BSN, since it travels in an address.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scope: str = "openid profile"
    algorithms: tuple[str, ...] = ALGORITHMS[:4]
    userinfo: bool = False
    hint: bool = True


@dataclass(frozen=True, slots=True)
class Attempt:
    """One log-in on its way; kept by us, never by the browser."""

    state: str
    nonce: str
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """Why no session came of it.  `reason`: a code for our log, without anything of the person; `message`: the page."""

    reason: str
    message: str = "login_refused"


@dataclass(frozen=True, slots=True)
class Verified:
    """A log-in that holds: the claims of its id token (and userinfo), that token for the issuer's log-out, and the
    access token for what else the issuer tells."""

    claims: Mapping[str, Any]
    id_token: str = field(repr=False)
    access_token: str = field(default="", repr=False)


class RelyingParty:
    """Our side of one issuer.  `now` gives seconds since the epoch."""

    def __init__(self, issuer: Issuer, redirect_uri: str, backchannel: Backchannel, now: Callable[[], float]) -> None:
        self.issuer = issuer
        self.published = Published(issuer.issuer, backchannel, now)
        self._redirect_uri = redirect_uri
        self._backchannel = backchannel
        self._now = now

    async def begin(self) -> tuple[str, Attempt]:
        """Where to send the browser.  Raises BackchannelFault when the issuer does not answer."""
        metadata = await self.published.metadata()
        attempt = Attempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))
        query = {
            "response_type": "code",
            "client_id": self.issuer.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self.issuer.scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": s256(attempt.verifier),
            "code_challenge_method": "S256",
        }
        return with_query(metadata["authorization_endpoint"], query), attempt

    async def finish(self, attempt: Attempt, returned: Mapping[str, str]) -> Verified | LoginRefused:
        """The verified log-in.  Raises BackchannelFault when the issuer does not answer."""
        if not hmac.compare_digest(attempt.state.encode(), returned.get("state", "").encode()):
            return LoginRefused("state")
        metadata = await self.published.metadata()
        # RFC 9207: an answer that names another issuer is a mix-up.
        if returned.get("iss", self.issuer.issuer) != self.issuer.issuer:
            return LoginRefused("issuer")
        if metadata.get("authorization_response_iss_parameter_supported") and "iss" not in returned:
            return LoginRefused("issuer")
        if "error" in returned or not returned.get("code"):
            return LoginRefused("denied")
        tokens = await self._redeem(metadata["token_endpoint"], returned["code"], attempt)
        if tokens is None:
            return LoginRefused("code")
        found = await self._verified(tokens, attempt)
        if isinstance(found, Verified) and self.issuer.userinfo:
            return await self._with_userinfo(found, metadata.get("userinfo_endpoint", ""))
        return found

    async def farewell(self, id_token: str, sid: str, back: str) -> str:
        """Where to send the browser to end its session at the issuer too, "" when the issuer knows no such thing."""
        try:
            endpoint = (await self.published.metadata()).get("end_session_endpoint", "")
        except BackchannelFault:
            return ""
        if not isinstance(endpoint, str) or not endpoint:
            return ""
        hint = {"id_token_hint": id_token} if self.issuer.hint else {"logout_hint": sid} if sid else {}
        return with_query(endpoint, {**hint, "client_id": self.issuer.client_id, "post_logout_redirect_uri": back})

    async def _redeem(self, endpoint: str, code: str, attempt: Attempt) -> Mapping[str, str] | None:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self.issuer.client_id,
            "code_verifier": attempt.verifier,
        }
        secret = self.issuer.client_secret
        status, answer = await self._backchannel.post(
            endpoint, fields, (self.issuer.client_id, secret) if secret else None
        )
        if status != 200 or not isinstance(answer, dict) or not isinstance(answer.get("id_token"), str):
            return None
        return {name: value for name, value in answer.items() if isinstance(value, str)}

    async def _verified(self, tokens: Mapping[str, str], attempt: Attempt) -> Verified | LoginRefused:
        decoded = await self.published.decode(tokens["id_token"], self.issuer.algorithms)
        if decoded is None:
            return LoginRefused("signature")
        claims = decoded.claims
        required = {"sub": {"essential": True}, "nonce": {"essential": True, "value": attempt.nonce}}
        problem = claims_problem(claims, self.issuer, self._now(), required)
        if problem:
            return LoginRefused(f"claims:{problem}")
        access = tokens.get("access_token", "")
        if "at_hash" in claims and not at_hash_holds(claims["at_hash"], access, decoded.header["alg"]):
            return LoginRefused("claims:at_hash")
        return Verified(claims, tokens["id_token"], access)

    async def _with_userinfo(self, found: Verified, endpoint: str) -> Verified | LoginRefused:
        """Claims of the userinfo endpoint beside those of the id token, which win (OpenID Connect Core 1.0 §5.3.2)."""
        told = await self._backchannel.get(endpoint, found.access_token) if endpoint else None
        if not isinstance(told, dict) or told.get("sub") != found.claims["sub"]:
            return LoginRefused("userinfo")
        return Verified({**told, **found.claims}, found.id_token, found.access_token)


def claims_problem(claims: Mapping[str, Any], issuer: Issuer, now: float, more: Mapping[str, Any]) -> str:
    """The name of the first claim of an issuer's token that does not hold, "" when all do."""
    rules: dict[str, Any] = {
        "iss": {"essential": True, "value": issuer.issuer},
        "aud": {"essential": True, "value": issuer.client_id},
        "exp": {"essential": True},
        "iat": {"essential": True},
        **more,
    }
    registry = jwt.JWTClaimsRegistry(now=int(now), leeway=SKEW_SECONDS, **rules)
    try:
        registry.validate(dict(claims))
    except (JoseError, TypeError, ValueError) as problem:
        return str(getattr(problem, "claim", "") or "type")
    many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (many or "azp" in claims) and claims.get("azp") != issuer.client_id:
        return "azp"
    return ""


def at_hash_holds(stated: object, access_token: str, algorithm: str) -> bool:
    """OpenID Connect Core 1.0 §3.1.3.6; Ed25519 hashes by SHA-512."""
    digest = (hashlib.sha512 if algorithm in ("EdDSA", "Ed25519") else hashlib.sha256)(access_token.encode()).digest()
    made = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    return isinstance(stated, str) and hmac.compare_digest(made.encode(), stated.encode())


def s256(verifier: str) -> str:
    """The PKCE challenge of a verifier (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def with_query(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
