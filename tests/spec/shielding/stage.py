"""One organisation with its registers on files, a mother with a child and a woman without a BSN, and both its sites."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount

from babyconnect.audit.faults import Receipt
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Function, Person, Role
from babyconnect.exchange.contract import Asking
from babyconnect.fhir.search_index import index
from babyconnect.flows import enrol
from babyconnect.flows.destroy import Destroying
from babyconnect.flows.door import Door, Happening, Parts
from babyconnect.flows.findings import InputReport
from babyconnect.flows.journal import Journal
from babyconnect.flows.own_everywhere import OwnEverywhere
from babyconnect.flows.own_record import OwnRecord
from babyconnect.flows.own_staff import OwnStaff
from babyconnect.flows.publish import Input, PublishingNode, publish
from babyconnect.flows.registers import Registers
from babyconnect.network.contract import RegionFault
from babyconnect.network.custody import Custody
from babyconnect.network.roster import Roster
from babyconnect.store.memory import MemoryStore
from babyconnect.trust import relation
from babyconnect.trust.decision import decide
from babyconnect.web.client import record as client_record
from babyconnect.web.client.session import ClientSession
from babyconnect.web.login.sessions import StaffSession
from babyconnect.web.own_clients.chapter import own_clients_chapter
from babyconnect.web.own_clients.destroying import destroying_chapter
from babyconnect.web.rendering import Pages, error_handlers
from babyconnect.web.site import Site
from babyconnect.wiring import shielding
from babyconnect.wiring.today import own_clients
from tests.spec.publishing.records import bundle, concept, episode, pregnancy, woman
from tests.support.node import HOLDER, Grounds, Node
from tests.support.visitor import Visitor

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
BSN, PARTNER, KEY = "999900730", "999901643", b"k" * 32
BC = "http://nictiz.nl/fhir/StructureDefinition/"
SECRET, HERS, CHILDS = "voorgeschiedenis met huiselijk geweld", "Moedergeheim", "Kindnaam"


def observation(id: str, about: str, code: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": code,
        "subject": {"reference": f"Patient/{about}"},
        "context": {"reference": "EpisodeOfCare/EP"},
        "effectiveDateTime": "2026-11-01",
        **more,
    }


def mother() -> bytes:
    her = {**woman(bsn=BSN), "name": [{"given": ["Jamila"], "family": HERS}]}
    child = {
        "resourceType": "Patient",
        "id": "KIND",
        "meta": {"profile": [f"{BC}bc-Child"]},
        "name": [{"given": ["Bo"], "family": CHILDS}],
        "birthDate": "2026-09-01",
    }
    weight = concept("27113001", "lichaamsgewicht")
    violence = {
        "resourceType": "Condition",
        "id": "GEWELD",
        "clinicalStatus": "active",
        "code": concept("412732008", SECRET),
        "subject": {"reference": "Patient/JAMILA"},
        "context": {"reference": "EpisodeOfCare/EP"},
    }
    return bundle(
        her,
        child,
        {**episode(), "period": {"start": "2026-01-05"}},
        pregnancy(),
        violence,
        observation("G1", "KIND", weight, valueQuantity={"value": 3500, "unit": "g"}),
        observation("G2", "JAMILA", concept("364075005", "hartslag"), comment=HERS, valueQuantity={"value": 72}),
    )


def without_bsn(id: str = "OLENA") -> bytes:
    her = {**woman(id), "name": [{"given": ["Olena"], "family": "Zondernummer"}], "birthDate": "2000-02-03"}
    her.pop("identifier")
    care = {**episode(f"EP-{id}", id), "period": {"start": "2026-01-05"}}
    return bundle(her, care, pregnancy(f"P-EP-{id}", id))


class Unnamed:
    """Towards others, by whom this organisation is not listed as a client portal."""

    async def in_region(self, bsn: Bsn) -> str:
        raise RegionFault("not asked")

    def as_person(self, bsn: Bsn) -> str:
        raise AssertionError("nobody else is asked")


def nobody_else(asking: Asking) -> Any:
    raise AssertionError("nobody else is asked")


@dataclass
class Practice:
    """The organisation.  `log`: the events of its journal; `looks`: what happened at its door."""

    folder: Path
    store: MemoryStore = field(default_factory=MemoryStore)
    log: list[Mapping[str, Any]] = field(default_factory=list)
    looks: list[Happening] = field(default_factory=list)
    staff_session: Any = None
    client_session: ClientSession | None = None

    def __post_init__(self) -> None:
        self.roster, self.custody = Roster(self.folder / "r.sqlite", KEY), Custody(self.folder / "c.sqlite", KEY)
        self.registers = Registers(self.custody, self.roster)
        self.journal = Journal(HOLDER, self, KEY, lambda: NOW)
        self.door = Door(
            Parts(
                holder=HOLDER,
                open_reader=self.store.open_reader,
                grounds=Grounds(Node()),
                decide=decide,
                bind=lambda *_: False,
                note=self.note,
                now=lambda: NOW,
                **shielding.door_parts(self.registers),
            )
        )
        clients = self.roster.clients
        self.own = OwnRecord(HOLDER, self.door, self.registers, clients, self.journal.pseudonym, lambda: NOW)
        self.staff = OwnStaff(
            *(HOLDER, self.door, self.registers, self.journal, clients, self._evidence, self._episodes, lambda: NOW),
            differing=self.store.writer.differing,
        )
        self.destroying = Destroying(self.store.writer, self.roster, self.registers, self, self.journal)  # type: ignore[arg-type]

    def _evidence(self, client: str) -> tuple[Any, ...]:
        return relation.from_episodes(self.roster.episodes(client), "asker", self.roster.births(client))

    def _episodes(self, client: str) -> frozenset[str]:
        return frozenset(str(one["id"]) for one in self.roster.episodes(client))

    async def append(self, event: Mapping[str, Any]) -> Receipt:
        self.log.append(event)
        return Receipt(len(self.log), "")

    async def note(self, happening: Happening) -> None:
        self.looks.append(happening)

    async def unregister(self, pseudonym: str, source: str = "") -> None:
        """The region's index; it has nobody."""

    async def publish(self, content: bytes) -> str:
        return (await self._published(content)).client

    async def reported(self, content: bytes) -> list[tuple[str, str]]:
        """What the report says of one BSN in several records."""
        found = (await self._published(content)).findings
        return [(one.severity, one.rule) for one in found if one.rule.startswith("one-")]

    async def _published(self, content: bytes) -> InputReport:
        writer = enrol.EnrollingWriter(self.store.writer, self.roster)
        node = PublishingNode(writer, KEY, "urn:t", index, lambda: NOW, known=self.store.writer.known)
        (report,) = (await publish([Input("record", content=content)], node)).inputs
        return report

    def id(self, kind: str, source: str) -> str:
        for (type, opaque), versions in self.store.versions.items():
            held = versions[-1].publication.resource.get("identifier", ())
            if type == kind and source in [one.get("value") for one in held]:
                return opaque
        raise AssertionError(f"{kind}/{source} was not kept")

    def as_staff(self, role: Role = Role.MIDWIFE, *functions: Function, id: str = "mw-1") -> Visitor:
        person = Person(id, "Marga", role)

        async def holds() -> bool:
            return True

        session: Any = StaffSession(
            person=person, party=HOLDER, functions=frozenset(functions), shut=lambda record: None, holds=holds
        )
        self.staff_session = session
        pages = Pages("/viewer/static", home="/viewer/")
        chapters = (own_clients_chapter(self.staff), destroying_chapter(self.destroying, own_clients(self.door)))
        site: Site[Any] = Site("/viewer", "http://node.test", pages, lambda request: session, chapters)
        return Visitor(
            Starlette(routes=[Mount("/viewer", routes=site.routes())], exception_handlers=error_handlers(pages))
        )

    def as_client(self, bsn: str = BSN, everywhere: OwnEverywhere | None = None) -> Visitor:
        session = ClientSession(subject=Bsn(bsn), display="Zij", loa="substantial")
        self.client_session = session
        pages = Pages("/client/static", home="/client/")
        everywhere = everywhere or OwnEverywhere(self.own, Unnamed(), lambda ura: False, nobody_else, lambda: NOW)
        chapters = (client_record.chapter(everywhere, lambda session: dt.timedelta()),)
        site: Site[ClientSession] = Site("/client", "http://node.test", pages, lambda request: session, chapters)
        return Visitor(
            Starlette(routes=[Mount("/client", routes=site.routes())], exception_handlers=error_handlers(pages))
        )


def _visitor(path: str, site: Site[Any], pages: Pages) -> Visitor:
    return Visitor(Starlette(routes=[Mount(path, routes=site.routes())], exception_handlers=error_handlers(pages)))
