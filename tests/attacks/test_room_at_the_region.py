"""One that sends slowly, or asks to wait long, leaves room at the region for everybody else."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from babyconnect.api.region_gate import AT_ONCE
from babyconnect.birthcare.parties import Party
from babyconnect.definitions import document
from babyconnect.flows.signatures import signer
from babyconnect.network.signed import digest
from babyconnect.trust import keys
from tests.federation.region import HOSPITAL, KRAAM, NAME, Log, application, build, entry

MANY = document("network.toml")["limits"]["in_flight"] + 100
INDEX = document("network.toml")["localisation"]
SEARCH = f"/fhir/r4/List?subject:identifier={INDEX['subject_system']}|p&code={INDEX['code_system']}|{INDEX['code']}"
KEYS = {party.ura: keys.generate() for party in (HOSPITAL, KRAAM)}


class Region:
    def __init__(self, folder: Path) -> None:
        self.state = build(folder, "http://region.test")
        for party in (HOSPITAL, KRAAM):
            self.state.directory.put_now(entry(party, KEYS[party.ura]))
        self.app = application(self.state, Log())

    async def ask(self, method: str, url: str, by: Party | None = None, address: str = "", slow: bool = False) -> int:
        """The status of one request; `slow`: its body never comes."""
        path, _, query = url.partition("?")
        headers = [(b"host", b"region.test")]
        if by is not None:
            claims = {"htm": method, "htu": url, "digest": digest(b"")}
            token = signer(KEYS[by.ura], by.ura, time.time)(NAME, claims)
            headers.append((b"authorization", f"Bearer {token}".encode()))
        scope: dict[str, Any] = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": headers, "client": (address or "10.0.0.1", 1), "server": ("region.test", 80), "scheme": "http",
            "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"},
        }  # fmt: skip
        told: list[int] = []

        async def receive() -> dict[str, Any]:
            if slow:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            told.extend([message["status"]] if "status" in message else [])

        await self.app(scope, receive, send)  # type: ignore[arg-type]
        return told[0]


@pytest.fixture
async def region(tmp_path: Path) -> AsyncIterator[Region]:
    made = Region(tmp_path)
    yield made
    made.state.close()


@contextlib.asynccontextmanager
async def crowd(*asked: Any) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(one) for one in asked]
    await asyncio.sleep(0.5)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_stranger_whose_bodies_never_come_keeps_nobody_else_out(region: Region) -> None:
    slow = [region.ask("POST", "/fhir/r4/Consent/_search", address="10.6.6.6", slow=True) for _ in range(MANY)]
    async with crowd(*slow):
        assert await region.ask("GET", "/fhir/r4/Organization", HOSPITAL) == 200
        assert await region.ask("POST", "/fhir/r4/List", address="10.6.6.6", slow=True) == 429


async def test_an_organisation_that_waits_a_thousand_times_keeps_nobody_else_out(region: Region) -> None:
    feed = f"/fhir/r4/Consent/_history?_since=0&_epoch={region.state.consents.epoch}&_wait=5"
    async with crowd(*[region.ask("GET", feed, KRAAM) for _ in range(MANY)]):
        assert await region.ask("GET", "/fhir/r4/Organization", HOSPITAL) == 200
        assert await region.ask("GET", "/fhir/r4/Organization", KRAAM) == 429


async def test_who_searches_with_a_body_that_never_comes_takes_nobodys_turn(region: Region) -> None:
    slow = [region.ask("POST", "/evidence/received", address=f"10.6.6.{n}", slow=True) for n in range(AT_ONCE * 2)]
    async with crowd(*slow):
        assert await region.ask("POST", "/evidence/received", HOSPITAL) == 400


async def test_a_burst_of_searches_is_answered_in_the_order_it_came_some_at_a_time(tmp_path: Path) -> None:
    """The first has its answer, with the log of it, while the last are not looked at yet."""
    region, inside, most, answered = Region(tmp_path), 0, 0, []

    async def log(event: object) -> None:
        nonlocal inside, most
        inside, most = inside + 1, max(most, inside + 1)
        await asyncio.sleep(0.01)
        inside -= 1

    async def one(number: int) -> None:
        assert await region.ask("GET", SEARCH, HOSPITAL) == 403
        answered.append(number)

    region.app = application(region.state, log)  # type: ignore[arg-type]
    await asyncio.gather(*(one(number) for number in range(AT_ONCE * 2)))
    region.state.close()
    assert answered == list(range(AT_ONCE * 2)) and most == AT_ONCE
