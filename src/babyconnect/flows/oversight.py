"""Looking into the log: for the privacy officer, for a client's request (Wabvpz 15e, AVG 15), for her own page.

Whoever reads the log is in the log first (NEN 7513): each method writes who reads about whom before it reads.  A client
is found under every name that this node's log knows her by: the ids of her record here and the pseudonym of her BSN.
"""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import itertools
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import orjson

from babyconnect.audit import accounts as looks
from babyconnect.audit import patterns, proofs, r4, reading, verify
from babyconnect.audit.accounts import Account
from babyconnect.audit.checkpoints import Checkpoint, Genuine
from babyconnect.audit.event import About, Actor
from babyconnect.audit.patterns import Hit, Share, Watch
from babyconnect.audit.proofs import Inclusion
from babyconnect.audit.reading import Entry, Wanted
from babyconnect.audit.reconcile import Difference
from babyconnect.audit.verify import Verification
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.flows.journal import Came, Journal
from babyconnect.flows.witnessing import Witnessed

MOST_EVENTS = 200_000
"""How many events one overview takes in; more than that and it says so."""

Form = Literal["csv", "ndjson", "bundle"]


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know of the log.  `client`: about whom, when it is about one."""

    client: Bsn | None = None
    person: str = ""
    group: str = ""
    outcome: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The looks and acts that match, the newest first.  `cut`: there was more than could be taken in."""

    accounts: tuple[Account, ...]
    cut: bool


class TooMany(Exception):
    """More events than one file of a page holds: a shorter period, or `babyconnect audit export`."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The log of a period at a glance.  `cut`: there was more than could be taken in."""

    accounts: tuple[Account, ...]
    hits: tuple[Hit, ...]
    shares: tuple[Share, ...]
    months: tuple[tuple[str, Share], ...]
    cut: bool


@dataclass(slots=True)
class Standing:
    """How the log itself stands: its last checkpoint, and what the last verification found and when.

    `witnessed`: what the region keeps of it; `region`: what we keep of the region's."""

    checkpoint: Checkpoint | None
    records: int
    refusing: bool
    witnessed: Witnessed | None = None
    differences: tuple[Difference, ...] = ()
    compared_at: dt.datetime | None = None
    verified: Verification | None = None
    verified_at: dt.datetime | None = None
    busy: bool = False
    region: Witnessed | None = None


@dataclass(kw_only=True)
class Oversight:
    """One node's.  `folder`: below it lie the logs of the node's processes.  `known_as`: the ids of her record here.
    `watch`: what the organisation knows besides.  `standing`: how the log stands now."""

    folder: Path
    journal: Journal
    known_as: Callable[[Bsn], Sequence[str]]
    watch: Callable[[Sequence[Account]], Awaitable[Watch]]
    standing: Callable[[], Standing]
    genuine: Callable[[], Genuine]
    _verified: Verification | None = None
    _verified_at: dt.datetime | None = None
    _verifying: asyncio.Task[None] | None = None

    def names(self, bsn: Bsn) -> frozenset[str]:
        """Every name by which this node's log knows her; blocks.  The log itself tells which ids her record had: also
        when it was destroyed since, and with it what the roster knew."""
        pseudonym = self.journal.pseudonym(bsn)
        bound = Wanted(clients=frozenset({pseudonym}), types=frozenset({"client.bind"}), outcome="ok")
        events = [entry.event for entry in reading.search(self.folder, bound)]
        # Not the record that a child was found within (`door_events.named`): that is its mother's.
        ids = {str(event["client"]) for event in events if event.get("client") and not event.get("within")}
        return frozenset({pseudonym, *self.known_as(bsn), *ids})

    async def ask(self, actor: Actor, question: Question, came: Came) -> Found:
        """The looks and acts that match, the newest first."""
        await self._note(actor, question, came)
        return await asyncio.to_thread(self._accounts, question)

    async def overview(self, actor: Actor, days: int, came: Came) -> Overview:
        """The last so many days: figures, and what deserves a question."""
        now = self.journal.clock()
        question = Question(since=now - dt.timedelta(days=days))
        await self._note(actor, question, came)
        found, cut = await asyncio.to_thread(self._recent, question)
        watch = await self.watch(found)
        hits, shares, months = await asyncio.to_thread(_drawn, found, now, watch)
        return Overview(tuple(found), hits, shares, months, cut)

    async def export(self, actor: Actor, question: Question, form: Form, came: Came) -> bytes:
        """The events that match, as a file; in the log before a byte of it is made.  Raises TooMany: never a part."""
        await self._note(actor, question, came, "log.export", f"export/{form}")
        return await asyncio.to_thread(self._exported, question, form)

    async def prove(self, actor: Actor, bsn: Bsn, seq: int, came: Came) -> Inclusion | None:
        """The proof that one event of hers is in the log; None when it is not hers or cannot be proved yet."""
        await self._note(actor, Question(client=bsn), came, "log.export", f"proof/{seq}")
        return await asyncio.to_thread(self._proved, bsn, seq)

    def stands(self) -> Standing:
        """How the log stands, without reading it."""
        busy = self._verifying is not None and not self._verifying.done()
        return replace(self.standing(), verified=self._verified, verified_at=self._verified_at, busy=busy)

    async def verify(self, actor: Actor, came: Came) -> None:
        """Begin to verify the whole log, in the background; `stands` tells what was found."""
        await self._note(actor, Question(), came, object="verification")
        if self._verifying is None or self._verifying.done():
            self._verifying = asyncio.create_task(self._verify())

    async def _verify(self) -> None:
        self._verified = await asyncio.to_thread(verify.verify, self.folder, self.genuine())
        self._verified_at = self.journal.clock()

    async def _note(
        self, actor: Actor, question: Question, came: Came, type: str = "log.read", object: str = ""
    ) -> None:
        pseudonym = self.journal.pseudonym(question.client) if question.client else ""
        what = object or (f"person/{question.person}" if question.person else "")
        await self.journal.note(type, "ok", actor, About(pseudonym=pseudonym, object=what), came=came)

    def _wanted(self, question: Question) -> Wanted:
        return Wanted(
            clients=self.names(question.client) if question.client else frozenset(),
            person=question.person,
            since=question.since,
            until=question.until,
        )

    def _entries(self, question: Question) -> Iterator[Entry]:
        wanted = self._wanted(question)
        found = reading.search(self.folder, wanted, newest_first=True)
        return (_of_child(entry) if _is_anothers(entry, wanted.clients) else entry for entry in found)

    def _accounts(self, question: Question) -> Found:
        found, cut = self._recent(question)
        matching = (
            account
            for account in found
            if (not question.group or account.group == question.group)
            and (not question.outcome or account.outcome == question.outcome)
        )
        return Found(tuple(matching), cut)

    def _recent(self, question: Question) -> tuple[list[Account], bool]:
        taken = list(itertools.islice(self._entries(question), MOST_EVENTS + 1))
        return looks.accounts(taken[:MOST_EVENTS]), len(taken) > MOST_EVENTS

    def _exported(self, question: Question, form: Form) -> bytes:
        found = list(itertools.islice(self._entries(question), MOST_EVENTS + 1))
        if len(found) > MOST_EVENTS:
            raise TooMany
        return b"".join(as_file(found, form))

    def _proved(self, bsn: Bsn, seq: int) -> Inclusion | None:
        names = self.names(bsn)
        mine = reading.search(self.folder / "node", Wanted(clients=names))
        if not any(entry.seq == seq and not _is_anothers(entry, names) for entry in mine):
            return None
        try:
            return proofs.prove(self.folder / "node", seq)
        except proofs.NoProof:
            return None


