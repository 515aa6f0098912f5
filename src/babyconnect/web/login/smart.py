"""The app's side of a launch from a care system: SMART App Launch 2.2, EHR launch with code, PKCE and OpenID Connect.

A care system is believed only if the node's settings name it, letter by letter: its `iss` is where we would send the
browser and our code.  Knows nothing of pages and sessions; `begin` gives the address to send the browser to, `finish`
what the care system says: who looks, for which organisation, at which client.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt

from babyconnect.web.login.backchannel import Backchannel, BackchannelFault
from babyconnect.web.login.issuers import ALGORITHMS, KEPT_SECONDS, PublishedKeys
from babyconnect.web.login.logout_tokens import Decode
from babyconnect.web.login.relying_party import Issuer, LoginRefused, claims_problem, s256, with_query

SCOPE = (
    "launch openid fhirUser patient/Patient.rs patient/EpisodeOfCare.rs user/Practitioner.rs user/PractitionerRole.rs "
    "user/Organization.rs"
)
NEEDED = ("issuer", "jwks_uri", "authorization_endpoint", "token_endpoint")
LONGEST_LAUNCH = 2_048

_REFERENCE = re.compile(r"(Patient|Practitioner|PractitionerRole|Organization|EpisodeOfCare)/([A-Za-z0-9.-]{1,64})")


@dataclass(frozen=True, slots=True)
class CareSystem:
    """A care system that may launch the viewer: its FHIR base, and what we are called there."""

    iss: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scope: str = SCOPE


@dataclass(frozen=True, slots=True)
class Launching:
    """One launch on its way; kept by us, never by the browser."""

    system: CareSystem
    state: str
    nonce: str
    verifier: str = field(repr=False)

    def is_answered(self, returned: Mapping[str, str]) -> bool:
        """Whether the care system took this launch: it sent the browser back with our state and a code."""
        ours = hmac.compare_digest(self.state.encode(), returned.get("state", "").encode())
        return ours and bool(returned.get("code")) and "error" not in returned


@dataclass(frozen=True, slots=True)
class Launched:
    """What the care system said: FHIR resources as it gave them, each read with the token of this launch."""

    system: CareSystem
    claims: Mapping[str, Any]
    patient: Mapping[str, Any] = field(repr=False)
    practitioner: Mapping[str, Any] = field(repr=False)
    posts: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...] = ()
    """Each role of hers, and the organisation where she has it."""
    episode: str = ""


class SmartApp:
    """Our side of every care system that may launch.  `now` gives seconds since the epoch."""

    def __init__(
        self, systems: Mapping[str, CareSystem], redirect_uri: str, backchannel: Backchannel, now: Callable[[], float]
    ) -> None:
        self._systems = systems
        self._redirect_uri = redirect_uri
        self._backchannel = backchannel
        self._now = now
        self._keys = PublishedKeys(backchannel, now)
        self._configurations: dict[str, tuple[float, Mapping[str, Any]]] = {}

    async def begin(self, iss: str, launch: str) -> tuple[str, Launching] | LoginRefused:
        """Where to send the browser.  Raises BackchannelFault when the care system does not answer."""
        system = self._systems.get(iss)
        if system is None:
            return LoginRefused("launch:iss")
        if not launch or len(launch) > LONGEST_LAUNCH:
            return LoginRefused("launch:handle")
        configuration = await self._configuration(system)
        launching = Launching(system, secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))
        query = {
            "response_type": "code",
            "client_id": system.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": system.scope,
            "state": launching.state,
            "nonce": launching.nonce,
            "aud": system.iss,
            "launch": launch,
            "code_challenge": s256(launching.verifier),
            "code_challenge_method": "S256",
        }
        return with_query(configuration["authorization_endpoint"], query), launching

    async def finish(self, launching: Launching, returned: Mapping[str, str]) -> Launched | LoginRefused:
        """What the care system says.  Raises BackchannelFault when it does not answer."""
        if not hmac.compare_digest(launching.state.encode(), returned.get("state", "").encode()):
            return LoginRefused("state")
        configuration = await self._configuration(launching.system)
        if returned.get("iss", configuration["issuer"]) != configuration["issuer"]:
            return LoginRefused("issuer")  # RFC 9207
        if "error" in returned or not returned.get("code"):
            return LoginRefused("denied")
        answer = await self._redeem(configuration, launching, returned["code"])
        if answer is None:
            return LoginRefused("code")
        claims = await self._who(configuration, launching, str(answer.get("id_token", "")))
        if isinstance(claims, LoginRefused):
            return claims
        return await _Reading(self._backchannel, launching.system, answer).launched(claims)

    def speaking_for(self, issuer: str) -> tuple[Issuer, Decode] | None:
        """Who may log somebody out in this issuer's name: a care system that launched since this node started."""
        for iss, (_, configuration) in self._configurations.items():
            if configuration["issuer"] == issuer:

                async def decode(token: str, algorithms: Sequence[str]) -> jwt.Token | None:
                    return await self._keys.decode(token, configuration["jwks_uri"], algorithms)  # noqa: B023

                return Issuer(issuer, self._systems[iss].client_id), decode
        return None

    async def _configuration(self, system: CareSystem) -> Mapping[str, Any]:
        known = self._configurations.get(system.iss)
        if known is not None and self._now() - known[0] < KEPT_SECONDS:
            return known[1]
        found = await self._backchannel.get(f"{system.iss}/.well-known/smart-configuration")
        if not isinstance(found, dict) or any(not isinstance(found.get(name), str) for name in NEEDED):
            raise BackchannelFault("incomplete smart configuration")
        if "S256" not in found.get("code_challenge_methods_supported", ()):
            raise BackchannelFault("the care system knows no PKCE")
        if system.iss.startswith("https:") and any(not found[name].startswith("https:") for name in NEEDED):
            raise BackchannelFault("smart configuration leads away from https")
        self._configurations[system.iss] = (self._now(), found)
        return found

    async def _redeem(
        self, configuration: Mapping[str, Any], launching: Launching, code: str
    ) -> Mapping[str, Any] | None:
        system = launching.system
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": system.client_id,
            "code_verifier": launching.verifier,
        }
        basic = (system.client_id, system.client_secret) if system.client_secret else None
        status, answer = await self._backchannel.post(configuration["token_endpoint"], fields, basic)
        return answer if status == 200 and isinstance(answer, dict) else None

    async def _who(
        self, configuration: Mapping[str, Any], launching: Launching, token: str
    ) -> Mapping[str, Any] | LoginRefused:
        decoded = await self._keys.decode(token, configuration["jwks_uri"], ALGORITHMS[:4]) if token else None
        if decoded is None:
            return LoginRefused("signature")
        required = {
            "sub": {"essential": True},
            "fhirUser": {"essential": True},
            "nonce": {"essential": True, "value": launching.nonce},
        }
        issuer = Issuer(configuration["issuer"], launching.system.client_id)
        problem = claims_problem(decoded.claims, issuer, self._now(), required)
        return LoginRefused(f"claims:{problem}") if problem else decoded.claims


