"""The store of a hosted node: PostgreSQL through asyncpg, one schema per tenant.

Erasing rewrites the tenant's tables (VACUUM FULL) and asks for a checkpoint; how long the server keeps its write-ahead
log, archives and backups is the server's setting, and part of its operator's duty (docs: `wal_recycle = off`).
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg

from babyconnect.store.faults import StoreFault
from babyconnect.store.reading import Remembered, TableReader
from babyconnect.store.tables import TABLES, Connection, Row, definitions, statements
from babyconnect.store.writing import TableWriter

T = TypeVar("T")
_TENANT = re.compile(r"[a-z][a-z0-9_]{0,50}", re.ASCII)
CONNECTIONS = 8
PIECE = 50


class _Connection:
    def __init__(self, db: Any) -> None:
        self.db = db

    async def fetch(self, statement: str, *values: Any) -> Sequence[Row]:
        rows: Sequence[Row] = await self.db.fetch(statement, *values)
        return rows

    async def many(self, statement: str, values: Sequence[Row]) -> None:
        if values:
            await self.db.executemany(statement, values)

    async def put_shelf(self, statement: str, key: tuple[str, str, int], directory: bytes, body: bytearray) -> None:
        await self.db.execute(statement, *key, directory, body)


class PostgresStore:
    """One tenant's schema in a database that tenants share; made by `open_store`."""

    def __init__(self, pool: asyncpg.Pool, tenant: str) -> None:
        self._pool = pool
        self._tenant = tenant
        self._statements = statements(f"{tenant}.")
        self._remembered = Remembered()

    @property
    def writer(self) -> TableWriter:
        return TableWriter(self)

    def open_reader(self) -> TableReader:
        return TableReader(self, self._remembered)

    def statement(self, name: str) -> str:
        return self._statements[name]

    def written(self) -> int | None:
        return None

    def seen(self) -> int | None:
        return None

    async def fetch(self, statement: str, *values: Any) -> Sequence[Row]:
        rows: Sequence[Row] = await self._pool.fetch(statement, *values)
        return rows

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        async with self._pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            yield _Connection(db)

    async def define(self) -> None:
        async with self._pool.acquire() as db, db.transaction():
            # Two processes that open the same tenant at once would both try to make it.
            await db.execute("SELECT pg_advisory_xact_lock(hashtext($1))", self._tenant)
            await db.execute(f"CREATE SCHEMA IF NOT EXISTS {self._tenant}")
            for definition in definitions(f"{self._tenant}.", "BYTEA", 'TEXT COLLATE "C"'):
                await db.execute(definition)
            # Care content hardly compresses row by row, and cutting compressed rows would cost every answer.
            await db.execute(f"ALTER TABLE {self._tenant}.shelf ALTER COLUMN body SET STORAGE EXTERNAL")

    async def pieces(self, batch: Iterable[T]) -> AsyncIterator[Sequence[T]]:
        waiting = iter(batch)
        while piece := await asyncio.to_thread(lambda: tuple(itertools.islice(waiting, PIECE))):
            yield piece

    async def write(self, work: Callable[[Connection], Coroutine[Any, Any, T]], erasing: bool = False) -> T:
        """Run work in one transaction, one batch of a tenant at a time."""
        async with self._pool.acquire() as db, db.transaction():
            await db.execute("SELECT pg_advisory_xact_lock(hashtext($1))", self._tenant)
            done = await work(_Connection(db))
        if erasing:
            await self._scrub()
        return done

    async def _scrub(self) -> None:
        """Rewrite the tenant's tables without what was deleted, and let go of the log that still holds it."""
        self._remembered.clear()
        async with self._pool.acquire() as db:
            for table in TABLES:
                await db.execute(f"VACUUM FULL {self._tenant}.{table}")
            try:
                await db.execute("SELECT pg_switch_wal()")
                await db.execute("CHECKPOINT")
            except asyncpg.InsufficientPrivilegeError:
                # A tenant's own role may not; the server then lets go of its log at its next checkpoint.
                return

    def forget(self) -> None:
        self._remembered.clear()

    async def close(self) -> None:
        await self._pool.close()


async def open_store(dsn: str, tenant: str, connections: int = CONNECTIONS) -> PostgresStore:
    """Open (or make) a tenant's schema.  `tenant`: lower-case letters, digits and underscores."""
    if not _TENANT.fullmatch(tenant):
        raise ValueError("a tenant's name is lower-case letters, digits and underscores")
    try:
        pool = await asyncpg.create_pool(dsn, min_size=1, max_size=connections)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as fault:
        # Only the kind of fault: its text may quote the connection string, which holds a password.
        raise StoreFault(f"PostgreSQL cannot be used: {type(fault).__name__}") from fault
    store = PostgresStore(pool, tenant)
    try:
        await store.define()
    except BaseException:
        await store.close()
        raise
    return store
