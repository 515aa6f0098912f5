"""Fixtures that every part of the suite may use."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.needs import postgres_binaries
from tests.servers import UNSAFE, postgres


class Postgres(NamedTuple):
    """A running PostgreSQL server: where to connect, and the folder with all its files."""

    dsn: str
    data: pathlib.Path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One real PostgreSQL server for the test run; skipped, saying how to get it, where there is none."""
    with postgres(postgres_binaries(), UNSAFE) as (dsn, data):
        yield Postgres(dsn, data)
