"""Check a log, or a part of one, and say exactly where it was touched (issue: altered, removed, swapped, truncated).

Nothing is trusted but the bytes, the head beside them, the signed checkpoints, and what the auditor brings: the node's
public keys and a checkpoint that was published earlier.  Without the latter two a log that was rewritten as a whole by
somebody who also replaced head and checkpoints would still look right: that is what publishing checkpoints is for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from babyconnect.audit import chain, checkpoints, folder, retired
from babyconnect.audit.checkpoints import Checkpoint, Genuine
from babyconnect.audit.faults import AuditFault
from babyconnect.audit.folder import Head
from babyconnect.audit.merkle import Growing
from babyconnect.audit.retired import Tombstone

What = Literal[
    "altered", "removed", "swapped", "repeated", "broken", "truncated", "head", "checkpoint", "tombstone", "no_log"
]
MAX_PROBLEMS = 1000
PUBLISHED = ("node", "region")
"""The chains, by the name of their folder, of which checkpoints are published and kept by a witness."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where the log is not what was written.  `line` counts from 1 in `file`; `seq` is the record meant."""

    what: What
    file: str
    line: int
    seq: int
    text: str


@dataclass(slots=True)
class Verification:
    """`ok` when nothing was touched.  `retired`: the last record that was let go behind a tombstone.  `torn`: bytes of
    an unfinished write at the end, which were never acknowledged.  `signed_until`: the last record under a checkpoint
    whose signature was checked.  `root`: of the tree over all records, as hex."""

    records: int = 0
    segments: int = 0
    head: Head = field(default_factory=lambda: Head(0, chain.GENESIS))
    problems: list[Problem] = field(default_factory=list)
    checkpoints: int = 0
    signed_until: int = 0
    retired: int = 0
    root: str = ""
    torn: int = 0

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(path: Path, genuine: Genuine | None = None, published: Sequence[Checkpoint] = ()) -> Verification:
    """Check the log in a folder (or every log below it), or a single segment file by itself."""
    if path.is_file():
        return _Walk(Verification(), part=True).segments([path]).found
    if folder.is_log(path):
        return _whole(path, genuine, published)
    total = Verification()
    logs = sorted(child for child in path.glob("**/") if child != path and folder.is_log(child))
    if published and not any(below.name in PUBLISHED for below in logs):
        text = f"no log here is called {' or '.join(PUBLISHED)}"
        total.problems.append(Problem("checkpoint", "published", 0, 0, text))
    for below in logs:
        # A terminal's chain beside the node's own is never published.
        one = _whole(below, genuine, published if below.name in PUBLISHED else ())
        total.records += one.records
        total.segments += one.segments
        total.checkpoints += one.checkpoints
        total.torn += one.torn
        total.head, total.signed_until = one.head, one.signed_until
        own = below.relative_to(path)
        total.problems += [replace(problem, file=str(own / problem.file)) for problem in one.problems]
    if not total.segments:
        total.problems.append(Problem("no_log", str(path), 0, 0, "there is no log here"))
    return total


def _whole(path: Path, genuine: Genuine | None, published: Sequence[Checkpoint]) -> Verification:
    stated = _stated(path)
    marks = {mark.seq for _, mark in stated if mark} | {mark.seq for mark in published}
    head = folder.read_head(path)
    if head:
        marks.add(head.seq)
    walk = _Walk(Verification(), marks=frozenset(marks))
    _begin(walk, path, genuine)
    found = walk.segments(folder.segments(path)).found
    if head is None:
        walk.report("head", "head", 1, found.head.seq, "the head is missing or cannot be read")
    else:
        walk.compare(head.seq, head.hash, "head", "head", 1)
    for number, mark in stated:
        if mark is None:
            walk.report("checkpoint", folder.CHECKPOINTS, number, 0, "not a checkpoint")
        elif genuine is not None and not genuine(mark.kid, mark.signed_text(), mark.signature):
            walk.report("checkpoint", folder.CHECKPOINTS, number, mark.seq, "not signed by a known key")
        elif walk.agrees(mark, folder.CHECKPOINTS, number):
            found.checkpoints += 1
            found.signed_until = max(found.signed_until, mark.seq if genuine else 0)
    for number, mark in enumerate(published, 1):
        if genuine is not None and not genuine(mark.kid, mark.signed_text(), mark.signature):
            walk.report("checkpoint", "published", number, mark.seq, "not signed by a known key")
        else:
            walk.agrees(mark, "published", number)
    return found


