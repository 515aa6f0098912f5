"""What was acknowledged survives a kill, whole; processes that share a file see what the other did."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
import time
from pathlib import Path

from babyconnect.store import sqlite
from babyconnect.store.contract import Query
from tests.support.material import NOON, allowed, observation, woman

LATER = NOON + dt.timedelta(hours=1)
BATCH = 12
PUBLISHER = """
import asyncio, sys
from pathlib import Path
from babyconnect.store import sqlite
from tests.support.material import NOON, observation
async def main():
    store = await sqlite.open_store(Path(sys.argv[1]))
    for n in range(100_000):
        await store.writer.publish([observation("anna", f"b{n}-{k}") for k in range(12)], [], NOON)
        print(n, flush=True)
asyncio.run(main())
"""


async def test_a_killed_publisher_leaves_whole_batches_and_all_it_acknowledged(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    for n in range(2):
        path = tmp_path / f"{n}.db"
        with subprocess.Popen(
            [sys.executable, "-c", PUBLISHER, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
        ) as publisher:
            assert publisher.stdout
            acknowledged = [int(publisher.stdout.readline()) for _ in range(5)]
            time.sleep(0.013)  # somewhere in the middle of a batch
            publisher.send_signal(signal.SIGKILL)
            acknowledged += [int(line) for line in publisher.stdout if line.strip()]
        store = await sqlite.open_store(path)
        page = await store.open_reader().search(Query("Observation"), allowed("anna"), "json")
        for batch in range(acknowledged[-1] + 1):
            assert page.entries.count(f"\0Observation/b{batch}-".encode()) == BATCH
        assert page.matched % BATCH == 0
        await store.close()


async def test_one_process_reads_what_another_published_and_not_what_it_erased(tmp_path: Path) -> None:
    here, there = [await sqlite.open_store(tmp_path / "store.db") for _ in range(2)]
    reader, filter = here.open_reader(), allowed("anna")
    for n in range(3):
        await there.writer.publish([woman("anna"), observation("anna", f"o{n}")], [], LATER)
        assert (await reader.search(Query("Observation"), filter, "json")).matched == n + 1
    await there.writer.erase("Observation", "o0")
    assert (await reader.search(Query("Observation"), filter, "json")).matched == 2
    await here.writer.publish([observation("anna", "mine")], [], LATER)
    assert (await there.open_reader().search(Query("Observation"), filter, "json")).matched == 3
    await here.close()
    await there.close()
