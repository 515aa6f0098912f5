"""`babyconnect validate PATH…`: check FHIR STU3 resources against the base standard's structure."""

from __future__ import annotations

import argparse
import datetime as dt
import pathlib

from babyconnect.cli.dates import add_dates
from babyconnect.cli.words import counted
from babyconnect.flows.inputs import Input
from babyconnect.flows.material import Wanted
from babyconnect.flows.translating import translating
from babyconnect.sources.recognise import LIMIT


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="+", type=pathlib.Path, metavar="PATH", help="a file or a folder")
    add_dates(parser)
    parser.epilog = (
        "Checked: elements, cardinality, types, primitive values, references' form and required codes of "
        "FHIR STU3 3.0.2. The birth-care profiles' own bindings, slices and invariants are not yet."
    )


def run(options: argparse.Namespace) -> int:
    dates = dict(options.date)
    checked = refused = 0
    for outcome in translating(
        [Input(p.name, p) for p in options.path], LIMIT, dates, Wanted(dates.get("T") or dt.date.today())
    ):
        checked += 1
        refused += outcome.refused
        for finding in outcome.findings:
            print(f"{finding.severity} at {finding.place} [{finding.rule}] {finding.text}")
    print(f"{counted(checked, 'input')} checked, {refused} with errors")
    return 1 if refused else 0
