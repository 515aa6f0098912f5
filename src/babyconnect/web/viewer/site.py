"""The viewer of one node: an ASGI application for `/viewer` and everything below it (domain §5, design §5).

Find a client by BSN (in the body of a form, never in an address) or from today's list; the record then fills in as the
sources answer.  Works without JavaScript: the page then waits for the last source and comes whole.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from babyconnect.birthcare.identifiers import Bsn, passes_eleven_check
from babyconnect.birthcare.parties import Party, Person, Role
from babyconnect.birthcare.resources import HOME
from babyconnect.definitions import rows
from babyconnect.flows.break_glass import BreakGlass
from babyconnect.flows.looking import Look, Unseen
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
from babyconnect.web.viewer.drawing import Drawing, Fill, Wanted
from babyconnect.web.viewer.events import changes, events
from babyconnect.web.viewer.files import LOOKS_PER_MINUTE, served
from babyconnect.web.viewer.fragments import Drawer
from babyconnect.web.viewer.records import OpenedRecord

PATH = "/viewer"
RECORD_SECONDS = 15 * 60
WHOLE_SECONDS = 60
PAGE_SECONDS = 1.0
STREAM_SECONDS = 10.0
"""How old what is held may be when a page, or the stream that belongs to it, begins to show it."""
FOUND_PER_MINUTE = 30
LANGUAGE_SECONDS = 365 * 24 * 3600
SHARED_SCREEN_COOKIE = "babyconnect_meekijken"
"""Set by the page's own script; the next page comes hidden already, so that nothing shows before it has run."""

