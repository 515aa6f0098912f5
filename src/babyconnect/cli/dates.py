"""`--date T=YYYY-MM-DD`, as every command takes it that reads records: published examples have relative dates."""

from __future__ import annotations

import argparse
import datetime as dt


def add_dates(parser: argparse.ArgumentParser) -> None:
    """`options.date` becomes a list of (name, day)."""
    parser.add_argument(
        "--date",
        type=_fixed_date,
        action="append",
        default=[],
        metavar="T=YYYY-MM-DD",
        help="the day that relative dates of published examples count from",
    )


def _fixed_date(text: str) -> tuple[str, dt.date]:
    name, _, day = text.partition("=")
    try:
        return name, dt.date.fromisoformat(day)
    except ValueError as fault:
        raise argparse.ArgumentTypeError("a date is given as T=YYYY-MM-DD") from fault
