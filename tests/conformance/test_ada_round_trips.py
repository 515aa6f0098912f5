"""ADA → STU3 → ADA and STU3 → ADA → STU3 with everything that is published: no fact is lost that both can hold.

Facts of ADA are counted by `tests/support/ada_facts.py`, those of FHIR by the published `compare_fhir.py`: neither is
the translator's own comparison.  What does not come back is listed here with the reason; there is nothing else.
"""

from __future__ import annotations

import csv
import datetime as dt
import json as plain_json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.fhir import json
from babyconnect.fhir.rendering import masked
from babyconnect.sources.ada import read
from babyconnect.sources.recognise import recognise
from babyconnect.translate.ada import translate
from babyconnect.translate.to_ada.record import to_ada
from babyconnect.translate.to_ada.writing import written
from tests.conformance.citations import broken
from tests.support.ada_facts import Fact, facts
from tests.support.ada_structure import misplaced
from tests.support.needs import nictiz

TODAY = dt.date(2024, 6, 15)
PAIRS = "hl7-mappings/ada-2-fhir-stu3/peri-3.2.6"
BASIS, ECHO = "med_mij_01_beschikbaarstellen_integrale_zwangerschapskaart", "med_mij_echo_beschikbaarstellen"
KRAAM, MORE = "med_mij_kraam_beschikbaarstellen", "med_mij_uitbreiding_verloskunde_beschikbaarstellen"
NAMES = {
    "gz-izb-kwa-1-V1_actieve_zwschap": BASIS,
    "gz-izb-kwa-3A-V2_meerling_1elijn": BASIS,
    "gz-izb-kwa-3B-V2_meerling_2elijn": BASIS,
    "gz-izb-kwa-geen-V3_geen_kaart": BASIS,
    "gz-ize-kwa-casus1": ECHO,
    "gz-ize-kwa-casus2": ECHO,
    "gz-izk-kwa-casus1": KRAAM,
    "gz-izv-kwa-casus2": MORE,
    "gz-izv-kwa-casus3": MORE,
}
EVERYTHING = "gz-izv-tes-casus9999"
# Facts of an input that its STU3 cannot hold and no finding of ADA → STU3 names: references that say twice what one
# reference of FHIR says once, a reference that no link follows, and one value in another unit.
NOT_IN_STU3: dict[str, set[str]] = {
    "gz-ize-kwa-casus1": {"7875"},  # the report refers to its examination twice (11098 and 7875)
    "gz-izk-kwa-casus1": {"2910", "9959"},  # languages are of the patient; a finding of the skin is of the child
    "gz-izv-kwa-casus2": {"9683"},
    "gz-izv-kwa-casus3": {"1848"},  # the same day of death as 687
}
# What coming back adds: that a woman or child is born, where the input left out what it must say (9861); and the
# counterparts of the above.
ADDED = {"9861", "955", "687"}


def published(name: str) -> AdaRecord:
    return read((nictiz() / PAIRS / NAMES[name] / "ada_instance" / f"{name}.xml").read_bytes())


def back(record: AdaRecord) -> AdaRecord:
    """ADA → STU3 → ADA, as a file that is read again."""
    made = to_ada(translate(record, TODAY).resources, record.transaction, TODAY).record
    assert made is not None
    return read(written(made, TODAY))


@pytest.mark.parametrize("name", NAMES)
def test_what_ada_says_comes_back_from_stu3(name: str) -> None:
    record = published(name)
    untranslated = {f.concept for f in translate(record, TODAY).findings if f.rule != "unknown-code"}
    before, after = facts(record, TODAY), facts(back(record), TODAY)

    def concepts(found: Counter[Fact]) -> set[str]:
        return {concept for concept, _ in found}

    assert concepts(before - after) - untranslated == NOT_IN_STU3.get(name, set())
    assert concepts(after - before) <= ADDED
    assert sum((before & after).values()) >= 0.9 * sum(before.values())


@pytest.mark.parametrize("name", NAMES)
def test_what_comes_back_stands_where_the_data_set_has_it(name: str) -> None:
    assert misplaced(back(published(name))) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_warning_but_codes_that_the_input_took_from_elsewhere(name: str) -> None:
    record = published(name)
    found = to_ada(translate(record, TODAY).resources, record.transaction, TODAY).findings
    assert {f.rule for f in found if f.severity != "information"} <= {"unknown-code"}


def table(name: str) -> list[dict[str, str]]:
    lines = (Path(__file__).parent / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def test_of_the_record_with_every_element_no_more_and_no_less_is_lost_than_the_table_says() -> None:
    """What the translation to STU3 reports itself is not counted again."""
    record = read((nictiz() / PAIRS / MORE / "ada_instance" / f"{EVERYTHING}.xml").read_bytes())
    reported = {f.concept for f in translate(record, TODAY).findings if f.rule != "unknown-code"}
    before, again = facts(record, TODAY), back(record)
    after = facts(again, TODAY)
    found: Counter[tuple[str, str]] = Counter()
    for sign, several in (("-", before - after), ("+", after - before)):
        for (concept, _), times in several.items():
            if sign == "+" or concept not in reported:
                found[sign, concept] += times
    rows = table("ada_round_trip")
    print(f"{sum(before.values())} facts, {sum((before & after).values())} come back as they were")
    assert found == {(row["sign"], row["concept"]): int(row["times"]) for row in rows}
    reasons = {row["reason"]: row for row in table("ada_round_trip_reasons")}
    assert {row["reason"] for row in rows} == set(reasons)
    assert {name: wrong for name, row in reasons.items() if (wrong := broken(row["citation"], nictiz(), record))} == {}
    assert misplaced(again) == []


# A zib-Pregnancy's own id becomes the identification of the pregnancy (1698), which names the group of episodes too.
PRECISION = {"gz-izk-kwa-casus1": 0.996}
STU3 = [name for name in NAMES if NAMES[name] != MORE and "geen_kaart" not in name]


@pytest.mark.parametrize("name", STU3)
def test_what_published_stu3_says_comes_back_from_ada(name: str, tmp_path: Path) -> None:
    folder = nictiz() / PAIRS / NAMES[name] / "fhir_instance" / name
    made = to_ada([_resource(path) for path in sorted(folder.iterdir())], NAMES[name], TODAY).record
    assert made is not None
    again = translate(read(written(made, TODAY)), TODAY).resources
    found = _compared(folder, again, tmp_path)
    print(name, found)
    assert found["recall"] == 1.0
    assert found["precision"] >= PRECISION.get(name, 1.0)
    assert found["expected_resources"] == found["actual_resources"]


def _resource(path: Path) -> dict[str, Any]:
    record = recognise(path.read_bytes(), path.name, dates={"T": TODAY})
    return dict(record.resources[0].resource)  # type: ignore[union-attr]


def _compared(expected: Path, resources: list[dict[str, Any]], folder: Path) -> dict[str, Any]:
    for place, resource in enumerate(resources):
        (folder / f"{place}.json").write_bytes(json.dumps(masked(resource)))
    tool = nictiz().parent / "tools" / "compare_fhir.py"
    command = [sys.executable, str(tool), str(expected), str(folder), "--date", f"T={TODAY}", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: dict[str, Any] = plain_json.loads(done.stdout)
    return found
