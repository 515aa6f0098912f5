"""Search returning 100 Observations, with decision and durable audit, against a peer measured in the same run.

SQLite against nginx serving the same bytes; PostgreSQL against pgbench running the same select.  Needs `wrk` and
`nginx` (apt-get install wrk nginx), for PostgreSQL its server binaries.  `python -m benchmarks.search [--seconds 10]`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from babyconnect.audit.verify import verify
from benchmarks.search_node import CLIENTS, OBSERVATIONS, TENANT, client
from tests.needs import postgres_binaries
from tests.servers import postgres

CONNECTIONS = 16
LUA = """
local targets = {}
for line in io.lines("%(targets)s") do targets[#targets + 1] = line end
local thread_seed = os.time()
init = function(args) math.randomseed(thread_seed) end
request = function()
  local path, token = targets[math.random(#targets)]:match("^(%%S+) (%%S+)$")
  return wrk.format("GET", path, {["Authorization"] = "Bearer " .. token,
    ["Accept"] = "application/fhir+json", ["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
end
"""


class Measured(NamedTuple):
    """One run of wrk."""

    per_second: float
    latency: str
    errors: int
    requests: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure(port: int, targets: Path, seconds: int) -> Measured:
    script = targets.with_suffix(".lua")
    script.write_text(LUA % {"targets": targets})
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script)]
    said = subprocess.run([*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])  # type: ignore[index]
    latency = dict(re.findall(r"(50|99)%\s+(\S+)", said))
    wrong = sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)|timeout (\d+)", said) for n in n if n)
    requests = int(re.search(r"(\d+) requests in", said)[1])  # type: ignore[index]
    return Measured(rate, f"p50 {latency.get('50')}, p99 {latency.get('99')}", wrong, requests)


@contextlib.contextmanager
def running(command: list[str], port: int, seconds: float = 300) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command)
    try:
        until = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{command[0]} did not start")
            time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def pss(pid: int) -> float:
    """Proportional set size in MB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)[1]) / 1024  # type: ignore[index]


def fetch(port: int, path: str, token: str) -> bytes:
    url = f"http://127.0.0.1:{port}{path}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        found: bytes = answer.read()
    return found


def node(home: Path, dsn: str, seconds: int, keep: Path | None) -> tuple[Measured, float]:
    """Our node: measured, and its memory after; `keep` takes its answers for nginx to serve."""
    port = free_port()
    with running([sys.executable, "-m", "benchmarks.search_node", str(home), str(port), dsn], port) as process:
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
        found = measure(port, targets, seconds)
        memory = pss(process.pid)
    checked = verify(home / "audit")
    if not checked.ok or checked.records < found.requests + CLIENTS:
        raise RuntimeError(f"{found.requests} answers, but {checked.records} events in the log")
    return found, memory


def nginx(home: Path, answers: Path, seconds: int) -> Measured:
    port = free_port()
    config = home / "nginx.conf"
    config.write_text(
        f"daemon off; pid {home}/nginx.pid; error_log {home}/nginx.log; worker_processes 1;\n"
        "events { worker_connections 1024; }\n"
        f"http {{ access_log off; sendfile on; keepalive_requests 100000000; client_body_temp_path {home}/t;\n"
        f"proxy_temp_path {home}/t; fastcgi_temp_path {home}/t; uwsgi_temp_path {home}/t; scgi_temp_path {home}/t;\n"
        f"open_file_cache max=1000; server {{ listen 127.0.0.1:{port}; root {answers}; }} }}\n"
    )
    targets = home / "nginx.txt"
    targets.write_text("".join(f"/{n}.json -\n" for n in range(CLIENTS)))
    home.chmod(0o755)
    answers.chmod(0o755)
    with running(["nginx", "-c", str(config)], port):
        return measure(port, targets, seconds)


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    seconds = parser.parse_args().seconds
    for tool in ("wrk", "nginx"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is absent: apt-get install {tool}")
    print(f"{CLIENTS * (OBSERVATIONS + 2)} resources; search of {OBSERVATIONS}; {CONNECTIONS} connections; {seconds} s")
    with tempfile.TemporaryDirectory(prefix="babyconnect-bench-") as folder:
        sqlite_run(Path(folder), seconds)
    with tempfile.TemporaryDirectory(prefix="babyconnect-bench-") as folder:
        postgres_run(Path(folder), seconds)


def sqlite_run(home: Path, seconds: int) -> None:
    answers = home / "answers"
    answers.mkdir()
    ours, memory = node(home, "-", seconds, answers)
    peer = nginx(home, answers, seconds)
    size = (answers / "0.json").stat().st_size
    print(f"SQLite      {ours.per_second:9.0f}/s  {ours.latency}  errors {ours.errors}  PSS {memory:.0f} MB")
    print(f"nginx       {peer.per_second:9.0f}/s  {peer.latency}  errors {peer.errors}  ({size} bytes each)")
    print(f"ratio       {ours.per_second / peer.per_second:9.2f}")


def postgres_run(home: Path, seconds: int) -> None:
    binaries = postgres_binaries()
    with postgres(binaries) as (dsn, _):
        ours, memory = node(home, dsn, seconds, None)
        peer = pgbench(dsn, binaries, home, seconds)
    print(f"PostgreSQL  {ours.per_second:9.0f}/s  {ours.latency}  errors {ours.errors}  PSS {memory:.0f} MB (node)")
    print(f"pgbench     {peer:9.0f}/s")
    print(f"ratio       {ours.per_second / peer:9.2f}")


if __name__ == "__main__":
    main()
