"""The demonstration care systems as one application, each organisation's at a path of its own: `/zis/<URA>/`.

A page to log in, a list of clients with a button that opens Babyconnect on one of them, and the SMART server behind it.
The button always opens the same window, so that another client's record replaces the one that was there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from babyconnect.web.forms import form, single
from babyconnect.web.headers import App, Guard, SecurityHeaders, content_security_policy, origin_of
from babyconnect.web.limits import Limit
from babyconnect.web.login.attempts import Cookies
from babyconnect.web.login.backchannel import Backchannel, BackchannelFault, HttpBackchannel
from babyconnect.web.login.relying_party import with_query
from babyconnect.web.login.sessions import Session, Sessions
from babyconnect.web.rendering import Pages, error_handlers
from babyconnect.web.simulators.care_system.records import Practice
from babyconnect.web.simulators.care_system.smart_server import SmartServer, Visit
from babyconnect.web.simulators.users import hash_password, password_holds

PATH = "/zis"
CLIENT_ID = "babyconnect"
OPEN_TO_APPS = {"access-control-allow-origin": "*", "access-control-allow-headers": "authorization, accept"}


@dataclass(kw_only=True)
class Working(Session):
    visit: Visit = field(repr=False)


class CareSystems:
    """`practices` by URA, asked anew at each page: what the demo learns later is there too.

    `more`: redirect addresses of other apps by client id, for tests."""

    def __init__(
        self,
        base: str,
        key: ECKey,
        practices: Callable[[], Mapping[str, Practice]],
        now: Callable[[], float],
        *,
        more: Mapping[str, tuple[str, ...]] | None = None,
        backchannel: Backchannel | None = None,
    ) -> None:
        self._backchannel = backchannel or HttpBackchannel()
        self._base = base
        self._key = key
        self._practices = practices
        self._now = now
        self._more = more or {}
        self._servers: dict[str, SmartServer] = {}
        self._sessions: Sessions[Working] = Sessions(now)
        self._guesses = Limit(10, 60, now)
        self.pages = Pages(f"{urlsplit(base).path}/static")

    def routes(self) -> list[Route]:
        return [
            Route("/static/{name}", self.pages.assets.serve),
            Route("/{ura}/", self.start, methods=["GET"]),
            Route("/{ura}/aanmelden", self.log_in, methods=["POST"]),
            Route("/{ura}/afmelden", self.log_out, methods=["POST"]),
            Route("/{ura}/open", self.open, methods=["POST"]),
            Route("/{ura}/authorize", self.authorise, methods=["GET", "POST"]),
            Route("/{ura}/token", self.token, methods=["POST", "OPTIONS"]),
            Route("/{ura}/jwks", self.jwks),
            Route("/{ura}/fhir/.well-known/smart-configuration", self.configuration, methods=["GET", "OPTIONS"]),
            Route("/{ura}/fhir/{path:path}", self.read, methods=["GET", "OPTIONS"]),
        ]

    def _practice(self, request: Request) -> Practice:
        found = self._practices().get(request.path_params["ura"])
        if found is None:
            raise HTTPException(404)
        return found

    def _server(self, practice: Practice) -> SmartServer:
        server = self._servers.get(practice.ura)
        if server is None:
            apps = {CLIENT_ID: (f"{practice.viewer}/viewer/launch/terug",), **self._more}
            server = SmartServer(f"{self._base}/{practice.ura}", self._key, apps, self._now)
            self._servers[practice.ura] = server
        return server

    def _cookies(self, practice: Practice) -> Cookies:
        return Cookies(f"zis_{practice.ura}", f"{urlsplit(self._base).path}/{practice.ura}", False)

    def _session(self, request: Request, practice: Practice) -> Working | None:
        session = self._sessions.find(request.cookies.get(self._cookies(practice).session, ""))
        return session if session is not None and session.visit.practice.ura == practice.ura else None

    async def start(self, request: Request) -> Response:
        practice = self._practice(request)
        return self._page(practice, self._session(request, practice))

    def _page(self, practice: Practice, session: Working | None, error: str = "", status: int = 200) -> Response:
        here = f"{urlsplit(self._base).path}/{practice.ura}/"
        answer = self.pages.page(
            "simulators/care_system.html", status, practice=practice, working=session, here=here, error=error
        )
        actions = f"'self' {origin_of(practice.viewer)}"
        answer.headers["content-security-policy"] = content_security_policy(form_actions=actions)
        return answer

    async def log_in(self, request: Request) -> Response:
        practice = self._practice(request)
        fields = await form(request)
        username = fields.get("username", "").strip().lower()
        if not self._guesses.take(f"{practice.ura} {username}"):
            return self._page(practice, None, "login_too_often", 429)
        works = practice.works(username)
        kept = works.password if works else hash_password("nobody's", b"0123456789abcdef")
        if not await asyncio.to_thread(password_holds, fields.get("password", ""), kept) or works is None:
            return self._page(practice, None, "login_wrong", 401)
        session = Working(visit=Visit(practice, works, ""))
        session.visit = Visit(practice, works, session.name)
        answer = RedirectResponse(f"{urlsplit(self._base).path}/{practice.ura}/", 303)
        self._cookies(practice).put(answer, self._cookies(practice).session, self._sessions.start(session))
        return answer

    async def log_out(self, request: Request) -> Response:
        practice, session, _ = await self._posted(request)
        server = self._server(practice)
        server.end(session.visit)
        self._sessions.end_where(lambda one: one is session)
        with contextlib.suppress(BackchannelFault):  # a viewer that is away has no screen open either
            fields = {"logout_token": server.logout_token(session.visit, CLIENT_ID)}
            await self._backchannel.post(f"{practice.viewer}/viewer/launch/afmelding", fields, None)
        return RedirectResponse(f"{urlsplit(self._base).path}/{practice.ura}/", 303)

    async def open(self, request: Request) -> Response:
        """Launches the viewer on one client (SMART App Launch 2.2 §2.0.6)."""
        practice, session, fields = await self._posted(request)
        client = practice.client(fields.get("client", ""))
        if client is None:
            raise HTTPException(404)
        server = self._server(practice)
        handle = server.launch(session.visit, client)
        query = urlencode({"iss": server.fhir, "launch": handle})
        launch_url = fields.get("app") or f"{practice.viewer}/viewer/launch"
        if not self._may_open(practice, launch_url):
            raise HTTPException(403)
        return RedirectResponse(f"{launch_url}?{query}", 303)

    def _may_open(self, practice: Practice, url: str) -> bool:
        """Only an app of the list: a launch handle must not be sent to just anybody."""
        apps = [address for addresses in self._more.values() for address in addresses]
        return url == f"{practice.viewer}/viewer/launch" or any(origin_of(url) == origin_of(app) for app in apps)

    async def _posted(self, request: Request) -> tuple[Practice, Working, dict[str, str]]:
        practice = self._practice(request)
        session = self._session(request, practice)
        fields = await form(request)
        if session is None or not session.csrf_holds(fields.get("csrf", "")):
            raise HTTPException(403)
        return practice, session, fields

    async def authorise(self, request: Request) -> Response:
        practice = self._practice(request)
        session = self._session(request, practice)
        query = single(request.url.query) if request.method == "GET" else await form(request)
        found = self._server(practice).authorise(query, session.visit if session else None)
        if isinstance(found, str):
            return self.pages.message(found, 400)
        return RedirectResponse(with_query(*found), 303)

    async def token(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=OPEN_TO_APPS)
        found = self._server(self._practice(request)).token(await form(request))
        if isinstance(found, str):
            return JSONResponse({"error": found}, 400, OPEN_TO_APPS)
        return JSONResponse(found, headers=OPEN_TO_APPS)

    async def jwks(self, request: Request) -> Response:
        return JSONResponse(self._server(self._practice(request)).jwks(), headers=OPEN_TO_APPS)

    async def configuration(self, request: Request) -> Response:
        return JSONResponse(self._server(self._practice(request)).configuration(), headers=OPEN_TO_APPS)

    async def read(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=OPEN_TO_APPS)
        server = self._server(self._practice(request))
        if request.path_params["path"] == "metadata":
            return JSONResponse(_capabilities(server), headers=OPEN_TO_APPS)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not server.known(token):
            return JSONResponse(_outcome("login"), 401, {**OPEN_TO_APPS, "www-authenticate": "Bearer"})
        found = server.read(token, request.path_params["path"], single(request.url.query))
        if found is None:
            return JSONResponse(_outcome("not-found"), 404, OPEN_TO_APPS)
        return JSONResponse(found, headers=OPEN_TO_APPS, media_type="application/fhir+json")


def _outcome(code: str) -> Mapping[str, object]:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]}


def _capabilities(server: SmartServer) -> Mapping[str, object]:
    types = ("Patient", "Practitioner", "PractitionerRole", "Organization", "EpisodeOfCare")
    reads = [{"type": name, "interaction": [{"code": "read"}]} for name in types]
    service = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                           "code": "SMART-on-FHIR"}]}  # fmt: skip
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-21",
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "implementation": {"description": "Demonstration care system", "url": server.fhir},
        "rest": [{"mode": "server", "security": {"service": [service]}, "resource": reads}],
    }


def care_systems_app(systems: CareSystems) -> App:
    routes = [Mount(PATH, routes=systems.routes())]
    return SecurityHeaders(Guard(Starlette(routes=routes, exception_handlers=error_handlers(systems.pages))))
