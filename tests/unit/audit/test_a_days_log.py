"""A day's log is verified within half a minute, on one core, and one client's events in it are found at once.

`make soak` takes a million events; the budget is processor time, in proportion.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from pathlib import Path

import orjson
import pytest

from babyconnect.audit.disk import Disk, Sizes
from babyconnect.audit.event import About, Actor, Grounds, Place, event
from babyconnect.audit.reading import Wanted, search
from babyconnect.audit.verify import verify
from babyconnect.trust import keys

RECORDS = int(os.environ.get("BABYCONNECT_RECORDS", "20000"))
MILLION, SECONDS = 1_000_000, 30
KEY = keys.generate()
DAY = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def one(n: int) -> bytes:
    place = Place(
        "00000003", "holder", "00000003", "192.0.2.1:443", "https://node.test", f"00-{n // 8:032x}-{n:016x}-01"
    )
    about = About(client=f"client-{n % 5000}", resource="Observation", query="_count=10")
    who, grounds = Actor(f"0000000{n % 7}", f"person-{n % 300}", "midwife"), Grounds("TREAT", "explicit")
    return orjson.dumps(event("search", "ok", DAY + dt.timedelta(milliseconds=80 * n), who, place, about, grounds))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log")
    disk = Disk(path, "00000003", KEY, Sizes(), lambda: DAY)
    disk.start()
    for start in range(0, RECORDS, 2000):
        disk.write([one(n) for n in range(start, min(start + 2000, RECORDS))])
        disk.after()
    disk.finish()
    disk.release()
    return path


def test_it_is_verified_with_its_tree_and_signatures_in_half_a_minute_a_million(log: Path) -> None:
    began = time.process_time()
    found = verify(log, keys.genuine(keys.jwks(KEY)))
    spent = time.process_time() - began
    print(f"verified {found.records:,} events in {spent:.2f} s of one core")
    assert found.ok and found.records == RECORDS == found.signed_until and len(found.root) == 64
    assert spent < SECONDS * RECORDS / MILLION + 0.2


def test_one_client_is_found_in_a_fraction_of_that(log: Path) -> None:
    began = time.process_time()
    found = sum(1 for _ in search(log, Wanted(clients=frozenset({"client-4321"}))))
    spent = time.process_time() - began
    print(f"found {found} of {RECORDS:,} events in {spent:.2f} s")
    assert found == len(range(4321, RECORDS, 5000))
    assert spent < 5 * RECORDS / MILLION + 0.2
