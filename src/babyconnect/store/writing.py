"""How a batch is kept and a resource erased, inside one transaction, for every engine with tables."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from babyconnect.fhir import json
from babyconnect.fhir.rendering import instant, render
from babyconnect.store.contract import SHARED, WITHDRAWN, Origin, Original, Outcome, Publication
from babyconnect.store.entries import entry
from babyconnect.store.gathering import against, borne, differing, lay_anew, names_of, records_of, regroup
from babyconnect.store.marks import labels, labels_of
from babyconnect.store.numbering import following
from babyconnect.store.pointing import FILE, files_in
from babyconnect.store.selection import Entry
from babyconnect.store.shelf import Laid, changed, laid, lay, take
from babyconnect.store.tables import Connection, Engine, Statement

WRITTEN_AT_ONCE = 4_000_000
"""Bytes of renderings that wait before they are written: a large batch is in memory once, not in every rendering."""


@dataclass
class Batch:
    """One transaction's work: what is known of the resources it touches, and the shelves it changes."""

    db: Connection
    sql: Statement
    moment: dt.datetime
    latest: dict[tuple[str, str], tuple[int, str, bytes, bytes] | None] = field(default_factory=dict)
    shelves: dict[tuple[str, str], dict[str, Laid | None]] = field(default_factory=dict)
    versions: list[tuple[Any, ...]] = field(default_factory=list)
    size: int = 0
    patients: dict[str, str] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)
    """Patients that came again as they were: a store of before records were joined joins them so."""

    async def keep(self, new: Publication) -> Outcome:
        key = (new.type, new.id)
        if key not in self.latest:
            rows = await self.db.fetch(self.sql("latest"), *key)
            self.latest[key] = (rows[0][0], rows[0][1], bytes(rows[0][2]), bytes(rows[0][3])) if rows else None
        before, marks = self.latest[key], labels_of(new)
        if before and before[1:] == (new.client, marks, new.digest):
            if new.type == "Patient":
                self.same[new.id] = new.client
            return Outcome(*key, before[0], "unchanged")
        number = following(before[0] if before else 0)
        if before and before[1] != new.client:
            self._shelf(before[1], new.type)[new.id] = None
        self.latest[key] = (number, new.client, marks, new.digest)
        await self._add(new, number, marks)
        return Outcome(*key, number, "updated" if before else "created")

    async def _add(self, new: Publication, number: int, marks: bytes) -> None:
        made, updated = render(new.resource, number, self.moment), instant(self.moment)
        bodies = (made.json, made.xml, made.json_masked, made.xml_masked)
        self.versions.append((new.type, new.id, number, updated, new.client, marks, new.digest, *bodies))
        if new.type == "Patient":
            self.patients[new.id] = new.client
        self.size += sum(len(body) for body in bodies if body)
        if self.size >= WRITTEN_AT_ONCE:
            await self._write_versions()
        known = labels(marks)
        marked = (known.group, known.shielded, known.episodes, known.index, known.subject)
        place = Entry(new.id, number, updated, 0, 0, *marked)
        self._shelf(new.client, new.type)[new.id] = laid(place, entry(new.type, new.id, made.json, "json"))

    def _shelf(self, client: str, type: str) -> dict[str, Laid | None]:
        return self.shelves.setdefault((client, type), {})

    async def finish(self) -> None:
        """Write what is left, who bears which identifier, whose records are joined, and the shelves."""
        await self._write_versions()
        patients = {id: client for id, client in self.patients.items() if client != SHARED}
        told = {**self.same, **patients}
        touched = await borne(self.db, self.sql, told)
        await self._bearers(patients)
        touched |= await borne(self.db, self.sql, patients)
        moved = await regroup(self.db, self.sql, touched, told.values()) if told else set()
        await settle(self.db, self.sql, self.shelves, moved)

    async def _write_versions(self) -> None:
        """What is written can be asked for again, so only that of Patients is still remembered."""
        await self.db.many(self.sql("add_version"), self.versions)
        current = {(v[0], v[1]): (v[0], v[1], v[2], v[4]) for v in self.versions}
        await self.db.many(self.sql("set_current"), list(current.values()))
        self.versions, self.size = [], 0
        self.latest = {key: known for key, known in self.latest.items() if key[0] == "Patient"}

    async def _bearers(self, patients: Mapping[str, str]) -> None:
        await self.db.many(self.sql("drop_bearers"), [(id,) for id in patients])
        marks = {id: self.latest["Patient", id] for id in patients}
        rows = [
            (identifier, id, patients[id])
            for id, known in marks.items()
            if known
            for identifier in labels(known[2]).index.get("identifier", ())
        ]
        await self.db.many(self.sql("add_bearer"), rows)


