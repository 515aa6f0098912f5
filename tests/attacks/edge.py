"""A whole region and two of its nodes, really listening, in a thread of the test: every mount, both listeners.

As `babyconnect demo` configures them, so that nothing is tested that is not served.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import pathlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import Mount, Route

from babyconnect.api.asgi import App
from babyconnect.api.server import Listener, listening
from babyconnect.birthcare.parties import Kind
from babyconnect.cli.demonstration import prepare
from babyconnect.cli.demonstration.plan import LogIn, Member, Plan, Showcase, Special
from babyconnect.settings import Node, Region, read
from babyconnect.wiring import node, region, secured
from tests.spec.demo.conftest import free_ports

MARKER = "999900730"
"""A BSN that may be found nowhere."""
NAMES = (("practice", "90000001", Kind.MIDWIFERY_PRACTICE), ("hospital", "90000002", Kind.HOSPITAL))


@dataclass
class Edge:
    """`apps`: what serves, by who serves it."""

    home: pathlib.Path
    plan: Plan
    apps: dict[str, App] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def member(self, slug: str) -> Member:
        return self.plan.member(slug)

    def folder(self, slug: str) -> pathlib.Path:
        return prepare.node_folder(self.home, self.member(slug))

    def base(self, who: str) -> str:
        return f"http://127.0.0.1:{self.ports[who]}"

    def intake_token(self, slug: str = "practice") -> str:
        return (self.folder(slug) / "intake.token").read_text().strip()


@dataclass(frozen=True)
class Said:
    """An answer as its bytes came: `lines` are the headers, in order, none thrown away."""

    status: int
    lines: list[tuple[str, str]]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.lines)


def said(answer: bytes) -> Said:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    lines = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in rest)]
    return Said(int(first.split(" ")[1]), lines, body)


def talk(port: int, *pieces: bytes, seconds: float = 10.0) -> bytes:
    """Everything that a server answers to these bytes until it closes; what is sent is ended after the last."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as wire:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                wire.sendall(piece)
        found = b""
        with contextlib.suppress(ConnectionError):
            while part := wire.recv(65_536):
                found += part
    return found


def ask(port: int, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Said:
    """One request on a connection of its own."""
    lines = [f"{method} {path} HTTP/1.1", f"host: 127.0.0.1:{port}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += [f"content-length: {len(body)}"] if body is not None else []
    return said(talk(port, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")))


def routes(app: Any, below: str = "") -> Iterator[tuple[str, str]]:
    """(method, path) of every page that an application serves, from its own table of routes."""
    for route in getattr(app, "routes", ()) or ():
        if isinstance(route, tuple):
            yield route
        elif isinstance(route, Route):
            for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
                yield method, below + route.path
        elif isinstance(route, Mount):
            inner = getattr(route.app, "_routes", None) or route.app
            yield from routes(inner, below + route.path)


def mounted(app: Any) -> dict[str, Any]:
    """The applications of a node or region by their prefix, from below whatever stands before them."""
    while not hasattr(app, "_mounts"):
        app = app._app
    return dict(app._mounts)


def innermost(app: Any) -> Any:
    """The one with the table of routes."""
    while not hasattr(app, "routes") and hasattr(app, "_app"):
        app = app._app
    return app


def pages(app: App) -> list[tuple[str, str]]:
    """Every (method, path) of the sites and services that have a table of routes."""
    return [one for mount in mounted(app).values() for one in routes(innermost(mount))]


def people(slug: str) -> tuple[tuple[LogIn, ...], tuple[LogIn, ...]]:
    """Who gives care, and who sees to that: user names are unique in a region."""
    office = (("pim", "Pim Bakker", "privacy_officer"), ("ada", "Ada Smit", "administrator"))
    return (LogIn(f"anna.{slug}", "Anna de Vries", "midwife"),), tuple(
        LogIn(f"{username}.{slug}", name, "employee", (function,)) for username, name, function in office
    )


def _plan() -> Plan:
    woman = Special("een cliënt", "Anna Voorbeeld", MARKER, "practice")
    first = free_ports(2 * len(NAMES) + 2)
    plan = Plan(first, 0, 0, dt.date.today(), "demo-none", Showcase(woman.name, MARKER, "practice"), (woman,))
    plan.secured_port = first + 1
    plan.members = [
        Member(slug, f"Organisatie {slug}", ura, kind, "", at, "", *people(slug), secured_port=at + 1)
        for at, (slug, ura, kind) in zip(range(first + 2, first + 99, 2), NAMES, strict=False)
    ]
    return plan


@contextlib.contextmanager
def edge(home: pathlib.Path) -> Iterator[Edge]:
    plan = _plan()
    prepare.configure(home, plan, {}, mitz=True)
    prepare.care_systems(home, plan, {"practice": plan.special})
    made, ready, stop = Edge(home, plan), threading.Event(), threading.Event()
    faults: list[BaseException] = []

    async def serve() -> None:
        async with contextlib.AsyncExitStack() as stack:
            await _serve(made, stack)
            ready.set()
            while not stop.is_set():
                await asyncio.sleep(0.05)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as fault:
            faults.append(fault)
        finally:
            ready.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(60)
    if faults:
        raise faults[0]
    try:
        yield made
    finally:
        stop.set()
        thread.join(30)


def _over_both(config: pathlib.Path, more: str = "") -> None:
    """What is for machines is also served over the plain listener, so that every mount can be attacked over it."""
    text = config.read_text(encoding="utf-8")
    assert "[tls]\n" in text
    config.write_text(text.replace("[tls]\n", "[tls]\nmachines_over_plain = true\n") + more, encoding="utf-8")


async def _serve(made: Edge, stack: contextlib.AsyncExitStack) -> None:
    config = made.home / "region" / "region.toml"
    _over_both(config)
    chosen = read(config, Region, {})
    app, close = await region.build(config)
    stack.push_async_callback(close)
    made.apps["region"], made.ports["region"] = app, made.plan.port
    both = [Listener("127.0.0.1", made.plan.port), *secured.listeners(config, chosen.tls)]
    await stack.enter_async_context(listening(app, both))
    for member in made.plan.members:
        config = made.folder(member.slug) / "node.toml"
        (made.folder(member.slug) / "access.sha256").write_text("0" * 64)
        _over_both(config, '\n[limits]\nstrangers_per_second = 5000\n\n[access]\ntoken_sha256_file = "access.sha256"\n')
        one, close = await node.build(config)
        stack.push_async_callback(close)
        made.apps[member.slug], made.ports[member.slug] = one, member.port
        both = [Listener("127.0.0.1", member.port), *secured.listeners(config, read(config, Node, {}).tls)]
        await stack.enter_async_context(listening(one, both))
