from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from babyconnect.api.region import RegionState
from babyconnect.birthcare.parties import Party
from babyconnect.exchange.http1 import Http
from babyconnect.trust import keys
from tests.federation import region
from tests.federation.region import Log, Node
from tests.federation.serving import calling, free_port, serving


@dataclass
class Federation:
    """A running region and the nodes of all its organisations."""

    state: RegionState
    log: Log
    base: str
    nodes: dict[Party, Node]
    http: Http

    def __getitem__(self, party: Party) -> Node:
        return self.nodes[party]


@pytest.fixture
async def federation(tmp_path: Path) -> AsyncIterator[Federation]:
    port = free_port()
    state, log = region.build(tmp_path, f"http://127.0.0.1:{port}"), Log()
    secrets = {party: keys.generate() for party in region.PARTIES}
    for party, key in secrets.items():
        state.directory.put_now(region.entry(party, key))
    async with serving(region.application(state, log), port) as base, calling() as http:
        nodes = {party: region.node(party, key, base, http) for party, key in secrets.items()}
        for one in nodes.values():
            await one.directory.load()
        yield Federation(state, log, base, nodes, http)
        for one in nodes.values():
            await one.consents.close()
            await one.directory.close()
    state.close()
