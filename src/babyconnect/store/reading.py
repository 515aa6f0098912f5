"""How what was kept is read, through a filter, for every engine with tables.

A search is planned once per client, query and filter: which cuts of which shelf.  A plan holds no content and is only
used while the compartment's stamp is the one it was made from, so that every answer is of this moment.  Where an engine
tells at once that somebody wrote, single resources and episodes are given again as they were read, until then.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from babyconnect.birthcare.access import Filter
from babyconnect.fhir import json
from babyconnect.store import joining, pointing
from babyconnect.store.contract import SHARED, Client, Form, Hers, Page, Query, Stored
from babyconnect.store.entries import entry
from babyconnect.store.gathering import bearing, records_of
from babyconnect.store.marks import moment_of
from babyconnect.store.pointing import FILE
from babyconnect.store.selection import Compartment, Entry, Selection, released, select, types_needed
from babyconnect.store.shelf import cut, directory, ranges
from babyconnect.store.tables import Connection, Engine, Fetching, Row

PLANS = 4096
EPISODES = 2048
OVERHEAD = 600
"""Bytes that a remembered resource takes beside its content."""
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Plan:
    """How to answer one query of one client under one filter, as long as the stamp stays."""

    stamp: int
    cuts: tuple[tuple[int, int], ...]
    ids: tuple[str, ...]
    included: tuple[tuple[str, str], ...]
    next: str | None


class Latest(Generic[K, V]):
    """What was used last, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._limit = limit

    def get(self, key: K) -> V | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: K, value: V) -> None:
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def drop(self, key: K) -> None:
        self._kept.pop(key, None)

    def clear(self) -> None:
        self._kept.clear()


@dataclass(frozen=True, slots=True)
class Kept:
    """The current version of a resource, with the labels that a filter looks at."""

    stored: Stored
    marks: tuple[str, str, tuple[str, ...], tuple[str, ...], str, str]
    """As `selection.released` takes them: client, group, shielded labels, episodes, name, child."""


class Resources:
    """Current versions as they were last read, up to so many bytes.  Any of them may be what somebody wrote or erased:
    when anybody did, all are let go."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._number: int | None = None
        self._kept: dict[tuple[str, str, Form], Kept] = {}

    def get(self, key: tuple[str, str, Form], number: int | None) -> Kept | None:
        """`number`: what the engine says now (`Engine.written`)."""
        if number != self._number:
            self.clear()
            self._number = number
        return self._kept.get(key)

    def put(self, key: tuple[str, str, Form], kept: Kept, seen: int | None) -> None:
        """`seen`: of the moment of this reading (`Engine.seen`)."""
        size = len(kept.stored.content) + OVERHEAD
        if seen is None or seen != self._number or key in self._kept or size > self._most // 8:
            return
        self._kept[key] = kept
        self._size += size
        while self._size > self._most:  # the first that came goes
            gone = self._kept.pop(next(iter(self._kept)))
            self._size -= len(gone.stored.content) + OVERHEAD

    def clear(self) -> None:
        self._kept.clear()
        self._size = 0


class Episodes(NamedTuple):
    """A client's, with the stamp of her compartment, and what the engine said when that was looked at."""

    stamp: int | None
    number: int | None
    found: Hers


class Remembered:
    """What a store's readers remember between answers; forgotten on erasure.  `most`: of single resources, in bytes."""

    def __init__(self, most: int = 0) -> None:
        self.plans: Latest[tuple[Query, Filter], Plan] = Latest(PLANS)
        self.episodes: Latest[str, Episodes] = Latest(EPISODES)
        self.resources = Resources(most)

    def doubt(self) -> None:
        """Somebody wrote who did not say so."""
        self.resources.clear()
        self.episodes.clear()

    def clear(self) -> None:
        self.plans.clear()
        self.doubt()


