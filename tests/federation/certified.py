"""A region and two nodes as processes, as `babyconnect demo` sets them up: mutual TLS by a test PKI, no records."""

from __future__ import annotations

import contextlib
import datetime as dt
import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from babyconnect.birthcare.parties import Kind
from babyconnect.cli.demonstration import prepare
from babyconnect.cli.demonstration.plan import Member, Plan, Showcase, Special
from babyconnect.cli.demonstration.processes import Processes
from babyconnect.trust.tls import Files
from tests.attacks.edge import people
from tests.federation.serving import free_port
from tests.support.pki import Folder

NAMES = (("practice", "90000001", Kind.MIDWIFERY_PRACTICE), ("hospital", "90000002", Kind.HOSPITAL))


HERS = "999990019"
"""Of the one client who can log in (anna.voorbeeld)."""


@dataclass
class Certified:
    home: pathlib.Path
    plan: Plan
    processes: Processes

    @property
    def pki(self) -> Folder:
        return Folder(self.home / "pki")

    def base(self, slug: str) -> str:
        """Where people reach it."""
        return self.member(slug).base_url

    def member(self, slug: str) -> Member:
        return self.plan.member(slug)

    def folder(self, slug: str) -> pathlib.Path:
        return prepare.node_folder(self.home, self.member(slug))

    def config(self, slug: str) -> pathlib.Path:
        return self.folder(slug) / "node.toml"

    def files(self, slug: str) -> Files:
        at = self.folder(slug) / "tls"
        return Files(
            at / "certificate.pem", at / "key.pem", self.home / "pki" / "ca.pem", self.home / "pki" / "crl.pem"
        )


@contextlib.contextmanager
def certified(home: pathlib.Path, workers: int = 1, more: str | Mapping[str, str] = "") -> Iterator[Certified]:
    """`workers`: of each node; `more`: settings of each, or of some by name, beside those of a demo."""
    herself = Special("een cliënt", "Anna Voorbeeld", HERS, "practice")
    plan = Plan(free_port(), 0, 0, dt.date.today(), "demo-none", Showcase("", "", ""), (herself,))
    plan.members = [
        Member(slug, f"Organisatie {slug}", ura, kind, "", free_port(), "", *people(slug), secured_port=free_port())
        for slug, ura, kind in NAMES
    ]
    plan.secured_port = free_port()
    prepare.configure(home, plan, {})
    with Processes() as processes:
        processes.start("region", "region", home / "region" / "region.toml", plan.region_url)
        processes.wait_until_healthy()
        for member in plan.members:
            config = prepare.node_folder(home, member) / "node.toml"
            if workers > 1:
                config.write_text(config.read_text().replace("[node]\n", f"[node]\nworkers = {workers}\n"))
            config.write_text(config.read_text() + (more if isinstance(more, str) else more.get(member.slug, "")))
            processes.start(member.name, "node", config, member.base_url)
        processes.wait_until_healthy()
        yield Certified(home, plan, processes)
