"""The Merkle tree over the log's records: proofs that one record is in it, and that it was only added to.  Pure.

RFC 6962 §2.1 (RFC 9162 §2.1) to the letter: SHA-256, a leaf is hashed behind 0x00 and a node behind 0x01.  A record's
entry is the 32 bytes of its hash in the chain, so that a proof shows nothing of any other record.  A tree that grows is
kept as its peaks (the roots of the perfect trees it consists of, the largest first): adding a record costs two hashes
on average, and the peaks at any size are enough to go on from there without what lies before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_sha256 = hashlib.sha256
EMPTY = _sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf(entry: bytes) -> bytes:
    return _sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    return _sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Growing:
    """A tree by its size and peaks.  `add` takes entries, `root` is what a checkpoint signs."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def add(self, entries: Iterable[bytes]) -> None:
        size, peaks, sha256 = self.size, self.peaks, _sha256
        for entry in entries:
            top = sha256(b"\x00" + entry).digest()
            merged = size
            while merged & 1:
                top = sha256(b"\x01" + peaks.pop() + top).digest()
                merged >>= 1
            peaks.append(top)
            size += 1
        self.size = size

    def root(self) -> bytes:
        return folded(self.peaks)


def folded(peaks: Sequence[bytes]) -> bytes:
    """The root of the tree with these peaks."""
    if not peaks:
        return EMPTY
    top = peaks[-1]
    for peak in reversed(peaks[:-1]):
        top = node(peak, top)
    return top


@dataclass(frozen=True, slots=True)
class Leaves:
    """What is known of a tree: the peaks of its first `before` leaves, which themselves may be gone, and the leaves
    (already hashed) after them."""

    before: int
    peaks: tuple[bytes, ...]
    hashed: Sequence[bytes]

    @property
    def size(self) -> int:
        return self.before + len(self.hashed)

    def subtree(self, start: int, end: int) -> bytes:
        """The root over leaves `start`..`end` (the end not included).  LookupError when that is no longer known."""
        if start >= self.before:
            return _tree(self.hashed[start - self.before : end - self.before])
        if end <= self.before:
            return folded(self._peaks_within(start, end))
        half = start + _split(end - start)
        return node(self.subtree(start, half), self.subtree(half, end))

    def _peaks_within(self, start: int, end: int) -> list[bytes]:
        """The peaks that together are exactly these leaves."""
        found, at = [], 0
        for peak, width in zip(self.peaks, widths(self.before), strict=True):
            if start <= at and at + width <= end:
                found.append(peak)
            elif at < end and at + width > start:
                raise LookupError("a part of the tree that is no longer kept")
            at += width
        return found


def widths(size: int) -> list[int]:
    """How many leaves lie under each peak of a tree of this size, the largest first."""
    return [1 << bit for bit in range(size.bit_length() - 1, -1, -1) if size >> bit & 1]


def inclusion(leaves: Leaves, index: int, size: int) -> list[bytes]:
    """The audit path of leaf `index` (from 0) in the tree of the first `size` leaves (RFC 6962 §2.1.1)."""
    if not 0 <= index < size <= leaves.size:
        raise LookupError("there is no such record in the tree")
    path, start, end = [], 0, size
    while end - start > 1:
        half = start + _split(end - start)
        if index < half:
            path.append(leaves.subtree(half, end))
            end = half
        else:
            path.append(leaves.subtree(start, half))
            start = half
    return path[::-1]


def consistency(leaves: Leaves, first: int, second: int) -> list[bytes]:
    """The proof that the tree of `first` leaves is a beginning of that of `second` (RFC 6962 §2.1.2)."""
    if not 0 < first <= second <= leaves.size:
        raise LookupError("there are no such trees")
    path: list[bytes] = []
    start, end, whole = 0, second, True
    while first != end:
        half = start + _split(end - start)
        if first <= half:
            path.append(leaves.subtree(half, end))
            end = half
        else:
            path.append(leaves.subtree(start, half))
            start, whole = half, False
    return ([] if whole else [leaves.subtree(start, end)]) + path[::-1]


def included(hashed: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path leads from this leaf at this place to the root (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, top = index, size - 1, hashed
    for beside in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            top = node(beside, top)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            top = node(top, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and top == root


def consistent(first: int, second: int, old: bytes, new: bytes, path: Sequence[bytes]) -> bool:
    """Whether the tree of `second` leaves with root `new` begins with that of `first` with root `old`
    (RFC 9162 §2.1.4.2).  Everything begins with the empty tree."""
    if first == second:
        return not path and old == new
    if first == 0:
        return not path and old == EMPTY
    if first > second or not path:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    steps = list(path)
    was = now = old if place == 0 and first & (first - 1) == 0 else steps.pop(0)
    for beside in steps:
        if last == 0:
            return False
        if place & 1 or place == last:
            was, now = node(beside, was), node(beside, now)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            now = node(now, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and was == old and now == new


def _tree(hashed: Sequence[bytes]) -> bytes:
    level = list(hashed)
    if not level:
        return EMPTY
    while len(level) > 1:
        # An odd one out goes up as it is: the same tree as RFC 6962's, whose left half is the largest perfect one.
        odd = [level[-1]] if len(level) & 1 else []
        level = [
            _sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)
        ] + odd
    return level[0]


def _split(count: int) -> int:
    """The largest power of two below `count` (`count` > 1)."""
    return int(1 << (count - 1).bit_length() - 1)
