"""`babyconnect node --config FILE`: serve a node."""

from __future__ import annotations

import argparse
import pathlib

from babyconnect.api.server import serve
from babyconnect.audit import AuditFault
from babyconnect.cli.failure import Failure
from babyconnect.cli.ports import require_free
from babyconnect.settings import SettingsRefused
from babyconnect.wiring import link, node, secured


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="node.toml")


def run(options: argparse.Namespace) -> int:
    path = options.config.resolve()
    try:
        chosen = link.settings_of(path)
        for listen in filter(None, (chosen.node.listen, chosen.tls.listen)):
            require_free(listen)
        serve(lambda: node.build(path), chosen.node.listen, secured.listeners(path, chosen.tls))
    except (SettingsRefused, AuditFault) as problem:
        raise Failure(str(problem)) from problem
    return 0