class TableReader:
    """`store.contract.Reader` over the shared tables."""

    def __init__(self, engine: Engine, remembered: Remembered) -> None:
        self._engine = engine
        self._sql = engine.statement
        self._plans = remembered.plans
        self._known_episodes = remembered.episodes
        self._resources = remembered.resources

    async def client_of(self, identifier: str) -> tuple[str, ...]:
        found = tuple(row[0] for row in await self._engine.fetch(self._sql("clients_of"), identifier))
        return found if len(found) < 2 else await self._told_apart(identifier)

    async def _told_apart(self, identifier: str) -> tuple[str, ...]:
        async with self._engine.reading() as db:
            return joining.found(await bearing(db, self._sql, identifier))

    async def records(self, client: str) -> tuple[str, ...]:
        return await records_of(self._engine, self._sql, client)

    async def episodes_of(self, client: str) -> tuple[Mapping[str, Any], ...]:
        known = self._known_episodes.get(client)
        if known and known.number is not None and known.number == self._engine.written():
            return known.found
        stamps = await self._engine.fetch(self._sql("stamp"), client)
        stamp, seen = stamps[0][0] if stamps else None, self._engine.seen()
        if known and known.stamp == stamp:
            found = known.found
        else:
            # What is read after the stamp may be newer than it: then the stamp differs next time, and it is read again.
            # That there is nobody is remembered like anybody's, so that the next time takes as long.
            found = Hers(await self._episodes(self._engine, client) if stamp is not None else ())
        self._known_episodes.put(client, Episodes(stamp, seen, found))
        return found

    async def _episodes(self, db: Fetching, client: str) -> tuple[Mapping[str, Any], ...]:
        records = await records_of(db, self._sql, client)
        rows = [row for r in records for row in await db.fetch(self._sql("renderings:json"), r, "EpisodeOfCare")]
        return tuple(json.loads(bytes(row[1])) for row in sorted(rows, key=lambda row: str(row[0])))

    async def clients(self, after: str = "", count: int = 100) -> tuple[Client, ...]:
        found = []
        async with self._engine.reading() as db:
            for client, id in await db.fetch(self._sql("clients"), after, count):
                rows = await db.fetch(self._sql("resource:json"), "Patient", id)
                found.append(Client(client, json.loads(bytes(rows[0][4])), await self._episodes(db, client)))
        return tuple(found)

    async def read(self, type: str, id: str, allowed: Filter, form: Form, version: int | None = None) -> Stored | None:
        if version is None:
            key = (type, id, form)
            kept = self.remembered(key) or await self.current(key)
            if kept is None or not released(allowed, *kept.marks):
                return None
            return kept.stored if type != FILE or id in await self._let(self._engine, allowed) else None
        return next((s for s in await self.history(type, id, allowed, form) if s.version == version), None)

    def remembered(self, key: tuple[str, str, Form]) -> Kept | None:
        """What is there now, as far as it was read before: for whoever has a filter."""
        return self._resources.get(key, self._engine.written())

    async def current(self, key: tuple[str, str, Form]) -> Kept | None:
        """The same from the tables."""
        type, id, form = key
        rows = await self._engine.fetch(self._sql(f"resource:{form}"), type, id)
        if not rows:
            return None
        stored = Stored(type, id, rows[0][0], moment_of(rows[0][1]), bytes(rows[0][4]))
        if rows[0][5] is not None:
            stored = await self._of_several(self._engine, stored, rows[0][5], form)
        kept = Kept(stored, _marks(type, id, rows[0]))
        self._resources.put(key, kept, self._engine.seen())
        return kept

    async def history(self, type: str, id: str, allowed: Filter, form: Form) -> Sequence[Stored]:
        rows = await self._engine.fetch(self._sql(f"versions:{form}"), type, id)
        if not rows or not _released(type, id, rows[0], allowed):
            return ()
        if type == FILE and id not in await self._let(self._engine, allowed):
            return ()
        let = [row for row in rows if _released(type, id, row, allowed)]
        return tuple([await self._stored(self._engine, type, id, row, form) for row in let])

    async def _let(self, db: Fetching, allowed: Filter) -> frozenset[str]:
        """The files that what points to them lets be released."""
        rows = await db.fetch(self._sql("record"), allowed.client)
        return pointing.let(allowed, ((type, directory(bytes(d)), bytes(body)) for type, d, body in rows))

    async def _stored(self, db: Fetching, type: str, id: str, row: Row, form: Form) -> Stored:
        """A row as it is shown: in the record of a client who has several, as one of hers."""
        kept = Stored(type, id, row[0], moment_of(row[1]), bytes(row[4]))
        return kept if row[5] is None else await self._of_several(db, kept, row[5], form)

    async def _of_several(self, db: Fetching, kept: Stored, client: str, form: Form) -> Stored:
        records = await records_of(db, self._sql, client)
        if not records:  # parted since: as it lies there
            return kept
        joined = joining.Together(records)
        if not joined.is_hers(kept.type, kept.id):
            return replace(kept, content=joined.content(kept.content))
        rows = await db.fetch(self._sql("versions:json"), kept.type, kept.id)
        whole = [bytes(row[4]) for row in rows if row[0] == kept.version]
        return replace(kept, content=joined.patient(replace(kept, content=whole[0]), form)) if whole else kept

    async def search(self, query: Query, allowed: Filter, form: Form) -> Page:
        if allowed.client == SHARED:
            return Page(b"", 0)
        plan = self._plans.get((query, allowed))
        if plan and form == "json" and not plan.included:
            rows = await self._engine.fetch(self._sql("body"), allowed.client, query.type)
            if rows and rows[0][0] == plan.stamp:
                return Page(cut(bytes(rows[0][1] or b""), plan.cuts), len(plan.ids), plan.next)
        async with self._engine.reading() as db:
            return await self._planned(db, query, allowed, form)

    async def _planned(self, db: Connection, query: Query, allowed: Filter, form: Form) -> Page:
        """Answer within one moment: by the plan if it still holds, else by a new one."""
        stamps = await db.fetch(self._sql("stamp"), allowed.client)
        if not stamps:
            return Page(b"", 0)
        plan = self._plans.get((query, allowed))
        if plan is None or plan.stamp != stamps[0][0]:
            found = select(query, allowed, await self._compartment(db, query, allowed))
            plan = _plan(stamps[0][0], found)
            self._plans.put((query, allowed), plan)
        matches = await self._matches(db, query.type, allowed.client, plan, form)
        included = [await self._included(db, *key, allowed, form) for key in plan.included]
        return Page(b"".join([matches, *included]), len(plan.ids), plan.next)

    async def _compartment(self, db: Connection, query: Query, allowed: Filter) -> Compartment:
        shelves = {t: await db.fetch(self._sql("directory"), allowed.client, t) for t in sorted(types_needed(query))}
        found: dict[str, Sequence[Entry]] = {t: directory(bytes(rows[0][0])) for t, rows in shelves.items() if rows}
        if FILE in found:
            let = await self._let(db, allowed)
            found[FILE] = [entry for entry in found[FILE] if entry.id in let]
        return found

    async def _matches(self, db: Connection, type: str, client: str, plan: Plan, form: Form) -> bytes:
        if not plan.ids:
            return b""
        if form == "json":
            rows = await db.fetch(self._sql("body"), client, type)
            return cut(bytes(rows[0][1]), plan.cuts)
        contents = await self._contents(db, type, client, form)
        return b"".join(entry(type, id, contents[id], form) for id in plan.ids)

    async def _contents(self, db: Connection, type: str, client: str, form: Form) -> dict[str, bytes]:
        records = await records_of(db, self._sql, client)
        rows = [row for r in records for row in await db.fetch(self._sql(f"renderings:{form}"), r, type)]
        contents = {row[0]: bytes(row[1]) for row in rows}
        if len(records) < 2:
            return contents
        if type != "Patient":
            joined = joining.Together(records)
            return {id: joined.content(content) for id, content in contents.items()}
        found = {id: await db.fetch(self._sql(f"resource:{form}"), type, id) for id in contents}
        return {id: (await self._stored(db, type, id, rows[0], form)).content for id, rows in found.items() if rows}

    async def _included(self, db: Connection, type: str, id: str, allowed: Filter, form: Form) -> bytes:
        rows = await db.fetch(self._sql(f"resource:{form}"), type, id)
        if not rows or not _released(type, id, rows[0], allowed):
            return b""
        if type == FILE and id not in await self._let(db, allowed):
            return b""
        return entry(type, id, (await self._stored(db, type, id, rows[0], form)).content, form, "include")


def _plan(stamp: int, found: Selection) -> Plan:
    return Plan(stamp, ranges(found.matches), tuple(e.id for e in found.matches), found.included, found.next)


class _Marks(msgspec.Struct, frozen=True, array_like=True):
    """`writing.Labels` as far as a filter looks at them: the index is left as it lies there."""

    group: str
    shielded: tuple[str, ...]
    episodes: tuple[str, ...]
    index: msgspec.Raw
    subject: str = ""


_MARKS = msgspec.msgpack.Decoder(_Marks)


def _marks(type: str, id: str, row: Row) -> tuple[str, str, tuple[str, ...], tuple[str, ...], str, str]:
    known = _MARKS.decode(row[3])
    # Interned: a client's resources that are remembered have these in common.
    group, episodes = sys.intern(known.group), tuple([sys.intern(episode) for episode in known.episodes])
    return (sys.intern(row[2]), group, known.shielded, episodes, f"{type}/{id}", known.subject)


def _released(type: str, id: str, row: Row, allowed: Filter) -> bool:
    return released(allowed, *_marks(type, id, row))
