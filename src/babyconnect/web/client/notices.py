"""What a client was told about broken glass, on her own pages, when she called those safe (domain §4): neutral words.

Who looked, and why, stands on the page of who looked at her record; here is only that there is something to read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.resources import HOME
from babyconnect.flows.break_glass import words
from babyconnect.network.emergencies import Emergencies
from babyconnect.web.client.session import ClientSession
from babyconnect.web.site import Chapter, Site, language_of

PATH = "/berichten"


def chapter(book: Emergencies, clients: Callable[[Bsn], Sequence[str]]) -> Chapter[ClientSession]:
    """`clients`: this node's opaque ids of her.  Her own messages only, never to whoever represents her."""

    def routes(site: Site[ClientSession]) -> Sequence[BaseRoute]:
        async def show(request: Request) -> Response:
            session = site.session(request)
            told = [one for client in clients(session.subject) for one in book.sent_to(client)]
            days = [f"{one.sent.astimezone(HOME):%d-%m-%Y}" for one in told if one.sent]
            language = "en" if language_of(request) == "en" else "nl"
            return site.page(request, "client/notices.html", days=days, words=words("client", language))

        return [Route("/", show, methods=["GET"])]

    return Chapter(PATH, "notices.menu", routes, open_to=lambda session: session.represents is None)
