"""The filter of a decision and the decision about each resource agree, in every store, over every label there is.

`may_release` says it of one resource; a search through the filter must release exactly those, none without a permit.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from babyconnect.birthcare.access import AccessRequest, Permit, Refused
from babyconnect.store import postgres, sqlite
from babyconnect.store.contract import Publication, Query, Store
from babyconnect.store.memory import MemoryStore
from babyconnect.trust.decision import decide, may_release
from babyconnect.trust.rules import data_groups
from tests.conftest import Postgres
from tests.properties.test_consent_laws import requests
from tests.support.cases import cases
from tests.support.material import NOON, observation

CLIENT, OTHER = "client-1", "client-2"
SHIELDS = (frozenset[str](), frozenset({"safety"}), frozenset({"genetics"}), frozenset({"safety", "genetics"}))
EPISODES = (frozenset[str](), frozenset({"e0"}), frozenset({"e1"}), frozenset({"e9"}))


def record() -> list[Publication]:
    """An observation per client, group, set of shielded labels and set of episodes."""
    labels = itertools.product((CLIENT, OTHER), sorted(data_groups())[::3], SHIELDS, EPISODES)
    return [
        observation(
            client,
            f"o{n}",
            "Encounter/v0",
            value="x",
            code="1",
            date="2026",
            shielded=shielded,
            group=group,
            episodes=held,
        )
        for n, (client, group, shielded, held) in enumerate(labels)
    ]


RECORD = record()
_NAME = re.compile(rb"\"fullUrl\":\"[^\"]*Observation/(o[0-9]+)\"")


async def found(store: Store, permit: Permit) -> set[str]:
    """The ids that searching everything through this filter gives, page by page."""
    reader, ids, after = store.open_reader(), set[str](), None
    while True:
        page = await reader.search(Query("Observation", count=150, after=after), permit.filter, "json")
        ids |= {name.decode() for name in _NAME.findall(page.entries)}
        after = page.next
        if after is None:
            return ids


def agree(runner: asyncio.Runner, store: Store) -> None:
    runner.run(store.writer.publish(RECORD, [], NOON))

    @settings(max_examples=cases(30), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(requests())
    def each(request: AccessRequest) -> None:
        decision = decide(request)
        if isinstance(decision, Refused):
            return
        labels = ((one.id, one.client, one.group, one.shielded, one.episodes) for one in RECORD)
        allowed = {name for name, *held in labels if may_release(decision.filter, *held)}
        assert runner.run(found(store, decision)) == allowed

    each()
    runner.run(store.close())


def test_in_memory() -> None:
    with asyncio.Runner() as runner:
        agree(runner, MemoryStore())


def test_in_sqlite(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        agree(runner, runner.run(sqlite.open_store(tmp_path / "store.db")))


@pytest.mark.usefixtures("postgres_server")
def test_in_postgresql(postgres_server: Postgres) -> None:
    with asyncio.Runner() as runner:
        agree(runner, runner.run(postgres.open_store(postgres_server.dsn, f"t_{uuid.uuid4().hex}")))
