"""The long runs, part by part: `make soak`, or `make soak ARGS="consent log"` for some parts, `--missing` for the rest.

Two lanes take the parts in turn, the longest first; each part is a pytest of its own that writes as it goes to
`.soak/PART.txt`.  `docs/soak.txt` is put together anew whenever a part ends, so that a run that was broken off still
says what was done, and of which commit.  Exits 1 when a part that was run failed.
"""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import time
from typing import NamedTuple

HOME = pathlib.Path(__file__).resolve().parents[1]
STATE, REPORT = HOME / ".soak", HOME / "docs" / "soak.txt"
LANES = 2


class Part(NamedTuple):
    """Some tests with the numbers that they take in `make soak`."""

    name: str
    about: str
    tests: tuple[str, ...]
    numbers: dict[str, str]
    only: str = ""


P, C = "tests/properties/", "tests/conformance/"
ADA = (f"{P}test_ada_round_trip_laws.py",)
MUTANTS = (f"{P}test_ada_mutants.py",)
TRIPS, PLACES = {"BABYCONNECT_ROUND_TRIPS": "2000"}, {"BABYCONNECT_ADA_MUTANTS": "400"}
PARTS = (
    Part("memory", "a million resources read, translated and checked: memory stays flat",
         (f"{P}test_checking_memory.py",), {"BABYCONNECT_CHECKED": "1000000"}),
    Part("round-trips-ada", "ADA → STU3 → ADA, 2,000 records", ADA, TRIPS, "comes_back_whole"),
    Part("round-trips-by-chance",
         "records made by chance, 300 of each transaction, ADA → STU3 → ADA → STU3 → ADA (of the next hundred of "
         "uitbreiding three differ: docs/ada-translation.md)", ADA, {"BABYCONNECT_BY_CHANCE": "300"}, "any_elements"),
    Part("round-trips-basis-echo", "STU3 → ADA → STU3, 2,000 records each of basis and echo", ADA, TRIPS,
         "lost_once and (basis or echo)"),
    Part("round-trips-kraam-uitbreiding", "the same of kraam and uitbreiding verloskunde", ADA, TRIPS,
         "lost_once and (kraam or uitbreiding)"),
    Part("round-trips-others",
         "2,000 records each: acute handover, rows of a template, files of youth health care, XML and back; R4 (no way "
         "back) by every value", (f"{P}test_round_trip_laws.py",), TRIPS),
    Part("round-trips-published",
         "everything published there and back: ADA four transactions, files of youth health care, acute handovers",
         (f"{C}test_ada_round_trips.py", f"{C}test_jgz_pairs.py", f"{C}test_acute_messages.py"), {}),
    Part("consent", "2,000 cases per law of consent", (f"{P}test_consent_laws.py", f"{P}test_consent_register_laws.py"),
         {"BABYCONNECT_EXAMPLES": "2000"}),
    Part("under-fire", "a node under load killed a hundred times (kill -9)",
         ("tests/federation/test_log_under_fire.py",), {"BABYCONNECT_KILLS": "100"}),
    Part("log", "the log: a hundred kills, a million events verified, 100,000 exchanges reconciled",
         ("tests/unit/audit",),
         {"BABYCONNECT_KILLS": "100", "BABYCONNECT_RECORDS": "1000000", "BABYCONNECT_EXCHANGES": "100000",
          "BABYCONNECT_EXAMPLES": "500"}),
    Part("shielding", "1,000 cases per law of shielding, of decisions that stand and of decisions in every store",
         (f"{P}test_shielding_laws.py", f"{P}test_lasting_decisions.py", f"{P}test_standing_decisions.py",
          f"{P}test_decision_and_stores.py"),
         {"BABYCONNECT_EXAMPLES": "1000"}),
    Part("standing-in-processes",
         "200 changes in a random order by one process of a node of a keeper and two workers, over SQLite and over "
         "PostgreSQL: no worker goes by a decision of before",
         ("tests/federation/test_standing_in_several_processes.py",), {"BABYCONNECT_STANDING": "200"}, "no_worker"),
    Part("mutants-ada-basis-echo-kraam",
         "every element of the published ADA records left out, doubled, swapped, corrupted",
         MUTANTS, PLACES, "not uitbreiding"),
    Part("mutants-ada-uitbreiding",
         "the same of uitbreiding verloskunde (of casus9999, with 2,093 elements, each fifth)",
         MUTANTS, PLACES, "uitbreiding"),
    Part("mutants-acute", "every element of the published acute handovers left out, doubled, swapped, corrupted",
         (f"{C}test_acute_mutations.py",), {"BABYCONNECT_ACUTE_EVERY": "1"}),
    Part("mutants-messages",
         "every element of two published messages for Perined and of three files of youth health care",
         (f"{C}test_hl7v3_mutations.py", f"{C}test_jgz_mutations.py"), {}),
    Part("values-ada", "each value of each published record and of full ones changed: only its own facts change",
         (f"{P}test_ada_mutation.py",), {"BABYCONNECT_ADA_MUTANTS": "0"}),
    Part("independent-checker", "HAPI FHIR's validator beside ours, 25 changes per profile",
         (f"{C}test_independent_checker.py",), {"BABYCONNECT_MUTANTS": "25"}),
    Part("openapi", "eight cases per operation of every type, as described and otherwise",
         ("tests/attacks/test_openapi.py",), {"BABYCONNECT_FUZZ": "8"}),
    Part("trust", "2,000 cases per law of certificates and tokens",
         (f"{P}test_certificate_names.py", f"{P}test_token_mutations.py"), {"BABYCONNECT_EXAMPLES": "2000"}),
    Part("tampering", "500 cases per law of tampering with the log", (f"{P}test_audit_tampering.py",),
         {"BABYCONNECT_EXAMPLES": "500"}),
    Part("clients", "500 cases per law of merging, of one client of two systems, of medication, of stores that agree",
         (f"{P}test_merge_laws.py", f"{P}test_one_client_laws.py", f"{P}test_medication_laws.py",
          f"{P}test_stores_agree.py"), {"BABYCONNECT_EXAMPLES": "500"}),
    Part("damaged-records", "a hundred damaged records per law of STU3 → ADA and of births handed over",
         (f"{P}test_to_ada_hostile.py", f"{P}test_births_handed_over.py"), {"BABYCONNECT_MUTATIONS": "101"}),
)  # fmt: skip


