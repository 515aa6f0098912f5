"""A consult over 8 sources that take 50 ms each: what the asking side adds, alone and for 50 viewers at once.

Real parts: region process (directory, pseudonyms, index with consents, audit), the asking node in the processes that
it has (a keeper with the log, and workers that consult for it; `--workers 1`: one process), signatures, tokens, durable
audit at the asker, sockets everywhere; nothing is known beforehand, only connections of an earlier burst are open.  The
sources are bare (consult_parts).  The slowest source is measured in the same run: the same request sent to all eight
over raw sockets.  `python -m benchmarks.consult [--rounds 40] [--workers 2]`.
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
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import uvloop

from babyconnect.api.server import settle
from babyconnect.audit.log import AuditLog
from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Bsn, Ura, passes_eleven_check
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.exchange.contract import Source
from babyconnect.exchange.http1 import Http
from babyconnect.exchange.searches import batched
from babyconnect.flows.consult import ConsultingNode
from babyconnect.flows.signatures import signer
from babyconnect.network.clients import ConsentDesk, LocalisationClient, Region
from babyconnect.network.contract import Endpoint, Entry
from babyconnect.trust import keys
from benchmarks import consult_asker, several
from benchmarks.consult_asker import OWN, PERSON
from benchmarks.consult_parts import NAME, WAIT_SECONDS, region_state
from benchmarks.limits import at_most
from benchmarks.several import FORGET, SETTLE, Workers, processes, processor

__all__ = ["OWN", "PERSON", "Bench", "bench", "bsns"]
SOURCES = 8
VIEWERS = 50
PARTIES = [OWN, *(Party(Ura(f"{n:08}"), f"Bron {n}", Kind.HOSPITAL) for n in range(2, SOURCES + 1))]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bsns(count: int) -> list[Bsn]:
    numbers = (str(n) for n in range(999900000, 999999999))
    return [Bsn(n) for n, _ in zip((n for n in numbers if passes_eleven_check(n)), range(count), strict=False)]


@dataclass
class Bench:
    """`others`: the processes of the region and the sources, by what they are."""

    node: ConsultingNode
    sources: list[Source]
    clients: list[Bsn]
    http: Http
    others: dict[str, int]
    workers: Workers | None = None


@contextlib.asynccontextmanager
async def bench(folder: Path, resources: int, clients: int, workers: int = 1) -> AsyncIterator[Bench]:
    key, port, ports = keys.create(folder), free_port(), [free_port() for _ in PARTIES]
    base = f"http://127.0.0.1:{port}"
    state = region_state(folder, base)
    for party, at in zip(PARTIES, ports, strict=True):
        theirs = f"http://127.0.0.1:{at}"
        endpoint = Endpoint(f"{theirs}/fhir/stu3", f"{theirs}/oauth/token", batch=True, finds=True)
        state.directory.put_now(Entry(party, endpoint, keys.jwks(key)))
    state.close()
    parts = [["region", str(folder), str(port)], ["sources", str(resources), *map(str, ports)]]
    async with contextlib.AsyncExitStack() as opening:
        started = opening.enter_context(processes([["benchmarks.consult_parts", *part] for part in parts]))
        for at in (port, *ports):
            await _open(at)
        log = opening.enter_context(contextlib.closing(AuditLog.open(folder / "asker", "node")))
        calling = opening.enter_context(contextlib.closing(Http()))
        node = await consult_asker.node_of(key, base, calling, log)
        found = bsns(clients)
        await _register(node, key, found, calling)
        sources = [
            Source(p, e.fhir_base, e.token_endpoint, e.batch, finds=e.finds)
            for p in PARTIES
            if (e := node.directory.endpoint(p.ura))
        ]
        made = Bench(node, sources, found, node.exchange._http, dict(zip(("region", "sources"), started, strict=True)))
        if workers > 1:
            command = ["benchmarks.consult_asker", str(folder / "organisation.jwk"), base]
            made.workers = await several.started(command, workers, log.append_all, opening)
        yield made


async def _open(port: int) -> None:
    for _ in range(2000):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.02)
    raise SystemExit(f"nothing listens at port {port}")


async def _register(node: ConsultingNode, key: keys.SigningKey, found: list[Bsn], calling: Http) -> None:
    """Every client is known at all eight and lets midwives know of it; then forget the pseudonyms again."""
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
    consult_asker.forget(node)


async def slowest_source(bench: Bench) -> float:
    """The same batch sent to all eight over open connections: when the last one has answered."""
    _, body = batched()
    headers = {"Accept": "application/fhir+json", "Authorization": "Bearer x"}

    async def one(source: Source) -> None:
        await bench.http.send("POST", source.fhir_base, headers, body)

    began = time.perf_counter()
    await asyncio.gather(*(one(source) for source in bench.sources))
    return time.perf_counter() - began


async def answers(bench: Bench, bsn: Bsn) -> AsyncGenerator[tuple[str, str, str], None]:
    if bench.workers is None:
        async for found in consult_asker.statuses(bench.node, bsn):
            yield found
        return
    async for content in bench.workers.work.done(bsn.value.encode()):
        yield msgspec.msgpack.decode(content, type=tuple[str, str, str])


async def once(bench: Bench, bsn: Bsn) -> tuple[float, float]:
    """(seconds to the first answer, to the last).  All eight must have answered."""
    began, first, answered = time.perf_counter(), 0.0, 0
    async for name, status, reason in answers(bench, bsn):
        if status != "answered":
            raise SystemExit(f"{name}: {status} ({reason})")
        first = first or time.perf_counter() - began
        answered += 1
    if answered != SOURCES:
        raise SystemExit(f"{answered} of {SOURCES} sources answered")
    return first, time.perf_counter() - began


async def forget(bench: Bench) -> None:
    consult_asker.forget(bench.node)
    if bench.workers is not None:
        await bench.workers.all(FORGET)


def spent(bench: Bench) -> dict[str, float]:
    """By which part: the log and whatever else there is one of, those that ask, and the others' processes."""
    asking = {"asking": processor(os.getpid())}
    if bench.workers is not None:
        asking = {"keeper": processor(os.getpid()), "workers": sum(map(processor, bench.workers.ids))}
    return {**asking, **{name: processor(process) for name, process in bench.others.items()}}


