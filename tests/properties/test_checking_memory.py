"""Memory stays flat however many records are translated and checked: 1,000,000 resources in `make soak`."""

from __future__ import annotations

import datetime as dt
import gc
import os
from pathlib import Path

import pytest

from babyconnect import synthetic
from babyconnect.flows.checking import checking
from babyconnect.flows.inputs import Input
from babyconnect.sources.recognise import LIMIT

TODAY = dt.date(2026, 11, 22)
RESOURCES = int(os.environ.get("BABYCONNECT_CHECKED", "1500"))
ROOM = 16_000_000


def resident() -> int:
    """Bytes of memory in use by this process."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        pytest.skip("no /proc on this machine, where memory in use is read")
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_memory_does_not_grow_with_the_number_of_records(tmp_path: Path) -> None:
    synthetic.write(tmp_path / "region", 14, 1, TODAY)
    files = [p for p in sorted((tmp_path / "region").rglob("*")) if p.suffix in (".json", ".xml")]
    records = [Input(file.name, file) for file in files[:: len(files) // 12]]

    def through(number: int) -> int:
        done, told = 0, 10_000
        while done < number:
            done += sum(one.resources for one in checking(records, LIMIT, {}, TODAY))
            if done >= told:
                print(f"{done:,} resources: {resident() / 1e6:,.1f} MB in use", flush=True)
                told *= 10
        gc.collect()
        return done

    warm = through(1)
    before = resident()
    done = through(RESOURCES)
    grown = resident() - before
    print(f"{done:,} resources after the first {warm:,}: {grown / 1000:,.0f} kB more")
    assert grown < ROOM
