"""Decision, tokens and the durable log, each as a ratio to its own limit measured in the same run.

Decision: to a call that sums a hundred numbers (the machine's speed).  Tokens: to bare signature verifications.  Log:
to one `fdatasync` per record.  `python -m benchmarks.trust [--seconds 3] [--folder DIR]` (whose disk is measured).  And
a day of a million events, verified.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import os
import tempfile
import time
import timeit
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import uvloop

from babyconnect.api.oauth import OAuth
from babyconnect.api.peers import keep
from babyconnect.audit.disk import USUAL_SIZES, Disk
from babyconnect.audit.event import About, Actor, Grounds, Place, event
from babyconnect.audit.log import MAX_BATCH, AuditLog
from babyconnect.audit.verify import verify
from babyconnect.birthcare.access import ALL, CONSULT_SCOPE, AccessRequest, Asker, Consent, Purpose, Relation
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.birthcare.peer import Peer
from babyconnect.flows.grant import Granting
from babyconnect.trust import algorithms, asserting, assertion, jose, keys
from babyconnect.trust.assertion import Issuer
from babyconnect.trust.believing import Believing
from babyconnect.trust.claims import Asking, Claim, Verified
from babyconnect.trust.decision import decide
from babyconnect.trust.dpop import Nonces, Proofs, Prover
from babyconnect.trust.replays import Replays
from babyconnect.trust.sessions import Issued, Sessions
from benchmarks.limits import at_least, at_most

HOLDER, ASKER = Ura("00000001"), Party(Ura("00000002"), "Ziekenhuis", Kind.HOSPITAL)
ENDPOINT = "https://holder.example/oauth/token"
EVIDENCE = (Relation("episode", "EpisodeOfCare/a", dt.date(2026, 1, 1)),)
FORM = ((b"content-type", b"application/x-www-form-urlencoded"),)


def request() -> AccessRequest:
    """A client with six provisions, of which four concern this asker, one by a shielded group's name."""
    consents = (
        Consent("1", True, "kind:hospital"),
        Consent("2", True, "ura:00000002", groups=frozenset({"genetics"})),
        Consent("3", False, "*", groups=frozenset({"psychosocial"})),
        Consent("4", True, "kind:maternity_home_care"),
        Consent("5", True, "*", groups=ALL),
        Consent("6", False, "ura:00000009"),
    )
    asker = Asker(ASKER.ura, ASKER.kind, "p", Role.GYNAECOLOGIST, Purpose.TREATMENT, EVIDENCE)
    held = (Relation("episode", "EpisodeOfCare/e1", dt.date(2026, 1, 1)),)
    moment = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    return AccessRequest(asker, HOLDER, Kind.MIDWIFERY_PRACTICE, "c", frozenset({"e1"}), held, consents, moment)


def microseconds(call: Callable[[], object]) -> float:
    """The best of many short series: of a long one something else takes a part."""
    return min(timeit.repeat(call, number=20, repeat=500)) / 20 * 1e6


def decisions() -> dict[str, Any]:
    asked = request()
    one, unit = microseconds(lambda: decide(asked)), microseconds(lambda: sum(range(100)))
    return {"microseconds": round(one, 1), "ratio_to_summing_100_numbers": round(one / unit, 1)}


def sessions() -> dict[str, Any]:
    kept = Sessions("holder", time.time)
    key = keys.generate()
    text = asserting.sign(key, _claim(), ENDPOINT, HOLDER, time.time())
    issuer = Issuer(ASKER, keys.jwks(key))
    asking = Asking("minvws", (CONSULT_SCOPE,), dt.date(2026, 6, 1))
    expected = assertion.Expected(ENDPOINT, HOLDER, asking)
    found = assertion.verify(text, issuer, expected, Replays(time.time() - 9), time.time())
    assert isinstance(found, Verified)
    issued = kept.issue(found)
    assert isinstance(issued, Issued)
    return {"microseconds": round(microseconds(lambda: kept.get(issued.token)), 2)}


def _claim() -> Claim:
    return Claim(ASKER, Person("p", "Jansen", Role.GYNAECOLOGIST), Purpose.TREATMENT, EVIDENCE)


async def at_once(workers: int, one: Callable[[], Awaitable[bool]]) -> float:
    """How many a second, when `workers` each go on until `one` says there is no more."""
    done = 0

    async def work() -> None:
        nonlocal done
        while await one():
            done += 1

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(workers)))
    return done / (time.perf_counter() - start)


