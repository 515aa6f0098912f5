"""A viewer with the privacy officer's chapter over a real log, into which a test writes what happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babyconnect.audit.accounts import Account
from babyconnect.audit.event import About, Actor, Grounds, Outcome, Place, event
from babyconnect.audit.log import AuditLog
from babyconnect.audit.patterns import Watch
from babyconnect.audit.reading import Entry, Wanted, search
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Function, Person, Role
from babyconnect.flows.journal import Journal
from babyconnect.flows.oversight import Oversight, Standing
from babyconnect.trust import keys
from babyconnect.web.privacy.chapter import privacy_chapter
from babyconnect.web.simulators.users import User
from tests.spec.viewer.stage import BASE, HASHED, OWN, START, Stage

KEY = keys.generate()
NAMES = {OWN.ura.value: OWN.name, "90000002": "Ziekenhuis Oostpoort"}
OFFICER = User(
    "fg", HASHED, Person("local:fg", "Femke Griffioen", Role.EMPLOYEE), OWN.ura, "", (Function.PRIVACY_OFFICER,)
)


@dataclass
class Office:
    """The log of one node, and the pages over it.  `known`: the ids of a client's record here."""

    folder: Path
    known: dict[str, Sequence[str]] = field(default_factory=dict)
    watched: Watch = field(default_factory=Watch)

    def __post_init__(self) -> None:
        self.log = AuditLog.open(self.folder / "node", OWN.ura.value, KEY)
        self.journal = Journal(OWN, self.log, b"k" * 32, lambda: START, BASE)
        self.oversight = Oversight(
            folder=self.folder,
            journal=self.journal,
            known_as=lambda bsn: self.known.get(bsn.value, ()),
            watch=self._watch,
            standing=lambda: Standing(self.log.checkpoint, self.log.head.seq, self.log.faulted),
            genuine=lambda: keys.genuine(keys.jwks(KEY)),
        )
        self.stage = Stage((OFFICER,), chapters=(privacy_chapter(self.oversight, lambda ura: NAMES.get(ura, "")),))
        self.visitor = self.stage.visitor

    async def _watch(self, found: Sequence[Account]) -> Watch:
        return self.watched

    def happened(self, type: str = "search", outcome: Outcome = "ok", **given: Any) -> int:
        """Something in the log, `ago` before now; its number."""
        bsn, seq = given.get("bsn", ""), self.log.head.seq + 1
        actor = Actor(given.get("by", "90000002"), given.get("person", "dezi-1"), given.get("role", "gynaecologist"))
        place = Place(OWN.ura.value, "holder", OWN.ura.value, trace=f"00-{seq:032x}-{seq:016x}-01")
        about = About(
            client=given.get("client", ""), pseudonym=self.journal.pseudonym(Bsn(bsn)) if bsn else "",
            resource=given.get("resource", "Observation"), object=given.get("object", ""),
        )  # fmt: skip
        grounds = Grounds(
            given.get("purpose", "TREAT"), given.get("basis", "explicit"), reasons=given.get("reasons", ())
        )
        moment = START - given.get("ago", dt.timedelta(hours=1))
        return self.log.append_and_wait(event(type, outcome, moment, actor, place, about, grounds)).seq

    def logged(self, **wanted: Any) -> list[Entry]:
        return list(search(self.folder, Wanted(**wanted)))

    async def enter(self, username: str = "fg") -> None:
        await self.stage.log_in(username)

    async def ask(self, **fields: str) -> str:
        """Puts a question; the address of the answer."""
        sent = await self.visitor.post("/viewer/privacy/vraag", {"csrf": await self.stage.csrf(), **fields})
        assert sent.status == 303, sent.text
        return sent.location
