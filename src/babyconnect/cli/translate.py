"""`babyconnect translate IN…`: records to another format; now ADA XML (PWD 3.2) and FHIR to FHIR STU3."""

from __future__ import annotations

import argparse
import datetime as dt
import pathlib
import sys

from babyconnect.cli.dates import add_dates
from babyconnect.cli.failure import Failure
from babyconnect.fhir import json, xml_writer
from babyconnect.fhir.rendering import masked
from babyconnect.flows.findings import Finding
from babyconnect.flows.inputs import Input
from babyconnect.flows.translating import Outcome, translating, versions
from babyconnect.sources.recognise import LIMIT

FROM = {"ada": ("ada",), "stu3": ("stu3-xml", "stu3-json")}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", nargs="+", type=pathlib.Path, metavar="IN", help="a file or a folder of records")
    parser.add_argument("--from", dest="source", choices=sorted(FROM), help="recognised when left out")
    parser.add_argument("--to", choices=["stu3"], default="stu3", help="the format wanted (default stu3)")
    parser.add_argument("--version", choices=versions(), default="3.2", help="version of the data set (default 3.2)")
    parser.add_argument("--format", choices=["json", "xml"], default="json", help="how resources are written")
    add_dates(parser)
    parser.add_argument("--strict", action="store_true", help="exit 1 when there is a warning")
    parser.add_argument("--with-bsn", action="store_true", help="write BSNs; without this they are masked")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR", help="one Bundle per input here; else printed")


def run(options: argparse.Namespace) -> int:
    dates = dict(options.date)
    inputs = [Input(path.name, path) for path in options.input]
    if options.out:
        try:
            options.out.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise Failure(f"--out {options.out} is a file; a folder is expected") from None
        except OSError as fault:
            raise Failure(f"--out {options.out} cannot be made: {fault.strerror}") from fault
    worst = 0
    written: set[str] = set()
    for outcome in translating(inputs, LIMIT, dates, dates.get("T") or dt.date.today(), options.version):
        outcome = _wanted(outcome, options)
        _report(outcome)
        if outcome.refused or (options.strict and any(f.severity == "warning" for f in outcome.findings)):
            worst = 1
        if not outcome.refused:
            _write(outcome, options, written)
    return worst


def _wanted(outcome: Outcome, options: argparse.Namespace) -> Outcome:
    if not options.source or not outcome.format or outcome.format in FROM[options.source]:
        return outcome
    text = f"this is {outcome.format.partition('-')[0]}, not {options.source}"
    return Outcome(outcome.name, outcome.format, (), (Finding("error", outcome.name, "format", text),))


def _report(outcome: Outcome) -> None:
    for finding in outcome.findings:
        print(f"{finding.severity} at {finding.place} [{finding.rule}] {finding.text}", file=sys.stderr)


def _write(outcome: Outcome, options: argparse.Namespace, written: set[str]) -> None:
    bundle = outcome.bundle() if options.with_bsn else masked(outcome.bundle())
    content = json.dumps(bundle) if options.format == "json" else xml_writer.from_json(bundle)
    if not options.out:
        sys.stdout.buffer.write(content + b"\n")
        return
    name = f"{pathlib.PurePath(outcome.name).stem}.{options.format}"
    if name in written:  # two folders may hold files of one name: neither may take the other's place
        name = f"{len(written)}-{name}"
    written.add(name)
    try:
        (options.out / name).write_bytes(content)
    except OSError as fault:
        raise Failure(f"{options.out / name} cannot be written: {fault.strerror}") from fault
