"""`babyconnect consult --config FILE --bsn …`: consult all sources from a terminal, as somebody of this node."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import getpass
import pathlib
import sys
from collections.abc import Iterator

from babyconnect.audit import AuditFault
from babyconnect.birthcare.access import Purpose
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Person, Role
from babyconnect.cli.failure import Failure
from babyconnect.cli.words import chosen
from babyconnect.delivery.build import build_view
from babyconnect.delivery.view import Section, View
from babyconnect.fhir import json
from babyconnect.merge import merge
from babyconnect.network.contract import RegionFault
from babyconnect.settings import SettingsRefused
from babyconnect.wiring.asking import consult_once

LINE = "Mogelijk niet volledig; vraag het uw cliënt"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="node.toml")
    parser.add_argument("--bsn", required=True, metavar="BSN", help="nine digits, or - to read it from standard input")
    parser.add_argument(
        "--as",
        dest="role",
        type=chosen(Role),
        default=Role.MIDWIFE,
        metavar="ROLE",
        help=f"one of {', '.join(Role)} (default {Role.MIDWIFE})",
    )
    parser.add_argument(
        "--purpose",
        type=chosen((Purpose.TREATMENT, Purpose.COORDINATION)),
        default=Purpose.TREATMENT,
        metavar="PURPOSE",
        help="TREAT (default) or COC",
    )
    parser.add_argument("--format", choices=["text", "json"], default="text", help="a summary, or the Bundle")
    parser.epilog = "A number on a command line can be seen by other users of the machine; '-' avoids that."


def run(options: argparse.Namespace) -> int:
    try:
        number = Bsn((sys.stdin.readline() if options.bsn == "-" else options.bsn).strip())
    except ValueError as problem:
        raise Failure(str(problem)) from problem
    person = Person(f"terminal:{getpass.getuser()}", getpass.getuser(), options.role)
    try:
        consulted = asyncio.run(consult_once(options.config.resolve(), person, number, options.purpose))
    except (SettingsRefused, RegionFault, AuditFault) as problem:
        raise Failure(str(problem)) from problem
    # A refusal is for the client and the privacy officer, not for who asks (domain §4).
    shown = [answer for answer in consulted.answers if answer.status != "refused"]
    if options.format == "json":
        resources = [{"resource": dict(r)} for answer in shown for r in answer.resources]
        bundle = {"resourceType": "Bundle", "type": "collection", **({"entry": resources} if resources else {})}
        sys.stdout.buffer.write(json.dumps(bundle) + b"\n")
    else:
        print(_summary(shown, build_view(merge(shown, dt.date.today()))))
    return 0 if any(answer.status == "answered" for answer in shown) else 1


def _summary(shown: list[SourceAnswer], view: View) -> str:
    lines = [LINE, ""]
    for answer in sorted(shown, key=lambda answer: answer.source.name):
        lines.append(f"{answer.source.name}: {answer.status}, {len(answer.resources)} gegevens")
    for section in view.sections:
        rows = list(_rows(section))
        lines += ["", section.title, *rows] if rows else []
    return "\n".join(lines)


def _rows(section: Section) -> Iterator[str]:
    for line in section.lines:
        yield f"  {line.when or '-':<18} {line.label}: {line.text}  ({', '.join(s.name for s in line.sources)})"
    for part in section.parts:
        yield f"  {part.title}"
        yield from _rows(part)
