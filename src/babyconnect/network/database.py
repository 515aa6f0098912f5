"""A small SQLite file of one regional service: written durably off the event loop, read on it.

One writer at a time; every write is one transaction that is on disk (full sync) before it is answered.  Reads are
single look-ups by index in the page cache, far cheaper than a hop to a thread (stack.md: 195,000 a second).  What is
looked up for every answer (`known`) is remembered until anybody, of any process, writes into the file (`stamps`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import apsw

from babyconnect.stamps import ASK_SECONDS, Stamp

T = TypeVar("T")
MOST_KNOWN = 20_000


def connect(path: Path | str) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(5_000)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)  # a statement is planned once, not for every value again
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=full")
    connection.execute("pragma foreign_keys=on")
    connection.execute("pragma temp_store=memory")  # rewriting the file leaves no copy in a temporary folder
    connection.execute("pragma secure_delete=on")  # what is forgotten is gone from the file too
    return connection


class DatabaseFault(Exception):
    """The file cannot be opened; the text names it."""


class Database:
    """One file, one writing and one reading connection."""

    def __init__(self, path: Path, schema: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._writing = connect(path)
            self._writing.execute(schema)
            self._reading = connect(path)
            self._reading.execute("pragma query_only=on")
            self._stamp = Stamp(path)
        except (apsw.Error, OSError) as fault:
            raise DatabaseFault(f"{path} cannot be opened: {fault}") from fault
        self._turn = asyncio.Lock()
        self._known: dict[tuple[str, tuple[Any, ...]], list[tuple[Any, ...]]] = {}
        self._number, self._version, self._until = -1, -1, 0.0

    def rows(self, sql: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return list(self._reading.execute(sql, bindings))

    def known(self, sql: str, bindings: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """The same, for what is asked time and again."""
        self.version()
        found = self._known.get((sql, bindings))
        if found is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            found = self._known[sql, bindings] = self.rows(sql, bindings)
        return found

    def version(self) -> int:
        """A number that is another one once anybody wrote."""
        if self._stamp.number != self._number or time.monotonic() >= self._until:
            self._look()
        return self._version

    def _look(self) -> None:
        # The number first: what is written after this look moves it again.
        self._number, self._until = self._stamp.number, time.monotonic() + ASK_SECONDS
        version = self._reading.pragma("data_version")
        if version != self._version:
            self._version = version
            self._known.clear()

    async def write(self, change: Callable[[apsw.Connection], T]) -> T:
        """Run `change` in one transaction; whole or not at all, durable when this returns."""
        async with self._turn:
            return await asyncio.to_thread(self._transaction, change)

    async def forget(self, change: Callable[[apsw.Connection], T]) -> T:
        """The same for what must leave no byte behind: the file is rewritten and its write-ahead log emptied."""
        async with self._turn:
            forgotten = await asyncio.to_thread(self._forgotten, change)
        self._known.clear()
        return forgotten

    def _forgotten(self, change: Callable[[apsw.Connection], T]) -> T:
        result = self._transaction(change)
        self._writing.execute("vacuum")
        self._stamp.move()
        busy = next(iter(self._writing.execute("pragma wal_checkpoint(truncate)")))[0]
        if busy:
            raise DatabaseFault("forgotten, but a reader kept the write-ahead log from being emptied: do it again")
        return result

    def write_now(self, change: Callable[[apsw.Connection], T]) -> T:
        """The same from set-up code that runs before there is a loop."""
        return self._transaction(change)

    def _transaction(self, change: Callable[[apsw.Connection], T]) -> T:
        with self._writing:
            result = change(self._writing)
        self._stamp.move()
        return result

    def close(self) -> None:
        self._reading.close()
        self._writing.close()
        self._stamp.close()
