"""One demo home for this chapter: set up once, started as often as a test needs it."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from babyconnect.cli.demonstration import plan as plans
from babyconnect.cli.demonstration import prepare
from babyconnect.cli.demonstration.plan import Plan
from babyconnect.cli.demonstration.processes import Processes

WOMEN = 14
PORTS = 48
DEADLINE_SECONDS = 15.0
"""Of a consult in these regions: fourteen processes on a busy machine are slower than any one region's nodes are."""


def free_ports(count: int) -> int:
    """The first of `count` ports in a row that nobody listens on."""
    blocks = [*range(21_000, 32_000 - count, count)]
    mine = os.getpid() % len(blocks)  # test processes side by side do not look at the same ones
    for first in blocks[mine:] + blocks[:mine]:
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


@dataclass
class Home:
    """A demo's home and its first port."""

    path: pathlib.Path
    port: int
    processes: Processes | None = None

    @property
    def plan(self) -> Plan:
        plan = plans.load(self.path)
        assert plan is not None
        return plan

    def config(self, slug: str) -> pathlib.Path:
        return prepare.node_folder(self.path, self.plan.member(slug)) / "node.toml"

    @contextlib.contextmanager
    def broken(self, slug: str, what: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """One running node broken in this way (`--fault`) while the block lasts."""
        self._restart(slug, what, monkeypatch)
        try:
            yield
        finally:
            self._restart(slug, "", monkeypatch)

    def _restart(self, slug: str, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.processes is not None
        member = self.plan.member(slug)
        for one in [one for one in self.processes.running if one.name == member.name]:
            one.process.terminate()
            one.process.wait(20)
            self.processes.running.remove(one)
        if fault != "stop":
            with monkeypatch.context() as changed:
                changed.setenv("BABYCONNECT_NODE_FAULT", fault)
                self.processes.start(member.name, "node", self.config(slug), member.base_url)
            self.processes.wait_until_healthy()

    def demo(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "babyconnect", "demo", "--home", str(self.path)]
        return subprocess.run(
            [*command, "--port", str(self.port), "--women", str(WOMEN), *words],
            capture_output=True, text=True, check=False, timeout=280,
        )  # fmt: skip

    def check(self, *words: str) -> dict[str, Any]:
        done = self.demo("--check", *words)
        assert done.stdout, done.stderr[-2000:]
        outcome: dict[str, Any] = json.loads(done.stdout)
        assert (done.returncode == 0) == outcome["ok"], done.stderr[-2000:]
        return outcome


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("demo"), free_ports(PORTS))


@pytest.fixture(scope="module")
def patient() -> Iterator[None]:
    """Nodes, and who consults beside them, wait longer for a source than they do by default."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("BABYCONNECT_CONSULT_DEADLINE_SECONDS", str(DEADLINE_SECONDS))
        yield


@pytest.fixture(scope="module")
def region(home: Home, patient: None) -> Iterator[Home]:
    """The region, running: every node in a process of its own."""
    if plans.load(home.path) is None:
        prepare.new_plan(home.path, home.port, WOMEN, 1, lambda _: None)
    plan = home.plan
    prepare.configure(home.path, plan, {})
    with Processes() as processes:
        processes.start("region", "region", home.path / "region" / "region.toml", plan.region_url)
        processes.wait_until_healthy()
        prepare.publish(home.path, plan, lambda _: None)
        for member in plan.members:
            config = prepare.node_folder(home.path, member) / "node.toml"
            processes.start(member.name, "node", config, member.base_url)
        processes.wait_until_healthy()
        home.processes = processes
        yield home
