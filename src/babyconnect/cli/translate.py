"""`babyconnect translate IN…`: records of any format that is read to any format that is written."""

from __future__ import annotations

import argparse
import datetime as dt
import pathlib
import sys
from collections.abc import Callable, Iterable

from babyconnect.cli.dates import add_dates
from babyconnect.cli.failure import Failure
from babyconnect.cli.long import settle, so_far
from babyconnect.flows.findings import Finding
from babyconnect.flows.inputs import Input
from babyconnect.flows.material import Wanted, Written
from babyconnect.flows.to_ada import asked, offered
from babyconnect.flows.translating import (
    Outcome,
    called,
    inputs_offered,
    is_format,
    outputs_offered,
    translating,
    versions,
    write,
)
from babyconnect.settings import SettingsRefused
from babyconnect.sources.recognise import LIMIT
from babyconnect.wiring import ultrasound


def arguments(parser: argparse.ArgumentParser) -> None:
    readable, writable = inputs_offered(), outputs_offered()
    parser.add_argument("input", nargs="+", type=pathlib.Path, metavar="IN", help="a file or a folder of records")
    parser.add_argument("--from", dest="source", type=_among(readable, "read"), metavar="FORMAT",
                        help=f"recognised when left out; one of {', '.join(readable)}")  # fmt: skip
    parser.add_argument("--to", type=_among(writable, "written"), default="stu3", metavar="FORMAT",
                        help=f"the format wanted (default stu3); one of {', '.join(writable)}")  # fmt: skip
    parser.add_argument("--version", choices=versions(), default="3.2", help="version of the data set (default 3.2)")
    parser.add_argument("--transaction", type=_transaction, metavar="NAME",
                        help="which transaction to write; the record's own when left out")  # fmt: skip
    parser.add_argument("--format", choices=["json", "xml"], default="json", help="how resources are written")
    add_dates(parser)
    parser.add_argument("--strict", action="store_true", help="exit 1 when there is a warning")
    parser.add_argument("--with-bsn", action="store_true", help="write BSNs; without this they are masked")
    parser.add_argument("--ultrasound-table", type=pathlib.Path, metavar="CSV",
                        help="what the ultrasound system calls things, if not as in our table")  # fmt: skip
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR", help="one file per input here; else printed")


def _among(offered: Iterable[str], done: str) -> Callable[[str], str]:
    """The type of an option that takes a format, with a sentence for one that is not there."""
    names = list(offered)

    def format_(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"'{text}' is not {done} by this version; it has {', '.join(names)}")
        return text

    return format_


def _transaction(text: str) -> str:
    if asked(text) is None:
        raise argparse.ArgumentTypeError(f"'{text}' cannot be written; choose one of {', '.join(offered())}")
    return text


def run(options: argparse.Namespace) -> int:
    try:
        table = ultrasound.table(options.ultrasound_table) if options.ultrasound_table else None
    except SettingsRefused as problem:
        raise Failure(str(problem)) from None
    settle()
    dates = dict(options.date)
    today = dates.get("T") or dt.date.today()
    inputs = [Input(path.name, path) for path in options.input]
    _make_folder(options.out)
    wanted = Wanted(today, options.version, options.transaction or "", options.format, options.with_bsn)
    worst = 0
    names: set[str] = set()
    for number, outcome in enumerate(translating(inputs, LIMIT, dates, wanted, options.to, table), 1):
        so_far(number)
        outcome = _wanted(outcome, options.source)
        written = write(outcome, options.to, wanted)
        findings = (*outcome.findings, *written.findings)
        _report(findings)
        refused = outcome.refused or written.refused
        if refused or (options.strict and any(f.severity == "warning" for f in findings)):
            worst = 1
        if not refused:
            _write(outcome.name, written, options.out, names)
    return worst


def _make_folder(out: pathlib.Path | None) -> None:
    try:
        if out:
            out.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise Failure(f"--out {out} is a file; a folder is expected") from None
    except OSError as fault:
        raise Failure(f"--out {out} cannot be made: {fault.strerror}") from fault


def _wanted(outcome: Outcome, source: str | None) -> Outcome:
    if not source or not outcome.format or is_format(outcome.format, source):
        return outcome
    text = f"this is {called(outcome.format)}, not {source}"
    return Outcome(outcome.name, outcome.format, (), (Finding("error", outcome.name, "format", text),))


def _report(findings: Iterable[Finding]) -> None:
    for finding in findings:
        print(f"{finding.severity} at {finding.place} [{finding.rule}] {finding.text}", file=sys.stderr)


def _write(source: str, written: Written, out: pathlib.Path | None, names: set[str]) -> None:
    """A record that becomes several files: the second and later have their number in the name."""
    for number, content in enumerate((written.content, *written.others), 1):
        stem = pathlib.PurePath(source).stem + (f"-{number}" if number > 1 else "")
        _write_one(f"{stem}.{written.extension}", content, out, names)


def _write_one(name: str, content: bytes, out: pathlib.Path | None, names: set[str]) -> None:
    if not out:
        sys.stdout.buffer.write(content + b"\n")
        return
    if name in names:  # two folders may hold files of one name: neither may take the other's place
        name = f"{len(names)}-{name}"
    names.add(name)
    try:
        (out / name).write_bytes(content)
    except OSError as fault:
        raise Failure(f"{out / name} cannot be written: {fault.strerror}") from fault
