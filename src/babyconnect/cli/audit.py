"""`babyconnect audit verify PATH`: whether anything in a log was changed, removed, reordered or cut off."""

from __future__ import annotations

import argparse
import pathlib
from typing import Any

import orjson

from babyconnect.audit import checkpoints
from babyconnect.audit.checkpoints import Checkpoint
from babyconnect.audit.verify import verify
from babyconnect.cli.failure import Failure
from babyconnect.cli.words import counted
from babyconnect.trust import keys


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("verify", help="check a log: a folder (or all logs below it) or one segment file")
    check.add_argument("path", type=pathlib.Path, metavar="PATH")
    check.add_argument(
        "--keys",
        type=pathlib.Path,
        metavar="FILE",
        help="the node's public keys (JWKS): check the checkpoints' signatures",
    )
    check.add_argument(
        "--checkpoint",
        type=pathlib.Path,
        metavar="FILE",
        help="checkpoints published earlier, a line each: the log must still contain them",
    )


def run(options: argparse.Namespace) -> int:
    if not options.path.exists():
        raise Failure(f"{options.path}: there is no such file or folder")
    genuine = keys.genuine(_jwks(options.keys)) if options.keys else None
    published = _published(options.checkpoint) if options.checkpoint else []
    found = verify(options.path, genuine, published)
    for problem in found.problems:
        print(f"{problem.file}: line {problem.line}, record {problem.seq}: {problem.what}: {problem.text}")
    verdict = (
        "nothing was touched"
        if found.ok
        else f"{counted(len(found.problems), 'place is', 'places are')} not what was written"
    )
    torn = f", {counted(found.torn, 'byte')} of an unfinished write at the end" if found.torn else ""
    signed = f", signed until record {found.signed_until}" if genuine else ", signatures not checked (--keys)"
    print(
        f"{counted(found.records, 'record')} in {counted(found.segments, 'segment')}, "
        f"{counted(found.checkpoints, 'checkpoint')}"
        f"{signed}{torn}: {verdict}"
    )
    return 0 if found.ok else 1


def _jwks(path: pathlib.Path) -> dict[str, Any]:
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as fault:
        raise Failure(f"{path}: not a JWKS: {fault}") from fault
    if not isinstance(content, dict) or "keys" not in content:
        raise Failure(f"{path}: not a JWKS: a member 'keys' is expected")
    return content


def _published(path: pathlib.Path) -> list[Checkpoint]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as fault:
        raise Failure(f"{path}: cannot be read: {fault.strerror}") from fault
    found = [checkpoints.load(line) for line in lines if line]
    if not found or None in found:
        raise Failure(f"{path}: not checkpoints as a log writes them")
    return [one for one in found if one is not None]
