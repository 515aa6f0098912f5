"""`babyconnect node --config FILE`: serve a node."""

from __future__ import annotations

import argparse
import pathlib

from babyconnect.api.server import serve
from babyconnect.cli.failure import Failure
from babyconnect.settings import SettingsRefused
from babyconnect.wiring import link, node


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="node.toml")


def run(options: argparse.Namespace) -> int:
    path = options.config.resolve()
    try:
        serve(lambda: node.build(path), link.settings_of(path).node.listen)
    except SettingsRefused as problem:
        raise Failure(str(problem)) from problem
    return 0
