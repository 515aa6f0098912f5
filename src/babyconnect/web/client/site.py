"""The client's site as an ASGI application for `/client` and everything below it (design §5).

Log-in is by an OpenID Connect provider of its own (`[client_login]`).  Other modules add their pages as chapters
(`web.site.Chapter`); a chapter asks `session.client` whose record it shows.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Party
from babyconnect.web.client.claims import ClientClaims, client_of
from babyconnect.web.client.representation import Representation
from babyconnect.web.client.session import ClientSession, Represented, Wards
from babyconnect.web.headers import Guard, Receive, Scope, SecurityHeaders, Send, origin_of
from babyconnect.web.login.attempts import Cookies
from babyconnect.web.login.backchannel import Backchannel, HttpBackchannel
from babyconnect.web.login.relying_party import Issuer, LoginRefused, RelyingParty, Verified
from babyconnect.web.login.routes import Admitted, Login, LoginEvent, Note
from babyconnect.web.login.sessions import Origin, Sessions
from babyconnect.web.rendering import Pages, error_handlers
from babyconnect.web.site import Chapter, Site

PATH = "/client"
IDLE_SECONDS = 15 * 60
ABSOLUTE_SECONDS = 2 * 3600
"""Shorter than a professional's: she may sit at a shared or a library's screen."""


async def nobody(bsn: Bsn, today: dt.date) -> Sequence[Represented]:
    """A node that knows of nobody's authority."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the site is built from.  `now` gives an aware moment, `clock` monotonic seconds."""

    party: Party
    base_url: str
    issuer: Issuer
    note: Note
    now: Callable[[], dt.datetime]
    wards: Wards = nobody
    chapters: Sequence[Chapter[ClientSession]] = ()
    claims: ClientClaims = field(default_factory=ClientClaims)
    clock: Callable[[], float] = time.monotonic
    backchannel: Backchannel | None = None


class ClientSite:
    """The pages that every client's site has: the way in and out, and for whom she acts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        origin = origin_of(parts.base_url)
        secure = parts.base_url.startswith("https:")
        self._backchannel = parts.backchannel or HttpBackchannel()
        self._pages = Pages(f"{PATH}/static", home=f"{PATH}/")
        self._sessions: Sessions[ClientSession] = Sessions(parts.clock, IDLE_SECONDS, ABSOLUTE_SECONDS)
        self._login: Login[ClientSession] = Login(
            relying_party=RelyingParty(
                parts.issuer, f"{origin}{PATH}/terug", self._backchannel, lambda: parts.now().timestamp()
            ),
            admit=self._admit,
            sessions=self._sessions,
            cookies=Cookies(parts.party.ura.value, PATH, secure),
            pages=self._pages,
            clock=parts.clock,
            note=parts.note,
            farewell=farewell,
            origin=origin,
            now=lambda: parts.now().timestamp(),
        )
        self._site = Site(PATH, origin, self._pages, self._login.session_of, parts.chapters, check=self._still)
        self._representation = Representation(self._site, parts.wards, parts.now, parts.note)
        app = Starlette(
            routes=[Route(PATH, self._home), Mount(PATH, routes=self._routes())],
            exception_handlers=error_handlers(self._pages),
        )
        self._app = SecurityHeaders(Guard(app), secure=secure, leads_to=origin_of(parts.issuer.issuer))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def close(self) -> None:
        self._sessions.end_all()
        if isinstance(self._backchannel, HttpBackchannel):
            await self._backchannel.close()

    def _routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.start, methods=["GET"]),
            *self._login.routes(),
            Route("/afmelden", self.log_out, methods=["POST"]),
            *self._representation.routes(),
            Route("/static/{name}", self._pages.assets.serve, methods=["GET"]),
            *self._site.routes(),
        ]

    async def _home(self, request: Request) -> Response:
        return RedirectResponse(f"{PATH}/", 308)

    async def _admit(self, verified: Verified) -> Admitted[ClientSession] | LoginRefused:
        found = client_of(verified.claims, self._parts.claims)
        if isinstance(found, LoginRefused):
            return found
        session = ClientSession(
            origin=Origin.of(verified.claims, verified.id_token),
            subject=found.bsn,
            display=found.name,
            loa=found.loa,
        )
        return Admitted(session, LoginEvent("login", "ok", role="client", loa=found.loa, client=found.bsn))

    async def _still(self, request: Request, session: ClientSession) -> None:
        """Authority that ended ends what rests on it at once, on whatever page."""
        if not await self._representation.holds(session):
            raise HTTPException(303, headers={"location": f"{PATH}/"})

    async def start(self, request: Request) -> Response:
        """What she can do here; without a session, what this is and the way in."""
        session = self._login.session_of(request)
        if session is None:
            left = "afgemeld" in request.query_params
            return self._site.page(request, "client/landing.html", party=self._parts.party, logged_out=left)
        await self._representation.holds(session)
        others = [one for one in await self._representation.may_represent(session) if one[1].bsn != session.client]
        return self._site.page(request, "client/start.html", session=session, party=self._parts.party, others=others)

    async def log_out(self, request: Request) -> Response:
        session, _ = await self._site.posted(request)
        return await self._login.leave(request, session)


def farewell(session: ClientSession) -> LoginEvent:
    return LoginEvent("logout", "ok", role="client", loa=session.loa, client=session.subject)
