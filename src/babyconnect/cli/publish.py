"""`babyconnect publish PATH… --config FILE`: translate, check and store into a node; a report line per input."""

from __future__ import annotations

import argparse
import asyncio
import collections
import pathlib
import sys
from dataclasses import replace

from babyconnect.audit import AuditFault
from babyconnect.cli.dates import add_dates
from babyconnect.cli.failure import Failure
from babyconnect.cli.long import settle, so_far
from babyconnect.cli.words import counted
from babyconnect.flows.findings import InputReport, Report
from babyconnect.settings import SettingsRefused
from babyconnect.sources import organisation
from babyconnect.sources.organisation import Organisation, Unreadable
from babyconnect.wiring import publishing


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path",
        nargs="+",
        type=pathlib.Path,
        metavar="PATH",
        help="a file, or a folder of records (organisation.toml in it is read too)",
    )
    parser.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="node.toml")
    parser.add_argument("--strict", action="store_true", help="exit 1 when there is a warning")
    parser.add_argument("--replaces", action="store_true",
                        help="spreadsheets: take back what earlier ones of these dossiers held and these do not; "
                        "what would go is printed, and nothing is done until it is confirmed")  # fmt: skip
    parser.add_argument("--confirm", type=int, metavar="COUNT",
                        help="with --replaces: you have seen that this many items go")  # fmt: skip
    add_dates(parser)
    parser.add_argument("--quiet", action="store_true", help="print only what was refused or warned of, and the totals")


def run(options: argparse.Namespace) -> int:
    settle()
    try:
        beside = [organisation.read(path) for path in options.path if path.is_dir()]
        return asyncio.run(_publish(options, _together(beside)))
    except (Unreadable, SettingsRefused, AuditFault) as problem:
        raise Failure(str(problem)) from problem


async def _publish(options: argparse.Namespace, beside: Organisation) -> int:
    async with publishing.opened(options.config.resolve()) as node:
        report = await _kept(node, options, beside)
        left = await node.announce(beside)
    print(summary(report) if options.quiet else report.text())
    if left:
        print(f"babyconnect publish: {left}", file=sys.stderr)
    return report.exit_code(options.strict)


async def _kept(node: publishing.Publishing, options: argparse.Namespace, beside: Organisation) -> Report:
    given = (options.path, beside.bsns, dict(options.date))
    if not options.replaces:
        return await node.publish(*given, so_far)
    gone = await node.vanishing(*given)
    count = sum(len(one.items) for one in gone)
    if count != (options.confirm or 0):
        for one in gone:
            print("\n".join([f"{one.records[0]}: would be taken back", *(f"  {row}" for row in one.rows)]))
        told = f"with --replaces {counted(count, 'item')} would be taken back: nothing was published"
        raise Failure(f"{told}; if that is right, add --confirm {count}")
    return await node.publish_instead(*given, gone)


def summary(report: Report) -> str:
    """What was refused or warned of, and how many there were of each status."""
    told = Report([_serious(one) for one in report.inputs if one.status in ("refused", "published with warnings")])
    counts = collections.Counter(one.status for one in report.inputs)
    totals = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    return "\n".join(filter(None, [told.text(), f"{counted(len(report.inputs), 'record')}: {totals}"]))


def _serious(one: InputReport) -> InputReport:
    return replace(one, findings=tuple(found for found in one.findings if found.severity != "information"))


def _together(found: list[Organisation]) -> Organisation:
    """What lies beside several folders of one organisation."""
    bsns = {patient: bsn for one in found for patient, bsn in one.bsns.items()}
    return Organisation(
        bsns=bsns,
        enrolments=tuple(row for one in found for row in one.enrolments),
        consents=tuple(row for one in found for row in one.consents),
        appointments=tuple(row for one in found for row in one.appointments),
        authorities=tuple(row for one in found for row in one.authorities),
    )
