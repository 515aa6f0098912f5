"""The chapter "own clients" of the viewer: what this organisation decides about its records (domain §4).

Find a client by BSN, or by name and birth date when she has none; see her record here; choose for each item about
safety how it is shown; keep her address secret; record who has authority over a child.  Every page is read through the
door, every decision is in the log before it holds, and names of clients stand in no address.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from babyconnect.birthcare.identifiers import Bsn, passes_eleven_check
from babyconnect.birthcare.parties import Role
from babyconnect.definitions import rows
from babyconnect.flows.own_staff import FoundClient, OwnStaff
from babyconnect.trust.authority import Standing
from babyconnect.trust.disclosure import Choice, Disclosure
from babyconnect.trust.secrecy import Basis
from babyconnect.web.login.sessions import new_handle
from babyconnect.web.site import Chapter, Site
from babyconnect.web.viewer.records import ViewerSession

PATH = "/eigen"
HELD = 2_000


@dataclass
class Handles:
    """Clients by a handle of one session, so that no id of hers is in an address; the oldest go first."""

    held: OrderedDict[tuple[str, str], str] = field(default_factory=OrderedDict)

    def give(self, session: ViewerSession, client: str) -> str:
        handle = new_handle()
        self.held[session.name, handle] = client
        while len(self.held) > HELD:
            self.held.popitem(last=False)
        return handle

    def client(self, session: ViewerSession, handle: str) -> str:
        """Whom a handle means in this session; not yours and not there are alike."""
        found = self.held.get((session.name, handle))
        if found is None:
            raise HTTPException(404)
        return found


def own_clients_chapter(staff: OwnStaff) -> Chapter[ViewerSession]:
    def routes(site: Site[ViewerSession]) -> Sequence[BaseRoute]:
        return OwnClients(site, staff).routes()

    return Chapter(PATH, "own_clients.menu", routes, open_to=lambda session: session.person.role is not Role.EMPLOYEE)


class OwnClients:
    def __init__(self, site: Site[ViewerSession], staff: OwnStaff) -> None:
        self._site = site
        self._staff = staff
        self._handles = Handles()

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/", self.start, methods=["GET"]),
            Route("/zoek", self.find, methods=["POST"]),
            Route("/{handle}", self.client, methods=["GET"]),
            Route("/{handle}/keuze", self.choose, methods=["POST"]),
            Route("/{handle}/adres", self.address, methods=["POST"]),
            Route("/{handle}/gezag", self.authority, methods=["POST"]),
        ]

    async def start(self, request: Request) -> Response:
        return self._found(request, None)

    def _found(
        self,
        request: Request,
        found: list[tuple[str, FoundClient]] | None,
        wrong: str = "",
        differs: Sequence[str] = (),
    ) -> Response:
        status = 422 if wrong else 200
        return self._site.page(request, "own_clients/start.html", status, found=found, wrong=wrong, differs=differs)

    async def find(self, request: Request) -> Response:
        """By BSN straight to her; by name and birth date a list, in which every client stands by herself."""
        session, fields = await self._site.posted(request)
        digits = fields.get("bsn", "").replace(" ", "").replace(".", "")
        if digits:
            clients = self._staff.clients(Bsn(digits)) if passes_eleven_check(digits) else ()
            if len(clients) > 1:  # nobody is shown one of them by chance, and the door answers nobody either
                return self._found(request, None, "twice", await self._staff.differs(clients))
            if not clients:
                return self._found(request, [])
            return self._to(session, clients[0])
        name, born = fields.get("naam", "").strip(), _day(fields.get("geboren", ""))
        if not name or born is None:
            return self._found(request, None, "name_and_birth")
        named = await self._staff.named(session.person, name, born)
        return self._found(request, [(self._handles.give(session, one.id), one) for one in named])

    def _to(self, session: ViewerSession, client: str) -> Response:
        return RedirectResponse(f"{self._site.path}{PATH}/{self._handles.give(session, client)}", 303)

    async def client(self, request: Request) -> Response:
        session = self._site.session(request)
        return await self._page(request, session, self._client(request, session))

    async def _page(self, request: Request, session: ViewerSession, client: str, wrong: str = "") -> Response:
        resources = await self._staff.record(session.person, client)
        patient = self._staff.herself(client, resources)
        return self._site.page(
            request,
            "own_clients/client.html",
            422 if wrong else 200,
            view=self._staff.view(resources),
            has_bsn=any("bsn" in str(i.get("system", "")) for i in patient.get("identifier", ())),
            safety=self._staff.safety(client, resources),
            secret=self._staff.is_secret(client),
            children=self._staff.children(client, resources),
            known=self._staff.registers.authorities(client),
            choices=[choice.value for choice in Choice],
            bases=[basis.value for basis in Basis],
            standings=[standing.value for standing in Standing],
            sources=rows("authority_sources"),
            today=self._staff.today(),
            wrong=wrong,
            address=f"{self._site.path}{PATH}/{request.path_params['handle']}",
            found=bool(resources),
            differs=await self._staff.differs([client]) if resources else (),
        )

    async def choose(self, request: Request) -> Response:
        session, client, fields = await self._posted(request)
        choice = _one_of(Choice, fields.get("keuze", ""))
        resources = await self._staff.record(session.person, client)
        made = Disclosure(
            fields.get("item", ""),
            choice,
            fields.get("reden", "").strip(),
            _day(fields.get("herzien", "")) or dt.date.min,
            session.person.id,
            self._staff.now(),
            _day(fields.get("besproken", "")) if choice is Choice.AFTER_TALK else None,
        )
        wrong = await self._staff.choose(session.person, client, made, self._staff.safety(client, resources))
        return await self._done(request, session, client, wrong)

    async def address(self, request: Request) -> Response:
        session, client, fields = await self._posted(request)
        basis, start = _one_of(Basis, fields.get("grond", "")), _day(fields.get("vanaf", ""))
        if start is None:
            return await self._done(request, session, client, "period")
        end = _day(fields.get("tot", ""))
        wrong = await self._staff.keep_secret(session.person, client, basis, start, end)
        return await self._done(request, session, client, wrong)

    async def authority(self, request: Request) -> Response:
        session, client, fields = await self._posted(request)
        resources = await self._staff.record(session.person, client)
        children = {child.id: child for child in self._staff.children(client, resources)}
        child, number, start = (
            children.get(fields.get("kind", "")),
            fields.get("bsn", ""),
            _day(fields.get("vanaf", "")),
        )
        if child is None or start is None or not passes_eleven_check(number):
            return await self._done(request, session, client, "authority")
        said = {
            "standing": _one_of(Standing, fields.get("gezag", "")),
            "source": fields.get("bron", ""),
            "sources": {row["source"] for row in rows("authority_sources")},
            "start": start,
            "end": _day(fields.get("tot", "")),
        }
        wrong = await self._staff.record_authority(session.person, client, child, Bsn(number), said)
        return await self._done(request, session, client, wrong)

    async def _posted(self, request: Request) -> tuple[ViewerSession, str, Mapping[str, str]]:
        session, fields = await self._site.posted(request)
        client = self._client(request, session)
        if not await self._staff.record(session.person, client):
            # Whoever may not see her decides nothing about her.
            raise HTTPException(404)
        return session, client, fields

    async def _done(self, request: Request, session: ViewerSession, client: str, wrong: str) -> Response:
        return await self._page(request, session, client, wrong) if wrong else self._to(session, client)

    def _client(self, request: Request, session: ViewerSession) -> str:
        return self._handles.client(session, request.path_params["handle"])


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _one_of(kind: Any, text: str) -> Any:
    try:
        return kind(text)
    except ValueError as problem:
        raise HTTPException(400) from problem
