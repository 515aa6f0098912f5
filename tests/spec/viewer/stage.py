"""A viewer and its identity provider in one process, with a clock that tests set and sources that tests script."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import hashlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from joserfc.jwk import ECKey

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.flows.break_glass import BreakGlass
from babyconnect.flows.viewing import Asked, Declared, ListedClient, Viewing
from babyconnect.web.login.claims import Identify
from babyconnect.web.login.relying_party import Issuer
from babyconnect.web.login.routes import LoginEvent
from babyconnect.web.login.smart import CareSystem
from babyconnect.web.simulators.identity_provider import Client, provider_app
from babyconnect.web.simulators.users import User, hash_password
from babyconnect.web.site import Chapter
from babyconnect.web.viewer.records import ViewerSession
from babyconnect.web.viewer.site import viewer_app
from tests.support.sample_view import sample
from tests.support.visitor import Answer, InProcess, Visitor

START = dt.datetime(2026, 3, 2, 13, 3, tzinfo=dt.UTC)
BASE = "http://node.test"
ISSUER = "http://region.test/idp"
PASSWORD = "geheim-voor-de-test"
SECRET = "geheim-van-de-kijker"
BSN = "999900730"
OTHER_BSN = "999990019"
OWN = Party(Ura("90000001"), "Verloskundigenpraktijk De Linde", Kind.MIDWIFERY_PRACTICE)
HOSPITAL = Party(Ura("90000002"), "Ziekenhuis Oostpoort", Kind.HOSPITAL)
CLINIC = Party(Ura("90000009"), "Kliniek Stilte", Kind.HOSPITAL)
KEY = ECKey.generate_key("P-256")
HASHED = hash_password(PASSWORD, b"0123456789abcdef")


@dataclasses.dataclass
class Clock:
    """Time that stands still until a test moves it."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> dt.datetime:
        return START + dt.timedelta(seconds=self.seconds)

    def epoch(self) -> float:
        return self.now().timestamp()


def answered(party: Party, status: str = "answered") -> SourceAnswer:
    return SourceAnswer(party, status, (), 50.0)  # type: ignore[arg-type]


class Stage:
    """Everything for one test.  `script` is what the sources do."""

    def __init__(
        self,
        users: Sequence[User] = (),
        redirect: str = f"{BASE}/viewer/terug",
        chapters: Sequence[Chapter[ViewerSession]] = (),
        glass: BreakGlass | None = None,
    ) -> None:
        self.clock = Clock()
        self.noted: list[LoginEvent] = []
        self.log_fault: Exception | None = None
        self.script: list[Any] = [Asked((OWN, HOSPITAL)), answered(OWN), answered(HOSPITAL)]
        self.asked: list[tuple[Bsn, Person]] = []
        self.listed: list[ListedClient] | Exception = [ListedClient(Bsn(BSN), "Noor Voorbeeld", gestation="28+3")]
        self.view = sample()
        self.change, self.watching_breaks = asyncio.Event(), False
        everyone = (user("anna"), user("else", ura="90000002"), user("vreemd", ura="90000001"), *users)
        client = Client("kijker", OWN.name, (redirect,), hashlib.sha256(SECRET.encode()).hexdigest())
        self.provider = provider_app(ISSUER, everyone, (client,), KEY, self.clock.epoch)
        self.backchannel = InProcess(self.provider)
        viewing: Viewing[Any] = Viewing(
            self._consult, lambda answers, today, busy, kept: self.view, self.clock.now, 0.05
        )
        self.identify: Identify | None = None
        self.care_systems: list[CareSystem] = []
        self._viewing = viewing
        self._chapters = chapters
        self._glass = glass
        self.declared: list[Declared] = []
        self.build(Issuer(ISSUER, "kijker", SECRET))

    def build(self, issuer: Issuer) -> None:
        """The viewer, and a browser that has not been there yet."""
        self.viewer = viewer_app(
            party=OWN,
            base_url=BASE,
            issuer=issuer,
            identify=self.identify,
            care_systems=self.care_systems,
            viewing=self._viewing,
            todays_clients=self._todays_clients,
            now=self.clock.now,
            note=self._note,
            who=self.who,
            chapters=self._chapters,
            break_glass=self._glass,
            changes=self,
            clock=self.clock,
            backchannel=self.backchannel,
        )
        self.visitor = Visitor(self.viewer)

    def who(self, person: str) -> str:
        """Whoever logged in here before has a name."""
        return next((f"{one.name} ({person})" for one in self.noted if one.person == person and one.name), person)

    def now(self) -> float:
        return 0.0

    async def of(self, bsn: Bsn, since: float) -> AsyncIterator[None]:
        """What the region tells of changes: one step for each time that a test says so."""
        while True:
            await self.change.wait()
            self.change.clear()
            if self.watching_breaks:
                raise RuntimeError("the register speaks rubbish")
            yield

    async def _consult(
        self, bsn: Bsn, person: Person, declared: Declared | None = None
    ) -> AsyncIterator[Asked | SourceAnswer]:
        self.asked.append((bsn, person))
        self.declared += [declared] if declared else []
        for step in self.script:
            if isinstance(step, float):
                await asyncio.sleep(step)
            elif isinstance(step, Exception):
                raise step
            else:
                yield step

    async def _note(self, event: LoginEvent) -> None:
        if self.log_fault is not None:
            raise self.log_fault
        self.noted.append(event)

    async def _todays_clients(self, person: Person) -> Sequence[ListedClient]:
        if isinstance(self.listed, Exception):
            raise self.listed
        return self.listed

    async def log_in(self, username: str = "anna", password: str = PASSWORD) -> Answer:
        """The whole way: to the provider, the form, and back.  The answer is the viewer's to the return."""
        return await self.come_back(username, "/idp/authorize", password)

    async def come_back(self, username: str, form_at: str, password: str = PASSWORD) -> Answer:
        begun = await self.visitor.get("/viewer/aanmelden")
        at_provider = Visitor(self.provider)
        form = await at_provider.get(begun.location)
        fields = {"ticket": form.field("ticket"), "username": username, "password": password}
        sent = await at_provider.post(form_at, fields)
        return await self.visitor.get(sent.location) if sent.status == 303 else sent

    async def csrf(self) -> str:
        return (await self.visitor.get("/viewer/")).field("csrf")

    async def open(self, bsn: str = BSN) -> str:
        """Finds a client; the address of her record."""
        found = await self.visitor.post("/viewer/zoek", {"csrf": await self.csrf(), "bsn": bsn})
        assert found.status == 303, found.text
        return found.location

    async def record(self, bsn: str = BSN) -> str:
        """The whole record page of a client, when complete."""
        return (await self.visitor.get(await self.open(bsn) + "?geheel=1")).text


def user(name: str, ura: str = "90000001", role: Role = Role.MIDWIFE) -> User:
    return User(name, HASHED, Person(f"local:{name}", name.title(), role), Ura(ura))
