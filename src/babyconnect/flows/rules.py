"""Versions of the rules of access, as an administrator works with them: upload, preview, activate; each is logged.

A preview decides with the real decision, on a request made up of the client as this holder knows her and an asker as
somebody describes one.  It reads nothing of her record: it shows data groups, never data.  The Mitz is not asked: its
question is about who really asks, so a preview goes by the region's register and says so.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from babyconnect.birthcare.access import (
    CONSULT_SCOPE,
    EMERGENCY_SCOPE,
    AccessRequest,
    Asker,
    Consent,
    Decision,
    Emergency,
    EmergencyTerms,
    Purpose,
    Relation,
)
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Kind, Person, Responsible, Role
from babyconnect.birthcare.resources import HOME
from babyconnect.flows.journal import About, Came, Grounds, Journal, Outcome
from babyconnect.network.roster import Roster
from babyconnect.trust import decision, relation
from babyconnect.trust.persons import Second, without_a_list
from babyconnect.trust.policies import Policies, Refusal
from babyconnect.trust.policy import Invalid, Policy
from babyconnect.trust.proposals import Proposal, Proposals
from babyconnect.trust.rules import NOTHING, Rules, prepared

_DIRECTLY = Came()


@dataclass(frozen=True, slots=True)
class Imagined:
    """An asker to preview: somebody of an organisation, with evidence as it would have to be."""

    ura: Ura
    kind: Kind
    role: Role
    responsible: Role | None = None
    purpose: Purpose = Purpose.TREATMENT
    basis: str = "episode"


@dataclass(frozen=True, slots=True)
class Previewed:
    """What the decision would be by the rules in force and by the version looked at.  `without_mitz`: a real asker
    would also need a Permit of the Mitz, which this leaves out."""

    now: Decision
    then: Decision
    without_mitz: bool = False


@dataclass(frozen=True, slots=True)
class RulesDesk:
    """`consents`: her provisions in the region's register, as they count for an asker.  `proposals`: where what one
    administrator activates waits for another; None where one is enough.  `mitz`: whether the door asks the Mitz too.
    `second`: whether two accounts are two people."""

    journal: Journal
    policies: Policies
    roster: Roster
    consents: Callable[[str, Asker], Awaitable[tuple[Consent, ...]]]
    terms: EmergencyTerms
    proposals: Proposals | None = None
    mitz: bool = False
    second: Second = without_a_list

    async def upload(self, content: bytes, by: Person, came: Came = _DIRECTLY) -> Policy | Invalid | Refusal:
        """Kept, not yet in force."""
        await self._note(by, About(object="role_matrix/upload"), came)
        return self.policies.add(content, self._today())

    async def activate(
        self, version: str, start: dt.date, by: Person, came: Came = _DIRECTLY
    ) -> Refusal | Proposal | None:
        """In force from `start`, which is today or later; "" is the program's own version again.  A Proposal where
        another is to confirm it first: nothing is in force by it yet."""
        if self.proposals is None:
            await self._note(by, _about(version, start), came)
            return self.policies.activate(version, start, by.id, self.journal.clock(), self._today())
        id = secrets.token_hex(8)
        refused = self.policies.may_hold(version, start, self._today())
        outcome: Outcome = "refused" if refused else "ok"
        await self._note(by, _about(version, start, f"proposal {id}"), came, outcome)
        if refused:
            return refused
        made = Proposal(id, start, version, by.id, self.journal.clock(), self.policies.digest(version))
        self.proposals.add(made)
        return made

    async def confirm(self, id: str, by: Person, came: Came = _DIRECTLY) -> Refusal | None:
        """By somebody else than who proposed it; both are in the log, under the proposal's id."""
        found = self.proposals.find(id) if self.proposals else None
        if found is None or self.proposals is None or found.digest != self.policies.digest(found.version):
            return "unknown"
        doubt = self.second(found.by, by.id)
        about = _about(found.version, found.start, f"confirms {found.id}")
        await self._note(by, about, came, "refused" if doubt else "ok")
        if doubt:
            return doubt
        now, today = self.journal.clock(), self._today()
        refused = self.policies.activate(found.version, found.start, found.by, now, today, by.id)
        self.proposals.remove(id)
        return refused

    async def drop(self, id: str, by: Person, came: Came = _DIRECTLY) -> None:
        """A proposal that is not to be confirmed."""
        found = self.proposals.find(id) if self.proposals else None
        if found is not None and self.proposals is not None:
            await self._note(by, _about(found.version, found.start, f"drops {found.id}"), came)
            self.proposals.remove(id)

    async def preview(
        self, bsn: Bsn, asker: Imagined, version: str, by: Person, came: Came = _DIRECTLY
    ) -> Previewed | None:
        """None when she is no client here.  Logged as an administrative act about her, before anything is decided."""
        about = About(pseudonym=self.journal.pseudonym(bsn), object=f"role_matrix/{version[:40]} preview")
        await self._note(by, about, came)
        clients = self.roster.clients(bsn)
        if len(clients) != 1:
            return None
        request = await self._request(clients[0], asker)
        today = self._today()
        return Previewed(
            decision.decide(request, self.policies.on(today)),
            decision.decide(request, self._version(version)),
            self.mitz and asker.ura != self.journal.own.ura,
        )

    def _version(self, version: str) -> Rules:
        if not version:
            return self.policies.on(self._today())
        found = self.policies.version(version).found
        return NOTHING if isinstance(found, Invalid) else prepared(found)

    async def _request(self, client: str, asker: Imagined) -> AccessRequest:
        today, now = self._today(), self.journal.clock()
        episodes, births = self.roster.episodes(client), self.roster.births(client)
        held = relation.from_episodes(episodes, "holder", births, self.policies.on(today).holder)
        claimed = Relation(
            "break_glass" if asker.purpose is Purpose.EMERGENCY else asker.basis, "preview", today, today
        )
        who = Asker(
            *(asker.ura, asker.kind, "preview", asker.role, asker.purpose, (claimed,)),
            responsible=Responsible("preview-responsible", asker.responsible) if asker.responsible else None,
            scopes=frozenset({CONSULT_SCOPE, EMERGENCY_SCOPE}),
            emergency=Emergency("life_threatening_mother") if asker.purpose is Purpose.EMERGENCY else None,
        )
        return AccessRequest(
            asker=who,
            holder=self.journal.own.ura,
            holder_kind=self.journal.own.kind,
            client=client,
            episodes=frozenset(str(episode["id"]) for episode in episodes),
            holder_relations=held + relation.as_holder(self.roster.enrolments_of(client)),
            consents=await self.consents(client, who),
            moment=now,
            verified=(claimed,),
            emergency_terms=self.terms,
        )

    async def _note(self, by: Person, about: About, came: Came, outcome: Outcome = "ok") -> None:
        await self.journal.note("administer", outcome, self.journal.person(by), about, Grounds(), came)

    def _today(self) -> dt.date:
        return self.journal.clock().astimezone(HOME).date()


def _about(version: str, start: dt.date, more: str = "") -> About:
    return About(object=f"role_matrix/{version[:40] or 'own'} {start.isoformat()}{more and ' '}{more}")
