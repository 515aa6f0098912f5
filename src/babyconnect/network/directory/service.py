"""The directory as the region keeps it: every version of every resource, so that replicas can catch up (mCSD ITI-91).

`lastUpdated` is strictly increasing: `_history?_since` misses nothing when two changes fall in one millisecond.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import apsw
import orjson

from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Party
from babyconnect.network import fhir4
from babyconnect.network.contract import Entry, Jwks
from babyconnect.network.database import Database
from babyconnect.network.directory import resources

SCHEMA = """
create table if not exists version (
  seq integer primary key autoincrement, type text not null, id text not null, number integer not null,
  updated text not null, content blob);
create index if not exists version_of on version (type, id, seq);
create index if not exists version_at on version (type, updated);
create table if not exists own_keys (ura text primary key, listed blob not null, published blob);
"""
CURRENT = "seq in (select max(seq) from version where type = ?1 group by id)"
TYPES = ("Organization", "Endpoint")


class DirectoryService:
    """Kept in a file; parties and keys also in memory, because every request to the region is verified with them."""

    def __init__(self, path: Path, clock: Callable[[], dt.datetime]) -> None:
        self._db = Database(path, SCHEMA)
        self._clock = clock
        self._known: dict[Ura, tuple[Party, Jwks]] = {}
        for resource in self.current("Organization"):
            self._remember(resource)

    def close(self) -> None:
        self._db.close()

    def party(self, ura: Ura) -> Party | None:
        known = self._known.get(ura)
        return known[0] if known else None

    def keys(self, ura: Ura) -> Jwks:
        known = self._known.get(ura)
        return known[1] if known else {"keys": []}

    async def put(self, entry: Entry) -> bool:
        """Publish an organisation as its operator lists it; False when nothing changed.

        Keys that it published itself since stay, until its operator lists other ones.
        """
        changed, kept = await self._db.write(lambda connection: self._put(connection, entry))
        self._remember(resources.organization(kept))
        return changed

    def put_now(self, entry: Entry) -> bool:
        """The same before there is a loop (set-up, command line)."""
        changed, kept = self._db.write_now(lambda connection: self._put(connection, entry))
        self._remember(resources.organization(kept))
        return changed

    async def put_keys(self, ura: Ura, keys: Jwks) -> bool:
        """The keys by which an organisation of the directory speaks from now on; False when it is not in it."""
        current = self.read("Organization", resources.organization_id(ura))
        if current is None or self.party(ura) is None:
            return False
        renewed = resources.with_keys(current, keys)

        def write(connection: apsw.Connection) -> bool:
            connection.execute("update own_keys set published = ? where ura = ?", (orjson.dumps(keys), ura.value))
            return self._version(connection, "Organization", resources.organization_id(ura), renewed)

        await self._db.write(write)
        self._remember(renewed)
        return True

    def _remember(self, resource: resources.Resource) -> None:
        party = resources.read_party(resource)
        if party is None:
            return
        if resource.get("active") is False:
            self._known.pop(party.ura, None)
        else:
            self._known[party.ura] = (party, resources.read_keys(resource))

    def _put(self, connection: apsw.Connection, entry: Entry) -> tuple[bool, Entry]:
        ura = entry.party.ura
        entry = self._with_own_keys(connection, entry)
        changed = self._version(
            connection, "Organization", resources.organization_id(ura), resources.organization(entry)
        )
        moved = self._version(connection, "Endpoint", resources.endpoint_id(ura), resources.endpoint(entry))
        return changed or moved, entry

    def _with_own_keys(self, connection: apsw.Connection, entry: Entry) -> Entry:
        listed, ura = orjson.dumps(entry.keys, option=orjson.OPT_SORT_KEYS), entry.party.ura.value
        known = connection.execute("select listed, published from own_keys where ura = ?", (ura,)).fetchone()
        if known is not None and known[0] == listed:
            return dataclasses.replace(entry, keys=orjson.loads(known[1])) if known[1] else entry
        connection.execute("insert or replace into own_keys (ura, listed) values (?, ?)", (ura, listed))
        return entry

    def _version(self, connection: apsw.Connection, kind: str, id: str, resource: dict[str, Any] | None) -> bool:
        last = connection.execute(
            "select number, content from version where type = ? and id = ? order by seq desc limit 1", (kind, id)
        ).fetchone()
        if last is None and resource is None:
            return False
        if last is not None and _same(last[1], resource):
            return False
        ((newest,),) = connection.execute("select max(updated) from version")
        now = self._clock()
        if newest is not None:
            now = max(now, fhir4.moment(newest) + dt.timedelta(milliseconds=1))
        number = (last[0] if last else 0) + 1
        content = None
        if resource is not None:
            meta = {"versionId": str(number), "lastUpdated": fhir4.instant(now)}
            content = orjson.dumps({**resource, "meta": meta})
        connection.execute(
            "insert into version (type, id, number, updated, content) values (?, ?, ?, ?, ?)",
            (kind, id, number, fhir4.instant(now), content),
        )
        return True

    def current(self, kind: str, after: str = "", count: int = 1_000_000) -> list[dict[str, Any]]:
        """Present resources by id, from `after` on: a stable order to page through."""
        found = self._db.rows(
            f"select content from version where type = ?1 and {CURRENT} and content is not null and id > ?2"  # noqa: S608
            " order by id limit ?3",
            (kind, after, count),
        )
        return [orjson.loads(content) for (content,) in found]

    def read(self, kind: str, id: str) -> dict[str, Any] | None:
        found = self._db.rows(
            "select content from version where type = ? and id = ? order by seq desc limit 1", (kind, id)
        )
        return orjson.loads(found[0][0]) if found and found[0][0] is not None else None

    def changes(self, kind: str, since: str | None) -> Sequence[tuple[str, str, str, dict[str, Any] | None]]:
        """Versions at or after `since`, newest first."""
        found = self._db.rows(
            "select id, updated, content from version where type = ? and updated >= ? order by seq desc",
            (kind, since or ""),
        )
        return [(kind, id, at, orjson.loads(content) if content is not None else None) for id, at, content in found]

    def last_updated(self) -> str:
        newest = self._db.rows("select max(updated) from version")[0][0]
        return newest or fhir4.instant(dt.datetime(1970, 1, 1, tzinfo=dt.UTC))


def _same(content: bytes | None, resource: dict[str, Any] | None) -> bool:
    if content is None or resource is None:
        return content is None and resource is None
    kept = orjson.loads(content)
    kept.pop("meta", None)
    return bool(kept == resource)
