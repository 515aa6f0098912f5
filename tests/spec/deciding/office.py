"""A node's pages about deciding, over a real roster, book and folder of rules; only the region is played."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from babyconnect.birthcare.access import ALL, Asker, Consent, EmergencyTerms, Relation
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Function, Kind, Party, Person, Role
from babyconnect.flows.break_glass import BreakGlass
from babyconnect.flows.door import Weighed
from babyconnect.flows.evaluate import Evaluator
from babyconnect.flows.evidence import EvidenceDesk
from babyconnect.flows.journal import Journal
from babyconnect.flows.rules import RulesDesk
from babyconnect.network.contract import By, ConsentsUnknown, Given, RegionFault, ShownCode
from babyconnect.network.emergencies import Emergencies
from babyconnect.network.roster import Roster, Seen
from babyconnect.trust import decision, relation
from babyconnect.trust.policies import Policies
from babyconnect.trust.proposals import Proposals
from babyconnect.web.administration import rules as administration
from babyconnect.web.break_glass import reviews
from babyconnect.web.evidence import chapter as evidence
from babyconnect.web.simulators.users import User
from babyconnect.wiring.holding import HolderGrounds
from tests.spec.viewer.stage import BSN, CLINIC, HASHED, HOSPITAL, OWN, START, Stage

KRAAM = Party(Ura("90000003"), "Kraamzorg Noord", Kind.MATERNITY_HOME_CARE)
CLIENT, EPISODE = "client-1", "episode-1"
TODAY = START.date()


def staff(username: str, role: Role, *functions: Function) -> User:
    return User(username, HASHED, Person(f"local:{username}", username.title(), role), OWN.ura, "", functions)


STAFF = (
    staff("beheer", Role.EMPLOYEE, Function.ADMINISTRATOR),
    staff("beheer2", Role.EMPLOYEE, Function.ADMINISTRATOR),
    staff("fg", Role.EMPLOYEE, Function.PRIVACY_OFFICER),
    staff("sam", Role.STUDENT),
)


class Log:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    async def append(self, event: Any) -> Any:
        self.events.append(dict(event))

    def of(self, type: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == type]


class Directory:
    def parties(self) -> list[Party]:
        return [OWN, HOSPITAL, KRAAM, CLINIC]

    def party(self, ura: Ura) -> Party | None:
        return next((party for party in self.parties() if party.ura == ura), None)


class Region:
    """Pseudonyms, the register of evidence and the codes, in memory; `away` makes all of it fail."""

    def __init__(self) -> None:
        self.given: list[tuple[str, Given]] = []
        self.revoked: list[str] = []
        self.code = "K7-PLUM"
        self.away = False

    def _here(self) -> None:
        if self.away:
            raise RegionFault("unreachable")

    async def of(self, bsn: Bsn) -> str:
        self._here()
        return f"name-of-{bsn.value[-3:]}"

    async def give(self, pseudonym: str, given: Given, person: str, traceparent: str = "") -> None:
        self._here()
        self.given.append((pseudonym, given))

    async def received(self, pseudonym: str, traceparent: str = "") -> tuple[Given, ...]:
        self._here()
        return ()

    async def made(self) -> tuple[Given, ...]:
        self._here()
        return tuple(given for _, given in self.given if given.reference not in self.revoked)

    async def revoke(self, reference: str, person: str, traceparent: str = "") -> bool:
        self._here()
        self.revoked.append(reference)
        return any(given.reference == reference for _, given in self.given)

    async def verify(self, code: str, pseudonym: str, by: By, traceparent: str = "") -> ShownCode | None:
        self._here()
        if code != self.code or pseudonym != f"name-of-{BSN[-3:]}":
            return None
        return ShownCode("code-1", START, START + dt.timedelta(hours=4), HOSPITAL.ura)


class Office:
    def __init__(self, folder: Path, mitz: bool = False) -> None:
        """`mitz`: the Mitz is configured beside the region's register; it knows her number from nobody."""
        self.folder = folder
        self.log, self.region, self.directory = Log(), Region(), Directory()
        self.asked_mitz: list[Any] = []
        self.said: tuple[Consent, ...] = (Consent("c1", True, "*", groups=ALL),)
        self.roster = Roster(folder / "roster.sqlite", b"k" * 32)
        self.book = Emergencies(folder / "emergencies.sqlite")
        self.policies = Policies(folder / "rules")
        self.journal = Journal(OWN, self.log, b"k" * 32, lambda: START)
        self.glass = BreakGlass(self.journal, self.book, self.policies.on, 60)
        region: Any = self.region
        directory: Any = self.directory
        self.desk = EvidenceDesk(self.journal, self.roster, region, region, region, directory, self.policies.on)
        self.rules = RulesDesk(
            *(self.journal, self.policies, self.roster, self.grounds(mitz).registered, EmergencyTerms()),
            proposals=Proposals(folder / "rules"),
            mitz=mitz,
        )
        self.evaluator = Evaluator(
            self.journal, OWN, self.roster, self, lambda asked: decision.decide(asked, self.policies.on(TODAY))
        )
        chapters: Any = (
            evidence.chapter(self.desk, lambda: 0.0),
            reviews.chapter(self.glass, lambda ura: f"URA {ura}", self.names),
            administration.chapter(self.rules, directory),
        )
        self.stage = Stage(STAFF, chapters=chapters, glass=self.glass)
        self.visitor = self.stage.visitor

    async def names(self, person: Person) -> dict[str, str]:
        return {CLIENT: "Noor Voorbeeld (1995-05-05)"}

    def grounds(self, mitz: bool) -> HolderGrounds:
        """As a node has them, over this office's consents."""

        class Consents:
            of = as_if = staticmethod(self.of)

        played: Any = Consents()
        elsewhere = self.elsewhere if mitz else None
        return HolderGrounds(
            *(OWN.ura, self.roster, played, lambda: self.policies.on(TODAY)),
            *(None, lambda *_: None, EmergencyTerms(), elsewhere),  # type: ignore[arg-type]
        )

    async def of(self, pseudonym: str) -> tuple[Consent, ...]:
        return self.said

    async def elsewhere(self, *asked: Any) -> tuple[Consent, ...]:
        self.asked_mitz.append(asked)
        raise ConsentsUnknown("the Mitz: she was not asked for by her BSN")

    async def consents(self, client: str, asker: Asker) -> tuple[Consent, ...]:
        return self.said

    async def weighed(self, asker: Asker, client: str) -> Weighed:
        return Weighed()

    def relations(self, client: str, episodes: Any) -> tuple[Relation, ...]:
        return relation.from_episodes(episodes, "holder")

    async def keep_her(self) -> None:
        episode = {
            "resourceType": "EpisodeOfCare",
            "id": EPISODE,
            "status": "active",
            "period": {"start": str(TODAY - dt.timedelta(days=30))},
        }
        await self.roster.note([Seen(CLIENT, Bsn(BSN), [episode])])
        await self.roster.named({CLIENT: f"name-of-{BSN[-3:]}"})

    async def post(self, address: str, **fields: str) -> Any:
        page = await self.visitor.get(f"/viewer{address.rsplit('/', 1)[0]}/")
        return await self.visitor.post(f"/viewer{address}", {"csrf": page.field("csrf"), **fields})

    def close(self) -> None:
        self.roster.close()
        self.book.close()
