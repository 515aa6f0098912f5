"""The pages about one opened record of the viewer: the page itself, what streams into it, its files, closing it.

A file is asked of its source when somebody opens it and is not kept: the address of one says nothing of anybody.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.resources import HOME
from babyconnect.flows.looking import Look, Unseen
from babyconnect.flows.viewing import Declared
from babyconnect.web.break_glass import declaring
from babyconnect.web.limits import Limit
from babyconnect.web.site import Site, language_of
from babyconnect.web.viewer.events import changes, events
from babyconnect.web.viewer.files import served
from babyconnect.web.viewer.opening import Opening
from babyconnect.web.viewer.records import OpenedRecord, ViewerSession

WHOLE_SECONDS = 60
PAGE_SECONDS = 1.0
STREAM_SECONDS = 10.0
"""How old what is held may be when a page, or the stream that belongs to it, begins to show it."""
SHARED_SCREEN_COOKIE = "babyconnect_meekijken"
"""Set by the page's own script; the next page comes hidden already, so that nothing shows before it has run."""


class Visits(Protocol):
    """What the pages of a record need of the viewer: who may be here, and its other pages."""

    async def still(self, request: Request, session: ViewerSession) -> None: ...
    async def carer(self, request: Request) -> tuple[ViewerSession, dict[str, str]]: ...
    async def too_often(self, request: Request, session: ViewerSession) -> Response: ...
    async def opened(
        self, request: Request, session: ViewerSession, bsn: Bsn, declared: Declared | None = None
    ) -> Response: ...


@dataclass
class RecordPages:
    """`look`: how a file of an open record is seen; `looks`: how often one person may."""

    site: Site[ViewerSession]
    opening: Opening
    visits: Visits
    look: Look | None
    looks: Limit

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/dossier/{handle}", self.record, methods=["GET"]),
            Route("/dossier/{handle}/stroom", self.stream, methods=["GET"]),
            Route("/dossier/{handle}/wijziging", self.changed, methods=["GET"]),
            Route("/dossier/{handle}/opnieuw", self.again, methods=["POST"]),
            Route("/dossier/{handle}/sluiten", self.shut, methods=["POST"]),
        ]

    async def record(self, request: Request) -> Response:
        """The page: at once, with whatever has come so far; `?geheel=1` waits for everything first, `?bestand=` gives a
        file that the page speaks of."""
        await self.visits.still(request, self.site.session(request))
        session, handle, record = self._record_of(request)
        if "bestand" in request.query_params:
            return await self._file(request, session, record)
        if record is None:
            return self.site.message(request, "closed", 404)
        if not self.opening.refresh(session, record, PAGE_SECONDS, language_of(request)):
            return await self.visits.too_often(request, session)
        if "geheel" in request.query_params:
            try:
                await asyncio.wait_for(record.end(), WHOLE_SECONDS)
            except TimeoutError:
                record.give_up()
            if record.phase == "closed":
                return self.site.message(request, "closed", 404)
        shared = request.cookies.get(SHARED_SCREEN_COOKIE) == "1"
        return self.site.page(
            request,
            "viewer/record.html",
            session=session,
            record=record,
            handle=handle,
            shared_screen=shared,
            may_declare=self.site.has(declaring.PATH),
            closes=_clock(record.declared.until) if record.declared else "",
            has_consents=self.site.has("/consents"),
        )

    async def _file(self, request: Request, session: ViewerSession, record: OpenedRecord | None) -> Response:
        """Asked of its source now, and not kept: what was taken back since the page was made is not shown."""
        file = record.files.get(request.query_params["bestand"]) if record else None
        if record is None or file is None or self.look is None:
            return self.site.message(request, "no_file", 404)
        if not self.looks.take(session.name):
            return self.site.message(request, "no_file", 429)
        seen = await self.look(record.bsn, session.person, record.declared, file)
        # While it was on its way the record may have been closed, or she may have taken her consent back.
        if isinstance(seen, Unseen) or record.files.get(file.key) is None:
            return self.site.message(request, "no_file", 404)
        return served(seen)

    async def stream(self, request: Request) -> Response:
        """What changed since the version that the page holds, as server-sent events, until complete."""
        session, _, record = self._record_of(request)
        if record is None:
            raise HTTPException(404)
        if not self.opening.refresh(session, record, STREAM_SECONDS):
            raise HTTPException(429)
        known = request.headers.get("last-event-id") or request.query_params.get("v", "0")
        stream: AsyncIterator[bytes] = events(record, int(known) if known.isdecimal() and len(known) < 9 else 0)
        headers = {"x-accel-buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    async def changed(self, request: Request) -> Response:
        """Says when what the page shows is no longer what she allows: it is being asked anew, or closed."""
        _, _, record = self._record_of(request)
        if record is None:
            raise HTTPException(404)
        turn = request.query_params.get("b", "")
        stream = changes(record, int(turn) if turn.isdecimal() and len(turn) < 9 else -1)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})

    async def again(self, request: Request) -> Response:
        """Asks all sources anew."""
        session, _ = await self.visits.carer(request)
        record = session.records.get(request.path_params["handle"])
        if record is None:
            return self.site.message(request, "closed", 404)
        bsn, declared = record.bsn, record.declared
        session.drop(request.path_params["handle"])
        return await self.visits.opened(request, session, bsn, declared)

    async def shut(self, request: Request) -> Response:
        session, _ = await self.site.posted(request)
        session.drop(request.path_params["handle"])
        return RedirectResponse(f"{self.site.path}/", 303)

    def _record_of(self, request: Request) -> tuple[ViewerSession, str, OpenedRecord | None]:
        session = self.site.session(request)
        handle = request.path_params["handle"]
        return session, handle, session.records.get(handle)


def _clock(moment: dt.datetime) -> str:
    return f"{moment.astimezone(HOME):%H:%M}"
