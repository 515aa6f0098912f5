"""What the SQLite store remembers of what it read: given again only while nobody, of any process, wrote."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from babyconnect.store import sqlite
from babyconnect.store.contract import Stored
from babyconnect.store.reading import Kept, Resources
from babyconnect.store.sqlite import SqliteStore
from tests.support.material import NOON, allowed, episode, observation, woman

Pair = tuple[SqliteStore, SqliteStore]


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    """One file, opened as two processes have it; both know what is in it."""
    here, there = [await sqlite.open_store(tmp_path / "store.db") for _ in range(2)]
    await there.writer.publish([woman("anna"), episode("anna"), observation("anna", "o", value="72")], [], NOON)
    for store in (here, there):
        assert "72" in str(await _read(store))
        await store.open_reader().episodes_of("anna")
    yield here, there
    await here.close()
    await there.close()


async def _read(store: SqliteStore, **narrower: tuple[str, ...]) -> Stored | None:
    return await store.open_reader().read("Observation", "o", allowed("anna", **narrower), "json")


async def test_what_another_process_published_is_read_at_once(pair: Pair) -> None:
    here, there = pair
    for value in ("80", "90", "100"):
        await there.writer.publish([observation("anna", "o", value=value)], [], NOON)
        assert f'"{value}"' in str(await _read(here))
        assert f'"{value}"' in str(await _read(there))


async def test_so_is_what_another_process_says_of_her_episodes(pair: Pair) -> None:
    here, there = pair
    await there.writer.publish([episode("anna", status="finished")], [], NOON)
    assert [one["status"] for one in await here.open_reader().episodes_of("anna")] == ["finished"]


async def test_what_another_process_erased_is_not_read(pair: Pair) -> None:
    here, there = pair
    await there.writer.erase_client("anna")
    assert await _read(here) is None
    assert await here.open_reader().episodes_of("anna") == ()


async def test_every_filter_is_held_against_what_is_remembered(pair: Pair) -> None:
    here, _ = pair
    assert await _read(here, groups=("maternal_lab",)) is None
    assert await _read(here, episodes=("another",)) is None
    assert await here.open_reader().read("Observation", "o", allowed("bea"), "json") is None
    assert await _read(here) is not None


async def test_nothing_erased_stays_in_memory_where_it_is_erased(pair: Pair) -> None:
    here, _ = pair
    await here.writer.erase_client("anna")
    assert _remembered(here) == 0


async def test_nor_in_a_process_that_reads_nothing_any_more(monkeypatch: pytest.MonkeyPatch, pair: Pair) -> None:
    here, there = pair
    monkeypatch.setattr(sqlite, "ASK_SECONDS", 0.01)
    await there.writer.erase_client("anna")
    assert _remembered(here)
    for _ in range(500):
        await asyncio.sleep(0.01)
        if not _remembered(here):
            return
    pytest.fail("what was erased is still remembered")


async def test_what_was_written_by_whoever_could_not_tell_is_seen_a_moment_later(
    monkeypatch: pytest.MonkeyPatch, pair: Pair, tmp_path: Path
) -> None:
    here, _ = pair
    monkeypatch.setattr(sqlite, "ASK_SECONDS", 0.01)
    killed = apsw.Connection(str(tmp_path / "store.db"))  # as if it was killed between its commit and telling
    killed.execute("DELETE FROM version WHERE type = 'Observation'")
    killed.close()
    for _ in range(500):
        await asyncio.sleep(0.01)
        if await _read(here) is None:
            return
    pytest.fail("what is not there any more is still read")


async def test_what_is_read_while_another_writes_is_not_remembered_past_it(pair: Pair) -> None:
    here, there = pair
    for n in range(200, 220):
        writing = asyncio.create_task(there.writer.publish([observation("anna", "o", value=str(n))], [], NOON))
        while not writing.done():
            await _read(here)
            await asyncio.sleep(0)
        assert f'"{n}"' in str(await _read(here))


def test_no_more_bytes_are_remembered_than_there_is_room_for() -> None:
    kept = Resources(100_000)
    kept.get(("Observation", "0", "json"), 1)
    for n in range(1_000):
        stored = Stored("Observation", str(n), 1, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), b"x" * 1_000)
        marks = ("anna", "group", (), (), f"Observation/{n}", "")
        kept.put(("Observation", str(n), "json"), Kept(stored, marks), 1)
    found = [n for n in range(1_000) if kept.get(("Observation", str(n), "json"), 1)]
    assert 20 < len(found) < 100
    assert found[-1] == 999
    assert kept.get(("Observation", "999", "json"), 2) is None


def _remembered(store: SqliteStore) -> int:
    kept = store._remembered
    return len(kept.resources._kept) + len(kept.episodes._kept)
