"""The viewer of one node: an ASGI application for `/viewer` and everything below it (domain §5, design §5).

Find a client by BSN (in the body of a form, never in an address) or from today's list; the record then fills in as the
sources answer.  Works without JavaScript: the page then waits for the last source and comes whole.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from babyconnect.birthcare.identifiers import Bsn, passes_eleven_check
from babyconnect.birthcare.parties import Party, Person
from babyconnect.flows.viewing import ListedClient, Viewing
from babyconnect.web.backchannel import Backchannel, HttpBackchannel
from babyconnect.web.claims import ClaimNames
from babyconnect.web.compression import Compressed
from babyconnect.web.events import events
from babyconnect.web.forms import form, single
from babyconnect.web.fragments import Drawer
from babyconnect.web.headers import Guard, Receive, Scope, SecurityHeaders, Send
from babyconnect.web.limits import Limit
from babyconnect.web.login import Cookies, Login
from babyconnect.web.records import OpenedRecord
from babyconnect.web.relying_party import Issuer, RelyingParty
from babyconnect.web.rendering import LANGUAGE_COOKIE, Pages, error_handlers, log_fault
from babyconnect.web.sessions import Session, Sessions, new_handle
from babyconnect.web.texts import LANGUAGES

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
ViewerSession = Session[OpenedRecord]


class Viewer:
    """The pages.  `now` gives an aware moment, for what screens say; `clock` monotonic seconds, for what expires."""

    def __init__(
        self,
        *,
        party: Party,
        base_url: str,
        issuer: Issuer,
        viewing: Viewing[Any],
        todays_clients: TodaysClients,
        now: Callable[[], dt.datetime],
        clock: Callable[[], float] = time.monotonic,
        backchannel: Backchannel | None = None,
        claims: ClaimNames | None = None,
        frame_ancestors: str = "'none'",
    ) -> None:
        self._party = party
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(base_url))
        self._viewing = viewing
        self._todays_clients = todays_clients
        self._backchannel = backchannel or HttpBackchannel()
        self._pages = Pages(f"{PATH}/static", home=f"{PATH}/")
        self._sessions: Sessions[OpenedRecord] = Sessions(clock, OpenedRecord.close)
        self._clock = clock
        self._searches = Limit(FOUND_PER_MINUTE, 60, clock)
        secure = base_url.startswith("https:")
        relying_party = RelyingParty(
            issuer, f"{self._origin}{PATH}/terug", self._backchannel, lambda: now().timestamp()
        )
        self._login = Login(
            party=party,
            relying_party=relying_party,
            claims=claims or ClaimNames(),
            sessions=self._sessions,
            cookies=Cookies(party.ura.value, PATH, secure),
            pages=self._pages,
            clock=clock,
        )
        app = Starlette(
            routes=[Route(PATH, self._home), Mount(PATH, routes=self._routes())],
            exception_handlers=error_handlers(self._pages),
        )
        self._app = Compressed(SecurityHeaders(Guard(app), frame_ancestors, secure))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def close(self) -> None:
        """Ends every session and lets go of the connection to the issuer."""
        self._sessions.end_all()
        if isinstance(self._backchannel, HttpBackchannel):
            await self._backchannel.close()

    def _routes(self) -> list[Route]:
        return [
            Route("/", self.start, methods=["GET"]),
            *self._login.routes(),
            Route("/afmelden", self.log_out, methods=["POST"]),
            Route("/taal/{language}", self.language, methods=["GET"]),
            Route("/zoek", self.find, methods=["POST"]),
            Route("/lijst", self.choose, methods=["POST"]),
            Route("/dossier/{handle}", self.record, methods=["GET"]),
            Route("/dossier/{handle}/stroom", self.stream, methods=["GET"]),
            Route("/dossier/{handle}/opnieuw", self.again, methods=["POST"]),
            Route("/dossier/{handle}/sluiten", self.shut, methods=["POST"]),
            Route("/static/{name}", self._pages.assets.serve, methods=["GET"]),
        ]

    async def _home(self, request: Request) -> Response:
        return RedirectResponse(f"{PATH}/", 308)

    async def start(self, request: Request) -> Response:
        """Find a client; without a session, what this is and the way in."""
        session = self._login.session_of(request)
        language = _language(request)
        if session is None:
            left = "afgemeld" in request.query_params
            return self._pages.page("landing.html", language=language, party=self._party, logged_out=left)
        return await self._start_page(session, language)

    async def _start_page(self, session: ViewerSession, language: str, error: str = "", status: int = 200) -> Response:
        clients, fault = await self._listed(session)
        return self._pages.page(
            "start.html", status, language, session=session, clients=clients, fault=fault, error=error
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
        await self._posted(request)
        return self._login.leave(request)

    async def language(self, request: Request) -> Response:
        """Remembers a language; goes back to a page of this viewer, never elsewhere."""
        language = request.path_params["language"]
        back = single(request.url.query).get("naar", "")
        local = back.startswith(f"{PATH}/") and "//" not in back and "\\" not in back
        answer = RedirectResponse(back if local else f"{PATH}/", 303)
        if language in LANGUAGES:
            answer.set_cookie(LANGUAGE_COOKIE, language, max_age=LANGUAGE_SECONDS, path="/", samesite="lax")
        return answer

    async def find(self, request: Request) -> Response:
        """Opens a record by BSN.  Whether she is known anywhere, or to this asker, the page looks the same."""
        session, fields = await self._posted(request)
        digits = fields.get("bsn", "").replace(" ", "").replace(".", "").replace("-", "")
        if not passes_eleven_check(digits):
            return await self._start_page(session, _language(request), "bsn_wrong", 422)
        return await self._opened(request, session, Bsn(digits))

    async def choose(self, request: Request) -> Response:
        """Opens a record from today's list."""
        session, fields = await self._posted(request)
        bsn = session.listed.get(fields.get("client", ""))
        if bsn is None:
            return self._pages.message("closed", 404, _language(request), {"session": session})
        return await self._opened(request, session, bsn)

    async def _opened(self, request: Request, session: ViewerSession, bsn: Bsn) -> Response:
        if not self._searches.take(session.name):
            return await self._start_page(session, _language(request), "too_often", 429)
        record = OpenedRecord(bsn, _language(request), lambda language: Drawer(self._pages, language, bsn.value))
        handle = self._sessions.keep(session, record)
        self._fill(session, record)
        asyncio.get_running_loop().call_later(RECORD_SECONDS, self._expire, session, handle)
        return RedirectResponse(f"{PATH}/dossier/{handle}", 303)

    def _fill(self, session: ViewerSession, record: OpenedRecord) -> None:
        record.asked = self._clock()
        record.fill(self._viewing.open(record.bsn, session.person))

    def _refresh(self, session: ViewerSession, record: OpenedRecord, oldest: float) -> bool:
        """Asks anew when what is held is from an earlier look: she may have withdrawn since, and each look is logged.

        False when that was too often.
        """
        if not record.settled or self._clock() - record.asked <= oldest:
            return True
        if not self._searches.take(session.name):
            return False
        self._fill(session, record)
        return True

    @staticmethod
    def _expire(session: ViewerSession, handle: str) -> None:
        record = session.records.pop(handle, None)
        if record is not None:
            record.close()

    async def record(self, request: Request) -> Response:
        """The page: at once, with whatever has come so far; `?geheel=1` waits for everything first."""
        session, handle, record = self._record_of(request)
        if record is None:
            return self._pages.message("closed", 404, _language(request), {"session": session})
        if not self._refresh(session, record, PAGE_SECONDS):
            return await self._start_page(session, _language(request), "too_often", 429)
        record.speak(_language(request))
        if "geheel" in request.query_params:
            try:
                await asyncio.wait_for(record.end(), WHOLE_SECONDS)
            except TimeoutError:
                record.give_up()
        shared = request.cookies.get(SHARED_SCREEN_COOKIE) == "1"
        values = {"session": session, "record": record, "handle": handle, "shared_screen": shared}
        return self._pages.page("record.html", 200, record.language, **values)

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

    async def again(self, request: Request) -> Response:
        """Asks all sources anew."""
        session, _ = await self._posted(request)
        record = session.records.get(request.path_params["handle"])
        if record is None:
            return self._pages.message("closed", 404, _language(request), {"session": session})
        bsn = record.bsn
        self._expire(session, request.path_params["handle"])
        return await self._opened(request, session, bsn)

    async def shut(self, request: Request) -> Response:
        session, _ = await self._posted(request)
        self._expire(session, request.path_params["handle"])
        return RedirectResponse(f"{PATH}/", 303)

    def _record_of(self, request: Request) -> tuple[ViewerSession, str, OpenedRecord | None]:
        session = self._login.session_of(request)
        if session is None:
            raise HTTPException(303, headers={"location": f"{PATH}/"})
        handle = request.path_params["handle"]
        return session, handle, session.records.get(handle)

    async def _posted(self, request: Request) -> tuple[ViewerSession, dict[str, str]]:
        """Session and fields of a form that one of our own pages of this very session sent."""
        session = self._login.session_of(request)
        fields = await form(request)
        foreign = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
        if session is None or foreign or request.headers.get("origin", self._origin) not in (self._origin, "null"):
            raise HTTPException(403)
        if not session.csrf_holds(fields.get("csrf", "")):
            raise HTTPException(403)
        return session, fields


def _language(request: Request) -> str:
    return request.cookies.get(LANGUAGE_COOKIE, "") or LANGUAGES[0]


def viewer_app(**given: Any) -> Viewer:
    """The viewer as an ASGI application; see `Viewer` for what must be given."""
    return Viewer(**given)