OF_CHILD = ("type", "outcome", "at", "actor", "node", "side", "holder", "network", "trace", "pseudonym", "purpose")
"""What of a look-up of a child is the child's: that it happened.  On what it rested is its mother's (`within`)."""


def _is_anothers(entry: Entry, names: Collection[str]) -> bool:
    """Whether this is a child's look-up that found its mother's record, while somebody asks about the child."""
    return bool(names and entry.event.get("within") and entry.event.get("client") not in names)


def _of_child(entry: Entry) -> Entry:
    return replace(entry, event={name: entry.event[name] for name in OF_CHILD if name in entry.event})


def _drawn(
    found: Sequence[Account], now: dt.datetime, watch: Watch
) -> tuple[tuple[Hit, ...], tuple[Share, ...], tuple[tuple[str, Share], ...]]:
    return tuple(patterns.hits(found, now, watch)), tuple(patterns.shares(found)), tuple(patterns.per_month(found))


COLUMNS = (
    "seq", "at", "type", "outcome", "organisation", "person", "role", "responsible", "loa", "side", "holder",
    "client", "pseudonym", "resource", "query", "object", "purpose", "basis", "relations", "consents", "reasons",
    "rules", "trace",
)  # fmt: skip


def as_file(entries: Iterable[Entry], form: Form) -> Iterator[bytes]:
    """Events as R4 AuditEvents (a Bundle, or one a line), or as a table with all that the log has, piece by piece."""
    if form == "csv":
        yield _row(COLUMNS)
        yield from (_row(_cells(entry)) for entry in entries)
        return
    resources = (orjson.dumps({**r4.to_fhir(entry.event), "id": f"{entry.seq}-{entry.hash[:12]}"}) for entry in entries)
    if form == "ndjson":
        yield from (resource + b"\n" for resource in resources)
        return
    yield b'{"resourceType":"Bundle","type":"collection","entry":['
    for number, resource in enumerate(resources):
        yield b'%s{"resource":%s}' % (b"," if number else b"", resource)
    yield b"]}"


def _cells(entry: Entry) -> list[str]:
    event: Mapping[str, Any] = {**entry.event, **(entry.event.get("actor") or {}), "seq": entry.seq}
    return [_cell(event.get(name, "")) for name in COLUMNS]


def _row(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    # A spreadsheet must not take a value for a formula (OWASP, CSV injection).
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