async def settle(
    db: Connection, sql: Statement, shelves: dict[tuple[str, str], dict[str, Laid | None]], laid: Collection[str]
) -> None:
    """The shelves of a batch; of a client who has several records all are laid anew.  `laid`: records that were."""
    names = await names_of(db, sql, {client for client, _ in shelves} - {SHARED})
    for name in sorted({name for record, name in names.items() if record not in laid}):
        await lay_anew(db, sql, name)
    elsewhere = names.keys() | set(laid)
    await write_shelves(db, sql, {key: changes for key, changes in shelves.items() if key[0] not in elsewhere})


async def write_shelves(db: Connection, sql: Statement, shelves: dict[tuple[str, str], dict[str, Laid | None]]) -> None:
    """Lay each touched shelf anew and stamp its compartment; what is shared has no shelf, for nobody searches it."""
    # A random stamp, so that a compartment made again after an erasure never looks like the one it was.
    stamps = {client: secrets.randbits(62) for client, _ in shelves if client != SHARED}
    while shelves:
        (client, type), changes = shelves.popitem()
        if client == SHARED:
            continue
        rows = await db.fetch(sql("shelf"), client, type)
        content = changed(take(bytes(rows[0][0]), bytes(rows[0][1])) if rows else {}, changes)
        del changes, rows
        if content:
            directory, body = lay(content)
            await db.put_shelf(sql("set_shelf"), (client, type, stamps[client]), directory, body)
            del directory, body
        else:
            await db.many(sql("drop_shelf"), [(client, type)])
    await db.many(sql("set_stamp"), list(stamps.items()))


async def publish(
    db: Connection,
    sql: Statement,
    batch: AsyncIterator[Sequence[Publication]],
    originals: Sequence[Original],
    moment: dt.datetime,
) -> list[Outcome]:
    """Keep a batch; the caller's transaction makes it whole or nothing."""
    work = Batch(db, sql, moment)
    outcomes, held = [], []
    async for piece in batch:
        for publication in piece:
            outcomes.append(await work.keep(publication))
            if publication.original:
                held.append((publication.original, publication.type, publication.id))
    await work.finish()
    await db.many(sql("add_original"), [(o.digest, o.media, o.content, o.report) for o in originals])
    await db.many(sql("add_held"), held)
    return outcomes


