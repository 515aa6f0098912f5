"""The care system's side of SMART App Launch 2.2: who may launch what, codes, tokens, and the few reads of a launch.

A launch belongs to the session of the user who made it: a handle that somebody else brings is worth nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from joserfc import jwt
from joserfc.jwk import ECKey

from babyconnect.web.login.logout_tokens import EVENT
from babyconnect.web.login.relying_party import s256
from babyconnect.web.simulators.care_system import records
from babyconnect.web.simulators.care_system.records import Listed, Practice, Works

LAUNCH_SECONDS = 120
CODE_SECONDS = 60
TOKEN_SECONDS = 600
MOST = 2_000
CAPABILITIES = [
    "launch-ehr", "client-public", "sso-openid-connect", "context-ehr-patient", "permission-patient",
    "permission-user", "permission-v2", "authorize-post",
]  # fmt: skip
SCOPES = ["launch", "openid", "fhirUser", "patient/Patient.rs", "patient/EpisodeOfCare.rs", "user/Practitioner.rs"]


@dataclass(frozen=True, slots=True)
class Visit:
    """Who works with the care system in one browser."""

    practice: Practice
    works: Works
    name: str


@dataclass(frozen=True, slots=True)
class _Launch:
    visit: Visit
    client: Listed
    until: float


@dataclass(frozen=True, slots=True)
class _Code:
    launch: _Launch
    query: Mapping[str, str]
    until: float


K = TypeVar("K")


class SmartServer:
    """One organisation's.  `base`: where its care system answers; `apps`: redirect addresses by client id."""

    def __init__(self, base: str, key: ECKey, apps: Mapping[str, tuple[str, ...]], now: Callable[[], float]) -> None:
        self.base = base
        self.fhir = f"{base}/fhir"
        self._key = key
        self._apps = apps
        self._now = now
        self._launches: dict[str, _Launch] = {}
        self._codes: dict[str, _Code] = {}
        self._tokens: dict[str, _Launch] = {}

    def configuration(self) -> Mapping[str, Any]:
        return {
            "issuer": self.base,
            "jwks_uri": f"{self.base}/jwks",
            "authorization_endpoint": f"{self.base}/authorize",
            "token_endpoint": f"{self.base}/token",
            "grant_types_supported": ["authorization_code"],
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "scopes_supported": SCOPES,
            "capabilities": CAPABILITIES,
        }

    def jwks(self) -> Mapping[str, Any]:
        kid = self._key.thumbprint()
        return {"keys": [{**self._key.as_dict(private=False), "kid": kid, "use": "sig", "alg": "ES256"}]}

    def launch(self, visit: Visit, client: Listed) -> str:
        """A handle with which the viewer may ask for this client, for this user, once and soon."""
        return self._keep(self._launches, _Launch(visit, client, self._now() + LAUNCH_SECONDS))

    def authorise(self, query: Mapping[str, str], visit: Visit | None) -> tuple[str, Mapping[str, str]] | str:
        """Where to send the browser with what, or why it is sent nowhere."""
        back = query.get("redirect_uri", "")
        if back not in self._apps.get(query.get("client_id", ""), ()):
            return "unknown_client"
        state = {"state": query.get("state", "")}
        launch = self._launches.pop(query.get("launch", ""), None)
        if query.get("response_type") != "code" or query.get("code_challenge_method") != "S256":
            return back, {"error": "invalid_request", **state}
        if query.get("aud", "").rstrip("/") != self.fhir or not query.get("code_challenge"):
            return back, {"error": "invalid_request", **state}
        if launch is None or launch.until < self._now() or launch.visit != visit:
            return back, {"error": "access_denied", **state}
        code = self._keep(self._codes, _Code(launch, dict(query), self._now() + CODE_SECONDS))
        return back, {"code": code, "iss": self.base, **state}

    def token(self, fields: Mapping[str, str]) -> Mapping[str, Any] | str:
        """The tokens and the context for a code, or the error; the code is spent either way."""
        code = self._codes.pop(fields.get("code", ""), None)
        if fields.get("grant_type") != "authorization_code":
            return "unsupported_grant_type"
        if code is None or code.until < self._now():
            return "invalid_grant"
        asked = code.query
        same = all(fields.get(name) == asked[name] for name in ("redirect_uri", "client_id"))
        if not same or s256(fields.get("code_verifier", "")) != asked["code_challenge"]:
            return "invalid_grant"
        launch = code.launch
        until = _Launch(launch.visit, launch.client, self._now() + TOKEN_SECONDS)
        return {
            "access_token": self._keep(self._tokens, until),
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": asked.get("scope", ""),
            "id_token": self._id_token(launch, asked),
            "patient": launch.client.id,
            "fhirContext": [{"reference": f"EpisodeOfCare/episode-{launch.client.id}"}],
            "need_patient_banner": True,
        }

    def read(self, token: str, path: str, query: Mapping[str, str]) -> Mapping[str, Any] | None:
        """A resource of this launch's client, user or organisation; None for anything else."""
        launch = self._tokens.get(token)
        if launch is None or launch.until < self._now():
            return None
        practice, works, client = launch.visit.practice, launch.visit.works, launch.client
        role = records.practitioner_role(works, practice)
        for one in (records.patient(client), records.episode(client, practice), records.organisation(practice),
                    records.practitioner(works), role):  # fmt: skip
            if path == f"{one['resourceType']}/{one['id']}":
                return one
        if path == "PractitionerRole" and query.get("practitioner") == f"Practitioner/{works.username}":
            entry = [{"fullUrl": f"{self.fhir}/PractitionerRole/{role['id']}", "resource": role}]
            return {"resourceType": "Bundle", "type": "searchset", "total": 1, "entry": entry}
        return None

    def known(self, token: str) -> bool:
        launch = self._tokens.get(token)
        return launch is not None and launch.until >= self._now()

    def end(self, visit: Visit) -> None:
        """Somebody logs out: whatever she launched is over."""
        for kept in (self._launches, self._tokens):
            for handle in [handle for handle, launch in kept.items() if launch.visit == visit]:
                del kept[handle]
        self._codes = {handle: code for handle, code in self._codes.items() if code.launch.visit != visit}

    def logout_token(self, visit: Visit, client_id: str) -> str:
        """Tells an app that this user left (OpenID Connect Back-Channel Logout 1.0 §2.4)."""
        now = int(self._now())
        claims = {
            "iss": self.base,
            "aud": client_id,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(16),
            "sub": visit.works.username,
            "sid": visit.name,
            "events": {EVENT: {}},
        }
        return jwt.encode({"alg": "ES256", "kid": self._key.thumbprint(), "typ": "logout+jwt"}, claims, self._key)

    def _id_token(self, launch: _Launch, asked: Mapping[str, str]) -> str:
        now = int(self._now())
        claims = {
            "iss": self.base,
            "sub": launch.visit.works.username,
            "aud": asked["client_id"],
            "iat": now,
            "exp": now + 300,
            "sid": launch.visit.name,
            "fhirUser": f"{self.fhir}/Practitioner/{launch.visit.works.username}",
            **({"nonce": asked["nonce"]} if asked.get("nonce") else {}),
        }
        return jwt.encode({"alg": "ES256", "kid": self._key.thumbprint(), "typ": "JWT"}, claims, self._key)

    def _keep(self, kept: dict[str, Any], value: Any) -> str:
        for old in [handle for handle, one in kept.items() if one.until < self._now()]:
            del kept[old]
        while len(kept) >= MOST:
            del kept[next(iter(kept))]
        handle = secrets.token_urlsafe(32)
        kept[handle] = value
        return handle
