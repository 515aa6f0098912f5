"""What the region told of emergencies and this node could not take note of, and settling that by two people.

For privacy officers and administrators; each look is logged.  Nothing of a client is known here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from babyconnect.birthcare.parties import Function
from babyconnect.birthcare.resources import HOME
from babyconnect.flows.journal import Came
from babyconnect.flows.unheard import Settling
from babyconnect.web.break_glass.reviews import NameOf
from babyconnect.web.site import Chapter, Site, may

PATH = "/niet-verwerkt"
Waits = Callable[[], Mapping[str, int]]
"""How many of what else waits to be delivered, by kind."""


def chapter(settling: Settling, name_of: NameOf, waits: Waits) -> Chapter[Any]:
    def routes(site: Site[Any]) -> Sequence[BaseRoute]:
        pages = _Pages(site, settling, name_of, waits)
        return [
            Route("/", pages.show, methods=["GET"]),
            Route("/afhandelen", pages.settle, methods=["POST"]),
            Route("/vervallen", pages.drop, methods=["POST"]),
        ]

    either = (Function.PRIVACY_OFFICER, Function.ADMINISTRATOR)
    return Chapter(PATH, "unheard.menu", routes, open_to=lambda one: any(may(one, which) for which in either))


class _Pages:
    def __init__(self, site: Site[Any], settling: Settling, name_of: NameOf, waits: Waits) -> None:
        self._site, self._settling, self._name_of, self._waits = site, settling, name_of, waits
        self._home = f"{site.path}{PATH}/"

    async def show(self, request: Request) -> Response:
        return await self._page(request)

    async def _page(self, request: Request, said: str = "") -> Response:
        session = self._site.session(request)
        listed = await self._settling.look(session.person, _came(request))
        return self._site.page(
            request,
            "break_glass/unheard.html",
            422 if said not in ("", "asked", "settled") else 200,
            session=session,
            listed=[(one, self._name_of(one.asker) if one.asker else "") for one in listed],
            waits=self._waits(),
            said=said,
            here=self._home,
            local=_local,
        )

    async def settle(self, request: Request) -> Response:
        session, fields = await self._site.posted(request)
        said = await self._settling.settle(_number(fields), session.person, _came(request))
        return await self._page(request, said)

    async def drop(self, request: Request) -> Response:
        session, fields = await self._site.posted(request)
        await self._settling.drop(_number(fields), session.person, _came(request))
        return RedirectResponse(self._home, 303)


def _local(moment: dt.datetime | str) -> str:
    known = dt.datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{known.astimezone(HOME):%d-%m-%Y %H:%M}"


def _number(fields: Mapping[str, str]) -> int:
    text = fields.get("nummer", "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else -1


def _came(request: Request) -> Came:
    return Came(address=request.client.host if request.client else "")