def _begin(walk: _Walk, path: Path, genuine: Genuine | None) -> None:
    """Where the log begins: at its first record, or behind what was let go."""
    try:
        stone = retired.read(path)
    except AuditFault:
        walk.report("tombstone", retired.FILE, 1, 0, "the tombstone cannot be read")
        return
    if stone is None:
        return
    if genuine is not None and not genuine(stone.kid, stone.signed_text(), stone.signature):
        walk.report("tombstone", retired.FILE, 1, stone.seq, "not signed by a known key")
        return
    walk.begin(stone)


def _stated(path: Path) -> list[tuple[int, Checkpoint | None]]:
    file = path / folder.CHECKPOINTS
    kept = file.read_bytes().splitlines(keepends=True) if file.exists() else []
    return [(number, checkpoints.load(line) if line.endswith(b"\n") else None) for number, line in enumerate(kept, 1)]


class _Walk:
    """One pass over the records, in order, remembering what is expected next."""

    def __init__(self, found: Verification, marks: frozenset[int] = frozenset(), part: bool = False) -> None:
        self.found = found
        self._marks, self._hashes = marks, {0: chain.GENESIS}
        self._next, self._follows = 1, frozenset((chain.GENESIS,))
        self._anywhere = part
        self._tree, self._pending, self._roots = Growing(), list[bytes](), dict[int, str]()
        self._missing: dict[int, tuple[str, int]] = {}
        self._unreadable: set[int] = set()
        self._lost: set[int] = set()

    def segments(self, paths: Sequence[Path]) -> _Walk:
        for path in paths:
            self.found.segments += 1
            for number, line in enumerate(folder.lines(path), 1):
                if not self._follows_simply(line):
                    last = path is paths[-1] and not line.endswith(b"\n")
                    self._line(path.name, number, line, last)
        for seq, (file, number) in self._missing.items():
            if seq not in self._unreadable:
                self.report("removed", file, number, seq, f"record {seq} is not there")
        self._fold(self.found.head.seq)
        self.found.root = self._tree.root().hex()
        return self

    def begin(self, stone: Tombstone) -> None:
        self.found.retired, self.found.head = stone.seq, stone.head
        self._next, self._follows = stone.seq + 1, frozenset((stone.hash,))
        self._hashes[stone.seq] = stone.hash
        self._tree = Growing(stone.seq, list(stone.peaks))
        self._roots[stone.seq] = stone.root

    def agrees(self, mark: Checkpoint, file: str, line: int) -> bool:
        """Whether the log still is what a checkpoint says: its hash at that place, and the root of its tree there."""
        if mark.seq < self.found.retired:
            return True
        if not self.compare(mark.seq, mark.hash, "checkpoint", file, line):
            return False
        # Where records were touched the tree says nothing more than the chain has said already.
        whole = not any(problem.seq <= mark.seq for problem in self.found.problems)
        if whole and mark.root and self._roots.get(mark.seq) != mark.root:
            self.report("checkpoint", file, line, mark.seq, f"the tree of {mark.seq} records has another root")
            return False
        return True

    def report(self, what: What, file: str, line: int, seq: int, text: str) -> None:
        if len(self.found.problems) < MAX_PROBLEMS:
            self.found.problems.append(Problem(what, file, line, seq, text))

    def compare(self, seq: int, own: str, what: Literal["head", "checkpoint"], file: str, line: int) -> bool:
        """Whether the log still has this hash at this place."""
        if seq > self.found.head.seq:
            lost = f"the log ends at record {self.found.head.seq}, but the {what} knows record {seq}"
            for missing in range(self.found.head.seq + 1, min(seq, self.found.head.seq + MAX_PROBLEMS) + 1):
                if missing not in self._lost:
                    self._lost.add(missing)
                    self.report("truncated", file, line, missing, lost)
            return False
        if self._hashes.get(seq) != own:
            self.report(what, file, line, seq, f"record {seq} is not the one the {what} knows")
            return False
        return True

    def _follows_simply(self, line: bytes) -> bool:
        """The usual case, quickly: a whole record, right after the one before.  Anything else is looked at closely."""
        seq, known = self._next, self._follows
        if self._anywhere or len(known) != 1:
            return False
        (prev,) = known
        if not line.startswith(b'{"seq":%d,"prev":"%s","event":{' % (seq, prev.encode())):
            return False
        own = line[-67:-3]
        if line[-77:-67] != b'},"hash":"' or line[-3:] != b'"}\n' or b"\n" in line[:-1]:
            return False
        digest = hashlib.sha256(line[:-76])
        text = digest.hexdigest()
        if text.encode() != own:
            return False
        self.found.records += 1
        self._accept(seq, text, digest.digest())
        return True

    def _accept(self, seq: int, own: str, entry: bytes) -> None:
        self._next, self._follows = seq + 1, frozenset((own,))
        self.found.head = Head(seq, own)
        self._pending.append(entry)
        if seq in self._marks:
            self._hashes[seq] = own
            self._fold(seq)

    def _fold(self, seq: int) -> None:
        self._tree.add(self._pending)
        self._pending.clear()
        self._roots[seq] = self._tree.root().hex()

    def _line(self, file: str, number: int, line: bytes, last: bool) -> None:
        link = chain.read(line[:-1]) if line.endswith(b"\n") else None
        if link is None:
            if last:
                # An unfinished write; if it had been acknowledged, the head knows a record that is not there.
                self.found.torn += len(line)
                return
            self.report("altered", file, number, self._next, f"record {self._next} cannot be read")
            self._unreadable.add(self._next)
            self._next, self._follows = self._next + 1, frozenset()
            return
        self.found.records += 1
        if not link.intact:
            # Its own number may be what was changed: when it follows the record before, it is the one expected here.
            link = replace(link, seq=self._next) if link.prev in self._follows else link
            self.report("altered", file, number, link.seq, f"record {link.seq} does not have the hash it states")
        self._place(file, number, link)

    def _place(self, file: str, number: int, link: chain.Link) -> None:
        if self._anywhere:
            self._next, self._follows, self._anywhere = link.seq, frozenset(), False
        if link.seq < self._next:
            self._behind(file, number, link.seq)
            return
        if link.seq > self._next:
            gap = min(link.seq - self._next, MAX_PROBLEMS)
            self._missing.update((seq, (file, number)) for seq in range(self._next, self._next + gap))
        elif self._follows and link.prev not in self._follows:
            self.report("broken", file, number, link.seq, f"record {link.seq} does not follow the one before it")
        # After an altered record both its stated and its real hash may be what the next one was chained to.
        self._next, self._follows = link.seq + 1, frozenset((link.stated, link.computed))
        self.found.head = Head(link.seq, link.stated)
        self._pending.append(bytes.fromhex(link.computed))
        if link.seq in self._marks:
            self._hashes[link.seq] = link.computed
            self._fold(link.seq)

    def _behind(self, file: str, number: int, seq: int) -> None:
        if seq in self._missing:
            del self._missing[seq]
            self.report("swapped", file, number, seq, f"record {seq} is not in its place")
        elif seq in self._unreadable:
            self.report("swapped", file, number, seq, f"record {seq} is not in its place")
        else:
            self.report("repeated", file, number, seq, f"record {seq} is there twice")
