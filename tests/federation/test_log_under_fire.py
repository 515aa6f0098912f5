"""The log under fire: a node that is killed at any instant, and one whose disk is full, under load.

Every answer that was released has its event, the node starts again by itself, and it says when it cannot answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import resource
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from babyconnect.audit.reading import search, trace_id
from babyconnect.audit.verify import verify
from tests.federation.fire import BSN
from tests.federation.serving import free_port

KILLS = int(os.environ.get("BABYCONNECT_KILLS", "4"))
"""`make soak` takes a hundred; `make test` has ten more of the log by itself (tests/unit/audit)."""
SEARCHES = ("Observation?_count=5", "EpisodeOfCare", "Patient", "Observation/o1")
IDENTIFIER = f"http://fhir.nl/fhir/NamingSystem/bsn|{BSN}"


@dataclass
class Load:
    """Askers that never stop asking.  `released`: the traces of every answer that came whole."""

    released: set[str] = field(default_factory=set)
    refused: int = 0

    async def ask(self, session: aiohttp.ClientSession, base: str, token: str, dice: random.Random) -> None:
        headers = {"authorization": f"Bearer {token}"}
        find = {"identifier": IDENTIFIER}
        await self._once(session, "POST", f"{base}/fhir/stu3/Patient/_search", headers, dice, find)
        while True:
            await self._once(session, "GET", f"{base}/fhir/stu3/{dice.choice(SEARCHES)}", headers, dice)

    async def _once(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: str,
        headers: dict[str, str],
        dice: random.Random,
        data: dict[str, str] | None = None,
    ) -> None:
        trace = f"{dice.getrandbits(128) | 1:032x}"
        sent = {**headers, "traceparent": f"00-{trace}-{1:016x}-01"}
        async with session.request(method, url, headers=sent, data=data) as answer:
            body = await answer.read()
        if answer.status == 200 and b"resourceType" in body:
            self.released.add(trace)
        else:
            assert answer.status == 503 and b"Observation" not in body, (answer.status, body[:200])
            self.refused += 1
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def node(folder: Path, load: Load, seed: int) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A node under load; whoever asked is silent when it is gone."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.federation.fire", str(port), str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    tokens = [(await process.stdout.readline()).decode().strip() for _ in range(16)]
    base = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as session:
        asking = [
            asyncio.create_task(load.ask(session, base, token, random.Random(seed * 1000 + place)))
            for place, token in enumerate(tokens)
        ]
        try:
            yield process, base
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            ended = await asyncio.gather(*asking, return_exceptions=True)
            assert all(isinstance(one, aiohttp.ClientError) for one in ended), ended


async def more(load: Load, count: int) -> None:
    wanted = len(load.released) + count
    async with asyncio.timeout(60):
        while len(load.released) < wanted:
            await asyncio.sleep(0.005)


async def refusals(load: Load, count: int) -> None:
    wanted = load.refused + count
    async with asyncio.timeout(60):
        while load.refused < wanted:
            await asyncio.sleep(0.01)


def logged(folder: Path) -> set[str]:
    return {trace_id(str(entry.event.get("trace", ""))) for entry in search(folder)}


async def test_a_node_killed_under_load_released_nothing_that_is_not_in_its_log_and_starts(
    tmp_path: Path,
) -> None:
    load, dice = Load(), random.Random(7513)
    for run in range(KILLS):
        async with node(tmp_path / "log", load, run) as (process, _):
            await more(load, dice.randint(20, 400))
            process.send_signal(signal.SIGKILL)
            await process.wait()
        missing = load.released - logged(tmp_path / "log")
        assert not missing, f"{len(missing)} answers are not in the log"
        found = verify(tmp_path / "log")
        assert found.ok, found.problems
    assert load.refused == 0 and len(load.released) > 20 * KILLS


async def test_a_full_disk_is_a_503_and_an_unhealthy_node_that_goes_on_by_itself_when_there_is_room(
    tmp_path: Path,
) -> None:
    load = Load()
    async with node(tmp_path / "log", load, 1) as (process, base), aiohttp.ClientSession() as session:

        async def health() -> tuple[int, str]:
            async with session.get(f"{base}/health") as answer:
                return answer.status, (await answer.json())["status"]

        await more(load, 50)
        assert await health() == (200, "ok")
        held = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4_000, held[1]))
        await refusals(load, 1)  # in the midst of a record: its beginning lies there
        # Now nothing more can be written: with room for a new small file the log rightly goes on in it for a while.
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, held[1]))
        await refusals(load, 30)
        assert await health() == (503, "log_refuses")
        before = len(load.released)
        await asyncio.sleep(0.3)
        assert len(load.released) == before
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, held)
        await more(load, 50)
        assert await health() == (200, "ok")
    assert load.released <= logged(tmp_path / "log")
    assert verify(tmp_path / "log").ok
