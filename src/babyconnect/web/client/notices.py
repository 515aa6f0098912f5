"""What a client was told about broken glass, on her own pages when she called those safe; and which channel that is
(domain §4): neutral words.

Who looked, and why, stands on the page of who looked at her record; here is only that there is something to read.
Without a choice of hers she is told in person.  The choice is hers alone: not of whoever represents her.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from babyconnect.birthcare.parties import Party
from babyconnect.birthcare.resources import HOME
from babyconnect.definitions import document
from babyconnect.flows.break_glass import BreakGlass, words
from babyconnect.flows.journal import Came
from babyconnect.web.client.session import ClientSession
from babyconnect.web.site import Chapter, Site, language_of

PATH = "/berichten"
WITHOUT_A_CHOICE = "in_person"


Tell = Callable[[], Awaitable[object]]
"""Hands over now what waits for somebody to be told."""


def chapter(glass: BreakGlass, own: Party, tell: Tell) -> Chapter[ClientSession]:
    """Her own messages only, never to whoever represents her."""

    def routes(site: Site[ClientSession]) -> Sequence[BaseRoute]:
        pages = _Pages(site, glass, own, tell)
        return [Route("/", pages.show, methods=["GET"]), Route("/kanaal", pages.choose, methods=["POST"])]

    return Chapter(PATH, "notices.menu", routes, open_to=lambda session: session.represents is None)


class _Pages:
    def __init__(self, site: Site[ClientSession], glass: BreakGlass, own: Party, tell: Tell) -> None:
        self._site, self._glass, self._own, self._tell = site, glass, own, tell

    async def show(self, request: Request) -> Response:
        return self._page(request, self._site.session(request))

    async def choose(self, request: Request) -> Response:
        """From now on over this channel: what waits for her goes over it too."""
        session, fields = await self._site.posted(request)
        came = Came(address=request.client.host if request.client else "")
        if not await self._glass.choose_own_channel(session.subject, fields.get("kanaal", ""), session.loa, came):
            raise HTTPException(400)
        await self._tell()
        return self._page(request, session, saved=True)

    def _page(self, request: Request, session: ClientSession, saved: bool = False) -> Response:
        clients, told = self._glass.clients(session.subject), self._glass.sent_to(session.subject)
        language = "en" if language_of(request) == "en" else "nl"
        return self._site.page(
            request,
            "client/notices.html",
            session=session,
            party=self._own,
            here=f"{self._site.path}{PATH}/",
            days=[f"{one.sent.astimezone(HOME):%d-%m-%Y}" for one in told if one.sent],
            words=words("client", language),
            known=bool(clients),
            channels=document("break_glass.toml")["channel"],
            chosen=next((found for one in clients if (found := self._glass.channel(one))), WITHOUT_A_CHOICE),
            saved=saved,
        )
