"""The log that is written before anything is released: append-only, chained, durable, and closed after any fault.

After a fault every append is refused; from time to time the writer reads the log back, and goes on when all that was
acknowledged is there and the disk takes writes again.

Group commit: a writer thread takes whatever waits, writes it in one go, syncs once, and then tells every waiter its
place.  So durability costs one sync per batch, not per event, and the event loop never waits for the disk.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import datetime as dt
import errno
import fcntl
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from babyconnect.audit import chain, checkpoints, folder
from babyconnect.audit.checkpoints import Checkpoint, Signer
from babyconnect.audit.faults import AuditFault, Receipt
from babyconnect.audit.folder import Head

MAX_EVENT = 65_536
MAX_WAITING = 50_000
MAX_BATCH = 2_000
RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """When a new segment is begun, and after how many records a checkpoint is signed."""

    segment_bytes: int = 64 * 1024 * 1024
    checkpoint_records: int = 10_000


@dataclass(slots=True)
class _Waiting:
    """One event on its way, and whom to tell: an asyncio future with its loop, or a thread's future."""

    content: bytes
    future: Any
    loop: asyncio.AbstractEventLoop | None


class AuditLog:
    """One node's log; `open` it once per process.  After a fault of the disk it refuses until it could be read back."""

    def __init__(
        self,
        path: Path,
        node: str,
        signer: Signer | None = None,
        sizes: Sizes = Sizes(),
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """Use `AuditLog.open`."""
        self.path, self.node, self.signer, self.sizes, self._clock = path, node, signer, sizes, clock
        self._wake = threading.Condition()
        self._waiting: list[_Waiting] = []
        self._fault: AuditFault | None = None
        self._closing = False
        self._retry_at = 0.0
        self._retry = False
        self._handles = contextlib.ExitStack()
        self._head = Head(0, chain.GENESIS)
        self._segment = self._head_file = -1
        self._size = 0
        self._checkpoint: Checkpoint | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        node: str = "node",
        signer: Signer | None = None,
        sizes: Sizes = Sizes(),
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> AuditLog:
        """Open or begin the log in folder `path`, after checking its last segment and setting a torn tail aside.

        AuditFault when another process has it, or when records that were acknowledged are missing or changed.
        """
        log = cls(path, node, signer, sizes, clock)
        try:
            recovered = log._start()
        except OSError as problem:
            log._handles.close()
            raise AuditFault(f"the log cannot be opened: {problem.strerror}") from problem
        except AuditFault:
            log._handles.close()
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
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Receipt] = loop.create_future()
        self._enqueue(_Waiting(_encode(event), future, loop))
        return await future

    def append_and_wait(self, event: Mapping[str, Any], seconds: float = 30) -> Receipt:
        """The same for threads and commands."""
        future: concurrent.futures.Future[Receipt] = concurrent.futures.Future()
        self._enqueue(_Waiting(_encode(event), future, None))
        try:
            return future.result(seconds)
        except TimeoutError as late:
            raise AuditFault("the log did not answer in time") from late

    @property
    def head(self) -> Receipt:
        """The last durable record."""
        head = self._head
        return Receipt(head.seq, head.hash)

    @property
    def faulted(self) -> bool:
        return self._fault is not None

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The last signed checkpoint, for publication."""
        return self._checkpoint

    def close(self) -> None:
        """Write what waits, sign a last checkpoint, release the folder.  Appending afterwards is an AuditFault."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        self._handles.close()

    def _enqueue(self, waiting: _Waiting) -> None:
        with self._wake:
            if self._fault is not None:
                if time.monotonic() >= self._retry_at:
                    self._retry_at, self._retry = time.monotonic() + RETRY_SECONDS, True
                    self._wake.notify()
                raise AuditFault(str(self._fault)) from self._fault
            if self._closing:
                raise AuditFault("the log is closed")
            if len(self._waiting) >= MAX_WAITING:
                raise AuditFault("the log has too much waiting")
            self._waiting.append(waiting)
            self._wake.notify()

    # ------------------------------------------------------------------ the writer thread

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._closing and not self._retry:
                    self._wake.wait()
                again, self._retry = self._retry and not self._closing, False
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            if again:
                self._read_back()
                continue
            if not batch:
                self._finish()
                return
            try:
                receipts = self._write(batch)
            except Exception as problem:  # whatever it is, nothing in this batch may count as written
                self._refuse(problem, batch)
                continue
            _tell(batch, receipts, None)
            try:
                self._after()
            except Exception as problem:
                self._refuse(problem, [])

    def _write(self, batch: list[_Waiting]) -> list[Receipt]:
        head, parts, receipts = self._head, [], []
        for waiting in batch:
            line, own = chain.forge(head.seq + 1, head.hash, waiting.content)
            head = Head(head.seq + 1, own)
            parts.append(line)
            receipts.append(Receipt(head.seq, own))
        content = memoryview(b"".join(parts))
        written = 0
        while written < len(content):
            written += os.write(self._segment, content[written:])
        os.fdatasync(self._segment)
        self._head, self._size = head, self._size + written
        return receipts

    def _after(self) -> None:
        """What is due after a write, when everybody has been told: the head, a checkpoint, a new segment."""
        folder.write_head(self._head_file, self._head)
        signed = self._checkpoint.seq if self._checkpoint else 0
        full = self._size >= self.sizes.segment_bytes
        if full or self._head.seq - signed >= self.sizes.checkpoint_records:
            self._sign()
        if full:
            self._begin_segment()

    def _finish(self) -> None:
        signed = self._checkpoint.seq if self._checkpoint else 0
        if self._fault is None and self._head.seq > signed:
            with contextlib.suppress(OSError):
                self._sign()

    def _refuse(self, problem: Exception, batch: list[_Waiting]) -> None:
        """Nothing is believed any more: cut the unfinished write off if that still can be done, and tell everybody."""
        fault = AuditFault(f"the log could not be written: {getattr(problem, 'strerror', None) or problem}")
        with contextlib.suppress(OSError):
            os.ftruncate(self._segment, self._size)
        with self._wake:
            self._fault, self._retry_at = fault, time.monotonic() + RETRY_SECONDS
            batch, self._waiting = batch + self._waiting, []
        _tell(batch, None, fault)

    def _read_back(self) -> None:
        """Start anew from what lies on the disk; if that cannot be done, everything stays refused."""
        self._handles.close()
        self._segment = -1
        try:
            if self._head.seq and not folder.segments(self.path):
                raise AuditFault("the log's segments are missing")
            recovered = self._start()
        except (OSError, AuditFault):
            return
        with self._wake:
            self._fault = None
            if recovered:
                self._waiting.append(_Waiting(_encode(recovered), concurrent.futures.Future(), None))

    def _sign(self) -> None:
        made = checkpoints.make(self.node, self._head.seq, self._head.hash, self._now(), self.signer)
        handle = os.open(self.path / folder.CHECKPOINTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            before = os.fstat(handle).st_size
            line = made.dump() + b"\n"
            if os.write(handle, line) != len(line):
                os.ftruncate(handle, before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fdatasync(handle)
        finally:
            os.close(handle)
        self._checkpoint = made

    def _begin_segment(self) -> None:
        name = self.path / folder.segment_name(self._head.seq + 1)
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        folder.sync(self.path)
        if self._segment >= 0:
            os.close(self._segment)
        self._segment, self._size = handle, 0

    def _now(self) -> str:
        return self._clock().astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    # ------------------------------------------------------------------ starting

    def _start(self) -> dict[str, Any] | None:
        """Lock, check, recover.  Returns the event that tells of a recovery, if there was one."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock()
        found = folder.segments(self.path)
        acknowledged = folder.read_head(self.path)
        if found and not (self.path / "head").exists():
            raise AuditFault("the log's head is missing: verify the log before using it")
        self._head_file = os.open(self.path / "head", os.O_RDWR | os.O_CREAT, 0o600)
        self._handles.callback(os.close, self._head_file)
        self._handles.callback(lambda: os.close(self._segment) if self._segment >= 0 else None)
        kept = _checkpoint_lines(self.path)
        self._checkpoint = checkpoints.load(kept[-1]) if kept else None
        if not found:
            if acknowledged is not None and acknowledged.seq:
                raise AuditFault("the log's segments are missing: verify the log before using it")
            folder.write_head(self._head_file, self._head)
            self._begin_segment()
            os.fsync(self._head_file)
            return None
        return self._resume(found, acknowledged)

    def _resume(self, found: list[Path], acknowledged: Head | None) -> dict[str, Any] | None:
        last = found[-1]
        before = folder.last_of(found[-2]) if len(found) > 1 else Head(0, chain.GENESIS)
        tail = folder.tail(last, before)
        least = max(acknowledged.seq if acknowledged else 0, self._checkpoint.seq if self._checkpoint else 0)
        if tail.head.seq < least:
            raise AuditFault(
                f"record {tail.head.seq + 1} of the log is missing or changed although it was acknowledged: "
                "verify the log before using it"
            )
        if acknowledged and acknowledged.seq == tail.head.seq and acknowledged.hash != tail.head.hash:
            raise AuditFault("the log does not end as it was acknowledged: verify the log before using it")
        self._segment = os.open(last, os.O_RDWR | os.O_APPEND)
        self._head, self._size = tail.head, tail.end
        if tail.torn:
            self._set_torn_aside(tail)
        os.fsync(self._segment)
        folder.write_head(self._head_file, self._head)
        if not tail.torn and acknowledged is not None:
            return None
        return {"type": "log.recovered", "outcome": "ok", "at": self._now(), "node": self.node, "count": tail.torn}

    def _set_torn_aside(self, tail: folder.Tail) -> None:
        torn = os.pread(self._segment, tail.torn, tail.end)
        aside = self.path / f"torn-{tail.head.seq + 1:018d}-{os.getpid()}"
        # On a full disk there is no room for it; it was never acknowledged, so starting again goes first.
        with contextlib.suppress(OSError):
            aside.write_bytes(torn)
            aside.chmod(0o600)
        os.ftruncate(self._segment, tail.end)

    def _lock(self) -> None:
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        self._handles.callback(os.close, handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as held:
            raise AuditFault("another process writes this log") from held


def _encode(event: Mapping[str, Any]) -> bytes:
    try:
        content = orjson.dumps(event)
    except (TypeError, ValueError) as problem:
        raise AuditFault("an event that is not JSON cannot be logged") from problem
    if len(content) > MAX_EVENT or not content.startswith(b"{"):
        raise AuditFault("an event must be one object of at most 64 KiB")
    return content


def _checkpoint_lines(path: Path) -> list[bytes]:
    try:
        return (path / folder.CHECKPOINTS).read_bytes().splitlines()
    except FileNotFoundError:
        return []


def _tell(batch: list[_Waiting], receipts: list[Receipt] | None, fault: AuditFault | None) -> None:
    """Hand each waiter its receipt or the fault: one wake-up per event loop."""
    by_loop: dict[asyncio.AbstractEventLoop | None, list[tuple[Any, Receipt | None]]] = {}
    for place, waiting in enumerate(batch):
        by_loop.setdefault(waiting.loop, []).append((waiting.future, receipts[place] if receipts else None))
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