TodaysClients = Callable[[Person], Awaitable[Sequence[ListedClient]]]
ViewerSession = StaffSession[OpenedRecord]


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
        self._look = look
        self._drawing = Drawing(viewing, self._pages)
        self._fill_by = beside or self._drawing.open
        self._identify = identify or by_claims(ClaimNames(), party)
        self._sessions: Sessions[ViewerSession] = Sessions(clock)
        self._clock = clock
        self._changes = changes
        self._searches = Limit(FOUND_PER_MINUTE, 60, clock)
        self._looks = Limit(LOOKS_PER_MINUTE, 60, clock)
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
        self._site = Site(PATH, self._origin, self._pages, self._login.session_of, offered, check=self._still)
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
        return (*chapters, declaring.chapter(glass, self._opened)) if glass else chapters

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
        return (await self._opened(request, session, bsn)).headers.get("location", f"{PATH}/")

    def _routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.start, methods=["GET"]),
            *self._login.routes(),
            *self._launch.routes(),
            Route("/afmelden", self.log_out, methods=["POST"]),
            Route("/zoek", self.find, methods=["POST"]),
            Route("/lijst", self.choose, methods=["POST"]),
            Route("/dossier/{handle}", self.record, methods=["GET"]),
            Route("/dossier/{handle}/stroom", self.stream, methods=["GET"]),
            Route("/dossier/{handle}/wijziging", self.changed, methods=["GET"]),
            Route("/dossier/{handle}/opnieuw", self.again, methods=["POST"]),
            Route("/dossier/{handle}/sluiten", self.shut, methods=["POST"]),
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
        session, fields = await self._carer(request)
        digits = fields.get("bsn", "").replace(" ", "").replace(".", "").replace("-", "")
        if not passes_eleven_check(digits):
            return await self._start_page(request, session, "bsn_wrong", 422)
        return await self._opened(request, session, Bsn(digits))

    async def choose(self, request: Request) -> Response:
        """Opens a record from today's list."""
        session, fields = await self._carer(request)
        bsn = session.listed.get(fields.get("client", ""))
        if bsn is None:
            return self._site.message(request, "closed", 404)
        return await self._opened(request, session, bsn)

    async def _carer(self, request: Request) -> tuple[ViewerSession, dict[str, str]]:
        """A form that opens a record: only of somebody who gives care."""
        session, fields = await self._site.posted(request)
        if session.person.role is Role.EMPLOYEE:
            raise HTTPException(403)
        await self._still(request, session)
        return session, fields

    async def _still(self, request: Request, session: ViewerSession) -> None:
        """Whoever's log-in was revoked while she was here is out, with all that her screens held; and so is who logged
        out while this was asked."""
        holds = await session.holds()
        if not holds and not session.ended:
            await self._login.end(request, session)
        if not holds or session.ended:
            raise HTTPException(303, headers={"location": f"{PATH}/"})

    async def _opened(
        self, request: Request, session: ViewerSession, bsn: Bsn, declared: Declared | None = None
    ) -> Response:
        if not self._searches.take(session.name):
            return await self._start_page(request, session, "too_often", 429)
        record = OpenedRecord(bsn, language_of(request), lambda language: Drawer(self._pages, language, bsn.value))
        record.declared = declared
        handle = session.keep(record)
        since = self._changes.now() if self._changes else 0.0
        self._fill(session, record)
        if self._changes:
            record.watch(self._changes.of(bsn, since), lambda: self._fill(session, record))
        asyncio.get_running_loop().call_later(RECORD_SECONDS, self._expire_unseen, session, handle)
        if declared is not None:
            left = (declared.until - self._now()).total_seconds()
            asyncio.get_running_loop().call_later(max(left, 0), self._expire, session, handle)
        return RedirectResponse(f"{PATH}/dossier/{handle}", 303)

    def _expire_unseen(self, session: ViewerSession, handle: str) -> None:
        """A record that stands on a screen stays as long as the session; one that nobody looks at goes."""
        self._sessions.sweep()
        record = session.records.get(handle)
        if record is not None and record.looking:
            asyncio.get_running_loop().call_later(RECORD_SECONDS, self._expire_unseen, session, handle)
        else:
            self._expire(session, handle)

    def _fill(self, session: ViewerSession, record: OpenedRecord) -> None:
        record.asked = self._clock()
        record.fill(self._fill_by(Wanted(record.bsn, session.person, record.language, record.declared)))

    def _refresh(self, session: ViewerSession, record: OpenedRecord, oldest: float, language: str = "") -> bool:
        """Asks anew when what is held is in another language, or from an earlier look: she may have withdrawn since,
        and each look is logged.

        False when that was too often.
        """
        spoken = language in {"", record.language}
        if spoken and (not record.settled or self._clock() - record.asked <= oldest):
            return True
        if not self._searches.take(session.name):
            return False
        record.language = language or record.language
        self._fill(session, record)
        return True

    @staticmethod
    def _expire(session: ViewerSession, handle: str) -> None:
        session.drop(handle)

    async def record(self, request: Request) -> Response:
        """The page: at once, with whatever has come so far; `?geheel=1` waits for everything first, `?bestand=` gives a
        file that the page speaks of."""
        await self._still(request, self._site.session(request))
        session, handle, record = self._record_of(request)
        if "bestand" in request.query_params:
            return await self._file(request, session, record)
        if record is None:
            return self._site.message(request, "closed", 404)
        if not self._refresh(session, record, PAGE_SECONDS, language_of(request)):
            return await self._start_page(request, session, "too_often", 429)
        if "geheel" in request.query_params:
            try:
                await asyncio.wait_for(record.end(), WHOLE_SECONDS)
            except TimeoutError:
                record.give_up()
            if record.phase == "closed":
                return self._site.message(request, "closed", 404)
        shared = request.cookies.get(SHARED_SCREEN_COOKIE) == "1"
        return self._site.page(
            request,
            "viewer/record.html",
            session=session,
            record=record,
            handle=handle,
            shared_screen=shared,
            may_declare=self._site.has(declaring.PATH),
            closes=_clock(record.declared.until) if record.declared else "",
            has_consents=self._site.has("/consents"),
        )

    async def _file(self, request: Request, session: ViewerSession, record: OpenedRecord | None) -> Response:
        """Asked of its source now, and not kept: what was taken back since the page was made is not shown."""
        file = record.files.get(request.query_params["bestand"]) if record else None
        if record is None or file is None or self._look is None:
            return self._site.message(request, "no_file", 404)
        if not self._looks.take(session.name):
            return self._site.message(request, "no_file", 429)
        seen = await self._look(record.bsn, session.person, record.declared, file)
        # While it was on its way the record may have been closed, or she may have taken her consent back.
        if isinstance(seen, Unseen) or record.files.get(file.key) is None:
            return self._site.message(request, "no_file", 404)
        return served(seen)

    async def stream(self, request: Request) -> Response:
        """What changed since the version that the page holds, as server-sent events, until complete."""
        session, _, record = self._record_of(request)
        if record is None:
            raise HTTPException(404)
        if not self._refresh(session, record, STREAM_SECONDS):
            raise HTTPException(429)
        known = request.headers.get("last-event-id") or request.query_params.get("v", "0")
        stream: AsyncIterator[bytes] = events(record, int(known) if known.isdecimal() and len(known) < 9 else 0)
        headers = {"x-accel-buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    async def changed(self, request: Request) -> Response:
        """Says when what the page shows is no longer what she allows: it is being asked anew, or closed."""
        _, _, record = self._record_of(request)
        if record is None:
            raise HTTPException(404)
        turn = request.query_params.get("b", "")
        stream = changes(record, int(turn) if turn.isdecimal() and len(turn) < 9 else -1)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})

    async def again(self, request: Request) -> Response:
        """Asks all sources anew."""
        session, _ = await self._carer(request)
        record = session.records.get(request.path_params["handle"])
        if record is None:
            return self._site.message(request, "closed", 404)
        bsn, declared = record.bsn, record.declared
        self._expire(session, request.path_params["handle"])
        return await self._opened(request, session, bsn, declared)

    async def shut(self, request: Request) -> Response:
        session, _ = await self._site.posted(request)
        self._expire(session, request.path_params["handle"])
        return RedirectResponse(f"{PATH}/", 303)

    def _record_of(self, request: Request) -> tuple[ViewerSession, str, OpenedRecord | None]:
        session = self._site.session(request)
        handle = request.path_params["handle"]
        return session, handle, session.records.get(handle)


def _clock(moment: dt.datetime) -> str:
    return f"{moment.astimezone(HOME):%H:%M}"


def _event(type: Literal["login", "logout"], session: ViewerSession) -> LoginEvent:
    person = session.person
    return LoginEvent(type, "ok", person.id, person.role.value, person.loa, how=session.assurance, name=person.name)


def viewer_app(**given: Any) -> Viewer:
    """The viewer as an ASGI application; see `Viewer` for what must be given."""
    return Viewer(**given)
