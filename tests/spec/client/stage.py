"""A client's site and its identity provider in one process, with a clock and authority that tests set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.web.client.claims import ClientClaims
from babyconnect.web.client.session import Authority, ClientSession, Represented
from babyconnect.web.client.site import ClientSite, Parts
from babyconnect.web.login.relying_party import Issuer
from babyconnect.web.login.routes import LoginEvent
from babyconnect.web.simulators.identity_provider import Client, provider_app
from babyconnect.web.simulators.users import ClientAccount
from babyconnect.web.site import Chapter, Site
from tests.spec.viewer.stage import BASE, BSN, HASHED, KEY, OWN, PASSWORD, START, Clock
from tests.support.visitor import Answer, InProcess, Visitor

ISSUER = "http://region.test/idp-clients"
CHILD = Bsn("999990019")
ANOTHER = Bsn("999990020")
NOOR = ClientAccount("noor", HASHED, "Noor Voorbeeld", Bsn(BSN), "substantial")
PIET = ClientAccount("piet", HASHED, "Piet Laag", ANOTHER, "low")


def child(years: int = 3, kind: str = "parent", bsn: Bsn = CHILD) -> Represented:
    born = START.date().replace(year=START.year - years)
    return Represented(bsn, "Mees Voorbeeld", born, Authority(kind, born, "court"))


class ClientStage:
    def __init__(self, least: str = "substantial", chapters: Sequence[Chapter[ClientSession]] = ()) -> None:
        self.clock = Clock()
        self.noted: list[LoginEvent] = []
        self.log_fault: Exception | None = None
        self.wards: list[Represented] = []
        self.seen: list[Bsn] = []
        client = Client("portaal", OWN.name, (f"{BASE}/client/terug",))
        self.provider = provider_app(ISSUER, (NOOR, PIET), (client,), KEY, self.clock.epoch, audience="clients")
        self.backchannel = InProcess(self.provider)
        self.site = ClientSite(
            Parts(
                party=OWN,
                base_url=BASE,
                issuer=Issuer(ISSUER, "portaal", hint=False),
                note=self._note,
                now=self.clock.now,
                wards=self._wards,
                chapters=(Chapter("/blad", "client.start_title", self._routes), *chapters),
                claims=ClientClaims(least=least),
                clock=self.clock,
                backchannel=self.backchannel,
            )
        )
        self.visitor = Visitor(self.site)

    def _routes(self, site: Site[ClientSession]) -> list[Route]:
        """A chapter as another module would add it: it says whose record it would show."""

        async def show(request: Request) -> Response:
            self.seen.append(site.session(request).client)
            return PlainTextResponse("blad")

        return [Route("/", show)]

    async def _wards(self, bsn: Bsn, today: dt.date) -> Sequence[Represented]:
        return self.wards if bsn == NOOR.bsn else []

    async def _note(self, event: LoginEvent) -> None:
        if self.log_fault is not None:
            raise self.log_fault
        self.noted.append(event)

    async def log_in(self, username: str = "noor") -> Answer:
        begun = await self.visitor.get("/client/aanmelden")
        at_provider = Visitor(self.provider)
        form = await at_provider.get(begun.location)
        fields = {"ticket": form.field("ticket"), "username": username, "password": PASSWORD}
        sent = await at_provider.post("/idp-clients/authorize", fields)
        return await self.visitor.get(sent.location)

    async def start(self) -> Answer:
        return await self.visitor.get("/client/")

    async def act_for(self, handle: str = "", **more: Any) -> Answer:
        """The button of the first child on the start page; with a handle, that one; "-": herself."""
        page = await self.start()
        chosen = "" if handle == "-" else handle or page.text.split('name="wie" value="')[-1].split('"')[0]
        return await self.visitor.post("/client/namens", {"csrf": page.field("csrf"), "wie": chosen, **more})
