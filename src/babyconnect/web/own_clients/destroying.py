"""The privacy officer's page for destroying a record at a client's request (WGBO 7:455): look, hold or destroy.

Nothing of what a record says is shown but whose it is: how many items go, which stay and why.  Each step is logged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from babyconnect.birthcare.identifiers import Bsn, passes_eleven_check
from babyconnect.birthcare.parties import Function, Person
from babyconnect.birthcare.resources import HOME
from babyconnect.definitions import document
from babyconnect.flows.destroy import Asked, Destroyed, Destroying, NotDestroyed
from babyconnect.flows.journal import About, Actor
from babyconnect.flows.registers import Hold
from babyconnect.flows.registers import Request as Taken
from babyconnect.web.own_clients.chapter import Handles
from babyconnect.web.site import Chapter, Site
from babyconnect.web.viewer.records import ViewerSession

PATH = "/vernietigen"

NamesFor = Callable[[Person], Awaitable[Mapping[str, str]]]
"""Name and birth date of each own client by opaque id: what cannot be undone is done to a name, not to a number."""


def destroying_chapter(node: Destroying, names: NamesFor) -> Chapter[ViewerSession]:
    def routes(site: Site[ViewerSession]) -> Sequence[BaseRoute]:
        return _Pages(site, node, names).routes()

    return Chapter(PATH, "destroying.menu", routes, function=Function.PRIVACY_OFFICER)


class _Pages:
    def __init__(self, site: Site[ViewerSession], node: Destroying, names: NamesFor) -> None:
        self._site = site
        self._node = node
        self._names = names
        self._handles = Handles()

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/", self.start, methods=["GET"]),
            Route("/zoek", self.find, methods=["POST"]),
            Route("/{handle}/behouden", self.hold, methods=["POST"]),
            Route("/{handle}/uitvoeren", self.destroy, methods=["POST"]),
            Route("/{handle}/bevestigen", self.confirm, methods=["POST"]),
            Route("/{handle}/vervallen", self.drop, methods=["POST"]),
        ]

    async def start(self, request: Request) -> Response:
        """With what waits for a second person, by name: to be shown a name, the list of clients is asked for."""
        waiting, person = self._node.registers.requests(), self._site.session(request).person
        names = await self._names(person) if waiting else {}
        return self._page(request, waiting=[(client, names.get(client, ""), one) for client, one in waiting.items()])

    async def find(self, request: Request) -> Response:
        """By BSN, or by her opaque id for who has none; unknown and unreadable are answered alike."""
        session, fields = await self._site.posted(request)
        number, given = fields.get("bsn", "").replace(" ", ""), fields.get("client", "").strip()
        clients = self._node.clients(Bsn(number)) if passes_eleven_check(number) else ((given,) if given else ())
        known = [client for client in clients if await self._node.writer.items_of(client)]
        if not known:
            return self._page(request, 404, wrong="unknown")
        return await self._examined(request, session, known[0])

    async def _examined(self, request: Request, session: ViewerSession, client: str, wrong: str = "") -> Response:
        found = await self._node.examine(client)
        handle = self._handles.give(session, client)
        name = (await self._names(session.person)).get(client, "")
        status = 422 if wrong else 200
        request_ = self._node.registers.request(client)
        shown = {"found": found, "handle": handle, "client": client, "name": name, "wrong": wrong, "taken": request_}
        return self._page(request, status, **shown)

    async def hold(self, request: Request) -> Response:
        """What may not be destroyed, or may again: recorded with its reason, in the log before it holds."""
        session, fields = await self._site.posted(request)
        client = self._handles.client(session, request.path_params["handle"])
        item, reason = fields.get("item", "").strip(), fields.get("reden", "")
        known = {"/".join(key) for key in await self._node.writer.items_of(client)}
        if (item and item not in known) or reason not in document("destruction.toml")["reason"]:
            return await self._examined(request, session, client, "item")
        about = About(client=client, resource=f"hold {reason}")
        await self._node.journal.note("administer", "ok", self._actor(session), about)
        ended = "vervalt" in fields
        await self._node.registers.hold(
            client, Hold(item, reason, self._node.journal.clock(), session.person.id, ended)
        )
        return await self._examined(request, session, client)

    async def destroy(self, request: Request) -> Response:
        session, fields = await self._site.posted(request)
        client = self._handles.client(session, request.path_params["handle"])
        if fields.get("zeker") != "ja":
            return await self._examined(request, session, client, "sure")
        try:
            on = dt.date.fromisoformat(fields.get("op", ""))
        except ValueError:
            return await self._examined(request, session, client, "date")
        done = await self._node.destroy(Asked(client, fields.get("door", ""), on, self._actor(session)))
        return await self._ended(request, session, client, done)

    async def confirm(self, request: Request) -> Response:
        """By a second person."""
        session, fields = await self._site.posted(request)
        client = self._handles.client(session, request.path_params["handle"])
        if fields.get("zeker") != "ja":
            return await self._examined(request, session, client, "sure")
        done = await self._node.confirm(client, self._actor(session), fields.get("gezien", ""))
        return await self._ended(request, session, client, done)

    async def drop(self, request: Request) -> Response:
        session, _ = await self._site.posted(request)
        client = self._handles.client(session, request.path_params["handle"])
        await self._node.drop(client, self._actor(session))
        return await self._examined(request, session, client)

    async def _ended(
        self, request: Request, session: ViewerSession, client: str, done: Destroyed | NotDestroyed | Taken
    ) -> Response:
        if isinstance(done, NotDestroyed):
            return await self._examined(request, session, client, done.reason)
        if isinstance(done, Taken):
            return await self._examined(request, session, client)
        return self._page(request, done=done)

    def _actor(self, session: ViewerSession) -> Actor:
        return self._node.journal.person(session.person, session.person.loa)

    def _page(self, request: Request, status: int = 200, **values: object) -> Response:
        rules = document("destruction.toml")
        shown = {
            "found": None,
            "done": None,
            "taken": None,
            "waiting": (),
            "wrong": "",
            "handle": "",
            "client": "",
            "name": "",
            **values,
        }
        return self._site.page(
            request, "own_clients/destroying.html", status, reasons=rules["reason"], asked_by=rules["asked_by"],
            today=self._node.journal.clock().astimezone(HOME).date(), alone=self._node.alone,
            address=f"{self._site.path}{PATH}", **shown,
        )  # fmt: skip
