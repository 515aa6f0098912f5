"""Opens records for the screens of one viewer: asked at once, anew when she changes what she allows, closed in time.

How often one person may open is limited here, whichever page it is done from.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.flows.viewing import Declared
from babyconnect.flows.watching import Changes
from babyconnect.web.limits import Limit
from babyconnect.web.rendering import Pages
from babyconnect.web.viewer.drawing import Fill, Wanted
from babyconnect.web.viewer.fragments import Drawer
from babyconnect.web.viewer.records import OpenedRecord, ViewerSession

RECORD_SECONDS = 15 * 60
FOUND_PER_MINUTE = 30


@dataclass
class Opening:
    """`fill`: who asks and draws; `clock` gives monotonic seconds, `now` an aware moment; `sweep` ends sessions that
    are over."""

    pages: Pages
    fill: Fill
    changes: Changes | None
    clock: Callable[[], float]
    now: Callable[[], dt.datetime]
    sweep: Callable[[], None]

    def __post_init__(self) -> None:
        self._searches = Limit(FOUND_PER_MINUTE, 60, self.clock)

    def open(self, session: ViewerSession, bsn: Bsn, language: str, declared: Declared | None = None) -> str | None:
        """The handle of her record in this session, which fills in from now on; None: that was too often."""
        if not self._searches.take(session.name):
            return None
        record = OpenedRecord(bsn, language, lambda language: Drawer(self.pages, language, bsn.value))
        record.declared = declared
        handle = session.keep(record)
        since = self.changes.now() if self.changes else 0.0
        self._ask(session, record)
        if self.changes:
            record.watch(self.changes.of(bsn, since), lambda: self._ask(session, record))
        asyncio.get_running_loop().call_later(RECORD_SECONDS, self._expire_unseen, session, handle)
        if declared is not None:
            left = (declared.until - self.now()).total_seconds()
            asyncio.get_running_loop().call_later(max(left, 0), session.drop, handle)
        return handle

    def _expire_unseen(self, session: ViewerSession, handle: str) -> None:
        """A record that stands on a screen stays as long as the session; one that nobody looks at goes."""
        self.sweep()
        record = session.records.get(handle)
        if record is not None and record.looking:
            asyncio.get_running_loop().call_later(RECORD_SECONDS, self._expire_unseen, session, handle)
        else:
            session.drop(handle)

    def _ask(self, session: ViewerSession, record: OpenedRecord) -> None:
        record.asked = self.clock()
        record.fill(self.fill(Wanted(record.bsn, session.person, record.language, record.declared)))

    def refresh(self, session: ViewerSession, record: OpenedRecord, oldest: float, language: str = "") -> bool:
        """Asks anew when what is held is in another language, or from an earlier look: she may have withdrawn since,
        and each look is logged.

        False when that was too often.
        """
        spoken = language in {"", record.language}
        if spoken and (not record.settled or self.clock() - record.asked <= oldest):
            return True
        if not self._searches.take(session.name):
            return False
        record.language = language or record.language
        self._ask(session, record)
        return True
