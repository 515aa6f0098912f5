"""What a register remembers of its file holds until anybody writes into it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from babyconnect.network.database import Database

COUNT = "select count(*) from name where name = ?"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Database, Database]]:
    """One file, opened as two processes have it."""
    here, there = [Database(tmp_path / "names.sqlite", "create table if not exists name (name text)") for _ in range(2)]
    yield here, there
    here.close()
    there.close()


async def test_what_another_process_wrote_is_known_as_soon_as_that_is_done(pair: tuple[Database, Database]) -> None:
    here, there = pair
    for n in range(50):
        assert here.known(COUNT, ("anna",)) == [(n,)]
        await there.write(lambda db: db.execute("insert into name values ('anna')"))
    await there.forget(lambda db: db.execute("delete from name"))
    assert here.known(COUNT, ("anna",)) == [(0,)]


def test_without_a_loop_too(pair: tuple[Database, Database]) -> None:
    here, there = pair
    assert here.known(COUNT, ("anna",)) == [(0,)]
    there.write_now(lambda db: db.execute("insert into name values ('anna')"))
    assert here.known(COUNT, ("anna",)) == [(1,)]


def test_what_nobody_told_of_is_known_a_second_later(
    monkeypatch: pytest.MonkeyPatch, pair: tuple[Database, Database], tmp_path: Path
) -> None:
    here, _ = pair
    assert here.known(COUNT, ("anna",)) == [(0,)]
    apsw.Connection(str(tmp_path / "names.sqlite")).execute("insert into name values ('anna')")
    later = time.monotonic() + 1.1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert here.known(COUNT, ("anna",)) == [(1,)]
