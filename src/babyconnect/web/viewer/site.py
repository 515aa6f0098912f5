"""The viewer of one node: an ASGI application for `/viewer` and everything below it (domain §5, design §5).

Find a client by BSN (in the body of a form, never in an address) or from today's list; the record then fills in as the
sources answer.  Works without JavaScript: the page then waits for the last source and comes whole.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from babyconnect.birthcare.identifiers import Bsn, passes_eleven_check
from babyconnect.birthcare.parties import Party, Person, Role
from babyconnect.definitions import rows
from babyconnect.flows.break_glass import BreakGlass
from babyconnect.flows.looking import Look
from babyconnect.flows.viewing import Declared, ListedClient, Viewing
from babyconnect.flows.watching import Changes
from babyconnect.web.break_glass import declaring
from babyconnect.web.headers import Guard, Receive, Scope, SecurityHeaders, Send, origin_of
from babyconnect.web.limits import Limit
from babyconnect.web.login.attempts import Attempts, Cookies
from babyconnect.web.login.backchannel import Backchannel, HttpBackchannel
from babyconnect.web.login.claims import ClaimNames, Identify, Who, by_claims
from babyconnect.web.login.launch import Launch
from babyconnect.web.login.relying_party import Issuer, LoginRefused, RelyingParty, Verified
from babyconnect.web.login.routes import Admitted, Login, LoginEvent, Note
from babyconnect.web.login.sessions import Origin, Sessions, StaffSession, new_handle
from babyconnect.web.login.smart import CareSystem, SmartApp
from babyconnect.web.rendering import Pages, error_handlers, log_fault
from babyconnect.web.site import Chapter, Site, language_of
from babyconnect.web.viewer.drawing import Drawing, Fill
from babyconnect.web.viewer.files import LOOKS_PER_MINUTE
from babyconnect.web.viewer.opening import Opening
from babyconnect.web.viewer.record_pages import RecordPages
from babyconnect.web.viewer.records import OpenedRecord, ViewerSession

PATH = "/viewer"

TodaysClients = Callable[[Person], Awaitable[Sequence[ListedClient]]]


class Viewer:
    """The pages.  `now` gives an aware moment, for what screens say; `clock` monotonic seconds, for what expires; `who`
    how one of this organisation's people is shown, by identifier; `beside`: who opens and draws records, when it is not
    this process; `look`: how a file of an open record is seen."""

    def __init__(
        self,
        *,
        party: Party,
        base_url: str,
        issuer: Issuer,
        viewing: Viewing[Any],
        beside: Fill | None = None,
        look: Look | None = None,
        todays_clients: TodaysClients,
        now: Callable[[], dt.datetime],
        note: Note,
        chapters: Sequence[Chapter[ViewerSession]] = (),
        changes: Changes | None = None,
        break_glass: BreakGlass | None = None,
        clock: Callable[[], float] = time.monotonic,
        backchannel: Backchannel | None = None,
        identify: Identify | None = None,
        care_systems: Sequence[CareSystem] = (),
        who: Callable[[str], str] = str,
        frame_ancestors: str = "'none'",
    ) -> None:
        self._party = party
        self._now = now
        self._origin = origin_of(base_url)
        self._todays_clients = todays_clients
        self._backchannel = backchannel or HttpBackchannel()
        self._pages = Pages(f"{PATH}/static", home=f"{PATH}/", who=who)
        self._identify = identify or by_claims(ClaimNames(), party)
        self._sessions: Sessions[ViewerSession] = Sessions(clock)
        self._drawing = Drawing(viewing, self._pages)
        fill = beside or self._drawing.open
        self._opening = Opening(self._pages, fill, changes, clock, now, self._sessions.sweep)
        secure = base_url.startswith("https:")
        relying_party = RelyingParty(
            issuer, f"{self._origin}{PATH}/terug", self._backchannel, lambda: now().timestamp()
        )
        cookies = Cookies(party.ura.value, PATH, secure)
        self._login: Login[ViewerSession] = Login(
            relying_party=relying_party,
            admit=self._admit,
            sessions=self._sessions,
            cookies=cookies,
            pages=self._pages,
            clock=clock,
            note=note,
            farewell=lambda session: _event("logout", session),
            origin=self._origin,
            now=lambda: now().timestamp(),
        )
        offered = self._with_emergency(chapters, break_glass)
        self._site = Site(PATH, self._origin, self._pages, self._login.session_of, offered, check=self.still)
        looks = Limit(LOOKS_PER_MINUTE, 60, clock)
        self.pages = RecordPages(self._site, self._opening, self, look, looks)
        known = {system.iss: system for system in care_systems}
        back = f"{self._origin}{PATH}/launch/terug"
        self._launch = Launch(
            app=SmartApp(known, back, self._backchannel, lambda: now().timestamp()),
            own=party,
            site=self._site,
            login=self._login,
            attempts=Attempts("launch", cookies, clock),
            make=self._session,
            open_record=self._launched,
        )
        app = Starlette(
            routes=[Route(PATH, self._home), Mount(PATH, routes=self._routes())],
            exception_handlers=error_handlers(self._pages),
        )
        self._app = SecurityHeaders(Guard(app), frame_ancestors, secure, origin_of(issuer.issuer))

    def _with_emergency(
        self, chapters: Sequence[Chapter[ViewerSession]], glass: BreakGlass | None
    ) -> Sequence[Chapter[ViewerSession]]:
        return (*chapters, declaring.chapter(glass, self.opened)) if glass else chapters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def close(self) -> None:
        """Ends every session and lets go of the connection to the issuer."""
        self._sessions.end_all()
        if isinstance(self._backchannel, HttpBackchannel):
            await self._backchannel.close()

    async def _admit(self, verified: Verified) -> Admitted[ViewerSession] | LoginRefused:
        found = await self._identify(verified)
        if isinstance(found, LoginRefused):
            return found
        session = self._session(found, Origin.of(verified.claims, verified.id_token))
        return Admitted(session, _event("login", session))

    def _session(self, found: Who, origin: Origin) -> ViewerSession:
        return StaffSession(
            origin=origin,
            person=found.person,
            party=self._party,
            assurance=found.assurance,
            functions=found.functions,
            shut=OpenedRecord.close,
            holds=found.holds,
        )

    async def _launched(self, request: Request, session: ViewerSession, bsn: Bsn) -> str:
        """Where the record is that a care system opened."""
        return (await self.opened(request, session, bsn)).headers.get("location", f"{PATH}/")

    def _routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.start, methods=["GET"]),
            *self._login.routes(),
            *self._launch.routes(),
            Route("/afmelden", self.log_out, methods=["POST"]),
            Route("/zoek", self.find, methods=["POST"]),
            Route("/lijst", self.choose, methods=["POST"]),
            *self.pages.routes(),
            Route("/static/{name}", self._pages.assets.serve, methods=["GET"]),
            *self._site.routes(),
        ]

    async def _home(self, request: Request) -> Response:
        return RedirectResponse(f"{PATH}/", 308)

    async def start(self, request: Request) -> Response:
        """Find a client; without a session, what this is and the way in."""
        session = self._login.session_of(request)
        if session is None:
            left = "afgemeld" in request.query_params
            return self._site.page(request, "viewer/landing.html", party=self._party, logged_out=left)
        return await self._start_page(request, session)

    async def _start_page(
        self, request: Request, session: ViewerSession, error: str = "", status: int = 200
    ) -> Response:
        """A privacy officer or administrator without a care task finds no clients here, only what the menu offers."""
        if session.person.role is Role.EMPLOYEE:
            return self._site.page(request, "viewer/functions.html", status)
        clients, fault = await self._listed(session)
        person, acting = session.person, {row["role"] for row in rows("delegation")}
        return self._site.page(
            request,
            "viewer/start.html",
            status,
            session=session,
            clients=clients,
            fault=fault,
            error=error,
            nobody_responsible=person.role.value in acting and person.responsible is None,
        )

    async def _listed(self, session: ViewerSession) -> tuple[list[tuple[str, ListedClient]], bool]:
        """Today's list, each client under a handle of this session instead of her BSN."""
        try:
            found = await self._todays_clients(session.person)
        except Exception as problem:  # the list is a convenience: its faults must not stop a search in an emergency
            log_fault("todays clients", problem)
            return [], True
        rows = [(new_handle(), client) for client in found]
        session.listed = {handle: client.bsn for handle, client in rows}
        return rows, False

    async def log_out(self, request: Request) -> Response:
        session, _ = await self._site.posted(request)
        return await self._login.leave(request, session)

    async def find(self, request: Request) -> Response:
        """Opens a record by BSN.  Whether she is known anywhere, or to this asker, the page looks the same."""
        session, fields = await self.carer(request)
        digits = fields.get("bsn", "").replace(" ", "").replace(".", "").replace("-", "")
        if not passes_eleven_check(digits):
            return await self._start_page(request, session, "bsn_wrong", 422)
        return await self.opened(request, session, Bsn(digits))

    async def choose(self, request: Request) -> Response:
        """Opens a record from today's list."""
        session, fields = await self.carer(request)
        bsn = session.listed.get(fields.get("client", ""))
        if bsn is None:
            return self._site.message(request, "closed", 404)
        return await self.opened(request, session, bsn)

    async def carer(self, request: Request) -> tuple[ViewerSession, dict[str, str]]:
        """A form that opens a record: only of somebody who gives care."""
        session, fields = await self._site.posted(request)
        if session.person.role is Role.EMPLOYEE:
            raise HTTPException(403)
        await self.still(request, session)
        return session, fields

    async def still(self, request: Request, session: ViewerSession) -> None:
        """Whoever's log-in was revoked while she was here is out, with all that her screens held; and so is who logged
        out while this was asked."""
        holds = await session.holds()
        if not holds and not session.ended:
            await self._login.end(request, session)
        if not holds or session.ended:
            raise HTTPException(303, headers={"location": f"{PATH}/"})

    async def opened(
        self, request: Request, session: ViewerSession, bsn: Bsn, declared: Declared | None = None
    ) -> Response:
        """On to her record, which fills in from now on."""
        handle = self._opening.open(session, bsn, language_of(request), declared)
        if handle is None:
            return await self.too_often(request, session)
        return RedirectResponse(f"{PATH}/dossier/{handle}", 303)

    async def too_often(self, request: Request, session: ViewerSession) -> Response:
        return await self._start_page(request, session, "too_often", 429)


def _event(type: Literal["login", "logout"], session: ViewerSession) -> LoginEvent:
    person = session.person
    return LoginEvent(type, "ok", person.id, person.role.value, person.loa, how=session.assurance, name=person.name)


def viewer_app(**given: Any) -> Viewer:
    """The viewer as an ASGI application; see `Viewer` for what must be given."""
    return Viewer(**given)
