"""Proofs that travel: one event under a checkpoint, and that the log only grew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.audit import chain, checkpoints, folder, merkle, proofs, retired, tree
from babyconnect.audit.checkpoints import Checkpoint
from babyconnect.audit.disk import Disk
from babyconnect.audit.faults import AuditFault
from babyconnect.audit.log import AuditLog, Sizes
from babyconnect.audit.proofs import Consistency, Inclusion, NoProof
from babyconnect.audit.verify import verify
from babyconnect.cli.main import main
from babyconnect.trust import keys
from tests.support.cases import cases

KEY = keys.generate()
GENUINE = keys.genuine(keys.jwks(KEY))
SIZES = Sizes(segment_bytes=2500, checkpoint_records=7)
START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def write(path: Path, count: int, first: int = 0) -> None:
    """A record a day, from 2020 on."""
    log = AuditLog.open(path, "node", KEY, SIZES)
    for n in range(first, first + count):
        log.append_and_wait({"n": n, "at": (START + dt.timedelta(days=n)).strftime("%Y-%m-%dT%H:%M:%S.000Z")})
    log.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    write(tmp_path / "log", 50)
    return tmp_path / "log"


def test_every_event_is_proved_under_the_last_checkpoint(log: Path) -> None:
    for seq in range(1, 51):
        proof = proofs.load(proofs.prove(log, seq).dump())
        assert isinstance(proof, Inclusion)
        assert proof.flaw(GENUINE) == ""
        assert orjson.loads(proof.record)["event"]["n"] == seq - 1


def test_growth_is_proved_from_every_checkpoint_also_after_starts(log: Path) -> None:
    for more in (1, 13, 2):
        write(log, more, 50)
    marks = proofs.signed(log)
    assert len(marks) > 8 and marks[-1].seq == 66
    for mark in marks:
        proof = proofs.load(proofs.prove_growth(log, mark).dump())
        assert isinstance(proof, Consistency) and proof.flaw(GENUINE) == ""
    assert verify(log, GENUINE, marks).ok


@pytest.mark.parametrize("note", ["kept", "lost", "forged"])
def test_the_tree_is_the_same_whether_its_notes_are_kept_lost_or_forged(log: Path, note: str) -> None:
    if note == "lost":
        (log / tree.NOTES).unlink()
    elif note == "forged":
        lines = (log / tree.NOTES).read_bytes().splitlines()
        wrong = [orjson.loads(line) for line in lines]
        for line in wrong:
            line["peaks"][0] = "00" * 32
        (log / tree.NOTES).write_bytes(b"\n".join(map(orjson.dumps, wrong)) + b"\n")
    write(log, 5, 50)
    found = verify(log, GENUINE)
    assert found.ok and found.signed_until == 55
    assert proofs.signed(log)[-1].root == found.root


def test_a_log_from_before_there_was_a_tree_goes_on_and_stays_verifiable(tmp_path: Path) -> None:
    write(tmp_path, 20)
    old = [checkpoints.load(line) for line in (tmp_path / folder.CHECKPOINTS).read_bytes().splitlines()]
    bare = [checkpoints.make(replace(mark, root=""), KEY) for mark in old if mark]
    (tmp_path / folder.CHECKPOINTS).write_bytes(b"".join(mark.dump() + b"\n" for mark in bare))
    (tmp_path / tree.NOTES).unlink()
    assert verify(tmp_path, GENUINE).signed_until == 20
    write(tmp_path, 20, 20)
    found = verify(tmp_path, GENUINE, bare)
    assert found.ok and found.signed_until == 40 and proofs.prove(tmp_path, 3).flaw(GENUINE) == ""


def test_what_was_published_is_of_the_nodes_own_chain_and_not_of_a_terminals_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "node", 20)
    write(tmp_path / "terminal-1", 3)
    published = proofs.signed(tmp_path / "node")
    assert verify(tmp_path, GENUINE, published).ok
    (tmp_path / "node").rename(tmp_path / "other")
    assert not verify(tmp_path, GENUINE, published).ok  # nothing was compared, and that is said
    (tmp_path / "other").rename(tmp_path / "node")
    forged_history(tmp_path / "node", 5)
    assert {problem.file for problem in verify(tmp_path, GENUINE, published).problems} == {"node/published"}


def forged_history(path: Path, changed: int) -> Checkpoint:
    """The log as its own keeper would rewrite it: every record from `changed` on made anew, with head and mark."""
    head, prev, growing = 0, chain.GENESIS, merkle.Growing()
    for segment in folder.segments(path):
        lines = []
        for line in folder.lines(segment):
            link = chain.read(line[:-1])
            assert link is not None
            event = b'{"n":"forged"}' if link.seq == changed else link.event
            forged, prev = chain.forge(link.seq, prev, event)
            head = link.seq
            growing.add([bytes.fromhex(prev)])
            lines.append(forged)
        segment.write_bytes(b"".join(lines))
    (path / "head").write_bytes(orjson.dumps({"seq": head, "hash": prev}))
    made = checkpoints.make(Checkpoint("node", head, prev, "2026-01-01T00:00:00.000Z", root=growing.root().hex()), KEY)
    (path / folder.CHECKPOINTS).write_bytes(made.dump() + b"\n")
    (path / tree.NOTES).unlink()
    return made


@settings(max_examples=cases(30), deadline=None)
@given(st.integers(1, 40))
def test_a_history_rewritten_by_the_keeper_of_the_key_cannot_be_joined_to_what_was_published(
    tmp_path_factory: pytest.TempPathFactory, changed: int
) -> None:
    path = tmp_path_factory.mktemp("log")
    write(path, 40)
    published = proofs.signed(path)[-1]
    proof = proofs.prove(path, changed)
    made = forged_history(path, changed)
    assert verify(path, GENUINE).ok  # nothing on this disk gives it away …
    assert not verify(path, GENUINE, [published]).ok  # … what was published does,
    assert not proofs.vouched(proofs.prove(path, changed), [published])  # for one event too,
    assert proofs.prove_growth(path, published).flaw(GENUINE)  # and no proof joins the two
    assert replace(proof, checkpoint=made).flaw(GENUINE)


@pytest.mark.parametrize(
    "bend",
    [
        lambda proof: replace(proof, seq=proof.seq + 1),
        lambda proof: replace(proof, record=proof.record.replace('"n":4', '"n":5')),
        lambda proof: replace(proof, path=proof.path[:-1]),
        lambda proof: replace(proof, path=proof.path[::-1]),
        lambda proof: replace(proof, checkpoint=replace(proof.checkpoint, root="ab" * 32)),
        lambda proof: replace(proof, checkpoint=replace(proof.checkpoint, seq=49)),
        lambda proof: replace(proof, checkpoint=replace(proof.checkpoint, signature=b"x")),
    ],
)
def test_a_bent_proof_proves_nothing(log: Path, bend: Callable[[Inclusion], Inclusion]) -> None:
    assert bend(proofs.prove(log, 5)).flaw(GENUINE)


def test_what_is_not_under_a_checkpoint_or_not_there_is_not_proved(log: Path, tmp_path: Path) -> None:
    with pytest.raises(NoProof, match="not under a checkpoint"):
        proofs.prove(log, 51)
    with pytest.raises(NoProof):
        proofs.prove_growth(log, Checkpoint("node", 99, "0" * 64, "", root="0" * 64))
    assert proofs.load(b"{}") is None and proofs.load(b"rubbish") is None


async def test_a_checkpoint_can_be_asked_for_and_is_not_made_twice(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path, "node", KEY)
    assert await log.sign() is None
    await log.append({"n": 1})
    first = await log.sign()
    assert first is not None and first.seq == 1 and await log.sign() == first
    log.close()
    with pytest.raises(AuditFault):
        await log.sign()


async def test_what_is_older_than_the_retention_goes_in_whole_segments_and_the_rest_stays_verifiable(log: Path) -> None:
    before, published = len(folder.segments(log)), proofs.signed(log)
    writer = AuditLog.open(log, "node", KEY, SIZES)
    stone = await writer.let_go(START + dt.timedelta(days=30))
    assert stone is not None and 20 < stone.seq <= 30 and stone.until < "2020-01-31"
    assert await writer.let_go(START + dt.timedelta(days=30)) is None
    await writer.append({"n": 50, "at": "2020-03-01T00:00:00.000Z"})
    writer.close()
    found = verify(log, GENUINE, published)
    assert found.ok and found.retired == stone.seq and found.head.seq == 51 and len(folder.segments(log)) < before
    assert proofs.prove(log, stone.seq + 1).flaw(GENUINE) == ""
    assert proofs.prove_growth(log, published[-1]).flaw(GENUINE) == ""
    with pytest.raises(NoProof, match="no longer kept"):
        proofs.prove(log, stone.seq)


async def test_a_segment_that_goes_without_a_tombstone_or_with_a_forged_one_is_found(log: Path) -> None:
    writer = AuditLog.open(log, "node", KEY, SIZES)
    stone = await writer.let_go(START + dt.timedelta(days=20))
    writer.close()
    assert stone is not None
    forged = replace(stone, until="2019-01-01T00:00:00.000Z")
    (log / retired.FILE).write_bytes(forged.dump() + b"\n")
    assert {problem.what for problem in verify(log, GENUINE).problems} >= {"tombstone"}
    (log / retired.FILE).write_bytes(stone.dump() + b"\n")
    assert verify(log, GENUINE).ok
    folder.segments(log)[0].unlink()
    assert {problem.what for problem in verify(log, GENUINE).problems} >= {"removed"}


@settings(max_examples=cases(60), deadline=None)
@given(data=st.data())
def test_any_flipped_bit_of_a_tombstone_is_found(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "tombstone"
    if not path.exists():
        write(path, 40)
        disk = Disk(path, "node", KEY, SIZES, lambda: START)
        disk.start()
        disk.let_go(START + dt.timedelta(days=30))
        disk.release()
    content = (path / retired.FILE).read_bytes()
    at, bit = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 7))
    (path / retired.FILE).write_bytes(content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :])
    found = verify(path, GENUINE)
    (path / retired.FILE).write_bytes(content)
    assert not found.ok and found.problems[0].what == "tombstone"


async def test_a_retirement_cut_short_is_finished_at_the_next_start(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = AuditLog.open(log, "node", KEY, SIZES)
    with monkeypatch.context() as cut:
        cut.setattr(Path, "unlink", lambda self, missing_ok=False: (_ for _ in ()).throw(OSError(5, "cut short")))
        with pytest.raises(AuditFault):
            await writer.let_go(START + dt.timedelta(days=20))
    writer.close()
    write(log, 1, 50)
    found = verify(log, GENUINE)
    assert found.ok and found.retired > 10 and folder.first_of(folder.segments(log)[0]) == found.retired + 1


def test_the_command_proves_and_verifies(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jwks, published, proof = tmp_path / "jwks.json", tmp_path / "published", tmp_path / "proof.json"
    jwks.write_bytes(orjson.dumps(keys.jwks(KEY)))
    published.write_bytes(proofs.signed(log)[-1].dump() + b"\n")
    assert main(["audit", "prove", str(log), "--event", "7", "--out", str(proof)]) == 0
    assert main(["audit", "verify", "--keys", str(jwks), "--checkpoint", str(published), "--proof", str(proof)]) == 0
    assert "proved: record 7 is in the log of node until record 50" in capsys.readouterr().out
    proof.write_bytes(proof.read_bytes().replace(b'\\"n\\":6', b'\\"n\\":5'))
    assert main(["audit", "verify", str(log), "--keys", str(jwks), "--proof", str(proof)]) == 1
    out = capsys.readouterr().out
    assert "nothing was touched" in out and "not proved: the record" in out
    assert main(["audit", "prove", str(log), "--since", str(published), "--out", str(proof)]) == 0
    assert main(["audit", "verify", "--keys", str(jwks), "--proof", str(proof)]) == 0
    assert main(["audit", "verify"]) == 2
    assert main(["audit", "prove", str(log), "--event", "51"]) == 1
