"""The node as an authorisation server: token, introspection, revocation, metadata, keys (RFC 6749, 7009, 7517, 7523,
7662, 8414, 8705, 9449; Nuts RFC021).

Raw ASGI: a token request is on the path of every consult.  Answers are never cached; what was wrong stands in the log,
the asker gets the standard's error code.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from babyconnect.api import forms
from babyconnect.api.asgi import Receive, Scope, Send
from babyconnect.api.http import trace_of
from babyconnect.api.peers import peer_of
from babyconnect.api.rates import Rates
from babyconnect.audit.faults import AuditFault
from babyconnect.flows.grant import Asked, Denied, Granting
from babyconnect.trust import algorithms, presentation, scopes
from babyconnect.trust.sessions import Session

TOKEN = "/oauth/token"
INTROSPECT = "/oauth/introspect"
REVOKE = "/oauth/revoke"
DEFINITION = "/oauth/presentation_definition"
METADATA = "/.well-known/oauth-authorization-server"
JWKS = "/.well-known/jwks.json"
PATHS = frozenset({TOKEN, INTROSPECT, REVOKE, DEFINITION, METADATA, JWKS})

Headers = tuple[tuple[bytes, bytes], ...]
_PRIVATE: Headers = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
_PUBLIC: Headers = ((b"cache-control", b"max-age=300"),)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: Mapping[str, Any]
    headers: Headers = _PRIVATE


_NOT_FOUND = _Answer(404, {"error": "not_found"})
_AWAY = _Answer(503, {"error": "temporarily_unavailable"}, (*_PRIVATE, (b"retry-after", b"5")))


def _later(seconds: int) -> _Answer:
    return _Answer(429, {"error": "temporarily_unavailable"}, (*_PRIVATE, (b"retry-after", b"%d" % seconds)))


class OAuth:
    """An ASGI application for `PATHS`.

    `base_url`: the node's public address, also the issuer.  `published`: the node's JWKS, asked for each time so that
    keys rotate without a restart.  `introspection_sha256`: SHA-256 of the secret with which the node's own parts
    introspect; other organisations do so by certificate or assertion, of their own tokens.  `rates`: how often a
    stranger may knock, before anything that it sent is looked at.
    """

    def __init__(
        self,
        granting: Granting,
        base_url: str,
        published: Callable[[], Mapping[str, Any]],
        introspection_sha256: bytes | None = None,
        rates: Rates | None = None,
    ) -> None:
        self._rates = rates
        self._granting, self._base, self._published = granting, base_url.rstrip("/"), published
        self._secret = introspection_sha256
        self._handlers = {
            ("POST", TOKEN): self._token,
            ("POST", INTROSPECT): self._introspect,
            ("POST", REVOKE): self._revoke,
            ("GET", DEFINITION): self._definition,
            ("GET", METADATA): self._metadata,
            ("GET", JWKS): self._jwks,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handlers.get((scope["method"], scope["path"]))
        if handler is not None:
            wait = self._rates.knocks(scope) if self._rates is not None and scope["method"] == "POST" else 0
            try:
                answer = _later(wait) if wait else await handler(scope, receive)
            except AuditFault:
                answer = _AWAY
            except Exception as fault:
                # Only the kind of fault: its text may quote what was sent.
                _log.error("a token request failed", fault=type(fault).__name__)
                answer = _Answer(500, {"error": "server_error"})
        else:
            allowed = b", ".join(method.encode() for method, path in self._handlers if path == scope["path"])
            answer = _Answer(405, {"error": "invalid_request"}, (*_PRIVATE, (b"allow", allowed)))
            answer = answer if allowed else _NOT_FOUND
        await _send(answer, send)

    async def _token(self, scope: Scope, receive: Receive) -> _Answer:
        form = await forms.read(scope, receive)
        asked = self._asked(scope, {} if isinstance(form, int) else form)
        if isinstance(form, int):
            await self._granting.refuse(asked, f"form_{form}")
            return _Answer(form, {"error": "invalid_request"})
        outcome = await self._granting.grant(asked)
        if isinstance(outcome, Denied):
            return self._denied(outcome)
        given = {
            "access_token": outcome.token,
            "token_type": outcome.kind,
            "expires_in": outcome.seconds,
            "scope": outcome.session.verified.scope,
        }
        return _Answer(200, given, _PRIVATE + (self._nonce() if asked.proof is not None else ()))

    def _denied(self, outcome: Denied) -> _Answer:
        wait: Headers = ((b"retry-after", str(outcome.retry_after).encode()),) if outcome.retry_after else ()
        nonce = self._nonce() if outcome.error == "use_dpop_nonce" else ()
        return _Answer(outcome.status, {"error": outcome.error}, _PRIVATE + wait + nonce)

    def _nonce(self) -> Headers:
        return ((b"dpop-nonce", self._granting.proofs.nonces.current().encode()),)

    def _asked(self, scope: Scope, form: Mapping[str, str]) -> Asked:
        sent = [value for name, value in scope["headers"] if name == b"dpop"]
        return Asked(
            form,
            trace_of(forms.header(scope, b"traceparent")),
            (scope.get("client") or ("",))[0],
            peer_of(scope),
            None if not sent else sent[0].decode("latin-1") if len(sent) == 1 else "",
            self._base + scope["path"],
        )

    async def _introspect(self, scope: Scope, receive: Receive) -> _Answer:
        own_part = self._own_part(scope)
        form = await forms.read(scope, receive)
        if isinstance(form, int):
            return _Answer(form, {"error": "invalid_request"})
        session = await self._granting.introspect(self._asked(scope, form), own_part)
        if isinstance(session, Denied):
            challenge: Headers = ((b"www-authenticate", b"Bearer"),) if session.status == 401 else ()
            return _Answer(session.status, {"error": session.error}, _PRIVATE + challenge)
        return _Answer(200, introspection(session, self._base) if session else {"active": False})

    def _own_part(self, scope: Scope) -> bool:
        scheme, _, given = forms.header(scope, b"authorization").partition(" ")
        digest = hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest()
        return scheme.lower() == "bearer" and self._secret is not None and hmac.compare_digest(digest, self._secret)

    async def _revoke(self, scope: Scope, receive: Receive) -> _Answer:
        form = await forms.read(scope, receive)
        if isinstance(form, int):
            return _Answer(form, {"error": "invalid_request"})
        denied = await self._granting.revoke(self._asked(scope, form))
        # RFC 7009 §2.2: an unknown token is answered as one that was ended.
        return _Answer(200, {}) if denied is None else _Answer(denied.status, {"error": denied.error})

    async def _definition(self, scope: Scope, receive: Receive) -> _Answer:
        """What a presentation must show: the same for every scope, so that asking tells nothing (RFC021 §8)."""
        return _Answer(200, presentation.definition(), _PUBLIC)

    async def _metadata(self, scope: Scope, receive: Receive) -> _Answer:
        signing = list(algorithms.ALGORITHMS)
        formats = {"jwt_vp": {"alg": signing}, "jwt_vc": {"alg": signing}}
        authenticate = {
            f"{name}_endpoint_auth_methods_supported": ["private_key_jwt", "tls_client_auth"]
            for name in ("introspection", "revocation")
        }
        metadata: dict[str, Any] = {
            "issuer": self._base,
            "token_endpoint": self._base + TOKEN,
            "jwks_uri": self._base + JWKS,
            "scopes_supported": list(scopes.known()),
            "response_types_supported": [],
            "grant_types_supported": list(scopes.grants()),
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": signing,
            "introspection_endpoint": self._base + INTROSPECT,
            "revocation_endpoint": self._base + REVOKE,
            **authenticate,
            "dpop_signing_alg_values_supported": signing,
            "tls_client_certificate_bound_access_tokens": True,
            "presentation_definition_endpoint": self._base + DEFINITION,
            "vp_formats": formats,
            "vp_formats_supported": formats,
        }
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
        "client_id": verified.client or asker.ura.value,
        "scope": verified.scope,
        "token_type": "DPoP" if session.bound.jkt else "Bearer",
        "exp": int(session.expires),
        "iat": int(session.issued),
        "jti": session.id,
        "organization_ura": asker.ura.value,
        "organization_name": verified.organisation.name,
        "organization_facility_type": verified.organisation.kind.value,
        "user_id": asker.person,
        "user_role": asker.role.value,
        "user_surname": verified.surname,
        "loa": asker.loa,
        "purpose_of_use": asker.purpose.value,
        "episode": sorted(session.episodes),
        "treatment_relation": [{"basis": item.basis, "evidence": item.reference} for item in asker.relations],
    }
    if asker.responsible:
        claims["responsible"] = {"user_id": asker.responsible.id, "user_role": asker.responsible.role.value}
    if asker.emergency:
        claims["emergency"] = {"reason": asker.emergency.reason, "over_objection": asker.emergency.over_objection}
    if verified.authorization_base:
        claims["authorization_base"] = verified.authorization_base
    if session.bound.claim():
        claims["cnf"] = session.bound.claim()
    return claims


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
