"""`babyconnect consult --config FILE --bsn …`: consult all sources from a terminal, as somebody of this node."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import pathlib
import sys
from collections.abc import Iterator

from babyconnect.audit import AuditFault
from babyconnect.birthcare.access import Emergency, Purpose
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import OUTSIDE_CARE, Person, Role
from babyconnect.cli import account
from babyconnect.cli.failure import BadUse, Failure
from babyconnect.cli.words import chosen
from babyconnect.definitions import document
from babyconnect.delivery.build import build_view
from babyconnect.delivery.view import Section, View
from babyconnect.fhir import json
from babyconnect.flows.viewing import Declared
from babyconnect.merge import merge
from babyconnect.network.contract import RegionFault
from babyconnect.settings import SettingsRefused
from babyconnect.wiring.asking import Consulted, consult_once, declare

CARE = tuple(role for role in Role if role not in OUTSIDE_CARE)
OFFERED = (Purpose.TREATMENT, Purpose.COORDINATION, Purpose.EMERGENCY)
FLAWS = {
    "role": "this role cannot declare an emergency",
    "reason": "this is no reason by the rules in force",
    "explanation": "the explanation is at least ten characters, and at most two thousand",
}
LINE = "Mogelijk niet volledig; vraag het uw cliënt"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="node.toml")
    parser.add_argument("--bsn", required=True, metavar="BSN", help="nine digits, or - to read it from standard input")
    parser.add_argument(
        "--as",
        dest="role",
        type=chosen(CARE),
        default=Role.MIDWIFE,
        metavar="ROLE",
        help=f"one of {', '.join(CARE)} (default {Role.MIDWIFE})",
    )
    parser.add_argument(
        "--purpose",
        type=_purpose,
        default=Purpose.TREATMENT,
        metavar="PURPOSE",
        help="TREAT (default), COC, or emergency (BTG): with --reason, --explanation and --life-at-stake",
    )
    emergency = parser.add_argument_group("emergency", "is logged, reviewed here and at each source, and she is told")
    emergency.add_argument("--reason", choices=sorted(document("break_glass.toml")["reason"]), help="what it is")
    emergency.add_argument(
        "--explanation", default="", metavar="TEXT", help="why it cannot wait, for the reviewer; - for standard input"
    )
    emergency.add_argument(
        "--life-at-stake", action="store_true", help="confirms that life is at stake and that she is treated here"
    )
    emergency.add_argument(
        "--over-objection",
        action="store_true",
        help="the second confirmation: also where she objected, if a source allows that",
    )
    parser.add_argument("--format", choices=["text", "json"], default="text", help="a summary, or the Bundle")
    parser.epilog = "A number on a command line can be seen by other users of the machine; '-' avoids that."


def _purpose(text: str) -> Purpose:
    """As `purposes.toml` codes it, or the word."""
    return Purpose.EMERGENCY if text == "emergency" else chosen(OFFERED)(text)


def run(options: argparse.Namespace) -> int:
    emergency = _emergency(options)
    try:
        number = Bsn((sys.stdin.readline() if options.bsn == "-" else options.bsn).strip())
    except ValueError as problem:
        raise Failure(str(problem)) from problem
    person = Person(account.person(), account.own(), options.role)
    try:
        consulted = asyncio.run(_consulted(options, person, number, emergency))
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


def _emergency(options: argparse.Namespace) -> Emergency | None:
    """What is declared.  Asked whole before anything is done, and the same whoever it is about, so that what must be
    confirmed says nothing of her."""
    if options.purpose is not Purpose.EMERGENCY:
        if options.reason or options.explanation or options.life_at_stake or options.over_objection:
            raise BadUse("a reason, an explanation and their confirmations go with --purpose emergency")
        return None
    if not (options.reason and options.explanation and options.life_at_stake):
        raise BadUse("an emergency needs --reason, --explanation and --life-at-stake")
    if options.bsn == "-" and options.explanation == "-":
        raise BadUse("only one of --bsn and --explanation can come from standard input")
    return Emergency(options.reason, options.over_objection)


async def _consulted(options: argparse.Namespace, person: Person, bsn: Bsn, emergency: Emergency | None) -> Consulted:
    path = options.config.resolve()
    if emergency is None:
        return await consult_once(path, person, bsn, options.purpose)
    explanation = sys.stdin.read() if options.explanation == "-" else options.explanation
    declared = await declare(path, person, bsn, emergency, explanation)
    if not isinstance(declared, Declared):
        raise Failure(FLAWS[declared])
    print(f"emergency declared, item {declared.relation.reference}, until {declared.until:%H:%M} UTC", file=sys.stderr)
    return await consult_once(path, person, bsn, declared=declared)


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
