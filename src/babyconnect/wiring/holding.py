"""Evidence and consents of a node, on both sides of an exchange, from its roster and the region's registers."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, NamedTuple

from babyconnect.birthcare.access import Asker, Consent, EmergencyTerms, Relation, unbeaten
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.one_woman import JOINED
from babyconnect.birthcare.resources import HOME
from babyconnect.flows.door import Weighed
from babyconnect.flows.evidence import given_relation
from babyconnect.network.contract import ConsentCodes, Consents, ConsentsUnknown, EvidenceRegister, NotKept, RegionFault
from babyconnect.network.roster import Roster
from babyconnect.store.contract import Hers
from babyconnect.trust import relation
from babyconnect.trust.rules import Rules, data_groups

CHECKED_SECONDS = 1.0
"""How long an answer of the register is believed: what is taken back is no evidence a second later."""
MOST_KEPT = 2_000
NOT_SHARED = "no-pointer"
"""Names, in the log, the refusal of who is not in the index (any more) as ours."""


class Checks:
    """What this holder can find true of an asker's evidence: in its own roster, or in the registers of the region."""

    def __init__(
        self, own: Ura, roster: Roster, register: EvidenceRegister, codes: ConsentCodes, rules: Callable[[], Rules]
    ) -> None:
        self._own, self._roster, self._register, self._codes, self._rules = own, roster, register, codes, rules
        self._kept: dict[tuple[str, str, str, str], tuple[float, Relation | None]] = {}

    def concern(self, asker: Asker) -> list[Relation]:
        """What of the asker's evidence is more than its word here."""
        check = self._rules().asker.check
        return [one for one in asker.relations if check.get(one.basis, "claimed") != "claimed"]

    async def of(self, asker: Asker, client: str) -> tuple[Relation, ...]:
        """Those of the asker's that were found true.  What cannot be asked now is not among them."""
        asked = self.concern(asker)
        if not asked:
            return ()
        mine = self._roster.enrolments_of(client) if asker.ura == self._own else ()
        pseudonym = self._roster.pseudonym(client) or self._roster.stand_in(client)
        found = await asyncio.gather(*(self._one(asker.ura, client, pseudonym, one) for one in asked))
        return (*mine, *(one for one in found if one is not None))

    async def _one(self, asker: Ura, client: str, pseudonym: str, claimed: Relation) -> Relation | None:
        key, now = (asker.value, client, claimed.basis, claimed.reference), time.monotonic()
        until, known = self._kept.get(key, (0.0, None))
        if now < until:
            return known
        try:
            found = await self._asked(asker, pseudonym, claimed)
        except RegionFault:
            return None
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = (now + CHECKED_SECONDS, found)
        return found

    async def _asked(self, asker: Ura, pseudonym: str, claimed: Relation) -> Relation | None:
        if claimed.basis == "code":
            shown = await self._codes.shown(claimed.reference, pseudonym, asker)
            if shown is None:
                return None
            return Relation("code", shown.reference, _day(shown.start), _day(shown.until))
        if self._rules().asker.check.get(claimed.basis) == "index":
            # The asker's own word still about when and which episode; but it keeps her, as the region knew before.
            return claimed if await self._register.keeps(pseudonym, asker) else None
        given = await self._register.confirm(pseudonym, claimed.reference, claimed.basis, asker)
        return given_relation(given, self._own) if given else None


Elsewhere = Callable[[str, Asker, tuple[Consent, ...]], Awaitable[tuple[Consent, ...]]]
"""(client, asker, what the region's register says) -> what holds when another register is heard too."""


class _Related(NamedTuple):
    """This side's evidence of a client, and what it was made from beside her episodes."""

    rule: relation.Terms
    version: int
    found: tuple[Relation, ...]


