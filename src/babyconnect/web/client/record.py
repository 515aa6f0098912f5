"""The chapter "my record" of the client's site: her own, and that of a child over whom she has authority, of every
organisation that keeps something of her or the child.

Nothing is kept: each page is read anew, decided anew and logged.  A child is named in an address by a handle of this
session.  What may not be shown leaves no trace: the line above the record is the same for everybody, always.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from babyconnect.flows.own_everywhere import OwnEverywhere
from babyconnect.flows.own_record import Looking
from babyconnect.web.client.session import ClientSession, SinceLogin
from babyconnect.web.limits import Limit
from babyconnect.web.login.sessions import new_handle
from babyconnect.web.site import Chapter, Site

LOOKS_PER_MINUTE = 30


def chapter(everywhere: OwnEverywhere, since_login: SinceLogin) -> Chapter[ClientSession]:
    """`/dossier` of the client's site."""
    return Chapter("/dossier", "client_record.menu", lambda site: RecordPages(site, everywhere, since_login).routes())


class RecordPages:
    """The pages.  The handles of children live in the session that was given them, and end with it."""

    def __init__(self, site: Site[ClientSession], everywhere: OwnEverywhere, since_login: SinceLogin) -> None:
        self._site = site
        self._everywhere = everywhere
        self._own = everywhere.own
        self._since_login = since_login
        self._looks = Limit(LOOKS_PER_MINUTE, 60, time.monotonic)

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/", self.record, methods=["GET"]),
            Route("/kind/{handle}", self.child, methods=["GET"]),
            Route("/kopie", self.copy, methods=["POST"]),
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
        view, answers = await self._everywhere.page(self._who(request, session))
        return self._site.page(
            request,
            "client/record.html",
            session=session,
            party=self._own.own,
            view=view,
            answers=answers,
            children=self._named(session),
        )

    async def copy(self, request: Request) -> Response:
        """Her own record as a file; nothing of it stays here, and the browser is told to keep none."""
        session, _ = await self._site.posted(request)
        if session.represents is not None:
            raise HTTPException(404)
        self._looking(request)
        content = await self._everywhere.copy(self._who(request, session))
        headers = {"content-disposition": 'attachment; filename="mijn-dossier.json"', "cache-control": "no-store"}
        return Response(content, media_type="application/fhir+json; fhirVersion=3.0", headers=headers)

    async def child(self, request: Request) -> Response:
        session = self._looking(request)
        child = session.children.get(request.path_params["handle"])
        if child is None:
            raise HTTPException(404)
        return await self._childs(request, session, child)

    async def _childs(self, request: Request, session: ClientSession, child: str) -> Response:
        name, told, answers = await self._everywhere.childs_page(self._who(request, session), child)
        if not told and not answers.failed:
            # No authority (any more), no such child, nothing there: one page for all.
            raise HTTPException(404)
        return self._site.page(
            request, "client/child.html", session=session, party=self._own.own, name=name, told=told, answers=answers
        )

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
