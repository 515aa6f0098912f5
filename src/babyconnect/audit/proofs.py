"""Proofs that travel: that one event is in the log, or that the log only grew, checked without the log (RFC 6962).

An inclusion proof holds the record itself, the audit path, and the signed checkpoint that it leads to; a consistency
proof two checkpoints and the path between.  Whoever checks needs the node's public keys, and better still a checkpoint
that came by another way: from the witness, from paper, from last year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from babyconnect.audit import chain, checkpoints, folder, merkle, tree
from babyconnect.audit.checkpoints import Checkpoint, Genuine

MOST_STEPS = 64


class NoProof(Exception):
    """What was asked to be proved cannot be, and why."""


@dataclass(frozen=True, slots=True)
class Inclusion:
    """`record` (the line as it lies in the log) is number `seq` under `checkpoint`."""

    seq: int
    record: str
    checkpoint: Checkpoint
    path: tuple[bytes, ...]

    def flaw(self, genuine: Genuine | None = None) -> str:
        """Why this proves nothing; "" when it holds."""
        link = chain.read(self.record.encode())
        if link is None or not link.intact or link.seq != self.seq:
            return "the record does not have the hash or the number it states"
        unsigned = _unsigned(self.checkpoint, genuine)
        if unsigned:
            return unsigned
        leaf = merkle.leaf(bytes.fromhex(link.computed))
        root = bytes.fromhex(self.checkpoint.root)
        if not merkle.included(leaf, self.seq - 1, self.checkpoint.seq, self.path, root):
            return "the path does not lead from the record to the checkpoint"
        return ""

    def dump(self) -> bytes:
        return _dump({
            "proof": "inclusion",
            "seq": self.seq,
            "record": self.record,
            "checkpoint": orjson.Fragment(self.checkpoint.dump()),
            "path": [step.hex() for step in self.path],
        })  # fmt: skip


@dataclass(frozen=True, slots=True)
class Consistency:
    """The log of `new` begins with the log of `old`."""

    old: Checkpoint
    new: Checkpoint
    path: tuple[bytes, ...]

    def flaw(self, genuine: Genuine | None = None) -> str:
        """Why this proves nothing; "" when it holds."""
        for mark in (self.old, self.new):
            unsigned = _unsigned(mark, genuine)
            if unsigned:
                return unsigned
        if self.old.node != self.new.node:
            return "the checkpoints are of two logs"
        roots = bytes.fromhex(self.old.root), bytes.fromhex(self.new.root)
        if not merkle.consistent(self.old.seq, self.new.seq, *roots, self.path):
            return "the later log does not begin with the earlier one: records were changed, removed or reordered"
        return ""

    def dump(self) -> bytes:
        return _dump({
            "proof": "consistency",
            "from": orjson.Fragment(self.old.dump()),
            "to": orjson.Fragment(self.new.dump()),
            "path": [step.hex() for step in self.path],
        })  # fmt: skip


Proof = Inclusion | Consistency


def load(content: bytes) -> Proof | None:
    """The proof in a file, or None when it is none."""
    try:
        found = orjson.loads(content)
        path = tuple(bytes.fromhex(step) for step in found["path"])
        if len(path) > MOST_STEPS or any(len(step) != 32 for step in path):
            return None
        if found["proof"] == "inclusion":
            mark = _checkpoint(found["checkpoint"])
            return Inclusion(int(found["seq"]), str(found["record"]), mark, path)
        return Consistency(_checkpoint(found["from"]), _checkpoint(found["to"]), path)
    except (ValueError, KeyError, TypeError):
        return None


def prove(path: Path, seq: int) -> Inclusion:
    """That record `seq` is in the log in this folder, under its last signed checkpoint."""
    mark = _last(path)
    if not 0 < seq <= mark.seq:
        raise NoProof(f"record {seq} is not under a checkpoint yet: the last one is of record {mark.seq}")
    try:
        # What lies before the record's own segment is known by its peaks, which is all that a path needs of it.
        leaves = tree.leaves_from(path, folder.first_of(_segment(path, seq)) - 1)
        steps = merkle.inclusion(leaves, seq - 1, mark.seq)
    except LookupError as gone:
        raise NoProof(f"record {seq} is no longer kept") from gone
    return Inclusion(seq, _record(path, seq), mark, tuple(steps))


def prove_growth(path: Path, old: Checkpoint, new: Checkpoint | None = None) -> Consistency:
    """That the log in this folder, until checkpoint `new` (its last one), begins with the log of `old`."""
    new = new or _last(path)
    if not old.root:
        raise NoProof("a checkpoint without the root of a tree can only be compared with the log itself")
    if old.seq > new.seq:
        raise NoProof(f"the log's last checkpoint is of record {new.seq}, before record {old.seq}")
    try:
        leaves = tree.leaves_from(path, old.seq) if old.seq else tree.leaves(path)
        steps = merkle.consistency(leaves, old.seq, new.seq) if old.seq else []
    except LookupError as gone:
        raise NoProof(f"the records until {old.seq} are no longer kept") from gone
    return Consistency(old, new, tuple(steps))


def signed(path: Path) -> list[Checkpoint]:
    """The checkpoints with a root that a log kept, the oldest first."""
    file = path / folder.CHECKPOINTS
    lines = file.read_bytes().splitlines() if file.exists() else []
    return [mark for mark in map(checkpoints.load, lines) if mark is not None and mark.root]


def last(path: Path) -> Checkpoint | None:
    """The last checkpoint with a root, without reading those before."""
    file = path / folder.CHECKPOINTS
    mark = checkpoints.load(folder.last_line(file)) if file.exists() else None
    return mark if mark is not None and mark.root else None


def _last(path: Path) -> Checkpoint:
    mark = last(path)
    if mark is None:
        raise NoProof("the log has no checkpoint with a tree yet")
    return mark


def _record(path: Path, seq: int) -> str:
    segment = _segment(path, seq)
    for place, line in enumerate(folder.lines(segment), folder.first_of(segment)):
        if place == seq:
            return line.rstrip(b"\n").decode()
    raise NoProof(f"record {seq} is not there")


def _segment(path: Path, seq: int) -> Path:
    """The segment that record `seq` is in.  LookupError when it is no longer kept."""
    begun = [one for one in folder.segments(path) if folder.first_of(one) <= seq]
    if not begun:
        raise LookupError("no longer kept")
    return begun[-1]


def _checkpoint(content: Any) -> Checkpoint:
    mark = checkpoints.load(orjson.dumps(content))
    if mark is None or len(mark.root) != 64:
        raise ValueError("no checkpoint with a root")
    return mark


def _unsigned(mark: Checkpoint, genuine: Genuine | None) -> str:
    if genuine is not None and not genuine(mark.kid, mark.signed_text(), mark.signature):
        return f"the checkpoint of record {mark.seq} is not signed by a known key"
    return ""


def _dump(content: dict[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"


def vouched(proof: Proof, published: Sequence[Checkpoint]) -> bool:
    """Whether one of the checkpoints that came by another way is the one that this proof leads to."""
    mark = proof.checkpoint if isinstance(proof, Inclusion) else proof.new
    return any((one.node, one.seq, one.root) == (mark.node, mark.seq, mark.root) for one in published)
