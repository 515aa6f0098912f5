"""The log on disk, for one writer: locked, checked and recovered at a start, appended to, signed, cut into segments.

What it holds is the chain (`chain`) in the files of `folder`.  Everything here blocks, so it belongs in a thread; whose
events these are and whom to tell is `log`'s.  After an OSError or AuditFault nothing is believed until it starts anew.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import fcntl
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babyconnect.audit import chain, checkpoints, folder, retired, tree
from babyconnect.audit.checkpoints import Checkpoint, Signing
from babyconnect.audit.faults import AuditFault, Receipt
from babyconnect.audit.folder import Head
from babyconnect.audit.merkle import Growing


@dataclass(frozen=True, slots=True)
class Sizes:
    """When a new segment is begun, and after how many records a checkpoint is signed."""

    segment_bytes: int = 64 * 1024 * 1024
    checkpoint_records: int = 10_000


USUAL_SIZES = Sizes()


class Disk:
    """One folder.  `head` is the last durable record, `checkpoint` the last one signed."""

    def __init__(self, path: Path, node: str, signer: Signing, sizes: Sizes, clock: Callable[[], dt.datetime]) -> None:
        self._path, self._node, self._signer, self._sizes, self._clock = path, node, signer, sizes, clock
        self._handles = contextlib.ExitStack()
        self.head = Head(0, chain.GENESIS)
        self.checkpoint: Checkpoint | None = None
        self._segment = self._head_file = -1
        self._size = 0
        self._tree = Growing()
        self._unfolded: list[Receipt] = []

    def start(self) -> dict[str, Any] | None:
        """Lock, check, recover.  Returns the event that tells of a recovery, if there was one."""
        self._path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock()
        retired.finish(self._path)
        found = folder.segments(self._path)
        acknowledged = folder.read_head(self._path)
        if found and not (self._path / "head").exists():
            raise AuditFault("the log's head is missing: verify the log before using it")
        self._head_file = os.open(self._path / "head", os.O_RDWR | os.O_CREAT, 0o600)
        self._handles.callback(os.close, self._head_file)
        self._handles.callback(lambda: os.close(self._segment) if self._segment >= 0 else None)
        kept = _checkpoint_lines(self._path)
        self.checkpoint = checkpoints.load(kept[-1]) if kept else None
        if not found:
            if acknowledged is not None and acknowledged.seq:
                raise AuditFault("the log's segments are missing: verify the log before using it")
            folder.write_head(self._head_file, self.head)
            self._begin_segment()
            os.fsync(self._head_file)
            return None
        return self._resume(found, acknowledged)

    def write(self, contents: Sequence[bytes]) -> list[Receipt]:
        """Append records and sync once; the log's records when this returns, none of them when it raises."""
        seq, own, parts, receipts = self.head.seq, self.head.hash, [], []
        for content in contents:
            seq += 1
            line, own = chain.forge(seq, own, content)
            parts.append(line)
            receipts.append(Receipt(seq, own))
        joined = memoryview(b"".join(parts))
        written = 0
        while written < len(joined):
            written += os.write(self._segment, joined[written:])
        os.fdatasync(self._segment)
        self.head, self._size = Head(seq, own), self._size + written
        self._unfolded += receipts
        return receipts

    def after(self) -> None:
        """What is due after a write, when everybody has been told: the head, the tree, a checkpoint, a new segment."""
        folder.write_head(self._head_file, self.head)
        self._fold()
        signed = self.checkpoint.seq if self.checkpoint else 0
        full = self._size >= self._sizes.segment_bytes
        if full or self.head.seq - signed >= self._sizes.checkpoint_records:
            self.sign()
        if full:
            tree.note(self._path, self._tree)
            self._begin_segment()

    def cut(self) -> None:
        """Take an unfinished write off again, if that still can be done."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._segment, self._size)

    def finish(self) -> None:
        """Sign what is not signed yet."""
        signed = self.checkpoint.seq if self.checkpoint else 0
        if self.head.seq > signed:
            with contextlib.suppress(OSError):
                self.sign()

    def let_go(self, before: dt.datetime) -> retired.Tombstone | None:
        """Take away the segments that are wholly older than `before`, behind a signed tombstone."""
        old, until = retired.old_segments(self._path, before)
        if not old:
            return None
        head = folder.last_of(old[-1])
        peaks = tuple(tree.at(self._path, head.seq).peaks)
        stone = retired.Tombstone(self._node, head.seq, head.hash, peaks, until, self._now())
        return retired.let_go(self._path, old, stone, self._signer)

    def release(self) -> None:
        """Close the files and give up the lock."""
        self._handles.close()
        self._segment = -1

    def restart(self) -> dict[str, Any] | None:
        """Start anew from what lies there, which may not be less than this process wrote."""
        self.release()
        if self.head.seq and not folder.segments(self._path):
            raise AuditFault("the log's segments are missing")
        return self.start()

    def sign(self) -> None:
        """Sign where the log stands."""
        self._fold()
        root = self._tree.root().hex()
        bare = Checkpoint(self._node, self.head.seq, self.head.hash, self._now(), root=root)
        made = checkpoints.make(bare, self._signer)
        handle = os.open(self._path / folder.CHECKPOINTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            before = os.fstat(handle).st_size
            line = made.dump() + b"\n"
            if os.write(handle, line) != len(line):
                os.ftruncate(handle, before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fdatasync(handle)
        finally:
            os.close(handle)
        self.checkpoint = made

    def _fold(self) -> None:
        done, self._unfolded = self._unfolded, []
        self._tree.add([bytes.fromhex(receipt.hash) for receipt in done])

    def _begin_segment(self) -> None:
        name = self._path / folder.segment_name(self.head.seq + 1)
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        folder.sync(self._path)
        if self._segment >= 0:
            os.close(self._segment)
        self._segment, self._size = handle, 0

    def _now(self) -> str:
        return self._clock().astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _resume(self, found: list[Path], acknowledged: Head | None) -> dict[str, Any] | None:
        last = found[-1]
        tail = folder.tail(last, self._before(found))
        least = max(acknowledged.seq if acknowledged else 0, self.checkpoint.seq if self.checkpoint else 0)
        if tail.head.seq < least:
            raise AuditFault(
                f"record {tail.head.seq + 1} of the log is missing or changed although it was acknowledged: "
                "verify the log before using it"
            )
        if acknowledged and acknowledged.seq == tail.head.seq and acknowledged.hash != tail.head.hash:
            raise AuditFault("the log does not end as it was acknowledged: verify the log before using it")
        self._segment = os.open(last, os.O_RDWR | os.O_APPEND)
        self.head, self._size = tail.head, tail.end
        self._tree, self._unfolded = tree.at(self._path, folder.first_of(last) - 1), []
        self._tree.add(tail.entries)
        if tail.torn:
            self._set_torn_aside(tail)
        os.fsync(self._segment)
        folder.write_head(self._head_file, self.head)
        if not tail.torn and acknowledged is not None:
            return None
        return {"type": "log.recovered", "outcome": "ok", "at": self._now(), "node": self._node, "count": tail.torn}

    def _before(self, found: list[Path]) -> Head:
        """Where the chain stood before the last segment."""
        if len(found) > 1:
            return folder.last_of(found[-2])
        stone = retired.read(self._path)
        return stone.head if stone else Head(0, chain.GENESIS)

    def _set_torn_aside(self, tail: folder.Tail) -> None:
        torn = os.pread(self._segment, tail.torn, tail.end)
        aside = self._path / f"torn-{tail.head.seq + 1:018d}-{os.getpid()}"
        # On a full disk there is no room for it; it was never acknowledged, so starting again goes first.
        with contextlib.suppress(OSError):
            aside.write_bytes(torn)
            aside.chmod(0o600)
        os.ftruncate(self._segment, tail.end)

    def _lock(self) -> None:
        handle = os.open(self._path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        self._handles.callback(os.close, handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as held:
            raise AuditFault("another process writes this log") from held


def _checkpoint_lines(path: Path) -> list[bytes]:
    try:
        return (path / folder.CHECKPOINTS).read_bytes().splitlines()
    except FileNotFoundError:
        return []
