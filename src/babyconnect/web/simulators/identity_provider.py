"""A small local OpenID Connect provider, for the demo and for organisations without one of their own.

Passwords only, so its tokens say a lower assurance (`acr`); in earnest an issuer such as Dezi takes its place by
configuration.  Code flow with PKCE (S256) only, redirect addresses compared letter by letter, codes single use and
short-lived, no session of its own: logging out of the viewer is logging out (OpenID Connect Core 1.0, RFC 9700).
"""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from babyconnect.web.forms import form, single
from babyconnect.web.headers import App, Guard, SecurityHeaders, content_security_policy
from babyconnect.web.limits import Limit
from babyconnect.web.rendering import Pages, error_handlers
from babyconnect.web.simulators.users import Account, hash_password, password_holds

CODE_SECONDS = 60
FORM_SECONDS = 600
TOKEN_SECONDS = 300
MOST_WAITING = 5_000
COOKIE = "babyconnect_identity"


@dataclass(frozen=True, slots=True)
class Client:
    """A viewer that may ask for log-ins.  `secret_sha256` (hex) is "" for a public client; PKCE is asked of both."""

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    secret_sha256: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """An authorisation request that was found valid and waits for a password; `cookie` ties it to one browser."""

    client: Client
    redirect_uri: str
    state: str
    nonce: str
    challenge: str
    cookie: str
    until: float


@dataclass(frozen=True, slots=True)
class _Granted:
    asked: _Asked
    user: Account
    until: float


