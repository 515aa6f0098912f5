"""The viewer opened from a care system, on the client that is open there, without a second log-in (SMART App Launch 2).

Whoever launches again, for another client or as another user, closes the records that were open before anything is
asked, so the old client's never stands under a new context; the session itself ends when the care system sent the
browser back with a code of its own.  A link of somebody else's closes a record at most, and logs nobody out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from babyconnect.birthcare.identifiers import Bsn, passes_eleven_check
from babyconnect.birthcare.parties import Party, Person, Role
from babyconnect.birthcare.resources import bsn_of
from babyconnect.definitions import document
from babyconnect.trust import jose
from babyconnect.trust.dezi import role_of
from babyconnect.web.forms import form, single
from babyconnect.web.login.assurance import LOWEST
from babyconnect.web.login.attempts import Attempts
from babyconnect.web.login.backchannel import BackchannelFault
from babyconnect.web.login.claims import Who, one_line
from babyconnect.web.login.relying_party import LoginRefused
from babyconnect.web.login.routes import Admitted, Login, LoginEvent
from babyconnect.web.login.sessions import Origin, StaffSession
from babyconnect.web.login.smart import Launched, Launching, SmartApp
from babyconnect.web.rendering import log
from babyconnect.web.site import Site

HOW = "care-system"
LONGEST_ID = 120


@dataclass(frozen=True, slots=True)
class Context:
    """Who looks at whom, as the care system says it and we believe it."""

    who: Who
    bsn: Bsn
    episode: str


def context_of(launched: Launched, own: Party) -> Context | LoginRefused:
    """Default deny: a client with a BSN, a professional with a role that we know, of this very organisation."""
    systems = document("launch.toml")
    number = bsn_of(launched.patient)
    if not number or not passes_eleven_check(number):
        return LoginRefused("launch:bsn", "launch_bsn")
    # What she is elsewhere she is not here.
    known = systems["organisation"]["systems"]
    here = [role for role, organisation in launched.posts if own.ura.value in _identifiers(organisation, known)]
    if not here:
        return LoginRefused("launch:organisation", "login_organisation")
    codes = [code for role in here for code in _codes(role, systems["role"]["systems"])]
    role = next((found for code in codes if (found := role_of(code, own))), None)
    if role is None or role is Role.EMPLOYEE:
        return LoginRefused("launch:role", "login_organisation")
    person = Person(_person_id(launched, systems), _name(launched.practitioner), role, LOWEST)
    return Context(Who(person, f"urn:babyconnect:acr:{HOW}"), Bsn(number), launched.episode)


class Launch:
    """The routes of a launch.  `open_record` opens a client's record in a session and gives its path."""

    def __init__(
        self,
        *,
        app: SmartApp,
        own: Party,
        site: Site[Any],
        login: Login[Any],
        attempts: Attempts[Launching],
        make: Callable[[Who, Origin], StaffSession[Any]],
        open_record: Callable[[Request, StaffSession[Any], Bsn], Awaitable[str]],
    ) -> None:
        self._app = app
        self._own = own
        self._site = site
        self._login = login
        self._attempts = attempts
        self._make = make
        self._open_record = open_record

    def routes(self) -> list[Route]:
        return [
            Route("/launch", self.begin, methods=["GET"]),
            Route("/launch/terug", self.finish, methods=["GET"]),
            Route("/launch/afmelding", self.told, methods=["POST"]),
        ]

    async def begin(self, request: Request) -> Response:
        """Sends the browser to the care system that opened us, if we know it."""
        if not self._login.may_try(request):
            return self._site.message(request, "429", 429)
        query = single(request.url.query)
        try:
            begun = await self._app.begin(query.get("iss", ""), query.get("launch", ""))
        except BackchannelFault as problem:
            log.warning("launch", outcome="unreachable", reason=str(problem))
            return self._site.message(request, "launch_unreachable", 503)
        if isinstance(begun, LoginRefused):
            return await self._login.refuse(request, begun)
        old = self._launched(request)
        if old is not None:
            old.close()
        address, launching = begun
        answer = RedirectResponse(address, 303)
        self._attempts.begin(answer, launching)
        return answer

    async def finish(self, request: Request) -> Response:
        """The browser is back from the care system: the record of the client that is open there."""
        launching, began = self._attempts.take(request), self._login.clock()
        if launching is None:
            return await self._login.unexpected(request)
        query = single(request.url.query)
        old = self._launched(request)
        if old is not None and launching.is_answered(query):
            await self._login.end(request, old, "context.switch")
        try:
            launched = await self._app.finish(launching, query)
        except BackchannelFault as problem:
            log.warning("launch", outcome="unreachable", reason=str(problem))
            return self._site.message(request, "launch_unreachable", 503)
        if isinstance(launched, LoginRefused):
            return await self._login.refuse(request, launched)
        found = context_of(launched, self._own)
        if isinstance(found, LoginRefused):
            return await self._login.refuse(request, found)
        person = found.who.person
        origin = Origin(str(launched.claims["iss"]), str(launched.claims["sub"]), str(launched.claims.get("sid", "")))
        session = self._make(found.who, origin)
        event = LoginEvent("login", "ok", person.id, person.role.value, person.loa, HOW,
                           about=found.bsn, episode=found.episode, name=person.name)  # fmt: skip
        answer = await self._login.enter(request, Admitted(session, event), began)
        if session.ended:
            return answer
        answer.headers["location"] = await self._open_record(request, session, found.bsn)
        return answer

    def _launched(self, request: Request) -> StaffSession[Any] | None:
        """This browser's session, when a care system opened it."""
        found = self._site.find_session(request)
        return found if found is not None and found.assurance == f"urn:babyconnect:acr:{HOW}" else None

    async def told(self, request: Request) -> Response:
        """The care system says that its user left: her screens here end (Back-Channel Logout 1.0)."""
        token = (await form(request)).get("logout_token", "")
        claims = jose.unverified(token)
        found = None if isinstance(claims, jose.Rejected) else self._app.speaking_for(str(claims.get("iss", "")))
        if found is None:
            return JSONResponse({"error": "invalid_request"}, 400)
        return await self._login.end_by_token(request, *found, token)


