"""Nodes keep where the region's own log stands: it cannot be rewritten unseen, nor be another one to each of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from babyconnect.api.region_call import OwnLog
from babyconnect.audit.log import AuditLog, Sizes
from babyconnect.audit.verify import verify
from babyconnect.audit.witness import Witness
from babyconnect.flows.witnessing import Witnessed, watch
from babyconnect.network.contract import RegionFault
from babyconnect.trust import keys
from tests.federation.region import GP, NAME, PRACTICE

KEY, OTHER = keys.generate(), keys.generate()


def written(folder: Path, *names: str, key: keys.SigningKey = KEY) -> Path:
    log = AuditLog.open(folder, NAME, key, Sizes(2000, 5))
    for name in names:
        log.append_and_wait({"n": name})
    log.close()
    return folder


class Keeper:
    """One node's: what it keeps, and its way to the region."""

    def __init__(self, federation: Any, party: Any, folder: Path) -> None:
        self.region, self.folder = federation[party].region, folder
        self.witness = Witness(folder)

    async def watch(self) -> Witnessed:
        return await watch(self.witness, self.folder / "keys.json", NAME, self.region.send)


def shows(federation: Any, folder: Path, key: keys.SigningKey = KEY) -> None:
    federation.state.own_log = OwnLog(folder, lambda: keys.jwks(key))


@pytest.fixture
def keeper(federation: Any, tmp_path: Path) -> Keeper:
    return Keeper(federation, PRACTICE, tmp_path / "kept")


async def test_its_head_is_kept_and_each_later_one_with_the_proof_that_it_grew(federation, keeper, tmp_path) -> None:
    shows(federation, written(tmp_path / "log", "a", "b"))
    assert (await keeper.watch()).fault == ""
    written(tmp_path / "log", *"cdefgh")
    found = await keeper.watch()
    assert found.fault == "" and found.checkpoint is not None
    assert found.checkpoint == keeper.witness.kept(NAME)[-1] and len(keeper.witness.kept(NAME)) == 2
    assert (await keeper.watch()).checkpoint == found.checkpoint, "nothing new"
    genuine = keys.genuine(keys.jwks(KEY))
    assert verify(tmp_path / "log", genuine, keeper.witness.kept(NAME)).ok


async def test_a_log_that_was_rewritten_is_seen_and_what_was_kept_stays(federation, keeper, tmp_path) -> None:
    shows(federation, written(tmp_path / "log", "a", "b"))
    first = (await keeper.watch()).checkpoint
    for number, names in enumerate(("ax", "axcd", "a")):
        shows(federation, written(tmp_path / f"other-{number}", *names))
        found = await keeper.watch()
        assert found.fault and found.checkpoint == first
    assert keeper.witness.kept(NAME) == [first]
    shows(federation, tmp_path / "log")
    assert (await keeper.watch()).fault == ""


async def test_a_history_for_one_node_and_another_for_the_next_shows_when_they_compare(federation, keeper, tmp_path):
    """What each keeps is a checkpoint that `audit verify --checkpoint` takes: the region's log cannot hold both."""
    shows(federation, written(tmp_path / "log", "a", "b"))
    await keeper.watch()
    other = Keeper(federation, GP, tmp_path / "kept-there")
    shows(federation, written(tmp_path / "second", "a", "x"))
    await other.watch()
    both = [*keeper.witness.kept(NAME), *other.witness.kept(NAME)]
    assert not verify(tmp_path / "log", keys.genuine(keys.jwks(KEY)), both).ok


async def test_with_a_key_that_nobody_saw_before_it_signs_nothing(federation, keeper, tmp_path) -> None:
    shows(federation, written(tmp_path / "log", "a", "b"))
    await keeper.watch()
    shows(federation, written(tmp_path / "other", "a", "b", "c", key=OTHER), OTHER)
    assert "key" in (await keeper.watch()).fault


async def test_who_showed_once_where_it_stands_may_not_stop_doing_so(federation, keeper, tmp_path) -> None:
    assert await keeper.watch() == Witnessed(None), "this region signs nothing"
    shows(federation, written(tmp_path / "log", "a", "b"))
    await keeper.watch()
    federation.state.own_log = None
    assert (await keeper.watch()).fault


async def test_a_region_that_is_away_is_no_disagreement(federation, keeper) -> None:
    keeper.region.base = "http://127.0.0.1:1"
    with pytest.raises(RegionFault):
        await keeper.watch()
    await asyncio.sleep(0)