class Provider:
    """State and routes.  `now` is seconds since the epoch; everything waiting is in memory and short-lived.

    `audience` is who logs in here, `staff` or `clients`: it chooses the words of the form.
    `describe`: what the userinfo endpoint says of an account.
    """

    def __init__(
        self,
        issuer: str,
        users: Sequence[Account],
        clients: Sequence[Client],
        key: ECKey,
        now: Callable[[], float],
        *,
        audience: str = "staff",
        describe: Callable[[Account], Mapping[str, Any]] = Account.claims,
    ) -> None:
        self._audience = audience
        self._describe = describe
        self._told: dict[str, _Granted] = {}
        self.issuer = issuer
        self.path = urlsplit(issuer).path
        self._users = {user.username: user for user in users}
        self._clients = {client.client_id: client for client in clients}
        self._key = key
        self._now = now
        self._asked: dict[str, _Asked] = {}
        self._granted: dict[str, _Granted] = {}
        self._per_user = Limit(5, 60, now)
        self._per_address = Limit(60, 60, now)
        self.pages = Pages(self.path + "/static")
        self._secure = issuer.startswith("https:")

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/openid-configuration", self.metadata),
            Route("/jwks", self.jwks),
            Route("/authorize", self.authorize, methods=["GET"]),
            Route("/authorize", self.log_in, methods=["POST"]),
            Route("/token", self.token, methods=["POST"]),
            Route("/userinfo", self.userinfo, methods=["GET"]),
            Route("/static/{name}", self.pages.assets.serve),
        ]

    async def metadata(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
                "scopes_supported": ["openid", "profile"],
                "acr_values_supported": sorted({str(user.claims()["acr"]) for user in self._users.values()}),
                "claims_supported": sorted({name for user in self._users.values() for name in user.claims()}),
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def jwks(self, request: Request) -> Response:
        key = {**self._key.as_dict(private=False), "use": "sig", "alg": "ES256", "kid": self._kid()}
        return JSONResponse({"keys": [key]})

    async def authorize(self, request: Request) -> Response:
        """Shows the log-in form.  A request whose client or address is not known is never redirected."""
        query = single(request.url.query)
        client = self._clients.get(query.get("client_id", ""))
        if client is None or query.get("redirect_uri", "") not in client.redirect_uris:
            return self.pages.message("unknown_client", status=400)
        problem = _problem(query)
        if problem:
            return self._back(query["redirect_uri"], {"error": problem, "state": query.get("state", "")})
        cookie = request.cookies.get(COOKIE) or secrets.token_urlsafe(24)
        asked = _Asked(client, query["redirect_uri"], query.get("state", ""), query["nonce"], query["code_challenge"],
                       cookie, self._now() + FORM_SECONDS)  # fmt: skip
        ticket = secrets.token_urlsafe(24)
        _keep(self._asked, ticket, asked, self._now())
        return self._form(ticket, asked, language=request.cookies.get("babyconnect_language", ""))

    async def log_in(self, request: Request) -> Response:
        """Checks name and password; sends the browser back with a code."""
        fields = await form(request)
        ticket = fields.get("ticket", "")
        asked = self._asked.get(ticket)
        cookie = request.cookies.get(COOKIE, "")
        if asked is None or asked.until < self._now() or not _same(asked.cookie, cookie):
            return self.pages.message("login_expired", status=400)
        username = fields.get("username", "").strip().lower()
        address = request.client.host if request.client else ""
        if not self._per_address.take(address) or self._per_user.reached(username):
            return self._form(ticket, asked, error="login_too_often", status=429)
        user = self._users.get(username)
        kept = user.password if user else _nobodys_password()
        if not await asyncio.to_thread(password_holds, fields.get("password", ""), kept) or user is None:
            self._per_user.take(username)
            return self._form(ticket, asked, error="login_wrong", status=401)
        if self._asked.pop(ticket, None) is None:  # somebody else finished this form while the password was checked
            return self.pages.message("login_expired", status=400)
        self._per_user.forgive(username)
        code = secrets.token_urlsafe(32)
        _keep(self._granted, code, _Granted(asked, user, self._now() + CODE_SECONDS), self._now())
        return self._back(asked.redirect_uri, {"code": code, "state": asked.state})

    async def token(self, request: Request) -> Response:
        """Redeems a code, once: whatever is wrong with the request, the code is spent."""
        fields = await form(request)
        client_id, secret = _credentials(request, fields)
        client = self._clients.get(client_id)
        if client is None or not _secret_holds(client, secret):
            return _refused("invalid_client", 401)
        if fields.get("grant_type") != "authorization_code":
            return _refused("unsupported_grant_type")
        granted = self._granted.pop(fields.get("code", ""), None)
        if granted is None or granted.until < self._now() or granted.asked.client != client:
            return _refused("invalid_grant")
        if granted.asked.redirect_uri != fields.get("redirect_uri", ""):
            return _refused("invalid_grant")
        if not _pkce_holds(granted.asked.challenge, fields.get("code_verifier", "")):
            return _refused("invalid_grant")
        access = secrets.token_urlsafe(32)
        _keep(self._told, access, _Granted(granted.asked, granted.user, self._now() + TOKEN_SECONDS), self._now())
        return JSONResponse(
            {
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": TOKEN_SECONDS,
                "id_token": self._id_token(granted),
            }
        )

    async def userinfo(self, request: Request) -> Response:
        """What the id token says, or what `describe` makes of the account (OpenID Connect Core 1.0 §5.3)."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        granted = self._told.get(token) if kind.lower() == "bearer" else None
        if granted is None or granted.until < self._now():
            return JSONResponse({"error": "invalid_token"}, 401, {"www-authenticate": "Bearer"})
        return JSONResponse(self._describe(granted.user))

    def _id_token(self, granted: _Granted) -> str:
        now = int(self._now())
        claims = {
            **granted.user.claims(),
            "iss": self.issuer,
            "aud": granted.asked.client.client_id,
            "exp": now + TOKEN_SECONDS,
            "iat": now,
            "auth_time": now,
            "nonce": granted.asked.nonce,
        }
        return jwt.encode({"alg": "ES256", "kid": self._kid(), "typ": "JWT"}, claims, self._key)

    def _kid(self) -> str:
        return str(self._key.thumbprint())

    def _form(self, ticket: str, asked: _Asked, error: str = "", status: int = 200, language: str = "") -> Response:
        answer = self.pages.page(
            "simulators/identity_provider.html",
            status=status,
            language=language,
            ticket=ticket,
            client=asked.client.name,
            audience=self._audience,
            error=error,
            action=f"{self.path}/authorize",
        )
        # Chromium applies form-action to where a form's answer redirects to as well.
        target = urlsplit(asked.redirect_uri)
        actions = f"'self' {target.scheme}://{target.netloc}"
        answer.headers["content-security-policy"] = content_security_policy(form_actions=actions)
        kept = {"max_age": FORM_SECONDS, "path": self.path, "secure": self._secure}
        answer.set_cookie(COOKIE, asked.cookie, httponly=True, samesite="lax", **kept)  # type: ignore[arg-type]
        return answer

    def _back(self, redirect_uri: str, answer: Mapping[str, str]) -> Response:
        separator = "&" if "?" in redirect_uri else "?"
        return RedirectResponse(f"{redirect_uri}{separator}{urlencode({**answer, 'iss': self.issuer})}", 303)


def provider_app(
    issuer: str,
    users: Sequence[Account],
    clients: Sequence[Client],
    key: ECKey,
    now: Callable[[], float],
    *,
    audience: str = "staff",
    describe: Callable[[Account], Mapping[str, Any]] = Account.claims,
    more: Sequence[Route] = (),
) -> App:
    """The provider as an ASGI application that answers below the issuer's own path (`http://host:port/idp`)."""
    provider = Provider(issuer.rstrip("/"), users, clients, key, now, audience=audience, describe=describe)
    routes = [Mount(provider.path, routes=[*provider.routes(), *more])]
    inner = Starlette(routes=routes, exception_handlers=error_handlers(provider.pages))
    return SecurityHeaders(Guard(inner), secure=issuer.startswith("https:"))


@functools.cache
def _nobodys_password() -> str:
    """An unknown name costs the same time as a known one, so that names cannot be found by the clock."""
    return hash_password(secrets.token_urlsafe(16), secrets.token_bytes(16))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _problem(query: Mapping[str, str]) -> str:
    """The error code of OAuth 2.0 for a request that cannot be granted, or ""."""
    if query.get("response_type") != "code":
        return "unsupported_response_type"
    if "openid" not in query.get("scope", "").split():
        return "invalid_scope"
    if query.get("code_challenge_method") != "S256" or not 43 <= len(query.get("code_challenge", "")) <= 128:
        return "invalid_request"
    return "" if query.get("nonce") and query.get("state") else "invalid_request"


def _keep(waiting: dict[str, _Asked] | dict[str, _Granted], key: str, value: _Asked | _Granted, now: float) -> None:
    """Adds to what is waiting, after forgetting what is over; never more than MOST_WAITING."""
    for old in [k for k, v in waiting.items() if v.until < now]:
        del waiting[old]
    while len(waiting) >= MOST_WAITING:
        del waiting[next(iter(waiting))]
    waiting[key] = value  # type: ignore[assignment]


def _credentials(request: Request, fields: Mapping[str, str]) -> tuple[str, str]:
    header = request.headers.get("authorization", "")
    if header.lower().startswith("basic "):
        try:
            name, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
        except (ValueError, UnicodeDecodeError):
            return "", ""
        return unquote_plus(name), unquote_plus(secret)
    return fields.get("client_id", ""), ""


def _secret_holds(client: Client, secret: str) -> bool:
    if not client.secret_sha256:
        return True
    return _same(hashlib.sha256(secret.encode()).hexdigest(), client.secret_sha256)


def _pkce_holds(challenge: str, verifier: str) -> bool:
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return 43 <= len(verifier) <= 128 and _same(made, challenge)


def _refused(error: str, status: int = 400) -> Response:
    return JSONResponse({"error": error}, status_code=status)
