"""The log's Merkle tree on disk: where it stood when each segment began, and how it is known again.

tree.jsonl   `{"seq":N,"peaks":[…]}` per segment: a note, so that a start reads one segment and not all of them.  It is
             believed only where its root is the one that was signed; without it the tree is made anew.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import orjson

from babyconnect.audit import checkpoints, folder, merkle, retired
from babyconnect.audit.merkle import Growing, Leaves

NOTES = "tree.jsonl"


def entries(segment: Path) -> Iterator[bytes]:
    """The entries of a segment's records, by the hashes they state; a line without its end is none."""
    for line in folder.lines(segment):
        if line.endswith(b'"}\n') and len(line) > 80:
            yield bytes.fromhex(line[-67:-3].decode())


def note(path: Path, tree: Growing) -> None:
    """Remember where the tree stands.  Not synced: what is lost is made anew."""
    content = orjson.dumps({"seq": tree.size, "peaks": [peak.hex() for peak in tree.peaks]})
    handle = os.open(path / NOTES, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, content + b"\n")
    finally:
        os.close(handle)


def at(path: Path, seq: int) -> Growing:
    """The tree of the first `seq` records: from the last place where it was noted and signed, and the records since."""
    signed = _signed_roots(path)
    best = Growing()
    for known in _notes(path):
        if best.size < known.size <= seq and signed.get(known.size) == known.root().hex():
            best = known
    gone = retired.read(path)
    if gone is not None and gone.seq > best.size:
        best = Growing(gone.seq, list(gone.peaks))
    return _grown(path, best, seq)


def leaves(path: Path) -> Leaves:
    """All that is known of the tree, for proofs."""
    gone = retired.read(path)
    hashed = [merkle.leaf(entry) for segment in folder.segments(path) for entry in entries(segment)]
    return Leaves(gone.seq if gone else 0, gone.peaks if gone else (), hashed)


def leaves_from(path: Path, seq: int) -> Leaves:
    """The same with the first `seq` records as peaks only: quicker, and enough to prove growth since."""
    hashed: list[bytes] = []
    for segment in _segments_after(path, seq):
        skipped = max(0, seq + 1 - folder.first_of(segment))
        hashed += [merkle.leaf(entry) for entry in itertools.islice(entries(segment), skipped, None)]
    return Leaves(seq, tuple(at(path, seq).peaks), hashed)


def _grown(path: Path, tree: Growing, seq: int) -> Growing:
    for segment in _segments_after(path, tree.size):
        first = folder.first_of(segment)
        if first > seq:
            break
        # The records before the tree's end are in it already.
        tree.add(itertools.islice(entries(segment), max(0, tree.size + 1 - first), seq + 1 - first))
    return tree


def _segments_after(path: Path, seq: int) -> list[Path]:
    """The segments that hold records after `seq`."""
    found = folder.segments(path)
    ends = [folder.first_of(segment) - 1 for segment in found[1:]]
    return [one for one, end in zip(found, [*ends, seq + 1], strict=True) if end > seq] if found else []


def _notes(path: Path) -> Iterator[Growing]:
    try:
        kept = (path / NOTES).read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in kept:
        try:
            content = orjson.loads(line)
            peaks = [bytes.fromhex(peak) for peak in content["peaks"]]
            size = int(content["seq"])
        except (ValueError, KeyError, TypeError):
            continue
        if len(peaks) == len(merkle.widths(size)):
            yield Growing(size, peaks)


def _signed_roots(path: Path) -> dict[int, str]:
    try:
        kept = (path / folder.CHECKPOINTS).read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    found = [checkpoints.load(line) for line in kept]
    return {mark.seq: mark.root for mark in found if mark is not None and mark.root}
