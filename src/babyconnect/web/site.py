"""A site for logged-in people, and how other modules add pages to it.

A site (the viewer for staff, `/client` for clients) owns log-in, sessions and look.  Another module adds a `Chapter`:
routes below a path of its own, and words for the menu.  Nobody reaches a chapter's routes without a session, nor
without the function it asks for: that is checked here, before any of its code runs.

    def chapter(register) -> Chapter[ClientSession]:
        def routes(site: Site[ClientSession]) -> list[Route]:
            async def overview(request: Request) -> Response:
                session = site.session(request)
                return site.page(request, "client/consents.html", consents=await register.of(session.client))
            return [Route("/", overview)]
        return Chapter("/toestemming", "client_consents.menu", routes)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from babyconnect.birthcare.parties import Function
from babyconnect.web.forms import LARGEST, form, single
from babyconnect.web.headers import App, Receive, Scope, Send
from babyconnect.web.login.sessions import Session
from babyconnect.web.rendering import LANGUAGE_COOKIE, Pages
from babyconnect.web.texts import LANGUAGES

LANGUAGE_SECONDS = 365 * 24 * 3600

S = TypeVar("S", bound=Session)


@dataclass(frozen=True, slots=True)
class Chapter(Generic[S]):
    """Pages of another module.  `path` is one segment below the site's; `menu` a key of texts.toml.

    `function`: staff only, who may come in.  `careful`: when given, a session must hold to it to see the chapter.
    """

    path: str
    menu: str
    routes: Callable[[Site[S]], Sequence[BaseRoute]]
    function: Function | None = None
    open_to: Callable[[S], bool] = lambda session: True

    def may_enter(self, session: S) -> bool:
        return (self.function is None or may(session, self.function)) and self.open_to(session)


class Site(Generic[S]):
    """What pages need of the site they are part of."""

    def __init__(
        self,
        path: str,
        origin: str,
        pages: Pages,
        session_of: Callable[[Request], S | None],
        chapters: Sequence[Chapter[S]] = (),
        *,
        check: Callable[[Request, S], Awaitable[None]] | None = None,
    ) -> None:
        """`check` raises when a session may not go on as it is: asked before every page of a chapter."""
        self.path = path
        self.origin = origin
        self.pages = pages
        self.chapters = tuple(chapters)
        self.check = check
        self._session_of = session_of

    def routes(self) -> list[BaseRoute]:
        """The chapters' routes, each behind its guard, and the switch of language."""
        guarded = [Mount(chapter.path, app=_Behind(self, chapter)) for chapter in self.chapters]
        return [Route("/taal/{language}", self.language, methods=["GET"]), *guarded]

    def find_session(self, request: Request) -> S | None:
        return self._session_of(request)

    def session(self, request: Request) -> S:
        """Who is logged in; without one, the way to the site's first page."""
        session = self._session_of(request)
        if session is None:
            raise HTTPException(303, headers={"location": f"{self.path}/"})
        return session

    async def posted(self, request: Request, largest: int = LARGEST) -> tuple[S, dict[str, str]]:
        """Session and fields of a form that one of our own pages of this very session sent."""
        fields = await form(request, largest)
        return self.sent_by(request, fields), fields

    def sent_by(self, request: Request, fields: Mapping[str, str]) -> S:
        """Whose session's page sent these fields; 403 when none of ours did."""
        session = self._session_of(request)
        foreign = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
        if session is None or foreign or request.headers.get("origin", self.origin) not in (self.origin, "null"):
            raise HTTPException(403)
        if not session.csrf_holds(fields.get("csrf", "")):
            raise HTTPException(403)
        return session

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        """A page in the language of this browser, with the menu of this session."""
        session = values.pop("session", None) or self._session_of(request)
        return self.pages.page(
            template, status, language_of(request),
            session=session, menu=self.menu(session), again=self._again(request), **values,
        )  # fmt: skip

    def _again(self, request: Request) -> str:
        """Where the switch of language leads: this page, or after a form the first page of its chapter."""
        path = request.url.path
        if request.method == "GET":
            return path
        chapter = next((c.path for c in self.chapters if path.startswith(f"{self.path}{c.path}/")), "")
        return f"{self.path}{chapter}/"

    def message(self, request: Request, code: str, status: int) -> Response:
        """A page that only says something, from the texts `messages.<code>_title` and `_text`."""
        return self.page(request, "message.html", status, code=code)

    def has(self, path: str) -> bool:
        """Whether there is a chapter below this path."""
        return any(chapter.path == path for chapter in self.chapters)

    def menu(self, session: S | None) -> list[tuple[str, str]]:
        """Address and text key of each chapter that this session may enter and that has words for the menu."""
        if session is None:
            return []
        return [(f"{self.path}{c.path}/", c.menu) for c in self.chapters if c.menu and c.may_enter(session)]

    async def language(self, request: Request) -> Response:
        """Remembers a language; goes back to a page of this site, never elsewhere."""
        wanted = request.path_params["language"]
        back = single(request.url.query).get("naar", "")
        local = back.startswith(f"{self.path}/") and "//" not in back and "\\" not in back
        answer = RedirectResponse(back if local else f"{self.path}/", 303)
        if wanted in LANGUAGES:
            answer.set_cookie(LANGUAGE_COOKIE, wanted, max_age=LANGUAGE_SECONDS, path="/", samesite="lax")
        return answer


class _Behind(Generic[S]):
    """A chapter's routes behind its guard.  Not for you and not there look alike (404), so no page is betrayed."""

    def __init__(self, site: Site[S], chapter: Chapter[S]) -> None:
        self._site = site
        self._chapter = chapter
        self._routes: App = Router(chapter.routes(site), redirect_slashes=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = self._site.session(Request(scope))
        if not self._chapter.may_enter(session):
            raise HTTPException(404)
        if self._site.check is not None:
            await self._site.check(Request(scope), session)
        await self._routes(scope, receive, send)


def may(session: Session, function: Function) -> bool:
    return function in getattr(session, "functions", frozenset())


def language_of(request: Request) -> str:
    return request.cookies.get(LANGUAGE_COOKIE, "") or LANGUAGES[0]
