"""The page on which an emergency is declared (domain §4, break-glass): offered with every record, the same for every
client, so that neither the offer nor the second confirmation says anything about her."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from babyconnect.birthcare.access import Emergency
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Role
from babyconnect.definitions import document
from babyconnect.flows.break_glass import BreakGlass
from babyconnect.flows.journal import Came
from babyconnect.flows.viewing import Declared
from babyconnect.web.site import Chapter, Site
from babyconnect.web.viewer.records import ViewerSession

PATH = "/spoed"
Opener = Callable[[Request, ViewerSession, Bsn, Declared], Awaitable[Response]]


def chapter(glass: BreakGlass, opener: Opener) -> Chapter[Any]:
    """`opener` opens a record anew, as an emergency."""

    def routes(site: Site[Any]) -> Sequence[BaseRoute]:
        pages = _Pages(site, glass, opener)
        return [Route("/{handle}", pages.show, methods=["GET"]), Route("/{handle}", pages.declare, methods=["POST"])]

    return Chapter(PATH, "", routes, open_to=lambda session: session.person.role is not Role.EMPLOYEE)


class _Pages:
    def __init__(self, site: Site[Any], glass: BreakGlass, opener: Opener) -> None:
        self._site, self._glass, self._opener = site, glass, opener

    async def show(self, request: Request) -> Response:
        session = self._site.session(request)
        record = session.records.get(request.path_params["handle"])
        if record is None:
            return self._site.message(request, "closed", 404)
        return self._page(request, session, record.bsn, {})

    async def declare(self, request: Request) -> Response:
        """Declared, logged and booked first; then everybody is asked anew as an emergency."""
        session, fields = await self._site.posted(request)
        handle = request.path_params["handle"]
        record = session.records.get(handle)
        if record is None:
            return self._site.message(request, "closed", 404)
        if fields.get("zeker") != "ja":
            return self._page(request, session, record.bsn, fields, "confirmation")
        emergency = Emergency(fields.get("reden", ""), fields.get("ook-bij-bezwaar") == "ja")
        came = Came(address=request.client.host if request.client else "")
        explanation = fields.get("toelichting", "")
        declared = await self._glass.declare(session.person, record.bsn, emergency, explanation, came)
        if not isinstance(declared, Declared):
            return self._page(request, session, record.bsn, fields, declared)
        session.drop(handle)
        return await self._opener(request, session, record.bsn, declared)

    def _page(
        self, request: Request, session: ViewerSession, bsn: Bsn, given: Mapping[str, str], flaw: str = ""
    ) -> Response:
        return self._site.page(
            request,
            "break_glass/emergency.html",
            422 if flaw else 200,
            session=session,
            handle=request.path_params["handle"],
            bsn=bsn,
            reasons=document("break_glass.toml")["reason"],
            given=given,
            flaw=flaw,
        )
