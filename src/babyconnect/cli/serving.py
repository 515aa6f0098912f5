"""What `babyconnect node` and `babyconnect region` have in common: one file of settings, ports that must be free, and a
plain sentence when it cannot be served."""

from __future__ import annotations

import argparse
import contextlib
import pathlib
from collections.abc import Iterator

from babyconnect.audit import AuditFault
from babyconnect.cli.failure import Failure
from babyconnect.cli.ports import require_free
from babyconnect.settings import SettingsRefused, TlsSection


def config(parser: argparse.ArgumentParser, name: str) -> None:
    """The one argument; `name` is how its file is called."""
    parser.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help=name)


def free(listen: str, tls: TlsSection) -> None:
    """Failure when a port of these settings cannot be had."""
    for one in filter(None, (listen, tls.listen)):
        require_free(one)


@contextlib.contextmanager
def failing() -> Iterator[None]:
    """What cannot be served is said in one sentence."""
    try:
        yield
    except (SettingsRefused, AuditFault) as problem:
        raise Failure(str(problem)) from problem
