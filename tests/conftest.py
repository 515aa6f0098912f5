"""Fixtures that every part of the suite may use."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from babyconnect.store import numbering
from tests.support import order
from tests.support.needs import postgres_binaries
from tests.support.servers import UNSAFE, postgres

# A busy machine is no fault of the code.  In CI the cases are always the same, so that what fails there fails here too;
# elsewhere every run tries others.
settings.register_profile(
    "here", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("here")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of several processes each takes the next file; which is that, is by how long files take."""
    if not hasattr(config, "workerinput"):
        return
    files = [item.nodeid.partition("::")[0] for item in items]
    place = {file: at for at, file in enumerate(order.longest_first(files, order.seconds_of_files()))}
    items.sort(key=lambda item: place[item.nodeid.partition("::")[0]])


class Postgres(NamedTuple):
    """A running PostgreSQL server: where to connect, and the folder with all its files."""

    dsn: str
    data: pathlib.Path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One real PostgreSQL server for the test run; skipped, saying how to get it, where there is none."""
    with postgres(postgres_binaries(), UNSAFE) as (dsn, data):
        yield Postgres(dsn, data)


@pytest.fixture(autouse=True, scope="session")
def versions_in_order() -> Iterator[None]:
    """Versions 1, 2, 3, so that tests can name them; whoever tests the numbers themselves puts chance back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbering, "random_below", lambda limit: 0)
        yield
