"""The organisation's own pages about its clients: what they decide about a record, and destroying it."""

from __future__ import annotations

from babyconnect.birthcare.access import Relation
from babyconnect.flows.door import Door
from babyconnect.flows.journal import Journal
from babyconnect.flows.own_staff import OwnStaff
from babyconnect.store.contract import Writer
from babyconnect.trust import relation
from babyconnect.web.own_clients.chapter import own_clients_chapter
from babyconnect.web.own_clients.destroying import destroying_chapter
from babyconnect.web.site import Chapter
from babyconnect.web.viewer.records import ViewerSession
from babyconnect.wiring.answering import Holder, Kept
from babyconnect.wiring.destroying import destroying
from babyconnect.wiring.link import Link, now
from babyconnect.wiring.today import own_clients


def shielding_pages(link: Link, keeps: Kept, holds: Holder) -> list[Chapter[ViewerSession]]:
    node = destroying(
        *(link, keeps.store.writer, keeps.journal, holds.decides.book),
        forget=holds.door.forget,
        elsewhere=holds.mitz.destroyed,
    )
    return [
        own_clients_chapter(own_staff(link, holds.door, keeps.journal, keeps.store.writer)),
        destroying_chapter(node, own_clients(holds.door)),
    ]


def own_staff(link: Link, door: Door, journal: Journal, writer: Writer) -> OwnStaff:
    roster = link.roster

    def evidence(client: str) -> tuple[Relation, ...]:
        from_episodes = relation.from_episodes(roster.episodes(client), "asker", roster.births(client))
        return from_episodes + roster.enrolments_of(client)

    return OwnStaff(
        own=link.party,
        door=door,
        registers=link.registers,
        journal=journal,
        clients=roster.clients,
        evidence=evidence,
        episodes=lambda client: frozenset(str(episode["id"]) for episode in roster.episodes(client)),
        now=now,
        differing=writer.differing,
    )
