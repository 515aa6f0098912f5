"""The chapter "my record" of the client's site: her own, and that of a child over whom she has authority, of every
organisation that keeps something of her or the child.

Each page is read anew, decided anew and logged, and shown as organisations answer; nothing is kept once it is whole.
Without JavaScript the page waits for the last of them and comes whole.  A child is named in an address by a handle of
this session.  What may not be shown leaves no trace: the line above the record is the same for everybody, always.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from babyconnect.birthcare.access import Channel
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.flows.own_everywhere import Copied, NotMade, OwnEverywhere
from babyconnect.flows.own_record import Looking
from babyconnect.web.client.drawing import Drawing, Drawn, Fill, Wanted
from babyconnect.web.client.growing import GrowingPage
from babyconnect.web.client.session import ClientSession, SinceLogin
from babyconnect.web.limits import Limit
from babyconnect.web.login.sessions import new_handle
from babyconnect.web.site import Chapter, Site, language_of
from babyconnect.web.viewer.events import events

LOOKS_PER_MINUTE = 30
WHOLE_SECONDS = 60
UNSEEN_SECONDS = 2 * 60
"""How long a page that grows is held for whoever asked for it."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Who asks others and draws, and who makes a copy, when it is not this process."""

    fill: Fill
    copied: Copied


def chapter(everywhere: OwnEverywhere, since_login: SinceLogin, beside: Beside | None = None) -> Chapter[ClientSession]:
    """`/dossier` of the client's site."""

    def routes(site: Site[ClientSession]) -> Sequence[BaseRoute]:
        return RecordPages(site, everywhere, since_login, beside).routes()

    return Chapter("/dossier", "client_record.menu", routes)


