"""The embedded store: one SQLite file per tenant (write-ahead log, full synchronisation, deleted bytes overwritten).

Reading happens on the event loop (a search is tens of microseconds and never waits for a writer), in one transaction
for all that one turn of the loop reads: beginning one costs as much as reading a row.  Single resources and episodes
that were read are remembered until anybody writes into the file (`stamps`).  Writing happens in a thread, one batch at
a time, because a durable commit waits for the disk.  Other processes may publish into the same file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import apsw

from babyconnect.stamps import ASK_SECONDS, Stamp
from babyconnect.store.faults import StoreFault
from babyconnect.store.reading import Remembered, TableReader
from babyconnect.store.tables import Connection, Row, definitions, statements
from babyconnect.store.writing import TableWriter

T = TypeVar("T")
BUSY_MILLISECONDS = 10_000
CACHE_KIB = 16_384
RESOURCES_KIB = 24_576
SOON_SECONDS = 0.01
LARGE = 1_000_000
PAGE_BYTES = 16_384
"""A shelf spans tens of kilobytes: larger pages mean fewer reads for it."""

_STATEMENTS = {name: text.replace("$", "?") for name, text in statements("").items()}


class _Connection:
    """Statements on one SQLite connection.  They never wait for anything but the file, so awaiting costs nothing."""

    def __init__(self, db: apsw.Connection) -> None:
        self.db = db

    async def fetch(self, statement: str, *values: Any) -> Sequence[Row]:
        return self.db.execute(statement, values).fetchall()

    async def many(self, statement: str, values: Sequence[Row]) -> None:
        self.db.executemany(statement, values)

    async def put_shelf(self, statement: str, key: tuple[str, str, int], directory: bytes, body: bytearray) -> None:
        if len(body) < LARGE:
            self.db.execute(statement, (*key, directory, bytes(body)))
            return
        # SQLite would hold a value three times while it is bound and laid into a row.
        self.db.execute(statement, (*key, directory, apsw.zeroblob(len(body))))
        row = self.db.execute("SELECT rowid FROM shelf WHERE client = ? AND type = ?", key[:2]).get
        with self.db.blob_open("main", "shelf", "body", row, True) as blob:
            for start in range(0, len(body), LARGE):
                blob.write(body[start : start + LARGE])


PRAGMAS = (
    f"page_size = {PAGE_BYTES}",
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
)


def _open(path: Path, cache: int) -> apsw.Connection:
    db = apsw.Connection(str(path))
    db.set_busy_timeout(BUSY_MILLISECONDS)
    # Else every statement with an ORDER BY is planned anew for its next values: 5 us of a read's 9.
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    for pragma in (*PRAGMAS, f"cache_size = -{cache}"):
        db.execute(f"PRAGMA {pragma}").fetchall()
    return db


class SqliteStore:
    """One tenant's file.  `writes`: whether anything is published by this process, or only read; `cache`: of the file's
    pages in memory, at most, in KiB for each connection; `resources`: of single resources, likewise."""

    def __init__(self, path: Path, writes: bool = True, cache: int = CACHE_KIB, resources: int = RESOURCES_KIB) -> None:
        self._path = path
        self._reading = _open(path, cache)
        self._writing = _open(path, cache) if writes else self._reading
        if writes:
            with self._writing:
                for definition in definitions("", "BLOB", "TEXT"):
                    self._writing.execute(definition)
        self._reading.execute("PRAGMA query_only = ON").fetchall()
        self._in_turn = False
        self._stamp = Stamp(path)
        self._seen = self._stamp.number
        self._version = -1
        self._asking: asyncio.TimerHandle | None = None
        self._one_writer = asyncio.Lock()
        self._remembered = Remembered(resources * 1024)

    @property
    def writer(self) -> TableWriter:
        return TableWriter(self)

    def open_reader(self) -> TableReader:
        return TableReader(self, self._remembered)

    def statement(self, name: str) -> str:
        return _STATEMENTS[name]

    def written(self) -> int | None:
        if self._asking is None:
            self._ask()
        return self._stamp.number

    def seen(self) -> int | None:
        return self._seen

    def _ask(self) -> None:
        """Each second: whether somebody wrote who could not say so, or nobody reads who would forget what was erased.

        Not within a turn, whose transaction is of its own moment."""
        again = SOON_SECONDS
        if not self._in_turn:
            again, version = ASK_SECONDS, self._reading.pragma("data_version")
            if version != self._version:
                self._version = version
                self._remembered.doubt()
        self._asking = asyncio.get_running_loop().call_later(again, self._ask)

    async def fetch(self, statement: str, *values: Any) -> Sequence[Row]:
        if not self._in_turn:
            self._begin_turn()
        return self._reading.execute(statement, values).fetchall()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        if not self._in_turn:
            self._begin_turn()
        # Nothing in here waits, so it ends in the turn in which it began.
        yield _Connection(self._reading)

    def _begin_turn(self) -> None:
        asyncio.get_running_loop().call_soon(self._end_turn)
        self._seen = self._stamp.number  # before the first look at the file, which says of which moment this turn is
        self._reading.execute("BEGIN")
        self._in_turn = True

    def _end_turn(self) -> None:
        """Whoever waited for a writer is resumed after this: it reads what was written."""
        if self._in_turn:
            self._in_turn = False
            if not self._reading.get_autocommit():
                self._reading.execute("COMMIT")

    async def pieces(self, batch: Iterable[T]) -> AsyncIterator[Sequence[T]]:
        # A transaction runs in a thread of its own already.
        for item in batch:
            yield (item,)

    async def write(self, work: Callable[[Connection], Coroutine[Any, Any, T]], erasing: bool = False) -> T:
        """Run work in one transaction, in a thread; with `erasing`, leave no byte of it behind in any file."""
        async with self._one_writer:
            done = await asyncio.to_thread(self._transaction, work, erasing)
        if erasing:
            self.forget()
        return done

    def forget(self) -> None:
        self._remembered.clear()
        self._reading.execute("PRAGMA shrink_memory").fetchall()

    def _transaction(self, work: Callable[[Connection], Coroutine[Any, Any, T]], erasing: bool) -> T:
        self._writing.execute("BEGIN IMMEDIATE")
        try:
            done = _drive(work(_Connection(self._writing)))
            self._writing.execute("COMMIT")
        except BaseException:
            if not self._writing.get_autocommit():
                self._writing.execute("ROLLBACK")
            raise
        self._stamp.move()
        if erasing:
            self._scrub()
        return done

    def _scrub(self) -> None:
        """Rewrite the file without free space and empty the log, which still hold what was deleted."""
        self._writing.execute("VACUUM")
        busy = self._writing.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0]
        self._writing.execute("PRAGMA shrink_memory").fetchall()
        if busy:
            raise StoreFault("erased, but a reader kept the write-ahead log from being emptied: erase again")

    async def close(self) -> None:
        async with self._one_writer:
            if self._asking is not None:
                self._asking.cancel()
            self._end_turn()
            self._reading.close()
            self._writing.close()
            self._stamp.close()


def _drive(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits to its end, outside any event loop."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise StoreFault("writing to SQLite waited for something")


async def open_store(path: Path, writes: bool = True, processes: int = 1) -> SqliteStore:
    """Open (or make) a tenant's file; the folder must exist.  Raises StoreFault.

    `processes` share what one would keep in memory."""
    sizes = (CACHE_KIB // processes, RESOURCES_KIB // processes)
    opening: Awaitable[SqliteStore] = asyncio.to_thread(SqliteStore, path, writes, *sizes)
    try:
        return await opening
    except (apsw.Error, OSError) as fault:
        raise StoreFault(f"{path} cannot be opened: {fault}") from fault
