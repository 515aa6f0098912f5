"""A single read at 64 connections: bare, and with token, decision and durable audit, against nginx in the same run.

Bare is the program's own server giving a stored resource's bytes to anybody: what all the rest costs is measured
against it.  Needs `wrk` and `nginx`.  `python -m benchmarks.read [--seconds 10] [--workers 2]`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from babyconnect.audit.verify import verify
from benchmarks.limits import at_least, disturbance
from benchmarks.load import Measured, fetch, free_port, measure, needed, nginx, processor, running
from benchmarks.search_node import CLIENTS, key_of

CONNECTIONS = 64
EACH = 10
"""Resources that are read of each client."""
PATH = "/fhir/stu3/Observation/"


def node(home: Path, seconds: int, answers: Path, workers: int, bare: bool) -> tuple[Measured, float]:
    """The node, measured, with its processor time per answer; `answers` takes what it gave, for nginx to serve."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.search_node", str(home), str(port), "-", str(workers)]
    with running([*command, "bare"] if bare else command, port) as process:
        tokens = json.loads((home / "tokens.json").read_text())
        asked = [(PATH + key_of(n, k), tokens[n]) for n in range(CLIENTS) for k in range(EACH)]
        (home / "targets.txt").write_text("".join(f"{path} {token}\n" for path, token in asked))
        for path, token in asked:
            body = fetch(port, path, token)
            kept = answers / path.lstrip("/")
            kept.parent.mkdir(parents=True, exist_ok=True)
            if kept.exists() and kept.read_bytes() != body:
                raise RuntimeError("the bare read gives other bytes")
            kept.write_bytes(body)
        before = processor(process.pid)
        found = measure(port, home / "targets.txt", seconds, CONNECTIONS)
        spent = processor(process.pid) - before
    if not bare:
        checked = verify(home / "audit")
        if not checked.ok or checked.records < found.requests + len(asked):
            raise RuntimeError(f"{found.requests} answers, but {checked.records} events in the log")
    return found, spent / found.requests * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2, help="processes that answer, of both of ours")
    chosen = parser.parse_args()
    seconds, workers = chosen.seconds, chosen.workers
    needed("wrk", "nginx")
    print(f"single reads; {CONNECTIONS} connections; {seconds} s; {workers} workers of ours, one of nginx")
    with tempfile.TemporaryDirectory(prefix="babyconnect-bench-") as folder:
        home = Path(folder)
        answers = home / "answers"
        answers.mkdir()
        whole, spent = node(home, seconds, answers, workers, bare=False)
        bare, bare_spent = node(home, seconds, answers, workers, bare=True)
        peer = nginx(home, answers, home / "targets.txt", seconds, CONNECTIONS)
    print(disturbance())
    print(f"read        {whole}  {spent:.0f} us of processor each")
    print(f"bare        {bare}  {bare_spent:.0f} us of processor each")
    print(f"nginx       {peer}")
    at_least("read with token, decision and durable audit", whole.per_second, 6000, "/s")
    at_least("that to the bare read", whole.per_second / bare.per_second, 0.15)
    at_least("bare read to nginx", bare.per_second / peer.per_second, 0.40)


if __name__ == "__main__":
    main()
