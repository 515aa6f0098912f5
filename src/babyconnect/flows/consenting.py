"""Registering what she allows: by a professional with her, or by herself; withdrawing, reading back, and her codes.

Everything is in this node's log before the region is asked, and in the region's before it holds, under one traceparent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Party
from babyconnect.exchange.ask import new_trace, new_traceparent
from babyconnect.flows.journal import About, Actor, Came, Grounds, Journal, Outcome
from babyconnect.network.contract import (
    By,
    ConsentCodes,
    ConsentDesk,
    ConsentRefused,
    ConsentVersion,
    MadeCode,
    Pseudonyms,
    RegionFault,
)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who registers, for the region (`by`) and for this node's log (`actor`)."""

    by: By
    actor: Actor
    address: str = ""


@dataclass(frozen=True, slots=True)
class Consenting:
    """What registering needs of its node."""

    own: Party
    desk: ConsentDesk
    codes: ConsentCodes
    pseudonyms: Pseudonyms
    journal: Journal
    now: Callable[[], dt.datetime]

    async def versions(self, bsn: Bsn, speaker: Speaker) -> tuple[ConsentVersion, ...]:
        """Every version that the speaker may read, oldest first.  Raises RegionFault."""
        trace = new_traceparent(new_trace())
        await self._note("consent.read", "ok", speaker, bsn, trace)
        return await self.desk.versions(await self.pseudonyms.of(bsn), speaker.by, trace)

    async def change(self, bsn: Bsn, give: Sequence[Consent], withdraw: Sequence[str], speaker: Speaker) -> list[str]:
        """All or nothing, in force at one instant; the new ids.  Raises ConsentRefused or RegionFault."""
        trace = new_traceparent(new_trace())
        pseudonym = await self.pseudonyms.of(bsn)
        kinds = ["consent.withdraw"] * len(withdraw)
        kinds += ["consent.record" if one.permit else "consent.object" for one in give]
        for kind in kinds:
            await self._note(kind, "ok", speaker, bsn, trace)
        try:
            return await self.desk.change(pseudonym, give, withdraw, speaker.by, trace)
        except (ConsentRefused, RegionFault) as problem:
            outcome: Outcome = "refused" if isinstance(problem, ConsentRefused) else "fault"
            for kind in dict.fromkeys(kinds):
                await self._note(kind, outcome, speaker, bsn, trace)
            raise

    async def make_code(self, bsn: Bsn, until: dt.datetime, permit: Consent | None, speaker: Speaker) -> MadeCode:
        """A code for her to show.  Raises ConsentRefused or RegionFault."""
        trace = new_traceparent(new_trace())
        await self._note("consent.code", "ok", speaker, bsn, trace)
        return await self.codes.make(await self.pseudonyms.of(bsn), until, permit, speaker.by, trace)

    async def _note(self, kind: str, outcome: Outcome, speaker: Speaker, bsn: Bsn, trace: str) -> None:
        await self.journal.note(
            kind,
            outcome,
            speaker.actor,
            About(pseudonym=self.journal.pseudonym(bsn)),
            Grounds(),
            Came(trace, speaker.address),
        )


def in_force(versions: Sequence[ConsentVersion]) -> list[ConsentVersion]:
    """The last version of each provision, of those that hold."""
    latest = {version.consent.id: version for version in versions}
    return [version for version in latest.values() if version.active]


def may_end(version: ConsentVersion, own: Party, first: ConsentVersion, herself: bool) -> bool:
    """Whether the speaker may end it, as the register will judge: a yes anybody; a no who took it down, or herself."""
    if version.consent.permit or herself:
        return True
    return first.recorder == own.ura and first.capacity == "professional"
