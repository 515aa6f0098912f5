"""Evidence and consents of a node, on both sides of an exchange, from its roster and the consent register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from babyconnect.birthcare.access import Consent, Relation
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.network.contract import Consents
from babyconnect.network.roster import Roster
from babyconnect.trust import relation


class HolderGrounds:
    """What the door's decisions rest on: consents as they are now, by her pseudonym, and evidence of this side."""

    def __init__(self, roster: Roster, consents: Consents) -> None:
        self._roster = roster
        self._consents = consents

    async def consents(self, client: str) -> tuple[Consent, ...]:
        """Her provisions.  Who has no pseudonym yet has no consent that could be known: nothing is allowed."""
        pseudonym = self._roster.pseudonym(client)
        return await self._consents.of(pseudonym) if pseudonym else ()

    def relations(self, client: str, episodes: Sequence[Mapping[str, Any]]) -> tuple[Relation, ...]:
        from_episodes = relation.from_episodes(episodes, "holder", self._roster.births(client))
        return from_episodes + self._roster.enrolments_of(client)


def asker_relations(roster: Roster, bsn: Bsn) -> tuple[Relation, ...]:
    """Evidence on the asking side: her episodes in our own care, enrolments, announcements."""
    found = list(roster.enrolments(bsn))
    for client in roster.clients(bsn):
        found += relation.from_episodes(roster.episodes(client), "asker", roster.births(client))
    return tuple(found)
