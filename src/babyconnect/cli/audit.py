"""`babyconnect audit`: whether anything in a log was changed, removed, reordered or cut off, and proofs of it."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import pathlib
from dataclasses import replace
from typing import Any

import orjson

from babyconnect.audit import checkpoints, folder, proofs, reading, reconcile
from babyconnect.audit.checkpoints import Checkpoint
from babyconnect.audit.faults import AuditFault
from babyconnect.audit.proofs import Inclusion, NoProof, Proof
from babyconnect.audit.reading import Wanted
from babyconnect.audit.verify import verify
from babyconnect.cli import account
from babyconnect.cli.failure import BadUse, Failure
from babyconnect.cli.words import counted, day, whole
from babyconnect.settings import SettingsRefused
from babyconnect.trust import keys
from babyconnect.wiring.exporting import exported


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("verify", help="check a log: a folder (or all logs below it) or one segment file")
    check.add_argument("path", type=pathlib.Path, metavar="PATH", nargs="?", help="left out to check a proof by itself")
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
        help="checkpoints published earlier, a line each: the log must still contain them, a proof must lead to one",
    )
    check.add_argument("--proof", type=pathlib.Path, metavar="FILE", help="a proof that `audit prove` made")
    proof = actions.add_parser("prove", help="prove that one event is in a log, or that the log only grew")
    proof.add_argument("path", type=pathlib.Path, metavar="PATH", help="the folder of one log")
    what = proof.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--event", type=whole(1, None, "events count from 1"), metavar="N", help="the number of the event"
    )
    what.add_argument("--since", type=pathlib.Path, metavar="FILE", help="a checkpoint published earlier")
    proof.add_argument("--out", type=pathlib.Path, metavar="FILE", help="where to write the proof; left out: printed")

    compared = actions.add_parser("reconcile", help="compare the logs of two nodes: both ends of every exchange")
    for name in ("one", "other"):
        compared.add_argument(name, type=pathlib.Path, metavar="PATH", help="the folder of a node's logs")
    compared.add_argument("--from", type=day, dest="since", metavar="YYYY-MM-DD", help="the first day (UTC)")
    compared.add_argument("--until", type=day, metavar="YYYY-MM-DD", help="the last day")

    out = actions.add_parser("export", help="a node's log as a file: R4 AuditEvents or a table; the export is logged")
    out.add_argument("--config", type=pathlib.Path, metavar="FILE", required=True, help="the node's configuration")
    out.add_argument("--form", choices=("ndjson", "bundle", "csv"), default="ndjson")
    out.add_argument("--person", default="", metavar="ID", help="only what this person did, or was responsible for")
    out.add_argument("--from", type=day, dest="since", metavar="YYYY-MM-DD", help="the first day (UTC)")
    out.add_argument("--until", type=day, metavar="YYYY-MM-DD", help="the last day")
    out.add_argument("--out", type=pathlib.Path, metavar="FILE", required=True, help="readable by you only")


def run(options: argparse.Namespace) -> int:
    if options.action == "export":
        return _export(options)
    if options.action == "reconcile":
        return _reconcile(options)
    if options.action == "prove":
        return _prove(options)
    if options.path is None and options.proof is None:
        raise BadUse("what is to be verified: a log (PATH), or a proof (--proof FILE)?")
    found = _verify(options) if options.path is not None else 0
    return max(found, _check_proof(options)) if options.proof else found


def _verify(options: argparse.Namespace) -> int:
    if not options.path.exists():
        raise Failure(f"{options.path}: there is no such file or folder")
    genuine = keys.genuine(_jwks(options.keys)) if options.keys else None
    published = _published(options.checkpoint) if options.checkpoint else []
    found = verify(options.path, genuine, published)
    if not published and [problem.what for problem in found.problems] == ["no_log"]:
        # With a checkpoint in hand that a log once was here, its absence is the finding; without one it is a mistake.
        raise Failure(f"{options.path}: there is no log here")
    for problem in found.problems:
        print(f"{problem.file}: line {problem.line}, record {problem.seq}: {problem.what}: {problem.text}")
    verdict = (
        "nothing was touched"
        if found.ok
        else f"{counted(len(found.problems), 'place is', 'places are')} not what was written"
    )
    gone = f", let go until record {found.retired}" if found.retired else ""
    torn = f", {counted(found.torn, 'byte')} of an unfinished write at the end" if found.torn else ""
    signed = f", signed until record {found.signed_until}" if genuine else ", signatures not checked (--keys)"
    print(
        f"{counted(found.records, 'record')} in {counted(found.segments, 'segment')}, "
        f"{counted(found.checkpoints, 'checkpoint')}"
        f"{gone}{signed}{torn}: {verdict}"
    )
    if found.root:
        print(f"root of the tree of {found.head.seq} records: {found.root}")
    return 0 if found.ok else 1


def _check_proof(options: argparse.Namespace) -> int:
    proof = proofs.load(_bytes(options.proof))
    if proof is None:
        raise Failure(f"{options.proof}: not a proof as `audit prove` makes them")
    flaw = proof.flaw(keys.genuine(_jwks(options.keys)) if options.keys else None)
    if not flaw and options.checkpoint and not proofs.vouched(proof, _published(options.checkpoint)):
        flaw = "it leads to another checkpoint than the published ones"
    if isinstance(proof, Inclusion):
        claim = f"record {proof.seq} is in the log of {proof.checkpoint.node} until record {proof.checkpoint.seq}"
    else:
        claim = f"the log of {proof.new.node} until record {proof.new.seq} begins with that until {proof.old.seq}"
    unsigned = "" if options.keys else ", signatures not checked (--keys)"
    print(f"not proved: {flaw}" if flaw else f"proved{unsigned}: {claim}")
    return 1 if flaw else 0


def _prove(options: argparse.Namespace) -> int:
    if not folder.is_log(options.path):
        raise Failure(f"{options.path}: there is no log here")
    try:
        if options.event:
            made: Proof = proofs.prove(options.path, options.event)
        else:
            made = proofs.prove_growth(options.path, _published(options.since)[-1])
    except NoProof as problem:
        raise Failure(str(problem)) from problem
    if options.out:
        options.out.write_bytes(made.dump())
        print(f"written to {options.out}")
    else:
        print(made.dump().decode(), end="")
    return 0


def _export(options: argparse.Namespace) -> int:
    wanted = replace(_period(options), person=options.person)
    size = 0
    try:
        handle = os.open(options.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            for piece in exported(options.config, wanted, options.form, account.person()):
                size += file.write(piece)
    except FileExistsError as there:
        raise Failure(f"{options.out}: is there already") from there
    except (SettingsRefused, AuditFault) as problem:
        options.out.unlink(missing_ok=True)
        raise Failure(str(problem)) from problem
    print(f"{counted(size, 'byte')} written to {options.out}")
    return 0


def _period(options: argparse.Namespace) -> Wanted:
    return Wanted(
        since=dt.datetime.combine(options.since, dt.time(), dt.UTC) if options.since else None,
        until=dt.datetime.combine(options.until, dt.time(), dt.UTC) + dt.timedelta(days=1) if options.until else None,
    )


def _reconcile(options: argparse.Namespace) -> int:
    one, other = _node(options.one), _node(options.other)
    wanted = _period(options)
    differences = 0
    for asker, holder in (((options.one, one), (options.other, other)), ((options.other, other), (options.one, one))):
        found = reconcile.logs(asker[0], holder[0], asker[1], holder[1], wanted)
        for difference in found.differences:
            sides = f"asker {difference.at_asker or 'nothing'}, holder {difference.at_holder or 'nothing'}"
            print(f"{difference.trace}: {difference.what}: {sides}")
        lost = f", {counted(found.lost, 'answer')} lost on the way" if found.lost else ""
        print(
            f"{asker[1]} asked {holder[1]}: {counted(found.exchanges, 'exchange')}{lost}, "
            f"{counted(len(found.differences), 'difference')}"
        )
        differences += len(found.differences)
    return 1 if differences else 0


def _node(path: pathlib.Path) -> str:
    """Whose log it is, by its first event."""
    for entry in reading.search(path):
        return str(entry.event.get("node", ""))
    raise Failure(f"{path}: there is no log here, or it is empty")


def _bytes(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise Failure(f"{path}: cannot be read: {fault.strerror}") from fault


def _jwks(path: pathlib.Path) -> dict[str, Any]:
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as fault:
        raise Failure(f"{path}: not a JWKS: {fault}") from fault
    if not isinstance(content, dict) or "keys" not in content:
        raise Failure(f"{path}: not a JWKS: a member 'keys' is expected")
    return content


def _published(path: pathlib.Path) -> list[Checkpoint]:
    found = [checkpoints.load(line) for line in _bytes(path).splitlines() if line]
    if not found or None in found:
        raise Failure(f"{path}: not checkpoints as a log writes them")
    return [one for one in found if one is not None]
