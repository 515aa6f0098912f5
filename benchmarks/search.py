"""Search returning 100 Observations, with decision and durable audit, against a peer measured in the same run.

SQLite against nginx serving the same bytes; PostgreSQL against pgbench running the same select.  Needs `wrk` and
`nginx` (apt-get install wrk nginx), for PostgreSQL its server binaries.  `python -m benchmarks.search [--seconds 10]`.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from babyconnect.audit.verify import verify
from benchmarks.limits import at_least, at_most
from benchmarks.load import Measured, fetch, free_port, measure, needed, nginx, processor, pss, running
from benchmarks.search_node import CLIENTS, OBSERVATIONS, TENANT, client
from tests.support.needs import postgres_binaries
from tests.support.servers import postgres

CONNECTIONS = 16


def node(home: Path, dsn: str, seconds: int, keep: Path | None, workers: int) -> tuple[Measured, float, float]:
    """Our node: measured, its memory after, its processor time per answer; `keep` takes its answers for nginx."""
    port = free_port()
    with running(
        [sys.executable, "-m", "benchmarks.search_node", str(home), str(port), dsn, str(workers)], port
    ) as process:
        tokens = json.loads((home / "tokens.json").read_text())
        paths = [f"/fhir/stu3/Observation?context=EpisodeOfCare/{client(n)}-e" for n in range(CLIENTS)]
        targets = home / "targets.txt"
        targets.write_text("".join(f"{p} {t}\n" for p, t in zip(paths, tokens, strict=True)))
        for n in range(CLIENTS):
            body = fetch(port, paths[n], tokens[n])
            if n == 0:
                bundle: dict[str, Any] = json.loads(body)
                if bundle["total"] != OBSERVATIONS or len(bundle["entry"]) != OBSERVATIONS:
                    raise RuntimeError("the answer is not what is to be measured")
            if keep:
                (keep / f"{n}.json").write_bytes(body)
        before = processor(process.pid)
        found = measure(port, targets, seconds, CONNECTIONS)
        spent = processor(process.pid) - before
        memory = pss(process.pid)
    checked = verify(home / "audit")
    if not checked.ok or checked.records < found.requests + CLIENTS:
        raise RuntimeError(f"{found.requests} answers, but {checked.records} events in the log")
    return found, memory, spent / found.requests * 1e6


def pgbench(dsn: str, binaries: Path, home: Path, seconds: int) -> float:
    script = home / "select.sql"
    script.write_text(
        f"\\set n random(0, {CLIENTS - 1})\n"
        f"SELECT c.stamp, s.body FROM {TENANT}.compartment c LEFT JOIN {TENANT}.shelf s\n"
        "ON s.client = c.client AND s.type = 'Observation' WHERE c.client = 'client-' || lpad(:n::text, 4, '0');\n"
    )
    tool = shutil.which("pgbench") or (binaries / "initdb").resolve().parent / "pgbench"
    command = [tool, "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "1", "-T", str(seconds)]
    said = subprocess.run([*command, "-f", script, dsn], capture_output=True, text=True, check=True).stdout
    return float(re.search(r"tps = ([\d.]+)", said)[1])  # type: ignore[index]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2, help="processes that answer, for two cores")
    chosen = parser.parse_args()
    seconds, workers = chosen.seconds, chosen.workers
    needed("wrk", "nginx")
    print(f"{CLIENTS * (OBSERVATIONS + 2)} resources; search of {OBSERVATIONS}; {CONNECTIONS} connections; {seconds} s")
    print(f"processes that answer: {workers}")
    with tempfile.TemporaryDirectory(prefix="babyconnect-bench-") as folder:
        sqlite_run(Path(folder), seconds, workers)
    with tempfile.TemporaryDirectory(prefix="babyconnect-bench-") as folder:
        postgres_run(Path(folder), seconds, workers)


def sqlite_run(home: Path, seconds: int, workers: int) -> None:
    answers = home / "answers"
    answers.mkdir()
    ours, memory, spent = node(home, "-", seconds, answers, workers)
    targets = home / "nginx.txt"
    targets.write_text("".join(f"/{n}.json -\n" for n in range(CLIENTS)))
    peer = nginx(home, answers, targets, seconds, CONNECTIONS)
    size = (answers / "0.json").stat().st_size
    print(f"SQLite      {ours}  {spent:.0f} us of processor each")
    print(f"nginx       {peer}  ({size} bytes each)")
    print(f"ratio       {ours.per_second / peer.per_second:9.2f}")
    at_least("search of 100 with decision and durable audit, SQLite", ours.per_second, 2000, "/s")
    at_most("memory (PSS) after it, 50,000 resources", memory, 200, " MB")


def postgres_run(home: Path, seconds: int, workers: int) -> None:
    binaries = postgres_binaries()
    with postgres(binaries) as (dsn, _):
        ours, memory, spent = node(home, dsn, seconds, None, workers)
        peer = pgbench(dsn, binaries, home, seconds)
    print(f"PostgreSQL  {ours}  {spent:.0f} us of processor each, PSS {memory:.0f} MB (node)")
    print(f"pgbench     {peer:9.0f}/s")
    print(f"ratio       {ours.per_second / peer:9.2f}")


if __name__ == "__main__":
    main()
