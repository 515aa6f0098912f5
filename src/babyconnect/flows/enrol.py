"""Enrol: what publishing means for the rest of the region.

A published client becomes findable (a pointer under her pseudonym in the localisation index), her episodes become
evidence of a treatment relationship, and what an organisation knows of enrolments and consents is entered.
Pointers wait in the roster until the index has taken them: a region that is away delays, and never loses one.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.resources import bsn_of
from babyconnect.definitions import document
from babyconnect.flows import dating
from babyconnect.network.contract import ConsentDesk, Localisation, Pseudonyms
from babyconnect.network.roster import Birth, Roster, Seen
from babyconnect.network.roster_outbox import Pointer
from babyconnect.store.contract import SHARED, Origin, Original, Outcome, Publication, Writer
from babyconnect.trust import relation

SOURCE = "main"
PREGNANCY_DAYS = 294
"""42 weeks, the longest that a pregnancy is taken to last."""
AT_ONCE = 200
"""Pointers per call to the index."""
_log = structlog.get_logger(__name__)
TELLING = frozenset({"Patient", "EpisodeOfCare", "Procedure"})


class EnrollingWriter:
    """A store's writer that also notes in the roster who was published; the store comes first."""

    def __init__(self, inner: Writer, roster: Roster) -> None:
        self._inner = inner
        self._roster = roster

    async def publish(
        self, batch: Iterable[Publication], originals: Sequence[Original], moment: dt.datetime
    ) -> Sequence[Outcome]:
        telling: list[Publication] = []
        outcomes = await self._inner.publish(_passing(batch, telling), originals, moment)
        await self._roster.note(seen(telling))
        await self._note_joined({p.client for p in telling if p.type == "Patient" and p.client != SHARED})
        return outcomes

    async def _note_joined(self, records: Collection[str]) -> None:
        """Whose records are one client's is for the store to say; the roster follows, until it says the same.

        The store is looked at again after each write: of several who publish at once, in whatever process, what the
        roster holds in the end was written by one who then found it so in the store."""
        written = bool(records)
        while written:
            concerned = self._roster.beside(records)  # also those that stood with them until now
            written = await self._roster.join(concerned, await self._inner.joined(concerned))

    async def reconcile(self) -> None:
        """A process that ended between the store's word and the roster's leaves them in disagreement: put right before
        anybody is answered."""
        names, known = await self._inner.every_joined(), self._roster.every_joined()
        if names != known:
            await self._note_joined({*names, *known})

    async def keep_following(self, seconds: float) -> None:
        """The same for as long as a node runs: whoever broke off may be another process."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.reconcile()
            except Exception as fault:  # tried again; only its kind, for its text may name a client
                _log.warning("roster_not_followed", fault=type(fault).__name__)

    async def known(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        return await self._inner.known(keys)

    async def original(self, digest: str) -> Original | None:
        return await self._inner.original(digest)

    async def withdraw(self, type: str, id: str, group: str, moment: dt.datetime) -> Outcome | None:
        outcome = await self._inner.withdraw(type, id, group, moment)
        await self._roster.taken_back(id)
        return outcome

    async def origins(self, client: str) -> Sequence[Origin]:
        return await self._inner.origins(client)

    async def erase(self, type: str, id: str) -> int:
        records = [(await self._inner.known([(type, id)])).get((type, id), SHARED)] if type == "Patient" else []
        gone = await self._inner.erase(type, id)
        await self._roster.taken_back(id)
        await self._note_joined([record for record in records if record != SHARED])
        return gone

    async def erase_client(self, client: str, keep: Collection[tuple[str, str]] = ()) -> int:
        """From the store, then from the roster: all of each of her records of which nothing had to stay, of another
        what these items do not say."""
        records = self._roster.records(client)
        gone = await self._inner.erase_client(client, keep)
        await self._roster.keep_only(records, {id for _, id in keep})
        await self._note_joined(records)
        for record in records:
            if not await self._inner.items_of(record):
                await self._roster.forget(record)
        return gone

    async def items_of(self, client: str) -> Sequence[tuple[str, str]]:
        return await self._inner.items_of(client)

    async def files_of(self, items: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
        return await self._inner.files_of(items)

    async def joined(self, records: Collection[str]) -> Mapping[str, str]:
        return await self._inner.joined(records)

    async def every_joined(self) -> Mapping[str, str]:
        return await self._inner.every_joined()

    async def against(self, patient: Mapping[str, Any]) -> tuple[str, ...]:
        return await self._inner.against(patient)

    async def differing(self, record: str) -> tuple[str, ...]:
        return await self._inner.differing(record)


def _passing(batch: Iterable[Publication], telling: list[Publication]) -> Iterator[Publication]:
    """The batch as it goes by, of which only what tells whose it is and when is held on to."""
    clients: set[str] = set()
    for publication in batch:
        if publication.type in TELLING or publication.client not in clients or dating.tells(publication):
            clients.add(publication.client)
            telling.append(publication)
        yield publication


def seen(batch: Iterable[Publication]) -> list[Seen]:
    """What a batch shows of each client in it."""
    of: dict[str, list[Publication]] = {}
    for publication in batch:
        of.setdefault(publication.client, []).append(publication)
    return [_seen(client, its) for client, its in of.items()]


def _seen(client: str, its: Sequence[Publication]) -> Seen:
    patient = next((p.resource for p in its if p.type == "Patient" and p.id == client), None)
    bsn = _bsn(patient) if patient else None
    episodes = [p.resource for p in its if p.type == "EpisodeOfCare"]
    births = [Birth(p.id, _birth_day(p.resource), p.episodes) for p in its if p.type == "Procedure"]
    datings = [dating.dating(p) for p in its if dating.tells(p)]
    return Seen(client, bsn, episodes, births, datings, bare=patient is not None and bsn is None)


def _bsn(patient: Mapping[str, Any]) -> Bsn | None:
    number = bsn_of(patient)
    return Bsn(number) if number else None


def _birth_day(procedure: Mapping[str, Any]) -> dt.date | None:
    codes = {f"{coding.get('system')}|{coding.get('code')}" for coding in procedure.get("code", {}).get("coding", [])}
    moment = procedure.get("performedDateTime") or procedure.get("performedPeriod", {}).get("end") or ""
    if codes.isdisjoint(document("compartments.toml")["codes"]["birth"]) or len(moment) < 10:
        return None
    if procedure.get("status") in dating.VOID:
        return None
    return dt.date.fromisoformat(moment[:10])


@dataclass(frozen=True, slots=True)
class Enrolling:
    """What enrolling needs of a node; `now` is the moment that pointers are counted from."""

    roster: Roster
    pseudonyms: Pseudonyms
    localisation: Localisation
    retention: dt.timedelta
    now: dt.datetime


async def send_pointers(node: Enrolling) -> int:
    """Have the index drop whom it is not to know any more, make the pseudonyms that are waiting and tell the index what
    it does not know yet.  Raises RegionFault.

    Returns how many pointers were sent; what is left stays in the roster for the next time.
    """
    await _unregister(node, node.roster.outbox.unregistering(node.now))
    waiting = dict(node.roster.waiting())
    if waiting:
        made = await node.pseudonyms.of_all(list(waiting.values()))
        await node.roster.named(dict(zip(waiting, made, strict=True)), waiting)
    await node.roster.outbox.expect(_pointers(node, dict(node.roster.renewed())))
    await _unregister(node, node.roster.outbox.unregistering(node.now))  # first, who is known here again
    unsent = node.roster.outbox.unsent()
    for start in range(0, len(unsent), AT_ONCE):
        await _register(node, unsent[start : start + AT_ONCE])
    return len(unsent)


async def _register(node: Enrolling, pointers: Sequence[Pointer]) -> None:
    """So few that one call of a few seconds says it: nobody is sent who was destroyed while others were."""
    gone = set(node.roster.outbox.dropped(pointers))
    sent = [one for one in pointers if one.pseudonym not in gone]
    try:
        await node.localisation.register_all([(one.pseudonym, one.until) for one in sent], SOURCE)
    finally:
        # What was destroyed meanwhile may have reached the index after it was told to drop it.
        await _unregister(node, node.roster.outbox.dropped(sent))
    await node.roster.outbox.sent(sent)


async def _unregister(node: Enrolling, pseudonyms: Iterable[str]) -> None:
    for pseudonym in pseudonyms:
        await node.localisation.unregister(pseudonym, SOURCE)
        await node.roster.outbox.unregistered(pseudonym, node.now)


def _pointers(node: Enrolling, named: Mapping[str, str]) -> list[Pointer]:
    """One each; of two records of one woman the one that lasts longest."""
    names = dict.fromkeys(named.values())
    return [Pointer(name, max(_until(node, client) for client in node.roster.named_so(name))) for name in names]


def _until(node: Enrolling, client: str) -> dt.datetime:
    """An open episode may last a pregnancy; then, or from its end, the configured term."""
    ends = [
        r.end or (r.start or node.now.date()) + dt.timedelta(days=PREGNANCY_DAYS)
        for r in relation.from_episodes(node.roster.episodes(client), "holder", node.roster.births(client))
    ]
    last = max([*ends, node.now.date()])
    return dt.datetime.combine(last, dt.time(), dt.UTC) + node.retention


async def enter_consents(node: Enrolling, desk: ConsentDesk, rows: Sequence[tuple[Bsn, Consent]]) -> None:
    """Consents that this organisation registered with its clients."""
    names = await node.pseudonyms.of_all([bsn for bsn, _ in rows])
    await desk.record_all([(name, consent) for name, (_, consent) in zip(names, rows, strict=True)])
