"""Logging in and out of the viewer: the routes around `relying_party`, and the cookies that carry a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from babyconnect.birthcare.parties import Party
from babyconnect.web.backchannel import BackchannelFault
from babyconnect.web.claims import ClaimNames, Who, who
from babyconnect.web.forms import single
from babyconnect.web.limits import Limit
from babyconnect.web.relying_party import Attempt, LoginRefused, RelyingParty
from babyconnect.web.rendering import LANGUAGE_COOKIE, Pages, log
from babyconnect.web.sessions import Session, Sessions, new_handle

ATTEMPT_SECONDS = 600
MOST_ATTEMPTS = 2_000


@dataclass(frozen=True, slots=True)
class Cookies:
    """Names and scope of our cookies.  Nodes of a demo share a host and cookies ignore ports, so names bear the URA."""

    ura: str
    path: str
    secure: bool

    @property
    def session(self) -> str:
        return f"{'__Secure-' if self.secure else ''}babyconnect_{self.ura}"

    @property
    def attempt(self) -> str:
        return f"{'__Secure-' if self.secure else ''}babyconnect_login_{self.ura}"

    def put(self, answer: Response, name: str, value: str, seconds: int | None = None) -> None:
        answer.set_cookie(
            name, value, max_age=seconds, path=self.path, httponly=True, samesite="lax", secure=self.secure
        )

    def drop(self, answer: Response, name: str) -> None:
        answer.delete_cookie(name, path=self.path, httponly=True, samesite="lax", secure=self.secure)


class Login:
    """The way in and out of one viewer.  `clock` is monotonic seconds."""

    def __init__(
        self,
        *,
        party: Party,
        relying_party: RelyingParty,
        claims: ClaimNames,
        sessions: Sessions[Any],
        cookies: Cookies,
        pages: Pages,
        clock: Callable[[], float],
    ) -> None:
        self._party = party
        self._relying_party = relying_party
        self._claims = claims
        self._sessions = sessions
        self._cookies = cookies
        self._pages = pages
        self._clock = clock
        self._attempts: dict[str, tuple[float, Attempt]] = {}
        self._limit = Limit(60, 60, clock)

    def routes(self) -> list[Route]:
        return [
            Route("/aanmelden", self.begin, methods=["GET"]),
            Route("/terug", self.finish, methods=["GET"]),
        ]

    def session_of(self, request: Request) -> Session[Any] | None:
        token = request.cookies.get(self._cookies.session, "")
        return self._sessions.find(token) if token else None

    async def begin(self, request: Request) -> Response:
        """Sends the browser to the issuer."""
        language = request.cookies.get(LANGUAGE_COOKIE, "")
        if not self._limit.take(request.client.host if request.client else ""):
            return self._pages.message("429", 429, language)
        try:
            address, attempt = await self._relying_party.begin()
        except BackchannelFault as problem:
            log.warning("login", outcome="unreachable", reason=str(problem))
            return self._pages.message("login_unreachable", 503, language)
        handle = new_handle()
        self._remember(handle, attempt)
        answer = RedirectResponse(address, 303)
        self._cookies.put(answer, self._cookies.attempt, handle, ATTEMPT_SECONDS)
        return answer

    async def finish(self, request: Request) -> Response:
        """The browser is back from the issuer: a session, or a page that says no."""
        language = request.cookies.get(LANGUAGE_COOKIE, "")
        # Single use, whatever comes of it.
        began, attempt = self._attempts.pop(request.cookies.get(self._cookies.attempt, ""), (0.0, None))
        if attempt is None or self._clock() - began > ATTEMPT_SECONDS:
            return self._pages.message("login_expired", 400, language)
        try:
            claims = await self._relying_party.finish(attempt, single(request.url.query))
        except BackchannelFault as problem:
            log.warning("login", outcome="unreachable", reason=str(problem))
            return self._pages.message("login_unreachable", 503, language)
        found = claims if isinstance(claims, LoginRefused) else who(claims, self._claims, self._party)
        if isinstance(found, LoginRefused):
            return self._refuse(found, language)
        return self._enter(request, found)

    def _refuse(self, refused: LoginRefused, language: str) -> Response:
        log.warning("login", outcome="refused", reason=refused.reason)
        code = "login_organisation" if refused.reason in ("organisation", "role") else "login_refused"
        answer = self._pages.message(code, 403, language)
        self._cookies.drop(answer, self._cookies.attempt)
        return answer

    def _enter(self, request: Request, found: Who) -> Response:
        """A new session under a new id; one that this browser already had ends."""
        self._sessions.end(request.cookies.get(self._cookies.session, ""))
        token, _ = self._sessions.start(found.person, self._party, found.assurance)
        log.info("login", outcome="entered", role=found.person.role.value)
        answer = RedirectResponse(f"{self._cookies.path}/", 303)
        self._cookies.put(answer, self._cookies.session, token)
        self._cookies.drop(answer, self._cookies.attempt)
        return answer

    def leave(self, request: Request) -> Response:
        """Ends the session.  The caller has checked the form's token."""
        self._sessions.end(request.cookies.get(self._cookies.session, ""))
        answer = RedirectResponse(f"{self._cookies.path}/?afgemeld=1", 303)
        self._cookies.drop(answer, self._cookies.session)
        answer.headers["clear-site-data"] = '"cache"'
        return answer

    def _remember(self, handle: str, attempt: Attempt) -> None:
        now = self._clock()
        for old in [key for key, (began, _) in self._attempts.items() if now - began > ATTEMPT_SECONDS]:
            del self._attempts[old]
        while len(self._attempts) >= MOST_ATTEMPTS:
            del self._attempts[next(iter(self._attempts))]
        self._attempts[handle] = (now, attempt)
