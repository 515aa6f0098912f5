"""She registers, reads and withdraws her consents herself, or those of somebody whom she represents."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from babyconnect.flows.consenting import Consenting, Speaker
from babyconnect.network.contract import By
from babyconnect.web.client.session import ClientSession, SinceLogin
from babyconnect.web.consents.asking import Asking, Subject
from babyconnect.web.consents.words import PartyOf
from babyconnect.web.site import Chapter, Site

PATH = "/consents"


class _Frame:
    layout = "client/base.html"

    def __init__(self, site: Site[ClientSession], consenting: Consenting, since_login: SinceLogin) -> None:
        self._site = site
        self._consenting = consenting
        self._since_login = since_login

    def subject(self, request: Request) -> Subject | None:
        return self._subject(request, self._site.session(request))

    async def posted(self, request: Request) -> tuple[Subject | None, dict[str, str]]:
        session, fields = await self._site.posted(request)
        return self._subject(request, session), fields

    def _subject(self, request: Request, session: ClientSession) -> Subject:
        journal = self._consenting.journal
        for_another = session.represents is not None
        capacity = "representative" if for_another else "client"
        actor = journal.herself(session.subject, capacity, session.loa)  # type: ignore[arg-type]
        by = By(
            actor.person,
            capacity,
            capacity,  # type: ignore[arg-type]
            session.loa,
            self._consenting.now() - self._since_login(session),
        )
        address = request.client.host if request.client else ""
        return Subject(
            session.client,
            Speaker(by, actor, address),
            f"{self._site.path}{PATH}/",
            f"{self._site.path}/",
            True,
            session,
        )

    def page(self, request: Request, template: str, status: int = 200, **values: object) -> Response:
        return self._site.page(request, template, status, **values)

    def gone(self, request: Request) -> Response:
        return self._site.message(request, "closed", 404)


def chapter(consenting: Consenting, party_of: PartyOf, since_login: SinceLogin) -> Chapter[ClientSession]:
    def routes(site: Site[ClientSession]) -> Sequence[BaseRoute]:
        return Asking(_Frame(site, consenting, since_login), consenting, party_of).routes()

    return Chapter(PATH, "consents.menu", routes)