class _Reading:
    """Reads the resources of one launch.  A reference is only ever followed below the care system's own base."""

    def __init__(self, backchannel: Backchannel, system: CareSystem, answer: Mapping[str, Any]) -> None:
        self._backchannel = backchannel
        self._system = system
        self._answer = answer
        self._token = str(answer.get("access_token", ""))

    async def launched(self, claims: Mapping[str, Any]) -> Launched | LoginRefused:
        patient = await self._read(f"Patient/{self._answer.get('patient', '')}")
        practitioner, roles = await self._user(str(claims["fhirUser"]).removeprefix(f"{self._system.iss}/"))
        if patient is None or practitioner is None:
            return LoginRefused("launch:context")
        posts = tuple([(role, await self._organisation(role) or {}) for role in roles])
        episode = await self._episode(str(patient["id"]))
        if episode is None:
            return LoginRefused("launch:episode")
        return Launched(self._system, claims, patient, practitioner, posts, episode)

    async def _user(self, reference: str) -> tuple[Mapping[str, Any] | None, tuple[Mapping[str, Any], ...]]:
        """The professional, and what she does for the organisation; `fhirUser` may name either."""
        found = await self._read(reference)
        if found is None or found["resourceType"] not in ("Practitioner", "PractitionerRole"):
            return None, ()
        if found["resourceType"] == "PractitionerRole":
            return await self._read(str(found.get("practitioner", {}).get("reference", ""))), (found,)
        query = f"PractitionerRole?practitioner=Practitioner/{found['id']}&active=true"
        bundle = await self._backchannel.get(f"{self._system.iss}/{query}", self._token)
        entries = bundle.get("entry", ()) if isinstance(bundle, dict) else ()
        roles = tuple(
            entry["resource"]
            for entry in entries
            if isinstance(entry, dict) and isinstance(entry.get("resource"), dict)
            and entry["resource"].get("resourceType") == "PractitionerRole"
            and entry["resource"].get("practitioner", {}).get("reference", "").endswith(f"Practitioner/{found['id']}")
        )  # fmt: skip
        return found, roles

    async def _organisation(self, role: Mapping[str, Any]) -> Mapping[str, Any] | None:
        stated = role.get("organization", {})
        if not isinstance(stated, dict):
            return None
        if isinstance(stated.get("identifier"), dict):
            return {"resourceType": "Organization", "identifier": [stated["identifier"]]}
        return await self._read(str(stated.get("reference", "")))

    async def _episode(self, patient: str) -> str | None:
        """The episode in context, "" without one, None when it is of another client."""
        contexts = self._answer.get("fhirContext", ())
        for context in contexts if isinstance(contexts, list) else ():
            reference = str(context.get("reference", "")) if isinstance(context, dict) else ""
            if reference.startswith("EpisodeOfCare/"):
                found = await self._read(reference)
                of = str(found.get("patient", {}).get("reference", "")) if found else ""
                return (
                    str(found["id"])
                    if found and of.removeprefix(f"{self._system.iss}/") == f"Patient/{patient}"
                    else None
                )
        return ""

    async def _read(self, reference: str) -> Mapping[str, Any] | None:
        match = _REFERENCE.fullmatch(reference.removeprefix(f"{self._system.iss}/"))
        if match is None:
            return None
        found = await self._backchannel.get(f"{self._system.iss}/{match[0]}", self._token)
        right = isinstance(found, dict) and found.get("resourceType") == match[1] and found.get("id") == match[2]
        return found if right else None
