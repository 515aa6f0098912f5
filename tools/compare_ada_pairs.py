"""Translate the published ADA inputs and compare with the published FHIR: figures per pair.

    python tools/compare_ada_pairs.py [--nictiz DIR] [--compare FILE] [--date T=2024-06-15] [--out DIR] [NAME…]

Uses `compare_fhir.py` (facts as graphs).  The BSN is masked on our side as every answer to a PGO masks it: the
published outputs are such answers.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from babyconnect.fhir import json
from babyconnect.fhir.rendering import masked
from babyconnect.sources.ada import read
from babyconnect.translate.ada import translate

PAIRS = {"": "hl7-mappings/ada-2-fhir-stu3/peri-3.2.6", "4.0-beta": "hl7-mappings/ada-2-fhir-stu3-beta4/peri-3.2.6"}


def write(source: Path, folder: Path, day: dt.date, version: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for resource in translate(read(source.read_bytes()), day, version).resources:
        path = folder / f"{resource['resourceType']}-{resource['id']}.json"
        path.write_bytes(json.dumps(masked(resource)))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="cases (part of the name); default: all of the transaction")
    parser.add_argument("--nictiz", type=Path, default=Path(os.environ.get("NICTIZ_DATA", "../shared/nictiz")))
    parser.add_argument("--compare", type=Path)
    parser.add_argument("--date", default="T=2024-06-15")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--show", default="10")
    parser.add_argument("--transaction", default="med_mij_01_beschikbaarstellen_integrale_zwangerschapskaart")
    parser.add_argument("--version", default="", choices=list(PAIRS), help="of the tables and the pairs; default 3.2")
    options = parser.parse_args()
    compare = options.compare or options.nictiz.parent / "tools" / "compare_fhir.py"
    folder, day = (
        options.nictiz / PAIRS[options.version] / options.transaction,
        dt.date.fromisoformat(options.date.removeprefix("T=")),
    )
    worst = 0
    for expected in sorted((folder / "fhir_instance").iterdir()):
        if options.names and not any(name in expected.name for name in options.names):
            continue
        out = (options.out or Path(tempfile.mkdtemp())) / expected.name
        write(folder / "ada_instance" / f"{expected.name}.xml", out, day, options.version)
        print(expected.name, flush=True)
        command = [
            sys.executable,
            str(compare),
            str(expected),
            str(out),
            "--date",
            options.date,
            "--show",
            options.show,
        ]
        worst = max(worst, subprocess.run(command, check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