class HolderGrounds:
    """What the door's decisions rest on: consents as they are now, by her pseudonym, evidence of this side, and what
    this side makes of the asker's."""

    def __init__(  # noqa: PLR0917 - what it looks into, one after the other
        self,
        own: Ura,
        roster: Roster,
        consents: Consents,
        rules: Callable[[], Rules],
        checks: Checks,
        declared: Callable[[Asker, str], dt.datetime | None],
        terms: EmergencyTerms,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._own, self._roster, self._consents, self._rules = own, roster, consents, rules
        self._checks, self._declared, self._terms, self._elsewhere = checks, declared, terms, elsewhere
        self._groups = data_groups()

    def consents(self, client: str, asker: Asker) -> Coroutine[Any, Any, tuple[Consent, ...]]:
        """Her provisions.  Who has no pseudonym (yet) has no consent that could be known: nothing is allowed to others,
        and the register is asked about a stand-in, so that time and faults do not tell who is known here.  Of a client
        of several records whom the roster does not know (yet) as the store does, nobody can say anything.

        Where she may also have said something to the Mitz, that is asked too (`network.mitz.weighing`)."""
        said = self.registered(client, asker)
        return said if self._elsewhere is None else self._also(self._elsewhere, client, asker, said)

    @staticmethod
    async def _also(
        elsewhere: Elsewhere, client: str, asker: Asker, said: Coroutine[Any, Any, tuple[Consent, ...]]
    ) -> tuple[Consent, ...]:
        return await elsewhere(client, asker, await said)

    async def registered(self, client: str, asker: Asker) -> tuple[Consent, ...]:
        """By the region's register alone."""
        pseudonym = self._roster.pseudonym(client)
        if pseudonym is None:
            await self._consents.as_if(self._roster.stand_in(client))
            if self._roster.parted(client):  # what is bound to that name opens nothing any more, to nobody
                return self._not_shared(asker)
            if client.startswith(JOINED) and not self._roster.records(client):
                raise ConsentsUnknown("the roster does not know these records as one client's")
            return () if asker.ura == self._own else self._not_shared(asker)
        try:
            return await self._consents.of(pseudonym)
        except NotKept as told:
            # Whose pointer is over (its term, or not sent yet) is shared with nobody: what she said cannot be known.
            # Our own people go by what was recorded here.
            return told.recorded if asker.ura == self._own else self._not_shared(asker, told.recorded)

    def _not_shared(self, asker: Asker, recorded: Sequence[Consent] = ()) -> tuple[Consent, ...]:
        """Of what is known that she said only what she refused, and a no that no yes beats, however specific: nobody
        knows what she refused elsewhere."""
        refused = (one for one in recorded if not one.permit)
        return (*refused, unbeaten(NOT_SHARED, asker.ura, self._own, self._groups))

    @property
    def asks_elsewhere(self) -> bool:
        """Whether another register is heard too."""
        return self._elsewhere is not None

    async def weighed(self, asker: Asker, client: str) -> Weighed:
        declared = self._declared(asker, client) if asker.emergency else None
        concern = bool(self._checks.concern(asker))
        verified = await self._checks.of(asker, client) if concern else ()
        return Weighed(verified, self._terms, declared, asked=concern or asker.emergency is not None)

    def relations(self, client: str, episodes: Sequence[Mapping[str, Any]]) -> tuple[Relation, ...]:
        rule, version = self._rules().holder, self._roster.version()
        noted = episodes.noted if isinstance(episodes, Hers) else {}
        known: _Related | None = noted.get(client)
        if known and known.rule is rule and known.version == version:
            return known.found  # what it was made from is, to the letter, the same
        found = (
            *relation.from_episodes(episodes, "holder", self._roster.births(client), rule),
            *relation.as_holder(self._roster.enrolments_of(client)),
        )
        if len(noted) >= MOST_KEPT:  # those of nobody are of many names
            noted.clear()
        noted[client] = _Related(rule, version, found)
        return found


def asker_relations(roster: Roster, bsn: Bsn) -> tuple[Relation, ...]:
    """Evidence on the asking side: her episodes in our own care, enrolments, announcements."""
    found = list(roster.enrolments(bsn))
    for client in roster.clients(bsn):
        found += relation.from_episodes(roster.episodes(client), "asker", roster.births(client))
    return tuple(found)


def _day(moment: dt.datetime) -> dt.date:
    return moment.astimezone(HOME).date()
