"""`babyconnect template KIND --out FILE`: the spreadsheet for an organisation whose system has no export."""

from __future__ import annotations

import argparse
import pathlib

from babyconnect.cli.failure import Failure
from babyconnect.flows import templates


def arguments(parser: argparse.ArgumentParser) -> None:
    kinds = templates.kinds()
    parser.add_argument("kind", choices=kinds, metavar="KIND", help=f"kind of organisation: {', '.join(kinds)}")
    parser.add_argument("--out", type=pathlib.Path, required=True, metavar="PATH",
                        help="a .xlsx, a .zip of CSV files, or a folder for the CSV files")  # fmt: skip
    parser.add_argument("--example", action="store_true", help="with an invented client filled in")


def run(options: argparse.Namespace) -> int:
    out, kind, example = options.out, options.kind, options.example
    suffix = out.suffix.lower()
    try:
        if suffix == ".xlsx":
            out.write_bytes(templates.workbook(kind, example))
        elif suffix == ".zip":
            out.write_bytes(templates.packed(kind, example))
        else:
            out.mkdir(parents=True, exist_ok=True)
            for name, content in templates.texts(kind, example).items():
                (out / name).write_bytes(content)
    except OSError as fault:
        raise Failure(f"--out {out} cannot be written: {fault.strerror}") from fault
    print(f"{out}: the template of {templates.kinds()[kind]}")
    return 0
