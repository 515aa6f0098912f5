"""Translate and check: resources per second and core, against HAPI FHIR's validator in the same run.

Every published ADA record of which the translation is held against Nictiz' own, read, translated, checked for structure
and against the profiles; then what came out, through HAPI (warm: the last of some rounds), with the same profiles.
`python -m benchmarks.checking [--rounds 5]`; needs the published standard, and Java for the second half.
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import tempfile
import time
from itertools import pairwise
from typing import Any

import pytest

from babyconnect.cli.long import settle
from babyconnect.fhir.check import structure
from babyconnect.fhir.profiles.checking import check
from babyconnect.fhir.profiles.surroundings import Surroundings
from babyconnect.sources.ada import read
from babyconnect.translate.ada import translate
from tests.conformance.test_ada_pairs import NAMES, PAIRS, TODAY
from tests.support import hapi
from tests.support.needs import nictiz

STEPS = ("read", "translated", "structure", "profiles")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    rounds = arguments.parse_args().rounds
    root = nictiz()
    contents = {name: (root / PAIRS / NAMES[name] / "ada_instance" / f"{name}.xml").read_bytes() for name in NAMES}
    records = {name: one(content)[0] for name, content in contents.items()}
    resources = sum(map(len, records.values()))
    settle()
    times = [[one(content)[1] for content in contents.values()] for _ in range(rounds)]
    rates = [resources / sum(map(sum, each)) for each in times]
    ours = statistics.median(rates)
    slowest = max(sum(record) for each in times for record in each)
    print(f"{resources} resources of {len(records)} published records, {rounds} rounds, one core, processor time")
    for number, step in enumerate(STEPS):
        rate = statistics.median(resources / sum(record[number] for record in each) for each in times)
        print(f"  {step:<11}{rate:9,.0f} a second")
    print(f"  together   {ours:9,.0f} a second (from {min(rates):,.0f} to {max(rates):,.0f}; asked: 2,000)")
    undisturbed = sum(min(step) for each in zip(*times, strict=True) for step in zip(*each, strict=True))
    print(f"  undisturbed{resources / undisturbed:9,.0f} a second (of each record and step the least of all rounds)")
    print(f"  the slowest record takes {slowest * 1000:,.0f} ms (asked: 3,000)")
    with tempfile.TemporaryDirectory() as folder:
        lines = hapi.checked(records, root, pathlib.Path(folder), rounds)
    seconds = sum(line.get("milliseconds", 0) for line in lines) / 1000
    checking = statistics.median(resources / sum(record[2] + record[3] for record in each) for each in times)
    theirs = resources / seconds
    ratio = checking / theirs
    print(f"  HAPI, checking alone, warm: {theirs:,.0f} a second; ours {checking:,.0f}, which is {ratio:,.0f} times")


def one(content: bytes) -> tuple[list[Any], list[float]]:
    """The resources of a record, and the processor time of each step."""
    marks = [time.process_time()]
    record = read(content)
    marks.append(time.process_time())
    found = list(translate(record, TODAY).resources)
    marks.append(time.process_time())
    for resource in found:
        structure(resource)
    marks.append(time.process_time())
    surroundings = Surroundings(found)
    for resource in found:
        check(resource, surroundings)
    marks.append(time.process_time())
    return found, [after - before for before, after in pairwise(marks)]


if __name__ == "__main__":
    try:
        main()
    except pytest.skip.Exception as absent:
        print(absent)
