"""Questions that a privacy officer asked, kept in this process under a handle, so that no BSN is in an address."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Mapping

from babyconnect.audit.patterns import HERE
from babyconnect.birthcare.identifiers import Bsn, passes_eleven_check
from babyconnect.flows.oversight import Question
from babyconnect.web.login.sessions import new_handle

MOST = 500


class Questions:
    """Each belongs to the session that asked it; the oldest go."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], Question] = OrderedDict()

    def keep(self, session: str, question: Question) -> str:
        while len(self._kept) >= MOST:
            self._kept.popitem(last=False)
        handle = new_handle()
        self._kept[session, handle] = question
        return handle

    def find(self, session: str, handle: str) -> Question | None:
        return self._kept.get((session, handle))


def question(fields: Mapping[str, str]) -> Question | str:
    """The question of a form, or the key of the text that says what is wrong with it."""
    digits = fields.get("bsn", "").replace(" ", "").replace(".", "").replace("-", "")
    if digits and not passes_eleven_check(digits):
        return "bsn_wrong"
    try:
        since, until = (_day(fields.get(name, "")) for name in ("van", "tot"))
    except ValueError:
        return "day_wrong"
    if since and until and until < since:
        return "period_wrong"
    return Question(
        client=Bsn(digits) if digits else None,
        person=fields.get("medewerker", "").strip()[:200],
        group=fields.get("soort", "")[:20],
        outcome=fields.get("uitkomst", "")[:10],
        since=since,
        until=until + dt.timedelta(days=1) if until else None,
    )


def _day(text: str) -> dt.datetime | None:
    """Midnight here, at the beginning of a day."""
    return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), HERE) if text.strip() else None
