"""Our checker beside an independent one: HAPI FHIR's validator, with the published profiles, over what we write.

Records: the published ADA pairs, as we translate them and as Nictiz has them; synthetic ones; and resources of every
profile in the published records, each changed in one place.  What can only be known with a terminology server (a
hierarchy of SNOMED CT, a code system that is not at hand) is counted apart.  `BABYCONNECT_MUTANTS` makes more changes.
"""

from __future__ import annotations

import csv
import functools
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from babyconnect import synthetic as region
from babyconnect.fhir import json
from babyconnect.fhir.check import structure
from babyconnect.fhir.profiles.checking import check, claimed
from babyconnect.fhir.profiles.surroundings import Surroundings
from babyconnect.fhir.xml import to_json
from babyconnect.translate.acute import handover
from tests.conformance.independent.comparing import Said, of_hapi, of_ours
from tests.conformance.test_ada_pairs import PAIRS, TODAY, WRITTEN, Pair, written
from tests.support import acute, ada_medication, dispense_list, filled_in, hapi, ultrasound
from tests.support.mutants import mutants
from tests.support.needs import nictiz
from tests.support.published import resolve, resources

# HAPI reads all definitions once, which takes half a minute, and checks some ten resources a second where it is busy.
CHANGES = int(os.environ.get("BABYCONNECT_MUTANTS", "4"))
pytestmark = pytest.mark.timeout(900 + 200 * CHANGES)
Records = dict[str, list[dict[str, Any]]]
HERE = Path(__file__).parent / "independent"
BINDINGS = frozenset({"required", "extensible", "preferred"})
# What is no STU3 in Nictiz' own output: a BodySite's description is a string, a Goal's is a concept (beta, casus9999).
MENDED = (
    (
        re.compile(r"(<BodySite .*?)<description>\s*<text (value=\"[^\"]*\")/>\s*</description>", re.S),
        r"\1<description \2/>",
    ),
    (re.compile(r"(<Goal .*?)<description (value=\"[^\"]*\")/>", re.S), r"\1<description><text \2/></description>"),
)


class Checked(NamedTuple):
    records: Records
    changes: Mapping[tuple[str, int], str]
    hapi: dict[Said, str]
    offline: list[Said]
    ours: dict[Said, str]
    rate: float


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    root = nictiz()
    hapi.classpath()
    records: Records = {}
    for name, pair in WRITTEN.items():
        records[f"ours-{name}"] = written(pair)
        records[f"expected-{name}"] = expected(root, pair)
    records |= synthetic(tmp_path_factory.mktemp("region"))
    records["ours-ultrasound"] = ultrasound.translated(ultrasound.WHOLE).resources
    records["ours-ultrasound-of-twins"] = ultrasound.translated(ultrasound.TWINS).resources
    records["ours-medication"] = ada_medication.translated(TODAY)
    records["ours-dispense-list"] = dispense_list.translated(TODAY)
    records["ours-template"] = filled_in.resources("verloskundigenpraktijk", TODAY)
    for name in acute.MESSAGES:
        records[f"ours-{name}"] = handover.read(acute.published(root, name), TODAY).resources
    changed, changes = mutated(root)
    records |= changed
    lines = hapi.checked(records, root, tmp_path_factory.mktemp("records"))
    said, offline = of_hapi(lines)
    ours = {one: severity for name, record in records.items() for one, severity in of_ours(name, record)}
    timed = [line for line in lines if "milliseconds" in line]
    assert {line["record"] for line in timed} == set(records)
    rate = sum(line["resources"] for line in timed) / sum(line["milliseconds"] for line in timed) * 1000
    return Checked(records, changes, dict(said), [one for one, _ in offline], ours, rate)


def expected(root: Path, pair: Pair) -> list[dict[str, Any]]:
    """As published, but for what no reader of STU3 takes."""
    found = []
    for file in sorted((root / pair.folder / "fhir_instance" / pair.record).glob("*.xml")):
        content = resolve(file.read_text(encoding="utf-8"), TODAY)
        for fault, instead in MENDED:
            content = fault.sub(instead, content)
        found.append(to_json(content.encode()))
    return found


def synthetic(folder: Path) -> Records:
    """One record of each kind of organisation that exports STU3."""
    region.write(folder / "region", 14, 1, TODAY)
    found: Records = {}
    for file in sorted((folder / "region").glob("*/*.json")):
        record = json.loads(file.read_bytes())
        if record["resourceType"] == "Bundle":
            found.setdefault(f"synthetic-{file.parent.name}", [entry["resource"] for entry in record["entry"]])
    return found