async def tokens(folder: Path, algorithm: keys.Algorithm, count: int, proved: bool = True) -> dict[str, Any]:
    """The whole way of a token request, from form to answer, its event durable in between; HTTP parsing left out.

    `proved`: bound by a proof of possession; else by the certificate of the connection."""
    key = keys.generate(algorithm)
    issuer = Issuer(ASKER, keys.jwks(key))
    log = AuditLog.open(folder / f"tokens-{algorithm}-{proved}")
    kept, seen = Sessions("holder", time.time), Replays(time.time())
    proofs = Proofs(Replays(0.0), Nonces(b"bench", time.time), time.time)
    believing = Believing(HOLDER, ENDPOINT, lambda ura: issuer, seen)
    granting = Granting("node", believing, kept, proofs, log, lambda: dt.datetime.now(dt.UTC))
    app = OAuth(granting, "https://holder.example", lambda: keys.jwks(key))
    prover = Prover(keys.generate(), time.time)
    forms = [
        (
            urlencode(asserting.token_form(key, _claim(), ENDPOINT, HOLDER, time.time())).encode(),
            prover.prove("POST", ENDPOINT).encode() if proved else b"",
        )
        for _ in range(count)
    ]
    text = jose.seal(key, {"a": 1})
    signed, _, tail = text.rpartition(".")
    signature, public = algorithms.decoded(tail.encode()), keys.find(issuer.keys, key.kid)
    assert public is not None
    bare = microseconds(lambda: public.verify(signed.encode(), signature))

    async def one() -> bool:
        return bool(forms) and await _post(app, *forms.pop()) == 200

    before = time.process_time()
    rate = await at_once(64, one)
    spent = (time.process_time() - before) / count
    assert not forms and kept.size == count
    log.close()
    return {
        "per_second": round(rate),
        "ratio_to_bare_verifications": round(rate * bare / 1e6, 2),
        "processor_microseconds": round(spent * 1e6),
    }


async def _post(app: OAuth, body: bytes, proof: bytes) -> int:
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    headers = (*FORM, (b"dpop", proof)) if proof else FORM
    scope = {"method": "POST", "path": "/oauth/token", "headers": headers, "client": ("127.0.0.1", 1)}
    if not proof:
        keep(scope, Peer(ASKER.ura, "thumbprint"))
    await app(scope, receive, send)
    return statuses[0]


def bare_syncs(folder: Path, seconds: float, size: int) -> float:
    """One record, one `fdatasync`: what the disk gives without batching."""
    handle = os.open(folder / "bare", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        os.write(handle, b"x" * size)
        os.fdatasync(handle)
        count += 1
    os.close(handle)
    return count / (time.perf_counter() - start)


def happened() -> dict[str, Any]:
    return event(
        "search",
        "ok",
        dt.datetime.now(dt.UTC),
        Actor("00000002", "person-1", "gynaecologist"),
        Place("node", "holder", "00000001", "127.0.0.1", "holder.example", f"00-{'a' * 32}-{'b' * 16}-01"),
        About("c" * 22, "", ("e1",), "Observation", "context=EpisodeOfCare/e1"),
        Grounds("TREAT", "explicit", EVIDENCE, request().consents, ("explicit_consent",)),
    )


async def appends(folder: Path, seconds: float) -> dict[str, Any]:
    one_event, limit = happened(), bare_syncs(folder, seconds, 700)
    found: dict[str, Any] = {"bare_syncs_per_second": round(limit)}
    for workers in (1, 16, 64):
        log = AuditLog.open(folder / f"log-{workers}")
        until = time.perf_counter() + seconds

        async def one(log: AuditLog = log, until: float = until) -> bool:
            await log.append(one_event)
            return time.perf_counter() < until

        rate = await at_once(workers, one)
        log.close()
        found[f"at_{workers}"] = {"per_second": round(rate), "ratio": round(rate / limit, 2)}
    return found


def verifying(folder: Path, events: int) -> dict[str, Any]:
    """A day's log, written by the log's own hand and verified whole."""
    content = orjson.dumps(happened())
    disk = Disk(folder / "day", "node", keys.generate(), USUAL_SIZES, lambda: dt.datetime.now(dt.UTC))
    disk.start()
    for first in range(0, events, MAX_BATCH):
        disk.write([content] * min(MAX_BATCH, events - first))
        disk.after()
    disk.finish()
    disk.release()
    start = time.perf_counter()
    checked = verify(folder / "day")
    assert checked.ok
    assert checked.records == events
    return {"events": events, "seconds": round(time.perf_counter() - start, 1)}


async def main(seconds: float, folder: Path | None, events: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        return {
            "decision": decisions(),
            "session": sessions(),
            "tokens": {name: await tokens(Path(place), name, 1000) for name in ("EdDSA", "ES256", "RS256")},
            "tokens_by_certificate": {
                name: await tokens(Path(place), name, 1000, proved=False) for name in ("EdDSA", "ES256")
            },
            "log": await appends(Path(place), seconds),
            "verifying": verifying(Path(place), events),
        }


def say(found: dict[str, Any], events: int) -> None:
    print(json.dumps(found, indent=2))
    at_most("a decision", found["decision"]["microseconds"], 20, " us")
    for name, one in found["tokens"].items():
        at_least(f"token issue, {name}", one["per_second"], 1500, "/s")
    at_most(f"verifying {events:,} events", found["verifying"]["seconds"], 30 * events / 1_000_000, " s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000, help="in the log that is verified")
    chosen = parser.parse_args()
    say(uvloop.run(main(chosen.seconds, chosen.folder, chosen.events)), chosen.events)
