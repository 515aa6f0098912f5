"""Evidence of a treatment relationship, as people make it: at the ward, by a code she shows, for another organisation.

What is made for another (announcement, referral, locum agreement) stands in the region's register, where its receiver
finds it and any holder can check it; the issuer keeps a referral in its own roster too, as evidence of its own side.
Everything is logged before it holds, dated, and can be taken back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from babyconnect.birthcare.access import Relation
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Kind, Person
from babyconnect.birthcare.resources import HOME
from babyconnect.flows.journal import About, Came, Grounds, Journal, opaque
from babyconnect.network.contract import By, ConsentCodes, EvidenceRegister, Given, GivenBasis, Parties, Pseudonyms
from babyconnect.network.roster import Roster
from babyconnect.trust import relation
from babyconnect.trust.rules import Rules

_DIRECTLY = Came()


@dataclass(frozen=True, slots=True)
class EvidenceDesk:
    """What the professional's page works with.  Raises RegionFault when the region is needed and away."""

    journal: Journal
    roster: Roster
    pseudonyms: Pseudonyms
    register: EvidenceRegister
    codes: ConsentCodes
    directory: Parties
    rules: Callable[[dt.date], Rules]

    async def at_the_ward(self, person: Person, bsn: Bsn, came: Came = _DIRECTLY) -> Relation | None:
        """She was registered at the emergency or labour ward; None where there is no ward."""
        kinds = self._rules().asker.kinds.get("emergency_registration", frozenset(Kind))
        if self.journal.own.kind not in kinds:
            return None
        made = relation.emergency_registration(opaque(), self._today())
        await self._record(person, bsn, made, came)
        return made

    async def by_code(self, person: Person, bsn: Bsn, code: str, came: Came = _DIRECTLY) -> Relation | None:
        """She showed a code; None for one that is not hers, over, or wrong."""
        name = await self.pseudonyms.of(bsn)
        shown = await self.codes.verify(code, name, By(person.id, person.role.value), came.trace)
        if shown is None:
            await self._note("relation.record", "refused", person, About(object="code"), came, bsn=bsn)
            return None
        end = shown.until.astimezone(HOME).date()
        made = Relation("code", shown.reference, shown.start.astimezone(HOME).date(), end)
        await self._record(person, bsn, made, came)
        return made

    async def give(  # noqa: PLR0917 - who, whom, to whom, what, until when
        self, person: Person, bsn: Bsn, receiver: Ura, basis: GivenBasis, end: dt.date, came: Came = _DIRECTLY
    ) -> Given:
        """Announce or refer her to another organisation."""
        today = self._today()
        episodes = [one for client in self.roster.clients(bsn) for one in self._episodes(client, today)]
        episode = episodes[0] if len(episodes) == 1 else ""
        given = Given(_reference(basis), basis, self.journal.own.ura, receiver, today, end, episode)
        name = await self.pseudonyms.of(bsn)
        made = Relation(basis, given.reference, today, end)
        await self._note("relation.record", "ok", person, _about(made, receiver), came, bsn, (made,))
        await self.register.give(name, given, person.id, came.trace)
        await self.roster.enrol([(bsn, relation.gave(made))])
        return given

    async def agree_locum(
        self, person: Person, receiver: Ura, start: dt.date, end: dt.date, came: Came = _DIRECTLY
    ) -> Given:
        """Somebody of another organisation stands in here, for all who are clients here."""
        longest = self._rules().asker.longest.get("locum", 0)
        end = min(end, start + dt.timedelta(days=longest))
        given = Given(_reference("locum"), "locum", self.journal.own.ura, receiver, start, end)
        made = Relation("locum", given.reference, start, end)
        await self._note("relation.record", "ok", person, _about(made, receiver), came, None, (made,))
        await self.register.give("", given, person.id, came.trace)
        return given

    async def revoke(self, person: Person, reference: str, came: Came = _DIRECTLY) -> bool:
        """Take back what was given to another; False for what is not ours or was taken back already."""
        await self._note("relation.revoke", "ok", person, About(object=f"evidence/{reference[:64]}"), came)
        if not await self.register.revoke(reference, person.id, came.trace):
            return False
        await self.roster.end_evidence(reference, self._today() - dt.timedelta(days=1))
        return True

    async def end(self, person: Person, bsn: Bsn, reference: str, came: Came = _DIRECTLY) -> bool:
        """End evidence of our own side before its time: a registration by mistake, a code that was not meant."""
        mine = [one for one in self.roster.enrolments(bsn) if one.reference == reference]
        if not mine:
            return False
        await self._note("relation.revoke", "ok", person, _about(mine[0]), came, bsn, tuple(mine))
        await self.roster.end_evidence(reference, self._today() - dt.timedelta(days=1))
        return True

    async def known(self, bsn: Bsn) -> tuple[Relation, ...]:
        """What stands today on our side: our own, and what others gave us."""
        today, rule = self._today(), self._rules().asker
        name = await self.pseudonyms.of(bsn)
        others = [given_relation(one, self.journal.own.ura) for one in await self.register.received(name)]
        own = relation.standing(self.roster.enrolments(bsn), today, "asker", rule)
        return (*own, *others)

    async def made(self) -> tuple[Given, ...]:
        return await self.register.made()

    async def _record(self, person: Person, bsn: Bsn, made: Relation, came: Came) -> None:
        await self._note("relation.record", "ok", person, _about(made), came, bsn, (made,))
        await self.roster.enrol([(bsn, made)])

    async def _note(  # noqa: PLR0917 - what, how it ended, who, about whom, how it came
        self,
        type: str,
        outcome: str,
        person: Person,
        about: About,
        came: Came,
        bsn: Bsn | None = None,
        relations: tuple[Relation, ...] = (),
    ) -> None:
        if bsn is not None:
            about = About(pseudonym=self.journal.pseudonym(bsn), object=about.object)
        actor = self.journal.person(person)
        ended = "ok" if outcome == "ok" else "refused"
        await self.journal.note(type, ended, actor, about, Grounds(relations=relations), came)  # type: ignore[arg-type]

    def _episodes(self, client: str, today: dt.date) -> list[str]:
        found = relation.from_episodes(self.roster.episodes(client), "holder", self.roster.births(client))
        standing = relation.standing(found, today, "holder", self._rules().holder)
        return [one.reference.rpartition("/")[2] for one in standing]

    def _today(self) -> dt.date:
        return self.journal.clock().astimezone(HOME).date()

    def _rules(self) -> Rules:
        return self.rules(self._today())


def given_relation(given: Given, holder: Ura) -> Relation:
    """As evidence.  The episode is the issuer's own, so it says something to the issuer only."""
    episode = given.episode if given.issuer == holder else ""
    return Relation(given.basis, given.reference, given.start, given.end, episode)


def _about(made: Relation, receiver: Ura | None = None) -> About:
    return About(object=f"evidence/{made.reference}{f' {receiver.value}' if receiver else ''}")


def _reference(basis: str) -> str:
    return f"{basis}-{opaque()}"
