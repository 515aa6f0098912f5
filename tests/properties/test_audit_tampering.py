"""Whatever is done to a log afterwards is found, and the place is named."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.audit import chain, checkpoints, folder
from babyconnect.audit.checkpoints import Checkpoint
from babyconnect.audit.log import AuditLog, Sizes
from babyconnect.audit.verify import Verification, verify
from babyconnect.trust import keys
from tests.support.cases import cases

RECORDS = 40
KEY = keys.generate()
GENUINE = keys.genuine(keys.jwks(KEY))


@pytest.fixture(scope="module")
def pristine() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:
        log = AuditLog.open(Path(place) / "log", "node", KEY, Sizes(segment_bytes=2500, checkpoint_records=7))
        for n in range(RECORDS):
            log.append_and_wait({"n": n, "client": f"c{n % 5}"})
        log.close()
        yield Path(place) / "log"


@contextmanager
def copy(pristine: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:
        yield Path(shutil.copytree(pristine, Path(place) / "log"))


def lines(path: Path) -> list[tuple[Path, bytes]]:
    return [(segment, line) for segment in folder.segments(path) for line in folder.lines(segment)]


def rewrite(path: Path, kept: list[tuple[Path, bytes]]) -> None:
    for segment in folder.segments(path):
        segment.write_bytes(b"".join(line for its, line in kept if its == segment))


def places(found: Verification) -> set[int]:
    return {problem.seq for problem in found.problems}


def test_an_untouched_log_is_right(pristine: Path) -> None:
    found = verify(pristine, GENUINE)
    assert found.ok
    assert (found.records, found.head.seq, found.signed_until, found.torn) == (RECORDS, RECORDS, RECORDS, 0)
    assert found.segments > 2 and found.checkpoints > 2


@settings(max_examples=cases(100), deadline=None)
@given(st.data())
def test_any_flipped_bit_is_found_in_its_record(pristine: Path, data: st.DataObject) -> None:
    with copy(pristine) as path:
        number = data.draw(st.integers(0, RECORDS - 1))
        segment, line = lines(path)[number]
        before = sum(len(text) for its, text in lines(path)[:number] if its == segment)
        at, bit = data.draw(st.integers(0, len(line) - 1)), data.draw(st.integers(0, 7))
        content = bytearray(segment.read_bytes())
        content[before + at] ^= 1 << bit
        segment.write_bytes(content)
        found = verify(path, GENUINE)
        assert not found.ok
        # A record whose newline goes is read as one with the next, so that one may be named as well.
        assert number + 1 in places(found)
        assert min(places(found)) >= number + 1


def test_every_single_bit_of_a_record_counts(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path)
    for n in range(12):
        log.append_and_wait({"n": n})
    log.close()
    segment = folder.segments(tmp_path)[0]
    content = segment.read_bytes()
    start = sum(len(line) for line in list(folder.lines(segment))[:10])
    for at in range(start, content.index(b"\n", start) + 1):
        for bit in range(8):
            segment.write_bytes(content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :])
            found = places(verify(tmp_path))
            assert 11 in found and min(found) == 11, (at - start, bit)


@settings(max_examples=cases(60), deadline=None)
@given(st.sampled_from(["head", folder.CHECKPOINTS]), st.data())
def test_a_flipped_bit_in_head_or_checkpoints_is_found(pristine: Path, name: str, data: st.DataObject) -> None:
    with copy(pristine) as path:
        content = bytearray((path / name).read_bytes())
        meaning = len(content.rstrip()) if name == "head" else len(content)
        content[data.draw(st.integers(0, meaning - 1))] ^= 1 << data.draw(st.integers(0, 7))
        (path / name).write_bytes(content)
        assert not verify(path, GENUINE).ok


@settings(max_examples=cases(60), deadline=None)
@given(st.sets(st.integers(1, RECORDS), min_size=1, max_size=5))
def test_removed_records_are_each_named(pristine: Path, gone: set[int]) -> None:
    with copy(pristine) as path:
        rewrite(path, [kept for number, kept in enumerate(lines(path), 1) if number not in gone])
        assert gone <= places(verify(path, GENUINE))


@settings(max_examples=cases(60), deadline=None)
@given(st.lists(st.integers(0, RECORDS - 1), min_size=2, max_size=2, unique=True))
def test_swapped_records_are_found(pristine: Path, pair: list[int]) -> None:
    with copy(pristine) as path:
        a, b = sorted(pair)
        kept = lines(path)
        kept[a], kept[b] = (kept[a][0], kept[b][1]), (kept[b][0], kept[a][1])
        rewrite(path, kept)
        found = verify(path, GENUINE)
        assert {a + 1, b + 1} & places(found)
        assert "swapped" in {problem.what for problem in found.problems}


@settings(max_examples=cases(60), deadline=None)
@given(st.integers(0, RECORDS - 1), st.integers(0, RECORDS - 1))
def test_a_record_that_is_there_twice_is_found(pristine: Path, which: int, where: int) -> None:
    with copy(pristine) as path:
        kept = lines(path)
        rewrite(path, [*kept[: where + 1], (kept[where][0], kept[which][1]), *kept[where + 1 :]])
        assert not verify(path, GENUINE).ok


@settings(max_examples=cases(60), deadline=None)
@given(st.data())
def test_a_log_cut_off_anywhere_is_found(pristine: Path, data: st.DataObject) -> None:
    with copy(pristine) as path:
        segments = folder.segments(path)
        first = data.draw(st.integers(0, len(segments) - 1))
        size = segments[first].stat().st_size
        at = data.draw(st.integers(0, size - 1))
        for segment in segments[first + 1 :]:
            segment.unlink()
        segments[first].write_bytes(segments[first].read_bytes()[:at])
        found = verify(path, GENUINE)
        whole = len(lines(path)) - (1 if found.torn else 0)
        assert ("truncated", whole + 1) in {(problem.what, problem.seq) for problem in found.problems}


def forge(path: Path, changed: int, cut: int | None = None) -> None:
    """Change a record and chain everything after it anew, head and all: what someone with the disk can do."""
    before, seq, kept = chain.GENESIS, 0, []
    for segment, line in lines(path)[:cut]:
        link = chain.read(line[:-1])
        assert link is not None
        seq += 1
        event = link.event.replace(b'"n":', b'"x":') if seq == changed else link.event
        made, before = chain.forge(seq, before, event)
        kept.append((segment, made))
    rewrite(path, kept)
    handle = (path / "head").open("r+b")
    folder.write_head(handle.fileno(), folder.Head(seq, before))
    handle.close()


def test_a_log_that_was_rewritten_whole_is_found_by_the_signed_checkpoints(pristine: Path) -> None:
    with copy(pristine) as path:
        forge(path, 12)
        found = verify(path, GENUINE)
        assert {problem.what for problem in found.problems} == {"checkpoint"}
        assert min(places(found)) == 14  # checkpoints at 7, 14, ...: the change lies after record 7
        assert found.signed_until == 7


def test_checkpoints_that_were_thrown_away_are_missed_by_who_holds_a_published_one(pristine: Path) -> None:
    published = [checkpoints.load((pristine / folder.CHECKPOINTS).read_bytes().splitlines()[-1])]
    assert published[0] is not None
    with copy(pristine) as path:
        forge(path, 12, cut=30)
        (path / folder.CHECKPOINTS).unlink()
        assert verify(path, GENUINE).ok  # nothing on this disk gives it away …
        found = verify(path, GENUINE, [published[0]])  # … but what was published does
        assert [(problem.what, problem.seq) for problem in found.problems] == [
            ("truncated", seq) for seq in range(31, RECORDS + 1)
        ]


def test_a_checkpoint_signed_by_another_key_is_found(pristine: Path) -> None:
    with copy(pristine) as path:
        other = keys.generate()
        made = checkpoints.make(Checkpoint("node", RECORDS, "f" * 64, "2026-01-01T00:00:00.000Z"), other)
        (path / folder.CHECKPOINTS).write_bytes(made.dump() + b"\n")
        assert [problem.what for problem in verify(path, GENUINE).problems] == ["checkpoint"]
