"""The queue of broken glass (domain §4): what was declared here or answered here, its review, and whom to tell.

For the privacy officer.  Nobody reviews what they declared themselves; what was reviewed stays as it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from babyconnect.birthcare.parties import Function, Person
from babyconnect.birthcare.resources import HOME
from babyconnect.definitions import document
from babyconnect.flows.break_glass import BreakGlass
from babyconnect.flows.journal import Came
from babyconnect.network.emergencies import Broken, Side
from babyconnect.web.site import Chapter, Site

PATH = "/spoedbeoordeling"
NameOf = Callable[[str], str]
Clients = Callable[[Person], Awaitable[Mapping[str, str]]]


def chapter(glass: BreakGlass, name_of: NameOf, clients: Clients) -> Chapter[Any]:
    """`name_of`: an organisation's name by its URA; `clients`: who the own clients are, by opaque id, for whoever must
    tell them."""

    def routes(site: Site[Any]) -> Sequence[BaseRoute]:
        pages = _Pages(site, glass, name_of, clients)
        return [
            Route("/", pages.queue, methods=["GET"]),
            Route("/oordeel", pages.review, methods=["POST"]),
            Route("/verteld", pages.told, methods=["POST"]),
            Route("/kanaal", pages.channel, methods=["POST"]),
        ]

    return Chapter(PATH, "reviews.menu", routes, function=Function.PRIVACY_OFFICER)


class _Pages:
    def __init__(self, site: Site[Any], glass: BreakGlass, name_of: NameOf, clients: Clients) -> None:
        self._site, self._glass, self._name_of, self._clients = site, glass, name_of, clients
        self._home = f"{site.path}{PATH}/"

    async def queue(self, request: Request) -> Response:
        return await self._page(request)

    async def _page(self, request: Request, flaw: str = "") -> Response:
        book, now = self._glass.book, self._glass.journal.clock()
        person = self._site.session(request).person
        await self._glass.looked(person, _came(request))
        to_tell = [one for one in book.unsent() if one.recipient == "client"]
        today = now.astimezone(HOME).date()
        table = document("break_glass.toml")
        return self._site.page(
            request,
            "break_glass/reviews.html",
            422 if flaw else 200,
            waiting=[(*self._row(one), self._glass.doubt(one, person)) for one in book.queue()],
            done=[self._row(one) for one in book.queue(reviewed=True, most=50)],
            to_tell=to_tell,
            names=await self._clients(person) if to_tell else {},
            chosen=book.channel,
            today=today,
            reasons=table["reason"],
            outcomes=table["outcome"],
            channels=table["channel"],
            here=self._home,
            flaw=flaw,
            local=lambda moment: f"{moment.astimezone(HOME):%d-%m-%Y %H:%M}",
        )

    def _row(self, one: Broken) -> tuple[Broken, str]:
        return one, self._name_of(one.other) if one.other else ""

    async def review(self, request: Request) -> Response:
        session, fields = await self._site.posted(request)
        side: Side = "holder" if fields.get("kant") == "holder" else "asker"
        key = (side, fields.get("bij", ""), fields.get("item", ""))
        remark = fields.get("opmerking", "")
        if len(remark.strip()) < 3:
            return await self._page(request, "remark")
        done = await self._glass.review(key, fields.get("oordeel", ""), remark, session.person, _came(request))
        return RedirectResponse(self._home, 303) if done else await self._page(request, "not_reviewed")

    async def told(self, request: Request) -> Response:
        """Somebody told her in person."""
        session, fields = await self._site.posted(request)
        waiting = {str(one.number): one for one in self._glass.book.unsent() if one.recipient == "client"}
        notice = waiting.get(fields.get("bericht", ""))
        if notice is not None:
            await self._glass.told(notice, "in_person", session.person)
        return RedirectResponse(self._home, 303)

    async def channel(self, request: Request) -> Response:
        """The channel that she called safe."""
        session, fields = await self._site.posted(request)
        waiting = {str(one.number): one for one in self._glass.book.unsent()}
        notice, channel = waiting.get(fields.get("bericht", "")), fields.get("kanaal", "")
        if notice is not None and channel in document("break_glass.toml")["channel"]:
            await self._glass.choose_channel(notice.client, channel, session.person, _came(request))
        return RedirectResponse(self._home, 303)


def _came(request: Request) -> Came:
    return Came(address=request.client.host if request.client else "")