def command(*words: str) -> str:
    return subprocess.run(words, cwd=HOME, capture_output=True, text=True, check=False).stdout.strip()


def commit() -> str:
    changed = command("git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/soak.txt")
    return command("git", "rev-parse", "--short", "HEAD") + (" with changes that are not committed" if changed else "")


def run(part: Part) -> bool:
    """The part's output to its file, with a head and an end; True when it passed."""
    now = f"{dt.datetime.now(dt.UTC):%d %B %Y, %H:%M} UTC"
    numbers = " ".join(f"{name}={value}" for name, value in part.numbers.items())
    words = [sys.executable, "-m", "pytest", "-n", "0", "-rPs", "-p", "no:cacheprovider", "--disable-warnings",
             "-o", "timeout=5400", "--durations=5", "--tb=short", *part.tests]  # fmt: skip
    words += ["-k", part.only] if part.only else []
    head = f"# of commit {commit()}, begun on {now} at a load of {os.getloadavg()[1]:.1f}; {numbers}\n"
    started = time.monotonic()
    with (STATE / f"{part.name}.txt").open("w", encoding="utf-8") as file:
        file.write(head)
        file.flush()
        done = subprocess.run(
            words, cwd=HOME, env={**os.environ, **part.numbers}, stdout=file, stderr=subprocess.STDOUT, check=False
        )
        file.write(f"\n# ended after {time.monotonic() - started:,.0f} s with status {done.returncode}\n")
    return done.returncode == 0


def section(part: Part) -> str:
    """What the report says of a part: all of a failure, and of what passed what it printed and how long it took."""
    file = STATE / f"{part.name}.txt"
    head = f"== {part.name}: {part.about}\n"
    if not file.exists():
        return head + "not run\n"
    text = file.read_text(encoding="utf-8").replace(str(HOME), ".")
    kept = [line for line in text.splitlines() if line.startswith("# ")]
    if len(kept) < 2:  # a head and an end
        begun = [f"  {line}" for line in text.splitlines() if line.startswith("tests/")]
        return head + "\n".join([*kept, *begun, "broken off, or still running"]) + "\n"
    body = text.splitlines()[1:]
    if "with status 0" not in kept[1]:
        return head + "\n".join([kept[0], *body]) + "\n"
    return head + "\n".join([*kept[:1], *printed(body), *timed(body), kept[1]]) + "\n"


def printed(body: list[str]) -> list[str]:
    """What the tests that passed printed, each under its name."""
    found: list[str] = []
    taking = False
    for line in body:
        if title := re.fullmatch(r"_+ (test_\S+) _+", line):
            found.append(f"  {title[1]}:")
            taking = False
        elif re.match(r"(-+ Captured stdout|=+ )", line):
            taking = "Captured stdout call" in line
        elif line.startswith("-----"):
            taking = False
        elif taking and line.strip():
            found.append(f"    {line.strip()}")
    # A name without anything printed under it says nothing.
    return [line for line, after in zip(found, [*found, ""][1:], strict=True)
            if line.startswith("    ") or after.startswith("    ")]  # fmt: skip


def timed(body: list[str]) -> list[str]:
    return ["  " + line.strip("= ") for line in body if re.match(r"[0-9.]+s (call|setup)|=+ \d+ passed|SKIPPED", line)]


def report() -> None:
    parts = [section(part) for part in PARTS]
    done = sum(" with status 0" in text for text in parts)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    head = (
        f"What `make soak` found: {done} of {len(PARTS)} parts passed.  Written by tools/soak.py on {machine}.\n"
        "Of each part: its commit and moment, what its tests printed, how long the longest took.\n"
    )
    REPORT.write_text(head + "\n" + "\n".join(parts), encoding="utf-8")


def main(words: list[str]) -> int:
    names = {part.name for part in PARTS}
    if unknown := [word for word in words if word not in names | {"--missing"}]:
        print(f"soak: no part is called {', '.join(unknown)}; there are: {', '.join(sorted(names))}", file=sys.stderr)
        return 2
    if not words:
        shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(exist_ok=True)
    wanted = [part for part in PARTS if not words or part.name in words]
    if "--missing" in words:
        wanted = [part for part in PARTS if part in wanted or " with status 0" not in section(part)]
    failed: list[str] = []
    with concurrent.futures.ThreadPoolExecutor(LANES) as lanes:
        running = {lanes.submit(run, part): part for part in wanted}
        for future in concurrent.futures.as_completed(running):
            part = running[future]
            print(f"soak: {part.name} {'passed' if future.result() else 'FAILED'}", flush=True)
            failed += [] if future.result() else [part.name]
            report()
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
