"""The demo's processes: start them, wait until they are healthy, notice when one dies, stop them cleanly."""

from __future__ import annotations

import json
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field

from babyconnect.cli import ports
from babyconnect.cli.demonstration.born import Born
from babyconnect.cli.failure import Failure

HEALTHY_WITHIN = 90.0
STOP_WITHIN = 8.0


def require_free(host: str, wanted: Iterable[int]) -> None:
    """Before anything is started: a port that somebody uses would be shared with them, and mix two regions."""
    for port in wanted:
        if port > 65535:
            raise Failure(f"there is no port {port}; give a lower one with --port")
        if ports.taken(host, port):
            raise Failure(f"port {port} is in use; give another with --port")


@dataclass(slots=True)
class Running:
    """One started process, where it answers and where it writes."""

    name: str
    base_url: str
    log: pathlib.Path
    process: Born | subprocess.Popen[bytes]


@dataclass(slots=True)
class Processes:
    """All processes of one demo; leaving the `with` block stops every one of them."""

    running: list[Running] = field(default_factory=list)

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, name: str, command: str, config: pathlib.Path, base_url: str) -> None:
        """Start `babyconnect COMMAND --config CONFIG` with its output in a log beside the configuration."""
        log = config.with_suffix(".log")
        process = Born([command, "--config", str(config)], log)
        self.running.append(Running(name, base_url, log, process))

    def wait_until_healthy(self) -> None:
        """Return when every process answers on /health; a process that died or stays silent is a Failure."""
        until = time.monotonic() + HEALTHY_WITHIN
        waiting = list(self.running)
        while waiting:
            waiting = [one for one in waiting if not _healthy(one)]
            if waiting and time.monotonic() > until:
                raise Failure(f"{waiting[0].name} does not answer; its log is {waiting[0].log}")
            if waiting:
                time.sleep(0.05)

    def died(self) -> Running | None:
        """A process that ended by itself, if there is one."""
        return next((one for one in self.running if one.process.poll() is not None), None)

    def stop(self) -> None:
        for one in reversed(self.running):
            if one.process.poll() is None:
                one.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + STOP_WITHIN
        for one in reversed(self.running):
            try:
                one.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                one.process.kill()
                one.process.wait()
        self.running.clear()


def _healthy(one: Running) -> bool:
    if one.process.poll() is not None:
        raise Failure(f"{one.name} stopped while starting; its log is {one.log}:\n{_tail(one.log)}")
    try:
        with urllib.request.urlopen(f"{one.base_url}/health", timeout=2) as answer:  # noqa: S310 - our own http address
            # Its own process id: another demo's node at this address would give another.
            return bool(answer.status == 200 and json.loads(answer.read()).get("process") == one.process.pid)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _tail(path: pathlib.Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
