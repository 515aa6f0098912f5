"""Which records of a tenant are one client's, kept up to date in the transaction that publishes or erases.

Whose records are joined is worked out anew for every BSN that a Patient in the batch bears or bore; what comes of it is
a table (record -> name of the client) and where the shelves stand.  The versions are never touched: a correction undoes
a joining by laying the shelves apart again.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from babyconnect.fhir import json
from babyconnect.store.contract import SHARED, Stored
from babyconnect.store.entries import entry
from babyconnect.store.joining import (
    JOINED,
    Bearer,
    Together,
    contradictions,
    facts,
    numbers,
    one_person,
    together,
    why,
)
from babyconnect.store.marks import labels, moment_of
from babyconnect.store.selection import Entry
from babyconnect.store.shelf import Laid, laid, lay
from babyconnect.store.tables import Connection, Fetching, Statement


async def records_of(db: Fetching, sql: Statement, client: str) -> tuple[str, ...]:
    """The records of a client: itself, or those that are joined under its name."""
    if not client.startswith(JOINED):
        return (client,)
    return tuple(row[0] for row in await db.fetch(sql("members"), client))


async def names_of(db: Fetching, sql: Statement, records: Iterable[str]) -> dict[str, str]:
    """Those of these records that are joined, each with the name of its client."""
    rows = [(record, await db.fetch(sql("joined"), record)) for record in dict.fromkeys(records)]
    return {record: found[0][0] for record, found in rows if found}


async def borne(db: Fetching, sql: Statement, patients: Iterable[str]) -> set[str]:
    """The BSNs that these Patients are found by."""
    rows = [row[0] for id in patients for row in await db.fetch(sql("numbers_of"), id)]
    return set(numbers(rows))


async def bearing(db: Fetching, sql: Statement, number: str) -> list[Bearer]:
    """All who bear a number, in whichever record."""
    rows = await db.fetch(sql("bearing"), number)
    return [Bearer(client, id == record, await _patient(db, sql, id)) for client, id, record in rows]


async def differing(db: Fetching, sql: Statement, record: str) -> tuple[str, ...]:
    """Why a BSN in this record, its client's or that of a child spoken of there, finds nobody; () when each does."""
    found: set[str] = set()
    for number in numbers([row[0] for row in await db.fetch(sql("numbers_in"), record)]):
        found |= set(why(await bearing(db, sql, number)))
    return tuple(sorted(found))


async def against(db: Fetching, sql: Statement, patient: Mapping[str, Any]) -> tuple[str, ...]:
    """What in a Patient contradicts the one that is kept under its id."""
    kept = await _patient(db, sql, str(patient["id"]))
    return contradictions([facts(kept), facts(patient)]) if kept else ()


async def regroup(db: Connection, sql: Statement, touched: Iterable[str], changed: Iterable[str]) -> set[str]:
    """Join and part the records that bear the numbers `touched`, with the records `changed`.  The records that stand
    under another name now; they have been laid there."""
    groups, affected = [], set(changed) - {SHARED}
    for number in sorted(touched):
        bearers = [row[0] for row in await db.fetch(sql("bearers"), number)]
        affected |= set(bearers)
        if len(bearers) > 1 and one_person([await _patient(db, sql, record) for record in bearers]):
            groups.append(bearers)
    before = await names_of(db, sql, affected)
    for name in set(before.values()):
        before |= dict.fromkeys(await records_of(db, sql, name), name)
    after = {record: together(group) for group in groups for record in group}
    moved = {record for record in affected | set(before) if before.get(record) != after.get(record)}
    if moved:
        await _move(db, sql, moved, before, after)
    return moved


async def _move(
    db: Connection, sql: Statement, moved: Collection[str], before: Mapping[str, str], after: Mapping[str, str]
) -> None:
    await db.many(sql("part"), [(record,) for record in sorted(moved)])
    await db.many(sql("join"), [(record, after[record]) for record in sorted(moved) if record in after])
    for place in sorted({*moved, *(before[record] for record in moved if record in before)}):
        await _clear(db, sql, place)
    for place in sorted({after.get(record, record) for record in moved}):
        await lay_anew(db, sql, place)


async def _clear(db: Connection, sql: Statement, place: str) -> None:
    types = [row[0] for row in await db.fetch(sql("shelves_of"), place)]
    await db.many(sql("drop_shelf"), [(place, type) for type in types])
    await db.many(sql("drop_stamp"), [(place,)])


async def lay_anew(db: Connection, sql: Statement, client: str) -> None:
    """Every shelf of a client, from what is kept; a type at a time, so that a large record is in memory in part."""
    await _clear(db, sql, client)
    records = await records_of(db, sql, client)
    stamp = secrets.randbits(62)
    types = {row[0] for record in records for row in await db.fetch(sql("types_of"), record)}
    for type in sorted(types):
        content = await _content(db, sql, records, type)
        directory, body = lay(content)
        await db.put_shelf(sql("set_shelf"), (client, type, stamp), directory, body)
    if types:
        await db.many(sql("set_stamp"), [(client, stamp)])


async def _content(db: Connection, sql: Statement, records: Collection[str], type: str) -> dict[str, Laid]:
    joined = Together(tuple(records)) if len(records) > 1 else None
    found: dict[str, Laid] = {}
    for record in records:
        for id, version, updated, marks, content in await db.fetch(sql("lying"), record, type):
            known, body = labels(bytes(marks)), bytes(content)
            index: Mapping[str, tuple[str, ...]] = known.index
            if joined is not None:
                index = joined.index(type, id, known.index)
                body = shown(joined, Stored(type, id, version, moment_of(updated), body))
            marked = (known.group, known.shielded, known.episodes, dict(index), known.subject)
            found[id] = laid(Entry(id, version, updated, 0, 0, *marked), entry(type, id, body, "json"))
    return found


def shown(joined: Together, kept: Stored) -> bytes:
    """The JSON of a resource as it stands in the record of a client who has several."""
    if joined.is_hers(kept.type, kept.id):
        return joined.patient(kept, "json")
    return joined.content(kept.content)


async def _patient(db: Fetching, sql: Statement, id: str) -> Mapping[str, Any]:
    rows = await db.fetch(sql("resource:json"), "Patient", id)
    found: Mapping[str, Any] = json.loads(bytes(rows[0][4])) if rows else {}
    return found
