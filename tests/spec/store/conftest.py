"""Every sentence about stores is about all three: memory, SQLite and PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from babyconnect.store import postgres, sqlite
from babyconnect.store.contract import Store
from babyconnect.store.memory import MemoryStore

Engine = Callable[[], Awaitable[Store]]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store
    if request.param == "memory":
        opened = MemoryStore()
    elif request.param == "sqlite":
        opened = await sqlite.open_store(tmp_path / "store.db")
    else:
        dsn = request.getfixturevalue("postgres_server").dsn
        opened = await postgres.open_store(dsn, f"t_{uuid.uuid4().hex}")
    yield opened
    await opened.close()
