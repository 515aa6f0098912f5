"""`babyconnect synthesise --out DIR`: a synthetic region's records, a folder per organisation."""

from __future__ import annotations

import argparse
import datetime as dt
import pathlib
import sys

from babyconnect import synthetic
from babyconnect.cli.failure import Failure
from babyconnect.cli.words import counted, day, whole

LEAST = len(synthetic.special_cases())


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=pathlib.Path, required=True, metavar="DIR", help="a new or empty folder")
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
    def progress(done: int, of: int) -> None:
        end = "\n" if done == of else ""
        print(f"\r{done} of {of} women", end=end, file=sys.stderr, flush=True)

    try:
        summary = synthetic.write(
            options.out, options.women, options.seed, options.today or dt.date.today(), progress=progress
        )
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
    return 0
