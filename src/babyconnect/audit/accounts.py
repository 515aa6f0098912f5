"""What events come to, in terms a person recognises: who looked at whose record, when, on which basis.

A look at a record is many events: a consult at the asker, a token, a binding and a handful of searches at each holder,
all under one trace.  An account is one such look.  Pure: the same for the privacy officer, the report to a client and
her own page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from babyconnect import definitions
from babyconnect.audit.reading import Entry, trace_id

EMERGENCY = "BTG"
_RANK = {"fault": 0, "refused": 1, "ok": 2}


@dataclass(slots=True)
class Account:
    """One look, or one act.  `outcome`: ok when anything at all was released or done.  `asked`: the holders that an
    asker of ours asked, by URA.  `types`: resource types, never content."""

    seq: int
    first: str
    last: str
    group: str
    kinds: set[str] = field(default_factory=set)
    organisation: str = ""
    person: str = ""
    role: str = ""
    responsible: str = ""
    loa: str = ""
    purpose: str = ""
    outcome: str = "fault"
    side: str = ""
    trace: str = ""
    bases: set[str] = field(default_factory=set)
    reasons: set[str] = field(default_factory=set)
    clients: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)
    seqs: list[int] = field(default_factory=list)

    @property
    def emergency(self) -> bool:
        return self.purpose == EMERGENCY or self.group == "breakglass" or "emergency" in self.bases

    @property
    def is_access(self) -> bool:
        return self.group == "access"

    def take(self, entry: Entry) -> None:
        """One more event of the same look."""
        event = entry.event
        actor: Mapping[str, Any] = event.get("actor") or {}
        at = str(event.get("at", ""))
        self.first, self.last = min(self.first, at), max(self.last, at)
        self.seq = min(self.seq, entry.seq)
        self.seqs.append(entry.seq)
        self.kinds.add(str(event.get("type", "")))
        for name in ("organisation", "person", "role", "responsible", "loa"):
            if not getattr(self, name):
                setattr(self, name, str(actor.get(name, "")))
        self.purpose = EMERGENCY if event.get("purpose") == EMERGENCY else self.purpose or str(event.get("purpose", ""))
        self.side = self.side or str(event.get("side", ""))
        self._take_outcome(event)
        self.clients |= {str(event[name]) for name in ("client", "pseudonym") if event.get(name)}
        self.objects |= {str(event["object"])} if event.get("object") else set()
        if event.get("side") == "asker" and event.get("holder"):
            self.asked.add(str(event["holder"]))
        resource = str(event.get("resource", "")).partition("?")[0]
        if event.get("side") != "asker" and resource.isalpha():
            self.types.add(resource)

    def _take_outcome(self, event: Mapping[str, Any]) -> None:
        outcome = str(event.get("outcome", "fault"))
        if event.get("type") not in _NO_RELEASE and _RANK.get(outcome, 0) > _RANK.get(self.outcome, 0):
            self.outcome = outcome
        if event.get("basis"):
            self.bases.add(str(event["basis"]))
        self.reasons |= {str(reason) for reason in event.get("reasons") or ()}


_NO_RELEASE = frozenset({"token.issue", "localise", "pseudonymise"})
"""What goes before a release says nothing about whether anything was released."""
READING = "log.read"
_BEFORE_READING = _NO_RELEASE | {"client.bind"}


def accounts(entries: Iterable[Entry]) -> list[Account]:
    """The looks and acts in these events, the newest first.  Events of one trace by one organisation are one."""
    found: dict[tuple[str, str], Account] = {}
    for entry in entries:
        event = entry.event
        actor: Mapping[str, Any] = event.get("actor") or {}
        trace = trace_id(str(event.get("trace", "")))
        group = group_of(str(event.get("type", "")))
        # What a look consists of belongs together; anything else that happened to have the same trace stands by itself.
        one = group in ("access", "exchange") and trace
        key = (trace, str(actor.get("organisation", ""))) if one else (str(entry.seq), "")
        account = found.get(key)
        if account is None:
            at = str(event.get("at", ""))
            account = found[key] = Account(entry.seq, at, at, group, trace=trace)
        if group == "access":
            account.group = "access"
        account.take(entry)
    for account in found.values():
        if account.group == "exchange" and account.outcome == "fault":
            account.outcome = _prelude(account)
    return sorted(_readings(found.values()), key=lambda account: (account.first, account.seq), reverse=True)


def _readings(found: Iterable[Account]) -> Iterator[Account]:
    """A client who reads the log at another portal is found in it first: that is part of the reading, and no look."""
    looks = list(found)
    readings = {(one.trace, one.organisation): one for one in looks if one.trace and one.kinds == {READING}}
    for account in looks:
        reading = readings.get((account.trace, account.organisation))
        if reading is not None and account.group == "access" and account.kinds <= _BEFORE_READING:
            reading.first = min(reading.first, account.first)
            reading.seqs += account.seqs
        else:
            yield account


HERS = frozenset({"access", "exchange", "consent", "breakglass", "erase", "relation", "own", "log", "publish"})


def hers(found: Sequence[Account]) -> list[Account]:
    """What a client is told: every look at her record and whatever was changed about it."""
    return [account for account in found if account.group in HERS and account.kinds - {"localise", "pseudonymise"}]


def _prelude(account: Account) -> str:
    """What went before a release that never came: refused when a reason was given, else simply done."""
    return "refused" if account.reasons else "ok"


def group_of(type: str) -> str:
    row = definitions.document("audit_events.toml")["type"].get(type)
    return str(row.get("group", "system")) if row else "system"


def words(type: str, language: str = "nl") -> str:
    """What a type of event is called on a screen."""
    row = definitions.document("audit_events.toml")["type"].get(type) or {}
    return str(row.get(language, type))