async def alone(bench: Bench, rounds: int) -> tuple[float, float, float]:
    base, firsts, lasts = [], [], []
    for n in range(rounds):
        await forget(bench)
        base.append(await slowest_source(bench))
        first, last = await once(bench, bench.clients[n % len(bench.clients)])
        firsts.append(first)
        lasts.append(last)
    return statistics.median(base), statistics.median(firsts), statistics.median(lasts)


@dataclass(frozen=True)
class Burst:
    """Until the last of 50 viewers, who open 50 different records at the same moment, is complete; what it took."""

    seconds: float
    spent: dict[str, float]


async def together(bench: Bench) -> Burst:
    await forget(bench)
    before, began = spent(bench), time.perf_counter()
    await asyncio.gather(*(once(bench, bsn) for bsn in bench.clients[:VIEWERS]))
    seconds, after = time.perf_counter() - began, spent(bench)
    return Burst(seconds, {name: after[name] - before[name] for name in after})


async def run(rounds: int, resources: int, workers: int, bursts: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        async with bench(Path(folder), resources, VIEWERS, workers) as made:
            await alone(made, 5)
            await together(made)
            settle()  # as each of a node's processes does
            if made.workers is not None:
                await made.workers.all(SETTLE)
            base, first, last = await alone(made, rounds)
            cold = [await together(made) for _ in range(bursts)]
            return _report(workers, resources, base, first, last, cold)


def _report(
    workers: int, resources: int, base: float, first: float, last: float, cold: list[Burst]
) -> dict[str, object]:
    def ms(seconds: float) -> float:
        return round(seconds * 1000, 1)

    middle = statistics.median(burst.seconds for burst in cold)
    return {
        "workers": workers,
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
        "viewers_complete_ms": ms(middle),
        "viewers_overhead_ms": ms(middle - base),
        "viewers_least_ms": ms(min(burst.seconds for burst in cold) - base),
        "ratio_viewers_to_slowest": round(middle / base, 2),
        "processor_ms": {name: ms(statistics.median(b.spent[name] for b in cold)) for name in cold[0].spent},
        "processor_least_ms": {name: ms(min(b.spent[name] for b in cold)) for name in cold[0].spent},
        "cores": os.cpu_count() or 0,
        "load": os.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--resources", type=int, default=15, help="Observations per source")
    parser.add_argument("--workers", type=int, default=2, help="processes that consult; 1: as a node of one process")
    parser.add_argument("--bursts", type=int, default=7)
    chosen = parser.parse_args()
    found = uvloop.run(run(chosen.rounds, chosen.resources, chosen.workers, chosen.bursts))
    print(json.dumps(found, indent=2))
    at_most("consult over 8 sources, over the slowest: complete", found["overhead_complete_ms"], 40, " ms")
    at_most("the same, to the first item", found["overhead_first_ms"], 20, " ms")
    at_most(f"{VIEWERS} viewers at once, over the slowest", found["viewers_overhead_ms"], 250, " ms")


if __name__ == "__main__":
    main()
