"""The witness: heads are kept in order, and a history that was rewritten is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from babyconnect.audit import checkpoints, proofs
from babyconnect.audit.checkpoints import Checkpoint
from babyconnect.audit.log import AuditLog, Sizes
from babyconnect.audit.proofs import Consistency
from babyconnect.audit.verify import verify
from babyconnect.audit.witness import Disagrees, Kept, Wanted, Witness
from babyconnect.flows import witnessing
from babyconnect.flows.witnessing import Witnessed
from babyconnect.trust import keys

KEY = keys.generate()
GENUINE = keys.genuine(keys.jwks(KEY))
NODE = "90000001"


def write(path: Path, *names: str) -> Checkpoint:
    log = AuditLog.open(path, NODE, KEY, Sizes(2000, 5))
    for name in names:
        log.append_and_wait({"n": name})
    log.close()
    return proofs.signed(path)[-1]


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(tmp_path / "witness")


def test_the_first_head_is_kept_and_shown_again_is_not_kept_twice(tmp_path: Path, witness: Witness) -> None:
    head = write(tmp_path / "log", "a", "b")
    assert witness.show(NODE, head, GENUINE) == Kept(head, True)
    assert witness.show(NODE, head, GENUINE) == Kept(head, False)
    assert witness.kept(NODE) == [head]


def test_a_later_head_is_kept_only_with_the_proof_that_the_log_grew(tmp_path: Path, witness: Witness) -> None:
    first = write(tmp_path / "log", "a", "b")
    witness.show(NODE, first, GENUINE)
    later = write(tmp_path / "log", *"cdefgh")
    assert witness.show(NODE, later, GENUINE) == Wanted(first)
    assert witness.show(NODE, proofs.prove_growth(tmp_path / "log", first), GENUINE) == Kept(later, True)
    assert witness.kept(NODE) == [first, later]
    assert verify(tmp_path / "log", GENUINE, witness.kept(NODE)).ok


def test_a_log_that_was_rewritten_is_refused_whatever_it_shows(tmp_path: Path, witness: Witness) -> None:
    first = write(tmp_path / "log", "a", "b")
    witness.show(NODE, first, GENUINE)
    rewritten = write(tmp_path / "other", "a", "x", "c")
    same_place = write(tmp_path / "third", "a", "x")
    proof = proofs.prove_growth(tmp_path / "other", proofs.signed(tmp_path / "other")[0])
    assert isinstance(witness.show(NODE, Consistency(first, rewritten, proof.path), GENUINE), Disagrees)
    assert isinstance(witness.show(NODE, same_place, GENUINE), Disagrees)
    assert witness.kept(NODE) == [first]


def test_only_the_nodes_own_signed_heads_are_kept(tmp_path: Path, witness: Witness) -> None:
    head = write(tmp_path / "log", "a")
    foreign = checkpoints.make(head, keys.generate())
    assert isinstance(witness.show(NODE, foreign, GENUINE), Disagrees)
    assert isinstance(witness.show("90000002", head, GENUINE), Disagrees)
    assert isinstance(witness.show("../escape", head, GENUINE), Disagrees)
    assert isinstance(witness.show(NODE, replace(head, root=""), GENUINE), Disagrees)
    assert witness.kept(NODE) == []


async def test_a_node_shows_its_head_and_proves_what_the_region_asks(tmp_path: Path, witness: Witness) -> None:
    asked: list[str] = []

    async def region(method: str, path: str, body: object) -> tuple[int, dict[str, object]]:
        content = orjson.dumps(body)
        proof = proofs.load(content)
        asked.append(type(proof).__name__)
        shown = proof if isinstance(proof, Consistency) else checkpoints.load(content)
        assert shown is not None
        found = witness.show(NODE, shown, GENUINE)
        if isinstance(found, Kept):
            return 200, {"kept": orjson.loads(found.checkpoint.dump())}
        return (409, {"last": orjson.loads(found.last.dump())}) if isinstance(found, Wanted) else (422, {})

    first = write(tmp_path / "log", "a", "b")
    assert await witnessing.show(tmp_path / "log", first, region) == Witnessed(first)
    later = write(tmp_path / "log", *"cdefgh")
    assert await witnessing.show(tmp_path / "log", later, region) == Witnessed(later)
    assert asked == ["NoneType", "NoneType", "Consistency"]
    rewritten = write(tmp_path / "other", *"xbcdefghi")
    told = await witnessing.show(tmp_path / "other", rewritten, region)
    assert told.fault and witness.kept(NODE) == [first, later]
