"""The log that is written before anything is released: append-only, chained, durable, and closed after any fault.

After a fault every append is refused; from time to time the writer reads the log back, and goes on when all that was
acknowledged is there and the disk takes writes again.  What lies on the disk, and how, is `disk`'s.

Group commit: a writer thread takes whatever waits, writes it in one go, syncs once, and then tells every waiter its
place.  So durability costs one sync per batch, not per event, and the event loop never waits for the disk.  The loop
rings for the writer once per turn, when everything that this turn had to log is there: a thread that is woken for
each event would take the interpreter from the loop as often.  While many wait at once, it waits a little for more of
them (as PostgreSQL's `commit_delay`): who is served among many does not notice, and a sync costs as much for one as
for thirty.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import datetime as dt
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from babyconnect.audit.checkpoints import Checkpoint, Signing
from babyconnect.audit.disk import USUAL_SIZES, Disk, Sizes
from babyconnect.audit.faults import AuditFault, Receipt
from babyconnect.audit.retired import Tombstone

MAX_EVENT = 65_536
MAX_WAITING = 50_000
MAX_BATCH = 2_000
RETRY_SECONDS = 5.0
BUSY_EVENTS = 8
"""So many in the last batch: then more are on their way."""
GATHER_SECONDS = 0.001


@dataclass(slots=True)
class _Waiting:
    """Events on their way, and whom to tell: an asyncio future with its loop, or a thread's future.

    A future is told the receipt of the last of them, by which those of the others are known (`append_all`)."""

    contents: Sequence[bytes]
    future: Any
    loop: asyncio.AbstractEventLoop | None


class AuditLog:
    """One node's log; `open` it once per process.  After a fault of the disk it refuses until it could be read back."""

    def __init__(
        self,
        path: Path,
        node: str,
        signer: Signing = None,
        sizes: Sizes = USUAL_SIZES,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """Use `AuditLog.open`."""
        self._disk = Disk(path, node, signer, sizes, clock)
        self._lock = threading.Lock()
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._rung = False
        self._will_ring: asyncio.AbstractEventLoop | None = None
        self._busy = False
        self._waiting: list[_Waiting] = []
        self._fault: AuditFault | None = None
        self._closing = False
        self._retry_at = 0.0
        self._retry = False
        self._errands: list[tuple[Callable[[Disk], Any], concurrent.futures.Future[Any]]] = []

    @classmethod
    def open(
        cls,
        path: Path,
        node: str = "node",
        signer: Signing = None,
        sizes: Sizes = USUAL_SIZES,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> AuditLog:
        """Open or begin the log in folder `path`, after checking its last segment and setting a torn tail aside.

        AuditFault when another process has it, or when records that were acknowledged are missing or changed.
        """
        log = cls(path, node, signer, sizes, clock)
        try:
            recovered = log._disk.start()
        except OSError as problem:
            log._disk.release()
            raise AuditFault(f"the log cannot be opened: {problem.strerror}") from problem
        except AuditFault:
            log._disk.release()
            raise
        log._thread = threading.Thread(target=log._run, name=f"audit {node}", daemon=True)
        log._thread.start()
        if recovered:
            try:
                log.append_and_wait(recovered)
            except AuditFault:
                log.close()
                raise
        return log

    _thread: threading.Thread

    async def append(self, event: Mapping[str, Any]) -> Receipt:
        """Make the event durable; only then does this return.  AuditFault: release nothing."""
        return await self._take((encoded(event),))

    def append_all(self, events: Sequence[bytes]) -> asyncio.Future[Receipt]:
        """The same for several at once, each as `encoded`: all of them or none, one after the other.

        The receipt of the last: they are the `len(events)` records that end there."""
        for content in events:
            if len(content) > MAX_EVENT or not content.startswith(b"{") or b"\n" in content:
                raise AuditFault("an event must be one object of at most 64 KiB on one line")
        return self._take(events)

    def _take(self, contents: Sequence[bytes]) -> asyncio.Future[Receipt]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Receipt] = loop.create_future()
        with self._lock:
            self._enqueue(_Waiting(contents, future, loop))
            if not self._rung and self._will_ring is not loop:
                self._will_ring = loop
                if self._busy:
                    loop.call_later(GATHER_SECONDS, self._ring_for_what_waits)
                else:
                    loop.call_soon(self._ring_for_what_waits)
        return future

    def append_and_wait(self, event: Mapping[str, Any], seconds: float = 30) -> Receipt:
        """The same for threads and commands."""
        future: concurrent.futures.Future[Receipt] = concurrent.futures.Future()
        with self._lock:
            self._enqueue(_Waiting((encoded(event),), future, None))
            self._ring()
        try:
            return future.result(seconds)
        except TimeoutError as late:
            raise AuditFault("the log did not answer in time") from late

    @property
    def head(self) -> Receipt:
        """The last durable record."""
        head = self._disk.head
        return Receipt(head.seq, head.hash)

    @property
    def faulted(self) -> bool:
        return self._fault is not None

    def try_again(self) -> None:
        """After a fault: have the log read back now rather than at the next append."""
        with self._lock:
            if self._fault is not None and time.monotonic() >= self._retry_at:
                self._retry_at, self._retry = time.monotonic() + RETRY_SECONDS, True
                self._ring()

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The last signed checkpoint, for publication."""
        return self._disk.checkpoint

    async def sign(self) -> Checkpoint | None:
        """Sign where the log stands, if anything came since the last checkpoint; the last checkpoint."""
        return await self._errand(_sign)

    async def let_go(self, before: dt.datetime) -> Tombstone | None:
        """Take away the segments that are wholly older than `before`, behind a signed tombstone, if there are any."""
        return await self._errand(lambda disk: disk.let_go(before))

    async def _errand(self, errand: Callable[[Disk], Any]) -> Any:
        """Have something done by the writer, between two batches.  AuditFault when it cannot be."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        with self._lock:
            if self._fault is not None or self._closing:
                raise AuditFault(str(self._fault or "the log is closed"))
            self._errands.append((errand, future))
            self._ring()
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Write what waits, sign a last checkpoint, release the folder.  Appending afterwards is an AuditFault."""
        with self._lock:
            self._closing = True
            self._ring()
        self._thread.join()
        self._disk.release()

    def _enqueue(self, waiting: _Waiting) -> None:
        """With the lock held: let an event wait, or refuse it."""
        if self._fault is not None:
            if time.monotonic() >= self._retry_at:
                self._retry_at, self._retry = time.monotonic() + RETRY_SECONDS, True
                self._ring()
            raise AuditFault(str(self._fault)) from self._fault
        if self._closing:
            raise AuditFault("the log is closed")
        if len(self._waiting) >= MAX_WAITING:
            raise AuditFault("the log has too much waiting")
        self._waiting.append(waiting)

    def _ring(self) -> None:
        """With the lock held: there is work."""
        if not self._rung:
            self._rung = True
            self._bell.put(None)

    def _ring_for_what_waits(self) -> None:
        with self._lock:
            self._will_ring = None
            self._ring()

    # ------------------------------------------------------------------ the writer thread

    def _run(self) -> None:
        while True:
            self._bell.get()
            with self._lock:
                self._rung = False
                errands, self._errands = self._errands, []
                again, self._retry = self._retry and not self._closing, False
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                last = self._closing and not self._waiting
                if self._waiting or (self._closing and not last):
                    self._ring()
            if again:
                self._read_back()
            self._run_errands(errands)
            if batch:
                self._write(batch)
            if last:
                if self._fault is None:
                    self._disk.finish()
                return

    def _write(self, batch: list[_Waiting]) -> None:
        try:
            receipts = self._disk.write([content for waiting in batch for content in waiting.contents])
        except Exception as problem:  # whatever it is, nothing in this batch may count as written
            self._refuse(problem, batch)
            return
        self._busy = len(receipts) >= BUSY_EVENTS
        _tell(batch, receipts, None)
        try:
            self._disk.after()
        except Exception as problem:
            self._refuse(problem, [])

    def _run_errands(self, errands: list[tuple[Callable[[Disk], Any], concurrent.futures.Future[Any]]]) -> None:
        for errand, future in errands:
            try:
                if self._fault is not None:
                    raise AuditFault(str(self._fault))
                future.set_result(errand(self._disk))
            except Exception as problem:  # nothing was released for it: whoever asked hears it, the log goes on
                fault = AuditFault(f"the log could not do it: {getattr(problem, 'strerror', None) or problem}")
                future.set_exception(fault)

    def _refuse(self, problem: Exception, batch: list[_Waiting]) -> None:
        """Nothing is believed any more: cut the unfinished write off if that still can be done, and tell everybody."""
        fault = AuditFault(f"the log could not be written: {getattr(problem, 'strerror', None) or problem}")
        self._disk.cut()
        with self._lock:
            self._fault, self._retry_at = fault, time.monotonic() + RETRY_SECONDS
            batch, self._waiting = batch + self._waiting, []
        _tell(batch, None, fault)

    def _read_back(self) -> None:
        """Start anew from what lies on the disk; if that cannot be done, everything stays refused."""
        try:
            recovered = self._disk.restart()
        except (OSError, AuditFault):
            return
        with self._lock:
            self._fault = None
            if recovered:
                self._waiting.append(_Waiting((encoded(recovered),), concurrent.futures.Future(), None))
                self._ring()


def _sign(disk: Disk) -> Checkpoint | None:
    if disk.head.seq > (disk.checkpoint.seq if disk.checkpoint else 0):
        disk.sign()
    return disk.checkpoint


def encoded(event: Mapping[str, Any]) -> bytes:
    """An event as it is kept.  AuditFault when it is none."""
    try:
        content = orjson.dumps(event)
    except (TypeError, ValueError) as problem:
        raise AuditFault("an event that is not JSON cannot be logged") from problem
    if len(content) > MAX_EVENT or not content.startswith(b"{"):
        raise AuditFault("an event must be one object of at most 64 KiB")
    return content


def _tell(batch: list[_Waiting], receipts: list[Receipt] | None, fault: AuditFault | None) -> None:
    """Hand each waiter its receipt or the fault: one wake-up per event loop."""
    by_loop: dict[asyncio.AbstractEventLoop | None, list[tuple[Any, Receipt | None]]] = {}
    end = 0
    for waiting in batch:
        end += len(waiting.contents)
        by_loop.setdefault(waiting.loop, []).append((waiting.future, receipts[end - 1] if receipts else None))
    for loop, answers in by_loop.items():
        if loop is None:
            _settle(answers, fault)
        else:
            # A loop that was closed meanwhile has no waiters left to tell.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, answers, fault)


def _settle(answers: list[tuple[Any, Receipt | None]], fault: AuditFault | None) -> None:
    for future, receipt in answers:
        if not future.done():
            if receipt is not None:
                future.set_result(receipt)
            else:
                # Each waiter raises its own: a shared exception would gather everybody's traceback.
                future.set_exception(AuditFault(str(fault)))