class RecordPages:
    """The pages.  The handles of children live in the session that was given them, and end with it."""

    def __init__(
        self, site: Site[ClientSession], everywhere: OwnEverywhere, since_login: SinceLogin, beside: Beside | None
    ) -> None:
        self._site = site
        self._drawing = Drawing(everywhere.own.own, site.pages, everywhere.now, everywhere.consult)
        self._fill = beside.fill if beside else self._drawing.open
        self._copied = beside.copied if beside else None
        self._everywhere = everywhere
        self._own = everywhere.own
        self._since_login = since_login
        self._looks = Limit(LOOKS_PER_MINUTE, 60, time.monotonic)

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/", self.record, methods=["GET"]),
            Route("/kind/{handle}", self.child, methods=["GET"]),
            Route("/kopie", self.copy, methods=["POST"]),
            Route("/{handle}/stroom", self.stream, methods=["GET"]),
            Route("/{handle}/geheel", self.whole, methods=["GET"]),
        ]

    async def record(self, request: Request) -> Response:
        """Her own record; while she acts for a child, that child's."""
        session = self._looking(request)
        if session.represents is not None:
            wanted = session.represents.bsn
            children = self._own.children(session.subject)
            found = next((ward.authority.child for ward in children if ward.bsn == wanted), None)
            if found is None:
                raise HTTPException(404)
            return await self._childs(request, session, found)
        who, whose = self._who(request, session), session.client
        growing = GrowingPage()
        await growing.begin(self._hers(who, language_of(request)))
        self._still(session, whose, growing)
        return self._grown(request, session, growing)

    def _still(self, session: ClientSession, whose: Bsn, growing: GrowingPage | None = None) -> None:
        """Who logged out, or acts for another since she asked, is shown nothing of what came meanwhile."""
        if session.ended or session.client != whose:
            if growing is not None:
                growing.close()
            raise HTTPException(303, headers={"location": f"{self._site.path}/"})

    def _grown(self, request: Request, session: ClientSession, growing: GrowingPage) -> Response:
        """The page with what there is; it is held only while there is more to come."""
        handle = ""
        if not growing.settled:
            handle = session.keep(growing)
            asyncio.get_running_loop().call_later(UNSEEN_SECONDS, session.drop, handle)
        return self._page(request, session, growing, handle)

    def _page(self, request: Request, session: ClientSession, growing: GrowingPage, handle: str = "") -> Response:
        shown: dict[str, Any] = {"session": session, "party": self._own.own, "growing": growing, "handle": handle}
        if growing.child:
            name = growing.drawn.name if growing.drawn else ""
            return self._site.page(request, "client/child.html", name=name, **shown)
        return self._site.page(request, "client/record.html", children=self._named(session), **shown)

    async def stream(self, request: Request) -> Response:
        """What changed since the version that the page holds, as server-sent events, until it is whole."""
        session, handle, growing = self._growing(request)
        if growing is None:
            raise HTTPException(404)
        known = request.headers.get("last-event-id") or request.query_params.get("v", "0")
        version = int(known) if known.isdecimal() and len(known) < 9 else 0
        stream = _until_whole(session, handle, growing, version)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})

    async def whole(self, request: Request) -> Response:
        """The same page for who has no JavaScript, when the last organisation has answered."""
        session, handle, growing = self._growing(request)
        if growing is None:
            return RedirectResponse(f"{self._site.path}/dossier/", 303)
        try:
            await asyncio.wait_for(growing.end(), WHOLE_SECONDS)
        except TimeoutError:
            growing.give_up()
        if growing.lost():
            raise HTTPException(404)
        answer = self._page(request, session, growing)
        session.drop(handle)
        return answer

    def _growing(self, request: Request) -> tuple[ClientSession, str, GrowingPage | None]:
        session, handle = self._site.session(request), request.path_params["handle"]
        return session, handle, session.growing.get(handle)

    async def copy(self, request: Request) -> Response:
        """Her own record as a file; nothing of it stays here, and the browser is told to keep none."""
        session, _ = await self._site.posted(request)
        if session.represents is not None:
            raise HTTPException(404)
        self._looking(request)
        whose = session.client
        try:
            content = await self._everywhere.copy(self._who(request, session), self._copied)
        except NotMade:
            raise HTTPException(503) from None
        self._still(session, whose)
        headers = {"content-disposition": 'attachment; filename="mijn-dossier.json"', "cache-control": "no-store"}
        return Response(content, media_type="application/fhir+json; fhirVersion=3.0", headers=headers)

    async def child(self, request: Request) -> Response:
        session = self._looking(request)
        child = session.children.get(request.path_params["handle"])
        if child is None:
            raise HTTPException(404)
        return await self._childs(request, session, child)

    async def _childs(self, request: Request, session: ClientSession, child: str) -> Response:
        who, whose = self._who(request, session), session.client
        growing = GrowingPage(child=child, holds=lambda: self._everywhere.may_see(who, child))
        await growing.begin(self._childs_states(who, child, language_of(request)))
        self._still(session, whose, growing)
        failed = growing.drawn is not None and growing.drawn.failed
        if growing.lost() or (growing.settled and not growing.order() and not failed):
            # No authority (any more), no such child, nothing there: one page for all.
            raise HTTPException(404)
        return self._grown(request, session, growing)

    async def _hers(self, who: Looking, language: str) -> AsyncIterator[Drawn]:
        """Everywhere; where others would not believe who asks, what is here, which this process reads by itself."""
        asking = await self._everywhere.asking(who, Channel.CLIENT_SITE)
        if asking is None:
            yield self._drawing.drawn(await self._everywhere.here(who), language)
            return
        async for drawn in self._fill(Wanted(asking, language)):
            yield drawn

    async def _childs_states(self, who: Looking, child: str, language: str) -> AsyncIterator[Drawn]:
        asking = await self._everywhere.asking_of_child(who, child)
        if asking is None:
            yield self._drawing.drawn(await self._everywhere.childs_here(who, child), language, child=True)
            return
        async for drawn in self._fill(Wanted(asking, language, child=True)):
            yield drawn

    def _named(self, session: ClientSession) -> list[tuple[str, str]]:
        wards = self._own.children(session.subject)
        named = {new_handle(): ward for ward in wards}
        session.children = {handle: ward.authority.child for handle, ward in named.items()}
        return [(handle, ward.name) for handle, ward in named.items()]

    def _looking(self, request: Request) -> ClientSession:
        session = self._site.session(request)
        if not self._looks.take(session.name):
            raise HTTPException(429)
        return session

    def _who(self, request: Request, session: ClientSession) -> Looking:
        address = f"{request.client.host}:{request.client.port}" if request.client else ""
        logged_in = self._everywhere.now() - self._since_login(session)
        return Looking(session.subject, session.loa, address, logged_in)


async def _until_whole(session: ClientSession, handle: str, growing: GrowingPage, version: int) -> AsyncIterator[bytes]:
    """Nothing goes out to who may not look any more; what is whole is forgotten."""
    async for piece in events(growing, version):
        if growing.phase != "closed" and growing.lost():
            continue  # this piece was made for who might look a moment ago; that it is closed comes next
        yield piece
    session.drop(handle)
