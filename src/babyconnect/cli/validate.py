"""`babyconnect validate PATH…`: check records against FHIR STU3 and the birth-care profiles."""

from __future__ import annotations

import argparse
import datetime as dt
import pathlib

from babyconnect.cli.dates import add_dates
from babyconnect.cli.long import settle, so_far
from babyconnect.cli.words import counted
from babyconnect.flows.checking import checking
from babyconnect.flows.inputs import Input
from babyconnect.sources.recognise import LIMIT

_SEVERITIES = ("error", "warning", "information")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="+", type=pathlib.Path, metavar="PATH", help="a file or a folder")
    add_dates(parser)
    parser.add_argument("--show", choices=_SEVERITIES, default="warning", metavar="SEVERITY",
                        help="what is printed: error, warning (default) or information, and what is worse")  # fmt: skip
    parser.epilog = (
        "Checked: FHIR STU3 3.0.2 (elements, cardinality, types, values, references, required codes, invariants) and "
        "the profiles that a resource names: cardinality, types, fixed values and patterns, slices, bindings, "
        "reference targets, extensions, invariants. A code is judged where its value set lists codes; what only "
        "SNOMED CT's hierarchy can tell is not. Other formats are translated first."
    )


def run(options: argparse.Namespace) -> int:
    settle()
    dates = dict(options.date)
    shown = _SEVERITIES[: _SEVERITIES.index(options.show) + 1]
    records = resources = wrong = 0
    inputs = [Input(p.name, p) for p in options.path]
    for checked in checking(inputs, LIMIT, dates, dates.get("T") or dt.date.today()):
        records, resources, wrong = records + 1, resources + checked.resources, wrong + checked.wrong
        so_far(records)
        for finding in checked.findings:
            if finding.severity in shown:
                print(f"{finding.severity} at {finding.place} [{finding.rule}] {finding.text}")
    print(f"{counted(records, 'record')} of {counted(resources, 'resource')} checked, {wrong} with errors")
    return 1 if wrong else 0