async def known(db: Connection, sql: Statement, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Which of these are kept, each with its client."""
    rows = [(key, await db.fetch(sql("owner"), *key)) for key in dict.fromkeys(keys)]
    return {key: found[0][0] for key, found in rows if found}


async def withdraw(
    db: Connection, sql: Statement, key: tuple[str, str], group: str, moment: dt.datetime
) -> Outcome | None:
    """Keep what is kept once more, in another group."""
    rows = await db.fetch(sql("resource:json"), *key)
    if not rows:
        return None
    marked, client = labels(bytes(rows[0][3])), (await db.fetch(sql("owner"), *key))[0][0]
    taken = Publication(
        *key,
        resource=json.loads(bytes(rows[0][4])),
        client=client,
        group=group,
        shielded=frozenset(marked.shielded),
        episodes=frozenset(marked.episodes),
        index=marked.index,
        digest=WITHDRAWN,
        subject=marked.subject,
    )
    work = Batch(db, sql, moment)
    outcome = await work.keep(taken)
    await work.finish()
    return outcome


async def erase(db: Connection, sql: Statement, keys: Collection[tuple[str, str]]) -> int:
    """Take every row of these resources away, with the originals that held them; the number of versions that went."""
    touched = await borne(db, sql, [id for type, id in keys if type == "Patient"])
    gone, shelves, patients = 0, dict[tuple[str, str], dict[str, Laid | None]](), set[str]()
    for type, id in keys:
        versions = await _erase(db, sql, type, id)
        gone += len(versions)
        owners = {client for _, client in versions}
        for client in owners:
            shelves.setdefault((client, type), {})[id] = None
        patients |= owners if type == "Patient" else set()
    moved = await regroup(db, sql, touched, patients) if patients else set()
    await settle(db, sql, shelves, moved)
    return gone


async def _erase(db: Connection, sql: Statement, type: str, id: str) -> Sequence[Sequence[Any]]:
    versions = await db.fetch(sql("versions_of"), type, id)
    await db.many(sql("drop_versions"), [(type, id)])
    await db.many(sql("drop_current"), [(type, id)])
    if type == "Patient":
        await db.many(sql("drop_bearers"), [(id,)])
    for row in await db.fetch(sql("originals_of"), type, id):
        await db.many(sql("drop_original"), [(row[0],)])
        await db.many(sql("drop_held"), [(row[0],)])
    return versions


async def erase_client(db: Connection, sql: Statement, client: str, keep: Collection[tuple[str, str]] = ()) -> int:
    if client == SHARED:
        raise ValueError("what is shared belongs to no client")
    records = await records_of(db, sql, client)
    items = {record: [(row[0], row[1]) for row in await db.fetch(sql("keys_of_client"), record)] for record in records}
    gone = await erase(db, sql, [key for keys in items.values() for key in keys if key not in keep])
    await db.many(sql("drop_stamp"), [(record,) for record, keys in items.items() if not set(keys) & set(keep)])
    return gone


class TableWriter:
    """`store.contract.Writer` on an engine with tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sql = engine.statement

    async def publish(
        self, batch: Iterable[Publication], originals: Sequence[Original], moment: dt.datetime
    ) -> Sequence[Outcome]:
        pieces = self._engine.pieces(batch)
        return await self._engine.write(lambda db: publish(db, self._sql, pieces, originals, moment))

    async def known(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        async with self._engine.reading() as db:
            return await known(db, self._sql, keys)

    async def original(self, digest: str) -> Original | None:
        rows = await self._engine.fetch(self._sql("get_original"), digest)
        return Original(*rows[0]) if rows else None

    async def withdraw(self, type: str, id: str, group: str, moment: dt.datetime) -> Outcome | None:
        return await self._engine.write(lambda db: withdraw(db, self._sql, (type, id), group, moment))

    async def origins(self, client: str) -> Sequence[Origin]:
        rows = await self._engine.fetch(self._sql("origins"), client, WITHDRAWN)
        return [Origin(*row) for row in rows]

    async def erase(self, type: str, id: str) -> int:
        return await self._engine.write(lambda db: erase(db, self._sql, [(type, id)]), erasing=True)

    async def erase_client(self, client: str, keep: Collection[tuple[str, str]] = ()) -> int:
        return await self._engine.write(lambda db: erase_client(db, self._sql, client, keep), erasing=True)

    async def items_of(self, client: str) -> Sequence[tuple[str, str]]:
        async with self._engine.reading() as db:
            records = await records_of(db, self._sql, client)
            rows = [row for r in records for row in await db.fetch(self._sql("keys_of_client"), r)]
        return sorted({(row[0], row[1]) for row in rows})

    async def files_of(self, items: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
        async with self._engine.reading() as db:
            rows = [row for key in items for row in await db.fetch(self._sql("contents_of"), *key)]
            named = {(FILE, id) for row in rows for id in files_in(bytes(row[0]))}
            return sorted(await known(db, self._sql, sorted(named)))

    async def joined(self, records: Collection[str]) -> Mapping[str, str]:
        async with self._engine.reading() as db:
            names = await names_of(db, self._sql, records)
            return {r: name for name in set(names.values()) for r in await records_of(db, self._sql, name)}

    async def every_joined(self) -> Mapping[str, str]:
        return {row[0]: row[1] for row in await self._engine.fetch(self._sql("every_joined"))}

    async def against(self, patient: Mapping[str, Any]) -> tuple[str, ...]:
        async with self._engine.reading() as db:
            return await against(db, self._sql, patient)

    async def differing(self, record: str) -> tuple[str, ...]:
        async with self._engine.reading() as db:
            return await differing(db, self._sql, record)
