"""A consult over 8 sources that take 50 ms each: what the asking side adds, alone and for 50 viewers at once.

Real parts: region process (directory, pseudonyms, index with consents, audit), signatures, tokens, durable audit at the
asker, sockets everywhere; nothing is known beforehand, only connections of an earlier burst are open.  The sources are
bare (consult_parts).  The slowest source is measured in the same run: the same request sent to all eight over raw
sockets.  `python -m benchmarks.consult [--rounds 40]`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import uvloop

from babyconnect.api.server import settle
from babyconnect.audit.log import AuditLog
from babyconnect.birthcare.access import Consent, Purpose, Relation
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn, Ura, passes_eleven_check
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.exchange.ask import Exchange
from babyconnect.exchange.contract import Asking, Source
from babyconnect.exchange.http1 import Http
from babyconnect.exchange.searches import batched
from babyconnect.flows.consult import ConsultingNode, consult
from babyconnect.flows.signatures import signer
from babyconnect.network.clients import Directory, LocalisationClient, PseudonymClient, Region
from babyconnect.network.contract import Endpoint, Entry
from babyconnect.settings import TokensSection
from babyconnect.trust import keys
from babyconnect.wiring.asker_tokens import token_form
from babyconnect.wiring.consulting import noter
from babyconnect.wiring.link import Link
from benchmarks.consult_parts import NAME, WAIT_SECONDS, region_state
from benchmarks.limits import at_most

SOURCES = 8
VIEWERS = 50
OWN = Party(Ura("00000001"), "Praktijk", Kind.MIDWIFERY_PRACTICE)
PARTIES = [OWN, *(Party(Ura(f"{n:08}"), f"Bron {n}", Kind.HOSPITAL) for n in range(2, SOURCES + 1))]
PERSON = Person("p1", "Anna", Role.MIDWIFE)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bsns(count: int) -> list[Bsn]:
    numbers = (str(n) for n in range(999900000, 999999999))
    return [Bsn(n) for n, _ in zip((n for n in numbers if passes_eleven_check(n)), range(count), strict=False)]


@contextlib.contextmanager
def processes(commands: list[list[str]]) -> Iterator[None]:
    started = [subprocess.Popen([sys.executable, "-m", "benchmarks.consult_parts", *c]) for c in commands]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(10)


@dataclass
class Bench:
    node: ConsultingNode
    sources: list[Source]
    log: AuditLog
    clients: list[Bsn]
    http: Http


@contextlib.asynccontextmanager
async def bench(folder: Path, resources: int, clients: int) -> AsyncIterator[Bench]:
    key, port, ports = keys.generate(), free_port(), [free_port() for _ in PARTIES]
    state = region_state(folder, f"http://127.0.0.1:{port}")
    for party, at in zip(PARTIES, ports, strict=True):
        base = f"http://127.0.0.1:{at}"
        endpoint = Endpoint(f"{base}/fhir/stu3", f"{base}/oauth/token", batch=True, finds=True)
        state.directory.put_now(Entry(party, endpoint, keys.jwks(key)))
    state.close()
    log = AuditLog.open(folder / "asker", "node")
    commands = [["region", str(folder), str(port)], ["sources", str(resources), *map(str, ports)]]
    with processes(commands):
        for at in (port, *ports):
            await _open(at)
        with contextlib.closing(Http()) as calling:
            made = await _node(key, f"http://127.0.0.1:{port}", calling, log)
            found = bsns(clients)
            await _register(made, key, found, calling)
            sources = [
                Source(p, e.fhir_base, e.token_endpoint, e.batch, finds=e.finds)
                for p in PARTIES
                if (e := made.directory.endpoint(p.ura))
            ]
            yield Bench(made, sources, log, found, made.exchange._http)
    log.close()


async def _open(port: int) -> None:
    for _ in range(2000):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.02)
    raise SystemExit(f"nothing listens at port {port}")


async def _node(key: keys.SigningKey, base: str, calling: Http, log: AuditLog) -> ConsultingNode:
    region = Region(base, NAME, signer(key, OWN.ura, time.time), calling)
    directory = Directory(region)
    await directory.load()
    secret = os.urandom(32)

    chosen = SimpleNamespace(tokens=TokensSection(grant="minvws"))
    # The product's own form, of as much of a node as it takes.
    form = token_form(cast(Link, SimpleNamespace(chosen=chosen, party=OWN, key=key, secured=None)))

    async def evidence(bsn: Bsn) -> tuple[Relation, ...]:
        return (Relation("episode", "opaque"),)

    return ConsultingNode(
        OWN, directory, PseudonymClient(region, NAME), LocalisationClient(region, OWN, directory),
        Exchange(Http(), form), evidence, noter(OWN, log, secret), time.monotonic,
    )  # fmt: skip


async def _register(node: ConsultingNode, key: keys.SigningKey, found: list[Bsn], calling: Http) -> None:
    """Every client is known at all eight and lets midwives know of it; then forget the pseudonyms again."""
    from babyconnect.network.clients import ConsentDesk

    pseudonyms = await node.pseudonyms.of_all(found)
    until = dt.datetime.now(dt.UTC) + dt.timedelta(days=30)
    base = node.pseudonyms._region.base  # type: ignore[attr-defined]
    for party in PARTIES:
        region = Region(base, NAME, signer(key, party.ura, time.time), calling)
        client, desk = LocalisationClient(region, party, node.directory), ConsentDesk(region)
        yes = Consent("", True, "kind:midwifery_practice", f"ura:{party.ura}")
        for pseudonym in pseudonyms:
            await client.register(pseudonym, "main", until)
        await desk.record_all([(pseudonym, yes) for pseudonym in pseudonyms])
    node.pseudonyms._remembered.clear()  # type: ignore[attr-defined]


async def slowest_source(bench: Bench) -> float:
    """The same batch sent to all eight over open connections: when the last one has answered."""
    _, body = batched()
    headers = {"Accept": "application/fhir+json", "Authorization": "Bearer x"}

    async def one(source: Source) -> None:
        await bench.http.send("POST", source.fhir_base, headers, body)

    began = time.perf_counter()
    await asyncio.gather(*(one(source) for source in bench.sources))
    return time.perf_counter() - began


async def once(bench: Bench, bsn: Bsn) -> tuple[float, float]:
    """(seconds to the first answer, to the last).  All eight must have answered."""
    began, first, answered = time.perf_counter(), 0.0, 0
    async for step in consult(Asking(PERSON, Purpose.TREATMENT, bsn), bench.node):
        if isinstance(step, SourceAnswer):
            if step.status != "answered":
                raise SystemExit(f"{step.source.name}: {step.status} ({step.reason})")
            first = first or time.perf_counter() - began
            answered += 1
    if answered != SOURCES:
        raise SystemExit(f"{answered} of {SOURCES} sources answered")
    return first, time.perf_counter() - began


def forget(bench: Bench) -> None:
    """As if nobody had opened these records before: no tokens, no pseudonyms."""
    bench.node.exchange._tokens._kept.clear()
    bench.node.pseudonyms._remembered.clear()  # type: ignore[attr-defined]


async def alone(bench: Bench, rounds: int) -> tuple[float, float, float]:
    base, firsts, lasts = [], [], []
    for n in range(rounds):
        forget(bench)
        base.append(await slowest_source(bench))
        first, last = await once(bench, bench.clients[n % len(bench.clients)])
        firsts.append(first)
        lasts.append(last)
    return statistics.median(base), statistics.median(firsts), statistics.median(lasts)


async def together(bench: Bench) -> float:
    """Until the last of 50 viewers, who open 50 different records at the same moment, is complete."""
    forget(bench)
    chosen = bench.clients[:VIEWERS]
    began = time.perf_counter()
    await asyncio.gather(*(once(bench, bsn) for bsn in chosen))
    return time.perf_counter() - began


async def run(rounds: int, resources: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        async with bench(Path(folder), resources, VIEWERS) as made:
            await alone(made, 5)
            await together(made)
            settle()  # as a node's process does
            base, first, last = await alone(made, rounds)
            cold = statistics.median([await together(made) for _ in range(7)])
            return _report(resources, base, first, last, cold)


def _report(resources: int, base: float, first: float, last: float, cold: float) -> dict[str, float]:
    def ms(seconds: float) -> float:
        return round(seconds * 1000, 1)

    return {
        "sources": SOURCES,
        "source_ms": WAIT_SECONDS * 1000,
        "resources_per_source": resources,
        "slowest_source_ms": ms(base),
        "complete_ms": ms(last),
        "overhead_complete_ms": ms(last - base),
        "first_item_ms": ms(first),
        "overhead_first_ms": ms(first - base),
        "ratio_complete_to_slowest": round(last / base, 2),
        "viewers": VIEWERS,
        "viewers_complete_ms": ms(cold),
        "viewers_overhead_ms": ms(cold - base),
        "ratio_viewers_to_slowest": round(cold / base, 2),
        "cores": os.cpu_count() or 0,
        "load": os.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--resources", type=int, default=15, help="Observations per source")
    chosen = parser.parse_args()
    found = uvloop.run(run(chosen.rounds, chosen.resources))
    print(json.dumps(found, indent=2))
    at_most("consult over 8 sources, over the slowest: complete", found["overhead_complete_ms"], 40, " ms")
    at_most("the same, to the first item", found["overhead_first_ms"], 20, " ms")
    at_most(f"{VIEWERS} viewers at once, over the slowest", found["viewers_overhead_ms"], 250, " ms")


if __name__ == "__main__":
    main()
