"""`babyconnect region --config FILE`: serve the regional services."""

from __future__ import annotations

import argparse

from babyconnect.api.server import serve
from babyconnect.cli import serving
from babyconnect.wiring import region, secured


def arguments(parser: argparse.ArgumentParser) -> None:
    serving.config(parser, "region.toml")


def run(options: argparse.Namespace) -> int:
    path = options.config.resolve()
    with serving.failing():
        chosen = region.settings_of(path)
        serving.free(chosen.region.listen, chosen.tls)
        serve(lambda: region.build(path), chosen.region.listen, secured.listeners(path, chosen.tls))
    return 0