def mutated(root: Path) -> tuple[Records, dict[tuple[str, int], str]]:
    """Per profile one sound published resource, changed; in its own record, so that references can be followed."""
    records: Records = {}
    changes: dict[tuple[str, int], str] = {}
    seen: set[tuple[str, ...]] = set()
    for folder in sorted((root / PAIRS).glob("*/fhir_instance/*")):
        record = resources(folder, TODAY)
        surroundings, made = Surroundings(record), dict[str, dict[str, Any]]()
        for one in record:
            profiles = claimed(one) or (one["resourceType"],)
            if profiles in seen or not sound(one, surroundings):
                continue
            seen.add(profiles)
            every = list(mutants(one))
            for number, (what, changed) in enumerate(every[:: max(1, len(every) // CHANGES)]):
                id = f"{one['id'][:40]}-{number}"
                made[f"{profiles[-1].rsplit('/', 1)[-1]}: {what} ({id})"] = {**changed, "id": id}
        if made:
            held = [*reached(made.values(), record), *made.values()]
            records[f"changed-{folder.name}"] = held
            for number, what in enumerate(made, start=len(held) - len(made)):
                changes[f"changed-{folder.name}", number] = what
    return records, changes


def reached(changed: Iterable[Mapping[str, Any]], record: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What of a record the changed resources lead to; the rest of it is looked at as it was published."""
    by_address = {f"{one['resourceType']}/{one['id']}": one for one in record}
    found: dict[str, dict[str, Any]] = {}
    waiting: list[Any] = list(changed)
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            address = value.get("reference")
            if isinstance(address, str) and address in by_address and address not in found:
                found[address] = by_address[address]
                waiting.append(by_address[address])
            waiting += value.values()
    return [one for address, one in by_address.items() if address in found]


def sound(resource: Mapping[str, Any], surroundings: Surroundings) -> bool:
    return not structure(resource) and all(one.severity != "error" for one in check(resource, surroundings))


@functools.cache
def rows_of(name: str) -> list[dict[str, str]]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def explained(who: str, one: Said) -> bool:
    return any(
        row["who"] == who and row["kind"] == one.kind and one.about.endswith(row["about"])
        for row in rows_of("disagreements.csv")
    )


def unknowable(one: Said, offline: Sequence[Said]) -> bool:
    """HAPI could not look the code up, and holds that against it."""
    return one.kind in BINDINGS and any(
        (other.record, other.resource) == (one.record, one.resource) and other.place.startswith(one.place)
        for other in offline
    )


def unasked(one: Said, by_hapi: Iterable[Said]) -> bool:
    """A Coding without a system: HAPI advises to give one, and asks no list then, not even one that is required."""
    return one.kind in BINDINGS and one._replace(kind="TERMINOLOGY_TX_SYSTEM_NO_CODE", about="") in by_hapi


def test_on_every_record_that_we_write_both_say_the_same(checked: Checked) -> None:
    written = {one for one in (*checked.hapi, *checked.ours) if not one.record.startswith("changed-")}
    both = checked.hapi.keys() & checked.ours.keys() & written
    hapi_alone = [one for one in written & checked.hapi.keys() - both if not unknowable(one, checked.offline)]
    ours_alone = written & checked.ours.keys() - both
    print(
        f"{len(both)} deviations said by both; HAPI checks {checked.rate:.0f} resources a second of its processor time"
    )
    assert len(both) > 100
    assert [one for one in hapi_alone if not explained("HAPI", one)] == []
    assert [one for one in ours_alone if not explained("ours", one)] == []
    assert {(checked.hapi[one], checked.ours[one]) for one in both} <= {
        (severity, severity) for severity in ("error", "warning", "information")
    }


@pytest.mark.parametrize("who", ["hapi", "ours"])
def test_no_message_vanishes_when_our_output_is_replaced_by_the_expected(checked: Checked, who: str) -> None:
    said: Mapping[Said, str] = getattr(checked, who)

    def messages(kind: str, name: str) -> Counter[tuple[str, str, str]]:
        record = checked.records[f"{kind}-{name}"]
        return Counter(
            (record[one.resource]["resourceType"], one.kind, one.about)
            for one in said
            if one.record == f"{kind}-{name}" and not unknowable(one, checked.offline)
            if not explained("HAPI" if who == "hapi" else who, one)
        )

    vanishing = {name: messages("ours", name) - messages("expected", name) for name in WRITTEN}
    found = {(name, *one): times for name, several in vanishing.items() for one, times in several.items()}
    rows = [row for row in rows_of("vanishing.csv") if row["who"] == who]
    assert found == {(row["record"], row["type"], row["kind"], row["about"]): int(row["times"]) for row in rows}


def test_a_change_that_one_finds_wrong_the_other_finds_wrong(checked: Checked) -> None:
    by_hapi, by_us = wrong(checked, "HAPI"), wrong(checked, "ours")
    print(f"{len(checked.changes)} changes: {len(by_hapi.keys() & by_us.keys())} found wrong by both")
    missed = {
        place: one for place, one in by_hapi.items() if place not in by_us and not unknowable(one, checked.offline)
    }
    alone = {
        place: one for place, one in by_us.items() if place not in by_hapi and not unasked(one, checked.hapi.keys())
    }
    assert len(by_hapi.keys() & by_us.keys()) > len(checked.changes) / 5
    assert {checked.changes[place]: one for place, one in missed.items()} == {}
    assert {checked.changes[place]: one for place, one in alone.items()} == {}


def wrong(checked: Checked, who: str) -> dict[tuple[str, int], Said]:
    """The changed resources that hold an error, each with one; of HAPI's one that can be known, where it has one."""
    said = checked.hapi if who == "HAPI" else checked.ours
    found: dict[tuple[str, int], Said] = {}
    for one, severity in said.items():
        place = (one.record, one.resource)
        counts = place in checked.changes and severity in ("error", "fatal") and not explained(who, one)
        if counts and (place not in found or unknowable(found[place], checked.offline)):
            found[place] = one
    return found
