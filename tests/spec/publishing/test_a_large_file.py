"""A file just below the limit is published within 300 MB, whatever its shape; measured in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from babyconnect.fhir import json, xml
from babyconnect.sources.recognise import LIMIT
from tests.spec.publishing.records import bundle, concept, record, weight

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
    print(one.status.replace(" ", "-"), one.created, int(peak.split()[1]) // 1024)

asyncio.run(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
"""


CONCEPT = "2.16.840.1.113883.2.4.3.11.60.90.77.2.12."
ADA = f"""<adaxml><data><med_mij_01_beschikbaarstellen_integrale_zwangerschapskaart
 transactionRef="2.16.840.1.113883.2.4.3.11.60.90.77.4.2575" id="large">
<administratief conceptId="{CONCEPT}1313"><patient id="her" conceptId="{CONCEPT}675">
<identificatienummer value="999901552" root="2.16.840.1.113883.2.4.6.3" conceptId="{CONCEPT}682"/>
<geboortedatum value="1992-03-01" datatype="datetime" conceptId="{CONCEPT}683"/></patient></administratief>
<zwangerschapsgegevens conceptId="{CONCEPT}25">%s</zwangerschapsgegevens>
</med_mij_01_beschikbaarstellen_integrale_zwangerschapskaart></data></adaxml>"""
CHECK = f"""<prenatale_controle conceptId="{CONCEPT}111"><alcohol_gebruik conceptId="{CONCEPT}121">
<alcohol_gebruik_status conceptId="{CONCEPT}123" value="2" code="105542008" codeSystem="2.16.840.1.113883.6.96"
 displayName="drinkt geen alcohol"/></alcohol_gebruik><tabak_gebruik conceptId="{CONCEPT}2243">
<tabak_gebruik_status conceptId="{CONCEPT}2246" value="6" code="266919005" codeSystem="2.16.840.1.113883.6.96"
 displayName="heeft nooit gerookt"/></tabak_gebruik></prenatale_controle>"""


def of_observations(observation: dict[str, Any]) -> bytes:
    """A record of one woman with this observation many times, just below the limit."""
    one = len(xml.from_json(observation)) + len("<entry><resource></resource></entry>")
    # One document's declaration and the namespace of each element are not there again in a Bundle.
    room = (LIMIT - 10_000) // (
        one - len(b"<?xml version='1.0' encoding='UTF-8'?>") - len(' xmlns="http://hl7.org/fhir"')
    )
    content = b""
    while not 0.9 * LIMIT < len(content) <= LIMIT:
        content = xml.from_json(json.loads(bundle(*record(), *({**observation, "id": str(n)} for n in range(room)))))
        room = int(room * 0.98 * LIMIT / len(content))
    return content


def of_many_parts() -> bytes:
    part = {"code": concept("364075005", "hartfrequentie (waarneembare entiteit)"), "valueQuantity": {"value": 140}}
    observation = {**weight("0"), "component": [part] * 40}
    del observation["valueQuantity"]
    return of_observations(observation)


SHAPES: dict[str, tuple[Callable[[], bytes], bytes, int]] = {
    "observations of forty parts": (of_many_parts, b"<Observation", 1),
    "small observations": (lambda: of_observations(weight("0")), b"<Observation", 1),
    "an ADA record of checks with two observations each": (
        (ADA % (CHECK * ((LIMIT - 10_000) // len(CHECK)))).encode,
        b"<prenatale_controle",
        2,
    ),
}
"""How it is made, what there is many times in it, and how many resources each of those becomes."""


@pytest.mark.parametrize("shape", SHAPES)
def test_a_file_just_below_the_limit_takes_less_than_300_megabytes(shape: str, tmp_path: Path) -> None:
    make, repeated, becomes = SHAPES[shape]
    file = tmp_path / "large.xml"
    content = make()
    file.write_bytes(content)
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
    assert status.startswith("published")
    assert int(created) > content.count(repeated) * becomes > 0
    assert int(peak) < MEGABYTES, f"{peak} MB"
