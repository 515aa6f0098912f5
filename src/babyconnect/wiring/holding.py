"""The holder's side of a node: what its door's decisions rest on, and how a happening at the door becomes a log line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from babyconnect.audit.event import About, Actor, Grounds, Place, event
from babyconnect.audit.log import AuditLog
from babyconnect.birthcare.access import Consent, Permit, Relation
from babyconnect.birthcare.parties import Party
from babyconnect.flows.door import Happening
from babyconnect.network.contract import Consents
from babyconnect.network.roster import Roster
from babyconnect.trust import relation


class HolderGrounds:
    """Consents as they are now, by her pseudonym; evidence from her episodes here and what the roster knows."""

    def __init__(self, roster: Roster, consents: Consents) -> None:
        self._roster = roster
        self._consents = consents

    async def consents(self, client: str) -> tuple[Consent, ...]:
        """Her provisions.  Who has no pseudonym yet has no consent that could be known: nothing is allowed."""
        pseudonym = self._roster.pseudonym(client)
        return await self._consents.of(pseudonym) if pseudonym else ()

    def relations(self, client: str, episodes: Sequence[Mapping[str, Any]]) -> tuple[Relation, ...]:
        pseudonym = self._roster.pseudonym(client)
        enrolled = self._roster.enrolments(pseudonym) if pseudonym else ()
        return relation.from_episodes(episodes, "holder", self._roster.births(client)) + enrolled


def asker_relations(roster: Roster, pseudonym: str) -> tuple[Relation, ...]:
    """Evidence on the asking side: her episodes in our own care, enrolments, announcements."""
    found = list(roster.enrolments(pseudonym))
    for client in roster.clients(pseudonym):
        found += relation.from_episodes(roster.episodes(client), "asker", roster.births(client))
    return tuple(found)


def door_note(log: AuditLog, holder: Party) -> Callable[[Happening], Awaitable[object]]:
    """What the door calls before it releases anything: the event, durable when this returns."""

    async def note(happened: Happening) -> object:
        return await log.append(_event(happened, holder))

    return note


def _event(happened: Happening, holder: Party) -> dict[str, Any]:
    asker, person, decision = happened.asker, happened.person, happened.decision
    permitted = isinstance(decision, Permit)
    if asker is not None:
        actor = Actor(str(asker.ura), asker.person, asker.role)
    else:
        actor = Actor(str(holder.ura), person.id if person else "", person.role if person else "")
    kind, _, query = happened.text.partition("?")
    return event(
        "search" if query or not happened.text else "read",
        "ok" if permitted else "refused",
        happened.moment,
        actor,
        Place(str(holder.ura), "holder", str(holder.ura), trace=happened.trace),
        About(client=happened.client or "", resource=kind, query=query),
        Grounds(
            purpose=asker.purpose if asker else "",
            basis=decision.legal_basis if isinstance(decision, Permit) else "",
            relations=asker.relations if asker else (),
            reasons=decision.reasons,
        ),
    )
