"""How a log lies on disk: segments of records, the head that was last acknowledged, signed checkpoints, a lock.

audit-000000000000000001.jsonl   records from 1 on; the name says the first `seq`; only the last one grows
head                             the last record known durable; rewritten after each write, so that a lost tail shows
checkpoints.jsonl                signed heads
tree.jsonl, retired.json         where the Merkle tree stood (`tree`); the tombstone of what was let go (`retired`)
torn-…                           bytes of an unfinished write found at a start; never acknowledged, kept for inquiry
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from babyconnect.audit import chain
from babyconnect.audit.faults import AuditFault

HEAD_SIZE = 160
LONGEST_LINE = 1 << 17
_AT = re.compile(rb'"at":"([0-9TZ:.-]{20,40})"')
CHECKPOINTS = "checkpoints.jsonl"


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain stands: the last record's place and hash (0 and GENESIS before the first)."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Tail:
    """What a segment holds: the last good record, where its line ends, how many bytes follow, the tree's entries."""

    head: Head
    end: int
    torn: int
    entries: list[bytes]


def segment_name(first: int) -> str:
    return f"audit-{first:018d}.jsonl"


def segments(folder: Path) -> list[Path]:
    """The segments in the order of their records."""
    return sorted(folder.glob("audit-*.jsonl"))


def is_log(folder: Path) -> bool:
    return (folder / "head").exists() or bool(segments(folder))


def lines(segment: Path) -> Iterator[bytes]:
    """The lines of a segment, each with its newline if it has one; memory stays small however large the segment."""
    with segment.open("rb") as file:
        yield from file


def write_head(handle: int, head: Head) -> None:
    """In one write of less than a sector, so that it is never half new.  Not synced: it may lag, never run ahead."""
    os.pwrite(handle, orjson.dumps({"seq": head.seq, "hash": head.hash}).ljust(HEAD_SIZE - 1) + b"\n", 0)


def read_head(folder: Path) -> Head | None:
    """The head, or None when it cannot be read."""
    try:
        content = orjson.loads((folder / "head").read_bytes())
        seq, own = content["seq"], content["hash"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if (
        type(seq) is not int
        or seq < 0
        or not isinstance(own, str)
        or len(own) != 64
        or content.keys() != {"seq", "hash"}
    ):
        return None
    return Head(seq, own)


def tail(segment: Path, before: Head) -> Tail:
    """Read a segment as far as it is right; `before` is where the chain stood at its start."""
    head, end = before, 0
    entries: list[bytes] = []
    for line in lines(segment):
        link = chain.read(line[:-1]) if line.endswith(b"\n") else None
        if link is None or not link.intact or link.seq != head.seq + 1 or link.prev != head.hash:
            break
        head, end = Head(link.seq, link.stated), end + len(line)
        entries.append(bytes.fromhex(link.stated))
    return Tail(head, end, segment.stat().st_size - end, entries)


def last_of(segment: Path) -> Head:
    """The last record of a closed segment, by its bytes alone; AuditFault when there is none."""
    line = last_line(segment)
    link = chain.read(line[:-1]) if line.endswith(b"\n") else None
    if link is None or not link.intact:
        raise AuditFault(f"{segment.name} does not end in a whole record")
    return Head(link.seq, link.stated)


def last_line(segment: Path) -> bytes:
    """The last line of a segment, read from its end."""
    with segment.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        width = min(size, LONGEST_LINE)
        file.seek(size - width)
        found = file.read(width)
    return found[found.rfind(b"\n", 0, -1) + 1 :]


def first_of(segment: Path) -> int:
    """The number of a segment's first record, as its name says."""
    return int(segment.stem.removeprefix("audit-"))


def moment_of(line: bytes) -> str:
    """When a record's event was, by the text alone; "" when it does not say."""
    found = _AT.search(line)
    return found[1].decode() if found else ""


def sync(folder: Path) -> None:
    """Make names of new files durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
