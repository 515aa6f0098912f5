"""What the benchmarks over HTTP share: wrk, nginx, a process that is waited for, and its memory."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# The requests are made once: what the load generator spends, it takes from the two cores that are measured.
LUA = """
local requests = {}
init = function(args)
  math.randomseed(os.time())
  for line in io.lines("%(targets)s") do
    local path, token = line:match("^(%%S+) (%%S+)$")
    requests[#requests + 1] = wrk.format("GET", path, {["Authorization"] = "Bearer " .. token,
      ["Accept"] = "application/fhir+json",
      ["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
  end
end
request = function() return requests[math.random(#requests)] end
"""


class Measured(NamedTuple):
    """One run of wrk."""

    per_second: float
    latency: str
    errors: int
    requests: int

    def __str__(self) -> str:
        return f"{self.per_second:9.0f}/s  {self.latency}  errors {self.errors}"


def needed(*tools: str) -> None:
    for tool in tools:
        if not shutil.which(tool):
            sys.exit(f"{tool} is absent: apt-get install {tool}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure(port: int, targets: Path, seconds: int, connections: int) -> Measured:
    """`targets`: a path and a token per line, asked for at random."""
    script = targets.with_suffix(".lua")
    script.write_text(LUA % {"targets": targets})
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
    said = subprocess.run([*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])  # type: ignore[index]
    latency = dict(re.findall(r"(50|99)%\s+(\S+)", said.partition("Latency Distribution")[2]))
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


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return [pid, *(one for child in children for one in family(child))]


def pss(pid: int) -> float:
    """Proportional set size in MB, of a process and all that it started."""
    texts = [Path(f"/proc/{one}/smaps_rollup").read_text() for one in family(pid)]
    return sum(int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)[1]) for text in texts) / 1024  # type: ignore[index]


def processor(pid: int) -> float:
    """Seconds of processor time that a process, its threads and all that it started have used."""
    tasks = [task for one in family(pid) for task in Path(f"/proc/{one}/task").iterdir()]
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def fetch(port: int, path: str, token: str) -> bytes:
    url = f"http://127.0.0.1:{port}{path}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        found: bytes = answer.read()
    return found


def nginx(home: Path, root: Path, targets: Path, seconds: int, connections: int, workers: int = 1) -> Measured:
    """The same bytes as static files below `root`; by one worker, as nginx has it unless told otherwise."""
    port = free_port()
    config = home / "nginx.conf"
    config.write_text(
        f"daemon off; pid {home}/nginx.pid; error_log {home}/nginx.log; worker_processes {workers};\n"
        "events { worker_connections 1024; }\n"
        f"http {{ access_log off; sendfile on; keepalive_requests 100000000; client_body_temp_path {home}/t;\n"
        f"proxy_temp_path {home}/t; fastcgi_temp_path {home}/t; uwsgi_temp_path {home}/t; scgi_temp_path {home}/t;\n"
        f"open_file_cache max=10000; server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n"
    )
    for folder in (home, root, *(below for below in root.glob("**/") if below != root)):
        folder.chmod(0o755)
    with running(["nginx", "-c", str(config)], port):
        return measure(port, targets, seconds, connections)