def _person_id(launched: Launched, systems: Mapping[str, Any]) -> str:
    """The register's number of the professional where the care system knows it, else its own subject: of this care
    system, for another may call somebody else the same, and never shortened to what two may have in common."""
    numbers = _identifiers(launched.practitioner, systems["practitioner"]["systems"])
    if numbers:
        return f"dezi:{numbers[0]}"
    issuer, subject = str(launched.claims["iss"]), str(launched.claims["sub"])
    whole = f"{HOW}:{urlsplit(issuer).netloc}{urlsplit(issuer).path.rstrip('/')}:{subject}"
    return whole if len(whole) <= LONGEST_ID else f"{HOW}:{hashlib.sha256(whole.encode()).hexdigest()}"


def _identifiers(resource: Mapping[str, Any], systems: list[str]) -> list[str]:
    listed = resource.get("identifier", ())
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    return [str(row.get("value", "")) for row in rows if row.get("system") in systems and row.get("value")]


def _codes(role: Mapping[str, Any], systems: list[str]) -> list[str]:
    concepts = [*role.get("code", ()), *role.get("specialty", ())]
    codings = [coding for concept in concepts if isinstance(concept, dict) for coding in concept.get("coding", ())]
    return [str(one.get("code", "")) for one in codings if isinstance(one, dict) and one.get("system") in systems]


def _name(practitioner: Mapping[str, Any]) -> str:
    names = practitioner.get("name", ())
    first = names[0] if isinstance(names, list) and names and isinstance(names[0], dict) else {}
    text = first.get("text") or " ".join([*map(str, first.get("given", ())), str(first.get("family", ""))])
    return one_line(text)
