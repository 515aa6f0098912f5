"""A witness: keeps other nodes' signed heads, so that no node can rewrite its own history unseen (RFC 6962 §5.3).

The first head of a node is believed by its signature; each later one only with the proof that its log begins with what
is kept.  What is kept is never changed, only added to: one file a node, a checkpoint a line, the form that
`babyconnect audit verify --checkpoint` takes.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from babyconnect.audit import checkpoints, folder
from babyconnect.audit.checkpoints import Checkpoint, Genuine
from babyconnect.audit.proofs import Consistency

_NODE = re.compile(r"[0-9A-Za-z:-]{1,40}")


@dataclass(frozen=True, slots=True)
class Kept:
    """The head that is now the last one kept; `fresh` when it was not there yet."""

    checkpoint: Checkpoint
    fresh: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A proof from this head on is needed before another one is kept."""

    last: Checkpoint


@dataclass(frozen=True, slots=True)
class Disagrees:
    """What was shown cannot be the continuation of what is kept, or is not the node's at all."""

    reason: str
    last: Checkpoint | None = None


class Witness:
    """What is kept lies in `path`, a file per node."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def kept(self, node: str) -> list[Checkpoint]:
        """The heads of a node, the oldest first."""
        file = self._file(node)
        lines = file.read_bytes().splitlines() if file.exists() else []
        return [mark for mark in map(checkpoints.load, lines) if mark is not None]

    def show(self, node: str, shown: Checkpoint | Consistency, genuine: Genuine) -> Kept | Wanted | Disagrees:
        """A node shows its head, with a proof of growth once something of it is kept.  Durable when it returns."""
        head = shown.new if isinstance(shown, Consistency) else shown
        if not _NODE.fullmatch(node) or head.node != node or len(head.root) != 64:
            return Disagrees("not a head of this node")
        if not genuine(head.kid, head.signed_text(), head.signature):
            return Disagrees("not signed by a known key")
        kept = self.kept(node)
        if not kept:
            return self._keep(head)
        last = kept[-1]
        if _same(head, last):
            return Kept(last, False)
        if head.seq == last.seq:
            return Disagrees("two heads at one place: the log was rewritten", last)
        if not isinstance(shown, Consistency) or not _same(shown.old, last):
            return Wanted(last)
        # What is kept was believed when it came; its key may be gone by now.
        flaw = Consistency(last, head, shown.path).flaw()
        return Disagrees(flaw, last) if flaw else self._keep(head)

    def _keep(self, head: Checkpoint) -> Kept:
        handle = os.open(self._file(head.node), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, head.dump() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        folder.sync(self._path)
        return Kept(head, True)

    def _file(self, node: str) -> Path:
        return self._path / f"{node}.jsonl"


def _same(one: Checkpoint, other: Checkpoint) -> bool:
    return (one.node, one.seq, one.hash, one.root) == (other.node, other.seq, other.hash, other.root)
