"""`babyconnect erase --config FILE (--bsn - | --client ID) …`: destroy a record at her request (WGBO 7:455).

Without `--yes` it only says what would go and what stays.  The record is gone from every byte of the node's files
afterwards; the log keeps that it happened.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import pathlib
import sys

from babyconnect.audit import AuditFault
from babyconnect.audit.event import Actor
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.cli import account
from babyconnect.cli.failure import BadUse, Failure
from babyconnect.definitions import document
from babyconnect.flows.destroy import Asked, Destroying, NotDestroyed
from babyconnect.flows.registers import Request
from babyconnect.network.database import DatabaseFault
from babyconnect.settings import SettingsRefused
from babyconnect.store.faults import StoreFault
from babyconnect.wiring import destroying

REASONS = {
    "unknown": "nothing is kept of this client here",
    "held": "the law forbids to destroy this record; the reason is recorded with it",
    "asked_by": "somebody else may not ask for this",
    "date": "the request lies in the future",
    "same": "this request was taken down by the same person: somebody else confirms it, here or on the page",
    "unlisted": "this account, or that of who took it down, is not on the list of staff (four_eyes.staff_file)",
    "changed": "the request, the record or what may not be destroyed of it changed meanwhile; try again",
    "region": "the region could not be told to drop its pointer, so nothing was destroyed; try again later",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="node.toml")
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--bsn", metavar="-", choices=["-"], help="her BSN, read from standard input")
    whom.add_argument("--client", metavar="ID", help="her opaque Patient id here, for who has no BSN")
    parser.add_argument("--asked-by", required=True, choices=sorted(document("destruction.toml")["asked_by"]))
    parser.add_argument(
        "--on", required=True, type=dt.date.fromisoformat, metavar="DATE", help="the day of her request"
    )
    parser.add_argument("--yes", action="store_true", help="do it; without this it only says what would be done")


def _by(node: Destroying) -> Actor:
    return Actor(node.journal.own.ura.value, account.person())


def run(options: argparse.Namespace) -> int:
    try:
        return asyncio.run(_run(options))
    except (SettingsRefused, AuditFault, StoreFault, DatabaseFault) as problem:
        raise Failure(str(problem)) from problem
    except ValueError as problem:
        raise BadUse(str(problem)) from problem


async def _run(options: argparse.Namespace) -> int:
    bsn = Bsn(sys.stdin.readline().strip()) if options.bsn else None
    async with destroying.opened(options.config.resolve()) as node:
        clients = node.clients(bsn) if bsn else (options.client,)
        if bsn and not clients:
            await _written(node, bsn, options)
        for client in clients:
            await _one(node, client, options)
    return 0


async def _written(node: Destroying, bsn: Bsn, options: argparse.Namespace) -> None:
    """She is no client here; somebody may have written about her, in an emergency."""
    if not options.yes:
        raise Failure(f"{REASONS['unknown']}, except perhaps what was written in an emergency; --yes destroys that")
    count = await node.destroy_written(bsn, Asked("", options.asked_by, options.on, _by(node)))
    if not count:
        raise Failure(REASONS["unknown"])
    print(f"what was written about her in {count} emergencies is destroyed")


async def _one(node: Destroying, client: str, options: argparse.Namespace) -> None:
    if not options.yes:
        found = await node.examine(client)
        print(f"{client}: {found.items} items would be destroyed, {len(found.holds)} may not be; --yes does it")
        return
    asked = Asked(client, options.asked_by, options.on, _by(node))
    waiting = node.registers.request(client)
    confirms = waiting is not None and (waiting.asked_by, waiting.asked_on) == (asked.asked_by, asked.asked_on)
    seen = (await node.examine(client)).seen
    done = await node.confirm(client, asked.by, seen) if confirms else await node.destroy(asked)
    if isinstance(done, Request):
        print(f"{client}: the request is taken down; it is destroyed when somebody else confirms it")
        return
    if isinstance(done, NotDestroyed):
        raise Failure(REASONS[done.reason])
    print(f"{client}: destroyed, {done.versions} versions; {len(done.kept)} items stay because the law forbids it")
