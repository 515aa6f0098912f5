"""`babyconnect synthesise`: a synthetic region's records, a folder per organisation; an example of every format."""

from __future__ import annotations

import argparse
import datetime as dt
import pathlib
import sys

from babyconnect import synthetic
from babyconnect.cli.failure import BadUse, Failure
from babyconnect.cli.words import counted, day, whole
from babyconnect.flows import examples

LEAST = len(synthetic.special_cases())


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR", help="the region, in a new or empty folder")
    parser.add_argument(
        "--examples", type=pathlib.Path, metavar="DIR", help="one synthetic record in every format, in and out"
    )
    parser.add_argument(
        "--women",
        type=whole(LEAST, None, f"a region has at least {LEAST} women"),
        default=1000,
        metavar="N",
        help=f"how many women, at least {LEAST} (default 1000)",
    )
    parser.add_argument(
        "--seed", type=whole(0, None, "a seed is 0 or more"), default=1, metavar="N", help="another region (default 1)"
    )
    parser.add_argument(
        "--today",
        type=day,
        default=None,
        metavar="YYYY-MM-DD",
        help="the day on which the region is as it is (default today); same seed and day, same bytes",
    )


def run(options: argparse.Namespace) -> int:
    if not options.out and not options.examples:
        raise BadUse("give --out DIR for a region, --examples DIR for a file of every format")
    today = options.today or dt.date.today()
    if options.examples:
        _examples(options.examples, today, options.seed)
    if options.out:
        _region(options, today)
    return 0


def _examples(folder: pathlib.Path, today: dt.date, seed: int) -> None:
    files = list(examples.examples(examples.case(today, seed)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            (folder / file.name).write_bytes(file.content)
    except OSError as fault:
        raise Failure(f"--examples {folder}: {fault.strerror or fault}") from fault
    for file in files:
        left = counted(len(file.findings), "remark") if file.findings else "everything"
        print(f"{folder / file.name}: {len(file.content) / 1000:,.0f} kB ({left})")


def _region(options: argparse.Namespace, today: dt.date) -> None:
    def progress(done: int, of: int) -> None:
        end = "\n" if done == of else ""
        print(f"\r{done} of {of} women", end=end, file=sys.stderr, flush=True)

    try:
        summary = synthetic.write(options.out, options.women, options.seed, today, progress=progress)
    except ValueError as problem:
        raise Failure(str(problem)) from problem
    except OSError as fault:
        raise Failure(f"--out {options.out}: {fault.strerror or fault}") from fault
    records = sum(summary.records.values())
    print(
        f"{summary.women} women, {counted(records, 'record')} of {len(summary.records)} organisations, "
        f"{summary.size / 1e6:.1f} MB in {options.out}"
    )
    print(
        f"{summary.without_bsn} without a BSN; {summary.bsns_outside_test_range} numbers outside the test range "
        "9999xxxxx, which holds some 9,090"
    )
    print(f"a client to begin with: {summary.showcase.name}, {summary.showcase.bsn} ({summary.showcase.text})")
