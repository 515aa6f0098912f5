"""The decision as a service for the node's own systems (OpenID AuthZEN Authorization API 1.0): evaluated, logged, said.

A system of this organisation asks "may this subject do that with this resource"; the answer is the same decision as at
the door, on the same grounds, with the reasons for whoever answers for it.  What it asks about another organisation's
person rests on that system's word and is marked so in the log; no data is released by it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.access import AccessRequest, Asker, Consent, Decision, Permit
from babyconnect.birthcare.parties import Party
from babyconnect.flows.door import NOBODY, Grounds
from babyconnect.flows.journal import About, Actor, Came, Journal
from babyconnect.flows.journal import Grounds as Why
from babyconnect.network.roster import Roster
from babyconnect.trust import decision


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One question: who, about which client here (opaque id), and optionally about one labelled resource."""

    asker: Asker
    client: str
    group: str = ""
    shielded: tuple[str, ...] = ()
    episodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluated:
    """`allowed` says it of the one resource when one was asked about, else of anything at all."""

    allowed: bool
    decision: Decision


@dataclass(frozen=True, slots=True)
class Evaluator:
    """`decide`: by the rules in force.

    Raises AuditFault and ConsentsUnknown: then nothing is answered."""

    journal: Journal
    holder: Party
    roster: Roster
    grounds: Grounds
    decide: Callable[[AccessRequest], Decision]

    async def evaluate(self, asked: Sequence[Evaluation], system: str, came: Came = Came()) -> list[Evaluated]:  # noqa: B008
        return [await self._one(one, system, came) for one in asked]

    async def _one(self, asked: Evaluation, system: str, came: Came) -> Evaluated:
        episodes = self.roster.episodes(asked.client)
        weighed = await self.grounds.weighed(asked.asker, asked.client)
        request = AccessRequest(
            asker=asked.asker,
            holder=self.holder.ura,
            holder_kind=self.holder.kind,
            client=asked.client,
            episodes=frozenset(str(episode["id"]) for episode in episodes),
            holder_relations=self.grounds.relations(asked.client, episodes),
            consents=await self._consents(asked),
            moment=self._now(),
            verified=weighed.verified,
            emergency_terms=weighed.terms,
            declared=weighed.declared,
        )
        found = self.decide(request)
        allowed = isinstance(found, Permit) and (
            not asked.group
            or decision.may_release(found.filter, asked.client, asked.group, asked.shielded, asked.episodes)
        )
        await self._note(asked, request, found, allowed, system, came)
        return Evaluated(allowed, found)

    async def _consents(self, asked: Evaluation) -> tuple[Consent, ...]:
        """As the door has them: of both registers.  Whoever is no client here is weighed as nobody, about whom nobody
        else is asked."""
        if not self.roster.known(asked.client):
            nobody = NOBODY + hashlib.sha256(asked.client.encode()).hexdigest()
            return await self.grounds.consents(nobody, asked.asker)
        return await self.grounds.consents(asked.client, asked.asker)

    async def _note(  # noqa: PLR0917 - what was asked, on what, what came of it, by which system
        self, asked: Evaluation, request: AccessRequest, found: Decision, allowed: bool, system: str, came: Came
    ) -> None:
        who = asked.asker
        responsible = who.responsible.id if who.responsible else ""
        why = Why(
            purpose=who.purpose.value,
            basis=found.legal_basis if isinstance(found, Permit) else "",
            relations=who.relations + request.holder_relations,
            consents=request.consents,
            reasons=found.reasons,
            rules=found.version,
        )
        about = About(client=asked.client, episodes=tuple(request.episodes), object=f"system/{system[:40]}")
        actor = Actor(who.ura.value, who.person, who.role.value, responsible, who.loa)
        await self.journal.note("decide", "ok" if allowed else "refused", actor, about, why, came)

    def _now(self) -> dt.datetime:
        return self.journal.clock()


def explained(found: Evaluated) -> dict[str, Any]:
    """The decision's context: reasons by code, the legal basis, the version, and what the filter would let through."""
    one = found.decision
    said: dict[str, Any] = {"reasons": list(one.reasons), "rules": one.version}
    if isinstance(one, Permit):
        said["legal_basis"] = one.legal_basis
        said["filter"] = {
            "groups": sorted(one.filter.groups),
            "shielded": sorted(one.filter.shielded),
            "episodes": sorted(one.filter.episodes),
        }
    return said
