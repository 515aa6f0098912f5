"""`babyconnect audit verify PATH`: whether anything in a log was changed, removed, reordered or cut off."""

from __future__ import annotations

import argparse
import pathlib

from babyconnect.audit.verify import verify
from babyconnect.cli.failure import Failure


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("verify", help="check a log: a folder (or all logs below it) or one segment file")
    check.add_argument("path", type=pathlib.Path, metavar="PATH")


def run(options: argparse.Namespace) -> int:
    if not options.path.exists():
        raise Failure(f"{options.path}: there is no such file or folder")
    found = verify(options.path)
    for problem in found.problems:
        print(f"{problem.file}: line {problem.line}, record {problem.seq}: {problem.what}: {problem.text}")
    verdict = "nothing was touched" if found.ok else f"{len(found.problems)} places are not what was written"
    torn = f", {found.torn} bytes of an unfinished write at the end" if found.torn else ""
    print(f"{found.records} records in {found.segments} segments, {found.checkpoints} checkpoints{torn}: {verdict}")
    return 0 if found.ok else 1
