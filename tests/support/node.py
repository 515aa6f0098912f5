"""A node for tests: a memory store behind the real door, decision, sessions and source API; the log is a list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from babyconnect.api.bearers import Bearers, Gate, Unbelieved
from babyconnect.api.http import Request
from babyconnect.api.source import SourceApi
from babyconnect.birthcare.access import Asker, Consent, Purpose, Relation
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party, Role
from babyconnect.flows.door import Door, Happening, Parts, Weighed
from babyconnect.store.contract import Publication
from babyconnect.store.memory import MemoryStore
from babyconnect.trust.claims import Verified
from babyconnect.trust.decision import decide
from babyconnect.trust.dpop import Nonces, Proofs
from babyconnect.trust.relation import from_episodes
from babyconnect.trust.replays import Replays
from babyconnect.trust.sessions import Issued, Sessions
from tests.support.asgi import Response, ask

HOLDER = Party(Ura("00000001"), "Verloskundigenpraktijk Houder", Kind.MIDWIFERY_PRACTICE)
HOSPITAL = Party(Ura("00000002"), "Ziekenhuis Vrager", Kind.HOSPITAL)
NOW = dt.datetime(2026, 4, 1, 9, tzinfo=dt.UTC)
BASE = "https://node.test/fhir/stu3"


def evidence() -> tuple[Relation, ...]:
    return (Relation("episode", "EpisodeOfCare/there", dt.date(2026, 1, 1)),)


@dataclass
class Node:
    """The parts a test turns: who consented to what, what the log does, what time it is."""

    store: MemoryStore = field(default_factory=MemoryStore)
    consents: dict[str, tuple[Consent, ...]] = field(default_factory=dict)
    enrolments: tuple[Relation, ...] = ()
    weighed: Weighed = field(default_factory=Weighed)
    log: list[Happening] = field(default_factory=list)
    log_fault: Exception | None = None
    now: dt.datetime = NOW

    def __post_init__(self) -> None:
        self.sessions = Sessions(HOLDER.ura.value, self._seconds)
        self.door = Door(
            Parts(
                holder=HOLDER,
                open_reader=self.store.open_reader,
                grounds=Grounds(self),
                decide=decide,
                bind=self.sessions.bind,
                note=self.note,
                now=self._moment,
            )
        )
        seen = Replays(0.0)
        self.proofs = Proofs(seen, Nonces(b"n" * 32, self._seconds), self._seconds)
        self.turned_away: list[Unbelieved] = []
        self.gate = Gate(Bearers(self.sessions, self.proofs, "https://node.test").admit, self._turned_away)
        self.api = SourceApi(self.door, self.gate, BASE)

    async def _turned_away(self, unbelieved: Unbelieved, request: Request) -> None:
        if self.log_fault:
            raise self.log_fault
        self.turned_away.append(unbelieved)

    def _moment(self) -> dt.datetime:
        return self.now

    def _seconds(self) -> float:
        return self.now.timestamp()

    async def publish(self, *batch: Publication, moment: dt.datetime | None = None) -> None:
        await self.store.writer.publish(batch, [], moment or self.now)

    def token(
        self,
        role: Role = Role.GYNAECOLOGIST,
        relations: tuple[Relation, ...] | None = None,
        party: Party = HOSPITAL,
    ) -> str:
        known = evidence() if relations is None else relations
        asker = Asker(party.ura, party.kind, "person-1", role, Purpose.TREATMENT, known)
        issued = self.sessions.issue(Verified(asker, party, "Vrager", "zorginzage-geboortezorg", "jti"))
        assert isinstance(issued, Issued)
        return issued.token

    async def get(self, url: str, token: str, **headers: str) -> Response:
        return await ask(self.api, "GET", f"/fhir/stu3{url}", {"authorization": f"Bearer {token}", **headers})

    async def find(self, bsn: str, token: str) -> Response:
        return await self.post("/Patient/_search", f"identifier=http://fhir.nl/fhir/NamingSystem/bsn|{bsn}", token)

    async def post(self, url: str, form: str, token: str, **headers: str) -> Response:
        sent = {
            "authorization": f"Bearer {token}",
            "content-type": "application/x-www-form-urlencoded",
            **headers,
        }
        return await ask(self.api, "POST", f"/fhir/stu3{url}", sent, form.encode())

    async def note(self, happening: Happening) -> None:
        if self.log_fault:
            raise self.log_fault
        self.log.append(happening)


@dataclass(frozen=True)
class Grounds:
    """Her consents as the test left them, and the episodes that the store holds."""

    node: Node

    async def consents(self, client: str, asker: Asker) -> tuple[Consent, ...]:
        return self.node.consents.get(client, ())

    async def weighed(self, asker: Asker, client: str) -> Weighed:
        return self.node.weighed

    def relations(self, client: str, episodes: Sequence[Mapping[str, Any]]) -> tuple[Relation, ...]:
        return (*from_episodes(episodes, "holder"), *self.node.enrolments)
