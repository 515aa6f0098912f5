"""Who looked at her record, told to herself at another organisation's portal (Wabvpz 15e, AVG 15, NEN 7513).

The token says who she is; a child's log is told to who has authority over it now.  Like everybody who reads the log
she is in it first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from babyconnect.audit import accounts, told
from babyconnect.birthcare.access import Asker, Decision, Herself, Permit
from babyconnect.birthcare.parties import Party
from babyconnect.flows.journal import Actor, Came
from babyconnect.flows.oversight import Oversight, Question

MOST_TOLD = 500


@dataclass(frozen=True, slots=True)
class Told:
    """AuditEvents, the newest first, and how many there are in all."""

    looks: tuple[dict[str, Any], ...]
    total: int


@dataclass(frozen=True, slots=True)
class OwnLog:
    """One holder's.  `decide`: as the door decides for clients."""

    holder: Party
    oversight: Oversight
    decide: Callable[[Herself, frozenset[str], dt.datetime], Decision]

    async def of(
        self, asker: Asker, who: Herself | None, since: dt.datetime | None, until: dt.datetime | None, came: Came
    ) -> Told:
        """What a session's client may read of this log; nothing for anybody else."""
        if who is None or who.about is None or not self._may(who):
            return Told((), 0)
        actor = Actor(asker.ura.value, asker.person, who.role, loa=asker.loa)
        found = await self.oversight.ask(actor, Question(client=who.about, since=since, until=until), came)
        looks = accounts.hers(found.accounts)
        return Told(tuple(told.told(one, self.holder.ura.value) for one in looks[:MOST_TOLD]), len(looks))

    def _may(self, who: Herself) -> bool:
        """As her record: who is too young to look herself may not read who looked either."""
        return isinstance(self.decide(who, frozenset(), self.oversight.journal.clock()), Permit)
