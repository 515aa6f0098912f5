"""The regional services at 8 clients, beside the figures of the running national index (trust.md §10, another machine).

Register, localise (with consents and durable audit), pseudonymise, BSN to answer, and how soon after the register's
answer a withdrawal is in force at a holder.  `python -m benchmarks.region [--seconds 5]`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from babyconnect.birthcare.access import Asker, Consent, Purpose
from babyconnect.network.clients import ConsentDesk, ConsentReplica
from babyconnect.network.contract import By
from benchmarks.consult import OWN, PERSON, Bench, bench, bsns

CLIENTS = 8
PEER = {"register_per_second": 98, "localise_per_second": 159, "pseudonymise_per_second": 140, "bsn_to_answer_ms": 21.5}
BY = By(PERSON.id, PERSON.role.value)
ASKER = Asker(OWN.ura, OWN.kind, PERSON.id, PERSON.role, Purpose.TREATMENT)


async def rate(seconds: float, act: Callable[[int], Awaitable[object]]) -> float:
    """Completed calls per second by eight clients."""
    done, end = 0, time.monotonic() + seconds

    async def one(client: int) -> None:
        nonlocal done
        n = client
        while time.monotonic() < end:
            await act(n)
            n += CLIENTS
            done += 1

    began = time.monotonic()
    await asyncio.gather(*(one(client) for client in range(CLIENTS)))
    return done / (time.monotonic() - began)


async def withdrawals(made: Bench, pseudonym: str, times: int = 20) -> float:
    """Median milliseconds from the withdrawal's answer until the holder's replica says so."""
    region = made.node.localisation._region  # type: ignore[attr-defined]
    desk, replica = ConsentDesk(region), ConsentReplica(region)
    replica.start()
    while not replica._epoch:
        await asyncio.sleep(0.01)
    took = []
    for _ in range(times):
        (id,) = await desk.change(pseudonym, [Consent("", False, "*")], [], BY)
        while id not in {consent.id for consent in await replica.of(pseudonym)}:
            await asyncio.sleep(0.001)
        await desk.change(pseudonym, [], [id], BY)
        began = time.perf_counter()
        while id in {consent.id for consent in await replica.of(pseudonym)}:
            await asyncio.sleep(0.0005)
        took.append(time.perf_counter() - began)
    await replica.close()
    return statistics.median(took) * 1000


async def run(seconds: float) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        async with bench(Path(folder), 1, 20) as made, contextlib.AsyncExitStack():
            node, index = made.node, made.node.localisation
            names = list(await node.pseudonyms.of_all(made.clients))
            fresh = bsns(200_000)
            until = dt.datetime.now(dt.UTC) + dt.timedelta(days=30)
            found = {
                "register_per_second": await rate(seconds, lambda n: index.register(f"{n:043}", "b", until)),
                "localise_per_second": await rate(seconds, lambda n: index.localise(names[n % 20], ASKER)),
                "pseudonymise_per_second": await rate(seconds, lambda n: node.pseudonyms.of(fresh[n])),
            }
            took = []
            for bsn in made.clients:
                node.pseudonyms._remembered.clear()  # type: ignore[attr-defined]
                began = time.perf_counter()
                await node.localisation.localise(await node.pseudonyms.of(bsn), ASKER)
                took.append(time.perf_counter() - began)
            found["bsn_to_answer_ms"] = statistics.median(took) * 1000
            ratios = {f"ratio_{name}": round(found[name] / peer, 2) for name, peer in PEER.items()}
            in_force = await withdrawals(made, names[0])
    rounded = {name: round(value, 1) for name, value in found.items()}
    return {**rounded, "peer": PEER, **ratios, "withdrawal_in_force_ms": round(in_force, 1), "load": os.getloadavg()[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    print(json.dumps(uvloop.run(run(parser.parse_args().seconds)), indent=2))


if __name__ == "__main__":
    main()
