"""The register of professionals, played: for the demo and for tests, from what is published of it (trust.md §1, v0.7).

It is the local provider whose userinfo endpoint gives a *verklaring* of its making, with the register's keys and a
status endpoint beside it.  Nobody's identity is established here, whatever its `loa_dezi` says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from babyconnect.birthcare.parties import Role
from babyconnect.definitions import document, rows
from babyconnect.web.headers import App
from babyconnect.web.simulators.identity_provider import Client, provider_app
from babyconnect.web.simulators.users import Account, User

REGISTER = "https://abonnee.dezi.nl"
LIFETIME = 90 * 24 * 3600
NOBODYS_CODE = "99.000"
"""For somebody without a code of the register: no row of dezi_roles.csv knows it."""


class Register:
    """Makes verklaringen and remembers which were revoked.  `base`: where it answers; `now`: seconds of the epoch."""

    def __init__(self, base: str, key: RSAKey, now: Callable[[], float]) -> None:
        self._base = base
        self._key = key
        self._now = now
        self.revoked: set[str] = set()

    @property
    def jku(self) -> str:
        return f"{self._base}/dezi/jwks.json"

    @property
    def status(self) -> str:
        return f"{self._base}/status/v1/verklaring/"

    def routes(self) -> list[Route]:
        return [Route("/dezi/jwks.json", self.jwks), Route("/status/v1/verklaring/{id}", self.told)]

    async def jwks(self, request: Request) -> Response:
        key = {**self._key.as_dict(private=False), "kid": self._key.thumbprint(), "use": "sig", "alg": "RS256"}
        return JSONResponse({"keys": [key]})

    async def told(self, request: Request) -> Response:
        status = document("dezi.toml")["status"]
        gone = request.path_params["id"] in self.revoked
        return JSONResponse({status["member"]: "revoked" if gone else status["holds"]})

    def describe(self, account: Account) -> Mapping[str, Any]:
        """The answer of the userinfo endpoint."""
        if not isinstance(account, User):
            return account.claims()
        claims = self.claims(account)
        return {"sub": account.person.id, "verklaring_id": claims["verklaring_id"], "verklaring": self.sign(claims)}

    def claims(self, user: User) -> dict[str, Any]:
        given, _, family = user.person.name.partition(" ")
        now = int(self._now())
        return {
            "iss": REGISTER,
            "jti": hashlib.sha256(f"{user.username} {now}".encode()).hexdigest()[:32],
            "nbf": now - 60,
            "exp": now + LIFETIME,
            "json_schema": "https://www.dezi.nl/json_schemas/v1/verklaring.json",
            "loa_dezi": "http://eidas.europa.eu/LoA/high",
            "verklaring_id": verklaring_id(user),
            "dezi_nummer": number(user.username),
            "voorletters": f"{given[:1]}.",
            "voorvoegsel": None,
            "achternaam": family,
            "abonnee_nummer": user.ura.value,
            "abonnee_naam": user.organisation,
            "rol_code": _code(user.person.role),
            "rol_naam": user.person.role.value,
            "rol_code_bron": document("dezi.toml")["registers"]["believed"][0],
            "status_uri": f"{self.status}{verklaring_id(user)}",
        }

    def sign(self, claims: Mapping[str, Any], **header: str) -> str:
        made = {"alg": "RS256", "typ": "JWT", "kid": self._key.thumbprint(), "jku": self.jku, **header}
        return jwt.encode(made, dict(claims), self._key, algorithms=["RS256"])


def number(username: str) -> str:
    """A test number that stays with a user name."""
    return f"90{int(hashlib.sha256(username.encode()).hexdigest(), 16) % 10_000_000:07d}"


def verklaring_id(user: User) -> str:
    return hashlib.sha256(f"verklaring {user.username}".encode()).hexdigest()[:32]


def _code(role: Role) -> str:
    return next((row["code"] for row in rows("dezi_roles") if row["role"] == role.value), NOBODYS_CODE)


def simulator_app(
    issuer: str, users: Sequence[User], clients: Sequence[Client], keys: tuple[ECKey, RSAKey], now: Callable[[], float]
) -> tuple[App, Register]:
    """The register below the issuer's own path: log-in, verklaring, keys, status."""
    register = Register(issuer, keys[1], now)
    app = provider_app(
        issuer, users, clients, keys[0], now, audience="dezi", describe=register.describe, more=register.routes()
    )
    return app, register
