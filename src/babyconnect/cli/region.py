"""`babyconnect region --config FILE`: serve the regional services."""

from __future__ import annotations

import argparse
import pathlib

from babyconnect.api.server import serve
from babyconnect.audit import AuditFault
from babyconnect.cli.failure import Failure
from babyconnect.cli.ports import require_free
from babyconnect.settings import SettingsRefused
from babyconnect.wiring import region, secured


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="region.toml")


def run(options: argparse.Namespace) -> int:
    path = options.config.resolve()
    try:
        chosen = region.settings_of(path)
        for listen in filter(None, (chosen.region.listen, chosen.tls.listen)):
            require_free(listen)
        serve(lambda: region.build(path), chosen.region.listen, secured.listeners(path, chosen.tls))
    except (SettingsRefused, AuditFault) as problem:
        raise Failure(str(problem)) from problem
    return 0
