"""The node as an authorisation server: token, introspection, metadata, keys (RFC 6749, 7523, 7662, 8414, 7517).

Raw ASGI: a token request is on the path of every consult.  Form bodies only; each parameter once (RFC 6749 §3.2);
answers are never cached; what was wrong stands in the log, the asker gets RFC 6749's error code.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import orjson

from babyconnect.audit.faults import AuditFault
from babyconnect.flows.grant import Asked, Denied, Granting
from babyconnect.trust import keys
from babyconnect.trust.assertion import SCOPE
from babyconnect.trust.sessions import Session

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 16_384
MAX_PARAMETERS = 20
BODY_SECONDS = 10

TOKEN = "/oauth/token"
INTROSPECT = "/oauth/introspect"
METADATA = "/.well-known/oauth-authorization-server"
JWKS = "/.well-known/jwks.json"
PATHS = frozenset({TOKEN, INTROSPECT, METADATA, JWKS})

_PRIVATE = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
_PUBLIC = ((b"cache-control", b"max-age=300"),)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: Mapping[str, Any]
    headers: tuple[tuple[bytes, bytes], ...] = _PRIVATE


_NOT_FOUND = _Answer(404, {"error": "not_found"})
_BAD_REQUEST = _Answer(400, {"error": "invalid_request"})


class OAuth:
    """An ASGI application for `PATHS`.

    `base_url`: the node's public address, also the issuer.  `published`: the node's JWKS, asked for each time so that
    keys rotate without a restart.  `introspection_sha256`: SHA-256 of the secret with which the node's own parts may
    introspect; without it introspection is not there.
    """

    def __init__(
        self,
        granting: Granting,
        base_url: str,
        published: Callable[[], Mapping[str, Any]],
        introspection_sha256: bytes | None = None,
    ) -> None:
        self._granting, self._base, self._published = granting, base_url.rstrip("/"), published
        self._secret = introspection_sha256
        self._handlers = {
            ("POST", TOKEN): self._token,
            ("POST", INTROSPECT): self._introspect,
            ("GET", METADATA): self._metadata,
            ("GET", JWKS): self._jwks,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handlers.get((scope["method"], scope["path"]))
        if handler is not None:
            answer = await handler(scope, receive)
        else:
            allowed = b", ".join(method.encode() for method, path in self._handlers if path == scope["path"])
            answer = _Answer(405, {"error": "invalid_request"}, (*_PRIVATE, (b"allow", allowed)))
            answer = answer if allowed else _NOT_FOUND
        await _send(answer, send)

    async def _token(self, scope: Scope, receive: Receive) -> _Answer:
        form = await _form(scope, receive)
        trace = _header(scope, b"traceparent")
        asked = Asked(
            {} if isinstance(form, _Answer) else form,
            trace if len(trace) <= 64 and trace.isascii() else "",
            (scope.get("client") or ("",))[0],
        )
        try:
            if isinstance(form, _Answer):
                await self._granting.refuse(asked, f"form_{form.status}")
                return form
            outcome = await self._granting.grant(asked)
        except AuditFault:
            return _Answer(503, {"error": "temporarily_unavailable"}, (*_PRIVATE, (b"retry-after", b"5")))
        if isinstance(outcome, Denied):
            wait = ((b"retry-after", str(outcome.retry_after).encode()),) if outcome.retry_after else ()
            return _Answer(outcome.status, {"error": outcome.error}, _PRIVATE + wait)
        return _Answer(
            200,
            {
                "access_token": outcome.token,
                "token_type": "Bearer",
                "expires_in": outcome.seconds,
                "scope": outcome.session.verified.scope,
            },
        )

    async def _introspect(self, scope: Scope, receive: Receive) -> _Answer:
        if self._secret is None:
            return _NOT_FOUND
        scheme, _, given = _header(scope, b"authorization").partition(" ")
        known = hmac.compare_digest(hashlib.sha256(given.encode()).digest(), self._secret)
        if not known or scheme.lower() != "bearer":
            return _Answer(401, {"error": "invalid_client"}, (*_PRIVATE, (b"www-authenticate", b"Bearer")))
        form = await _form(scope, receive)
        if isinstance(form, _Answer):
            return form
        session = self._granting.sessions.get(form.get("token", ""))
        return _Answer(200, introspection(session, self._base) if session else {"active": False})

    async def _metadata(self, scope: Scope, receive: Receive) -> _Answer:
        algorithms = list(keys.ALGORITHMS)
        metadata: dict[str, Any] = {
            "issuer": self._base,
            "token_endpoint": self._granting.endpoint,
            "jwks_uri": self._base + JWKS,
            "scopes_supported": [SCOPE],
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
        }
        if self._secret is not None:
            metadata["introspection_endpoint"] = self._base + INTROSPECT
        return _Answer(200, metadata, _PUBLIC)

    async def _jwks(self, scope: Scope, receive: Receive) -> _Answer:
        return _Answer(200, self._published(), _PUBLIC)


def introspection(session: Session, issuer: str) -> dict[str, Any]:
    """The one claim model of trust.md §2, for a live session."""
    verified, asker = session.verified, session.asker
    claims: dict[str, Any] = {
        "active": True,
        "iss": issuer,
        "aud": session.audience,
        "client_id": asker.ura.value,
        "scope": verified.scope,
        "exp": int(session.expires),
        "iat": int(session.issued),
        "jti": session.id,
        "organization_ura": asker.ura.value,
        "organization_name": verified.organisation.name,
        "organization_facility_type": verified.organisation.kind.value,
        "user_id": asker.person,
        "user_role": asker.role.value,
        "user_surname": verified.surname,
        "loa": verified.loa,
        "purpose_of_use": asker.purpose.value,
        "episode": sorted(session.episodes),
        "treatment_relation": [{"basis": item.basis, "evidence": item.reference} for item in asker.relations],
    }
    if session.cnf is not None:
        claims["cnf"] = {"x5t#S256": session.cnf}
    return claims


async def _form(scope: Scope, receive: Receive) -> dict[str, str] | _Answer:
    """The form's parameters, or the refusal: not a form, too large, too slow, or a parameter twice."""
    if _header(scope, b"content-type").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return _Answer(415, {"error": "invalid_request"})
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _body(receive)
    except TimeoutError:
        return _Answer(408, {"error": "invalid_request"})
    if body is None:
        return _Answer(413, {"error": "invalid_request"})
    try:
        return _parameters(body.decode("ascii"))
    except ValueError:
        return _BAD_REQUEST


def _parameters(body: str) -> dict[str, str]:
    """Each parameter once, decoded; raises ValueError for anything else.  Written out, since it is on every consult's
    path and an assertion has nothing to decode."""
    form: dict[str, str] = {}
    for pair in body.split("&", MAX_PARAMETERS):
        name, equals, value = pair.partition("=")
        name, value = _decoded(name), _decoded(value)
        if not equals or not name or name in form or len(form) == MAX_PARAMETERS:
            raise ValueError("not a form")
        form[name] = value
    return form


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


async def _body(receive: Receive) -> bytes | None:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _header(scope: Scope, name: bytes) -> str:
    """The value of a header, or "" when it is absent or given more than once."""
    values = [value for key, value in scope["headers"] if key == name]
    return values[0].decode("latin-1") if len(values) == 1 else ""


async def _send(answer: _Answer, send: Send) -> None:
    body = orjson.dumps(answer.body)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
