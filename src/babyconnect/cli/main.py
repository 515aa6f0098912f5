"""The command `babyconnect`: exit 0 on success, 2 on bad use, 1 on failure with one clear sentence on stderr.

Each command is a module of this package with `arguments(parser)` and `run(options) -> int`; it is imported only when it
is asked for, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from babyconnect import __version__
from babyconnect.cli.failure import Failure

COMMANDS = {
    "demo": "a whole region on this machine, a process per node",
    "node": "serve a node",
    "region": "serve the regional services",
    "translate": "translate records to another format",
    "template": "a spreadsheet to fill in, for an organisation whose system has no export",
    "publish": "translate, check and store records into a node",
    "erase": "destroy a client's record at her request",
    "consult": "consult all sources about a client, from a terminal",
    "validate": "check records against FHIR STU3 and the birth-care profiles",
    "audit": "check a log: `audit verify PATH`",
    "pki": "make and rotate test keys and certificates",
    "synthesise": "make a synthetic region's records",
}
KEEPERS = frozenset({"demo", "node", "region", "publish", "consult", "erase"})


def parser_for(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"babyconnect {name}", description=f"{COMMANDS[name][0].upper()}{COMMANDS[name][1:]}."
    )
    importlib.import_module(f"babyconnect.cli.{name}").arguments(parser)
    return parser


def usage() -> str:
    width = max(map(len, COMMANDS))
    lines = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    return f"usage: babyconnect COMMAND [options]\n\ncommands:\n{lines}\n\n`babyconnect COMMAND --help` explains each."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the console script exits with what this returns."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(usage())
        return 0 if words else 2
    if words[0] == "--version":
        print(f"babyconnect {__version__}")
        return 0
    if words[0] not in COMMANDS:
        print(f"babyconnect: there is no command '{words[0]}'\n\n{usage()}", file=sys.stderr)
        return 2
    return _run(words[0], words[1:])


def _run(name: str, words: list[str]) -> int:
    options = parser_for(name).parse_args(words)
    if name in KEEPERS:
        # Stores, rosters and logs hold BSNs and records: no other user of the machine reads them, wherever they lie.
        os.umask(0o077)
    try:
        return int(importlib.import_module(f"babyconnect.cli.{name}").run(options))
    except Failure as problem:
        print(f"babyconnect {name}: {problem}", file=sys.stderr)
        return problem.code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `babyconnect … | head`: not our failure
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as fault:
        place = f"{fault.filename}: " if fault.filename else ""
        print(f"babyconnect {name}: {place}{fault.strerror or fault}", file=sys.stderr)
        return 1
