"""A file just below the limit is published within 300 MB of memory; measured in a process of its own, store and all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from babyconnect.fhir import json, xml
from tests.spec.publishing.records import bundle, concept, record, weight

LIMIT = 20_000_000
MEGABYTES = 300
PUBLISH = """
import asyncio, datetime as dt, pathlib, sys
from babyconnect.fhir.search_index import index
from babyconnect.flows.publish import Input, PublishingNode, publish
from babyconnect.store.sqlite import open_store

async def main(file, place):
    store = await open_store(place / "store.db")
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    node = PublishingNode(store.writer, b"a secret of 32 bytes for a tenant", "urn:t", index, lambda: now)
    (one,) = (await publish([Input("large", file)], node)).inputs
    await store.close()
    # Not getrusage: its maximum is inherited from whoever started this process.
    peak = next(l for l in pathlib.Path("/proc/self/status").read_text().splitlines() if l.startswith("VmHWM"))
    print(one.status, one.created, int(peak.split()[1]) // 1024)

asyncio.run(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
"""


def large() -> bytes:
    """A record of one woman with observations of many parts, just below the limit."""
    part = {"code": concept("364075005", "hartfrequentie (waarneembare entiteit)"), "valueQuantity": {"value": 140}}
    observation = {**weight("0"), "component": [part] * 40}
    del observation["valueQuantity"]
    one = len(xml.from_json(observation)) + len("<entry><resource></resource></entry>")
    many = [{**observation, "id": str(n)} for n in range((LIMIT - 10_000) // (one + 6))]
    return xml.from_json(json.loads(bundle(*record(), *many)))


def test_a_file_just_below_the_limit_takes_less_than_300_megabytes(tmp_path: Path) -> None:
    file = tmp_path / "large.xml"
    file.write_bytes(large())
    assert 0.9 * LIMIT < file.stat().st_size <= LIMIT

    done = subprocess.run(
        [sys.executable, "-c", PUBLISH, str(file), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3] / "src")},
        capture_output=True,
        text=True,
        timeout=280,
        check=True,
    )

    status, created, peak = done.stdout.split()
    assert status == "published"
    assert int(created) > 1000
    assert int(peak) < MEGABYTES, f"{peak} MB"
