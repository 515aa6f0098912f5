"""`babyconnect node --config FILE`: serve a node."""

from __future__ import annotations

import argparse
import gc
import pathlib
import socket
import sys
from collections.abc import Callable

from babyconnect.api.server import plain, serve, serve_at
from babyconnect.audit import AuditFault
from babyconnect.cli import serving
from babyconnect.settings import Node, SettingsRefused
from babyconnect.wiring import link, node, secured, worker
from babyconnect.wiring.keeping import Beside
from babyconnect.workers.page import Page
from babyconnect.workers.supervising import Ends, Supervisor

MOST_WORKERS = 64


def arguments(parser: argparse.ArgumentParser) -> None:
    serving.config(parser, "node.toml")


def run(options: argparse.Namespace) -> int:
    path = options.config.resolve()
    with serving.failing():
        chosen = link.settings_of(path)
        serving.free(chosen.node.listen, chosen.tls)
        if not 1 <= chosen.node.workers <= MOST_WORKERS:
            raise SettingsRefused(f"{path}: node.workers: 1 to {MOST_WORKERS}")
        if chosen.node.workers > 1:
            return _in_several(path, chosen)
        serve(lambda: node.build(path), chosen.node.listen, secured.listeners(path, chosen.tls))
    return 0


def _in_several(path: pathlib.Path, chosen: Node) -> int:
    """A keeper and its workers (`workers`)."""
    page = Page()

    def keeper(control: socket.socket) -> None:
        serve_at(lambda: node.build(path, Beside(page, control)), [])

    def answering(own: Ends) -> None:
        listeners = [plain(chosen.node.listen, shared=True), *secured.listeners(path, chosen.tls, shared=True)]
        serve_at(lambda: worker.build(path, page, own), listeners)

    # What is loaded now is in memory once for all of them.
    if chosen.store.engine == "sqlite":
        import babyconnect.store.sqlite  # noqa: F401
    gc.collect()
    gc.freeze()
    return Supervisor(
        lambda control: _told(lambda: keeper(control)),
        lambda own: _told(lambda: answering(own)),
        chosen.node.workers,
    ).run()


def _told(run: Callable[[], None]) -> int:
    """The exit code of one process, which says itself what is wrong."""
    try:
        run()
    except (SettingsRefused, AuditFault) as problem:
        print(f"babyconnect node: {problem}", file=sys.stderr)
        return 1
    return 0
