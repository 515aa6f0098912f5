"""Logging in to and out of a site: the routes around `relying_party`.

Each log-in, refused log-in and log-out is in the audit log before anything comes of it: what cannot be logged does
not happen (`Note` raises, and the browser gets a fault page and no session).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.web.forms import form, single
from babyconnect.web.limits import Limit
from babyconnect.web.login.attempts import Attempts, Cookies
from babyconnect.web.login.backchannel import BackchannelFault
from babyconnect.web.login.logout_tokens import Decode, Lately, LogoutTokens, NotALogout
from babyconnect.web.login.relying_party import Attempt, Issuer, LoginRefused, RelyingParty, Verified
from babyconnect.web.login.sessions import Session, Sessions
from babyconnect.web.rendering import LANGUAGE_COOKIE, Pages, log

S = TypeVar("S", bound=Session)
EventType = Literal["login", "login.refused", "logout", "context.switch"]


@dataclass(frozen=True, slots=True)
class LoginEvent:
    """What the audit log is told.  `person` is an opaque subject, never a BSN.

    `name`: what she is called, for those who review; the log itself names nobody.
    `client`: she who logs in herself; `about`: whose record a care system opens, in which `episode`.  Both BSNs are for
    the log's pseudonym only.
    """

    type: EventType
    outcome: Literal["ok", "refused", "fault"]
    person: str = ""
    role: str = ""
    loa: str = ""
    how: str = ""
    reason: str = ""
    address: str = ""
    client: Bsn | None = None
    about: Bsn | None = None
    episode: str = ""
    name: str = ""


Note = Callable[[LoginEvent], Awaitable[object]]
"""Returns when the event is durable; raises when it cannot be."""


@dataclass(frozen=True, slots=True)
class Admitted(Generic[S]):
    """A session that may begin, and what the log says of it."""

    session: S
    event: LoginEvent


Admit = Callable[[Verified], Awaitable["Admitted[S] | LoginRefused"]]
"""From a verified log-in to a session of this site, or why not."""


class Login(Generic[S]):
    """The way in and out of one site.

    `clock` is monotonic seconds, `now` seconds since the epoch; `farewell` what the log says when a session ends;
    `origin` where this site is reached.
    """

    def __init__(
        self,
        *,
        relying_party: RelyingParty,
        admit: Admit[S],
        sessions: Sessions[S],
        cookies: Cookies,
        pages: Pages,
        clock: Callable[[], float],
        note: Note,
        farewell: Callable[[S], LoginEvent],
        origin: str,
        now: Callable[[], float],
    ) -> None:
        self._relying_party = relying_party
        self._admit = admit
        self._sessions = sessions
        self._cookies = cookies
        self._pages = pages
        self._note = note
        self._farewell = farewell
        self._left = f"{origin}{cookies.path}/afgemeld"
        self._logouts, self._lately, self.clock = LogoutTokens(now), Lately(clock), clock
        self._attempts: Attempts[Attempt] = Attempts("login", cookies, clock)
        self._limit = Limit(60, 60, clock)
        self._told = Limit(600, 60, clock)

    def routes(self) -> list[Route]:
        return [
            Route("/aanmelden", self.begin, methods=["GET"]),
            Route("/terug", self.finish, methods=["GET"]),
            Route("/afgemeld", self.left, methods=["GET"]),
            Route("/afmelding", self.told, methods=["POST"]),
        ]

    def session_of(self, request: Request) -> S | None:
        token = request.cookies.get(self._cookies.session, "")
        return self._sessions.find(token) if token else None

    async def begin(self, request: Request) -> Response:
        """Sends the browser to the issuer."""
        language = request.cookies.get(LANGUAGE_COOKIE, "")
        if not self.may_try(request):
            return self._pages.message("429", 429, language)
        try:
            address, attempt = await self._relying_party.begin()
        except BackchannelFault as problem:
            log.warning("login", outcome="unreachable", reason=str(problem))
            return self._pages.message("login_unreachable", 503, language)
        answer = RedirectResponse(address, 303)
        self._attempts.begin(answer, attempt)
        return answer

    def may_try(self, request: Request) -> bool:
        """Takes a turn of this address; False when none was left."""
        return self._limit.take(_address(request))

    async def finish(self, request: Request) -> Response:
        """The browser is back from the issuer: a session, or a page that says no."""
        language, began = request.cookies.get(LANGUAGE_COOKIE, ""), self.clock()
        attempt = self._attempts.take(request)
        if attempt is None:
            return await self.unexpected(request)
        try:
            verified = await self._relying_party.finish(attempt, single(request.url.query))
            found = verified if isinstance(verified, LoginRefused) else await self._admit(verified)
        except BackchannelFault as problem:
            log.warning("login", outcome="unreachable", reason=str(problem))
            return self._pages.message("login_unreachable", 503, language)
        if isinstance(found, LoginRefused):
            return await self.refuse(request, found)
        return await self.enter(request, found, began)

    async def unexpected(self, request: Request) -> Response:
        """A return of which this browser began nothing: late, twice, or sent by somebody else."""
        language = request.cookies.get(LANGUAGE_COOKIE, "")
        if not self.may_try(request):  # nobody fills the log from outside
            return self._pages.message("429", 429, language)
        await self._note(LoginEvent("login.refused", "refused", reason="attempt", address=_address(request)))
        return self._pages.message("login_expired", 400, language)

    async def refuse(self, request: Request, refused: LoginRefused) -> Response:
        """A page that says no, logged first."""
        log.warning("login", outcome="refused", reason=refused.reason)
        await self._note(LoginEvent("login.refused", "refused", reason=refused.reason, address=_address(request)))
        code = refused.message or "login_refused"
        answer = self._pages.message(code, 403, request.cookies.get(LANGUAGE_COOKIE, ""))
        self._attempts.forget(answer)
        return answer

    async def enter(self, request: Request, found: Admitted[S], began: float) -> Response:
        """A new session under a new id, logged first; one that this browser already had ends.

        `began`: when the browser was back.  Who was logged out at the issuer since has no session (it is `ended`)."""
        event = _at(found.event, _address(request))
        await self._note(event)
        if self._lately.overtook(found.session.origin, began):
            found.session.end()
            await self._note(_at(self._farewell(found.session), _address(request)))
            return await self.refuse(request, LoginRefused("logged_out"))
        self._sessions.end(request.cookies.get(self._cookies.session, ""))
        token = self._sessions.start(found.session)
        log.info("login", outcome="entered", role=event.role)
        answer = RedirectResponse(f"{self._cookies.path}/", 303)
        self._cookies.put(answer, self._cookies.session, token)
        self._attempts.forget(answer)
        return answer

    async def leave(self, request: Request, session: S) -> Response:
        """Ends the session, here and at the issuer.  The caller has checked the form's token."""
        self._sessions.end(request.cookies.get(self._cookies.session, ""))
        await self._note(_at(self._farewell(session), _address(request)))
        origin = session.origin
        at_issuer = ""
        if origin.issuer == self._relying_party.issuer.issuer:
            at_issuer = await self._relying_party.farewell(origin.id_token, origin.sid, self._left)
        answer = RedirectResponse(at_issuer or f"{self._cookies.path}/afgemeld", 303)
        self._cookies.drop(answer, self._cookies.session)
        answer.headers["clear-site-data"] = '"cache"'
        return answer

    async def end(self, request: Request, session: S, why: EventType = "logout") -> None:
        """Ends a session that may not go on; what it held goes first."""
        self._sessions.end_where(lambda one: one is session)
        await self._note(dataclasses.replace(_at(self._farewell(session), _address(request)), type=why))

    async def left(self, request: Request) -> Response:
        """Where a browser comes after logging out, perhaps by way of the issuer."""
        return RedirectResponse(f"{self._cookies.path}/?afgemeld=1", 303)

    async def told(self, request: Request) -> Response:
        """The issuer says that somebody logged out there: her sessions end (Back-Channel Logout 1.0 §2.5-2.8)."""
        return await self.end_by_token(request, self._relying_party.issuer, self._relying_party.published.decode)

    async def end_by_token(self, request: Request, issuer: Issuer, decode: Decode, token: str = "") -> Response:
        """Ends the sessions that a logout token of this issuer names."""
        if not self._told.take(_address(request)):
            return JSONResponse({"error": "temporarily_unavailable"}, 429)
        try:
            found = await self._logouts.read(token or (await form(request)).get("logout_token", ""), issuer, decode)
        except BackchannelFault as problem:
            log.warning("logout", outcome="unreachable", reason=str(problem))
            return JSONResponse({"error": "temporarily_unavailable"}, 503)
        if isinstance(found, NotALogout):
            log.warning("logout", outcome="refused", reason=found.reason)
            return JSONResponse({"error": "invalid_request"}, 400)
        self._lately.note(issuer.issuer, found)
        for session in self._sessions.end_where(lambda session: found.ends(session.origin, issuer.issuer)):
            await self._note(_at(self._farewell(session), _address(request)))
        return Response(status_code=200)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _at(event: LoginEvent, address: str) -> LoginEvent:
    return dataclasses.replace(event, address=address)
