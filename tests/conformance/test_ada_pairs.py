"""The published pairs of all transactions: our translation against Nictiz' own, by `compare_fhir.py`.

The comparison is a subprocess, as anybody would run it.  Of basis, echo and kraam there are no differences once the BSN
is masked, as every answer to a PGO masks it; those that remain elsewhere are the rows of ada_differences.csv.
"""

from __future__ import annotations

import copy
import datetime as dt
import json as plain_json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.fhir import json
from babyconnect.fhir.check import structure
from babyconnect.fhir.rendering import masked
from babyconnect.sources.ada import read
from babyconnect.translate.ada import known, traced, translate
from babyconnect.translate.tables import ada_map
from tests.conformance.citations import broken
from tests.conformance.differences import differences, reasons, table
from tests.support.needs import nictiz

TODAY = dt.date(2024, 6, 15)
PAIRS = "hl7-mappings/ada-2-fhir-stu3/peri-3.2.6"
PAIRS_BETA = "hl7-mappings/ada-2-fhir-stu3-beta4/peri-3.2.6"
BASIS, ECHO = "med_mij_01_beschikbaarstellen_integrale_zwangerschapskaart", "med_mij_echo_beschikbaarstellen"
KRAAM = "med_mij_kraam_beschikbaarstellen"
EXTENDED = "med_mij_uitbreiding_verloskunde_beschikbaarstellen"
TWINS = "gz-izb-kwa-3B-V2_meerling_2elijn"
NAMES = {
    "gz-izb-kwa-1-V1_actieve_zwschap": BASIS,
    "gz-izb-kwa-3A-V2_meerling_1elijn": BASIS,
    TWINS: BASIS,
    "gz-ize-kwa-casus1": ECHO,
    "gz-ize-kwa-casus2": ECHO,
    "gz-izk-kwa-casus1": KRAAM,
}
# Codes in the published inputs that the value lists of the transaction do not have.
UNLISTED = {TWINS: {"2138"}, "gz-ize-kwa-casus1": {"2479", "7846", "7839"}, "gz-ize-kwa-casus2": {"2479"}}
# References in the published inputs to elements that they do not hold.
UNRESOLVED = {"gz-izk-kwa-casus1": {"10729"}}
# Units in the published inputs that are words ("keer per dag inhaleren").
UNITLESS = {"gz-izb-kwa-3A-V2_meerling_1elijn": {"2250"}}
BSN = "http://fhir.nl/fhir/NamingSystem/bsn"
Resources = list[dict[str, Any]]


def translation(name: str) -> Resources:
    content = (nictiz() / PAIRS / NAMES[name] / "ada_instance" / f"{name}.xml").read_bytes()
    return [dict(masked(resource)) for resource in translate(read(content), TODAY).resources]


def compared(name: str, resources: Resources, folder: Path, expected: Path | None = None) -> dict[str, Any]:
    for place, resource in enumerate(resources):
        (folder / f"{place}.json").write_bytes(json.dumps(resource))
    tool = nictiz().parent / "tools" / "compare_fhir.py"
    expected = expected or nictiz() / PAIRS / NAMES[name] / "fhir_instance" / name
    command = [sys.executable, str(tool), str(expected), str(folder), "--date", f"T={TODAY}", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    return {**plain_json.loads(done.stdout), "status": done.returncode}


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_and_display_is_found_and_no_other(name: str, tmp_path: Path) -> None:
    found = compared(name, translation(name), tmp_path)
    print(name, found)
    assert (found["recall"], found["precision"], found["status"]) == (1.0, 1.0, 0)
    assert found["display_recall"] >= 0.99
    assert found["equal_in_full"] == found["expected_resources"] == found["actual_resources"]


@pytest.mark.parametrize("format", ["json", "xml"])
def test_the_command_gives_the_same(format: str, tmp_path: Path) -> None:
    source = nictiz() / PAIRS / BASIS / "ada_instance" / f"{TWINS}.xml"
    words = ["translate", str(source), "--date", f"T={TODAY}", "--format", format, "--out", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "babyconnect", *words], check=True, capture_output=True)
    found = compared(TWINS, [], tmp_path)
    assert (found["recall"], found["precision"], found["status"]) == (1.0, 1.0, 0)


# How many resources each record of the other transactions and versions becomes.
EXTENSION = {"gz-izv-kwa-casus1": 61, "gz-izv-kwa-casus2": 96, "gz-izv-kwa-casus3": 20, "gz-izv-tes-casus9999": 296}
BETA = {"gz-izk-kwa-casus1": (KRAAM, 69), "gz-ize-kwa-casus1": (ECHO, 38), "gz-ize-kwa-casus2": (ECHO, 23),
        "gz-izv-kwa-casus1": (EXTENDED, 64)}  # fmt: skip


class Pair(NamedTuple):
    """A published record with what Nictiz makes of it; `version`: of the data set; `count`: of our resources."""

    folder: str
    record: str
    count: int = 0
    version: str = ""


WRITTEN = {
    **{name: Pair(f"{PAIRS}/{transaction}", name) for name, transaction in NAMES.items()},
    **{name: Pair(f"{PAIRS}/{EXTENDED}", name, count) for name, count in EXTENSION.items()},
    **{f"beta-{name}": Pair(f"{PAIRS_BETA}/{BETA[name][0]}", name, BETA[name][1], "4.0-beta") for name in BETA},
}


def record(pair: Pair) -> AdaRecord:
    return read((nictiz() / pair.folder / "ada_instance" / f"{pair.record}.xml").read_bytes())


def written(pair: Pair) -> Resources:
    return [dict(masked(resource)) for resource in translate(record(pair), TODAY, pair.version).resources]


def made_by(pair: Pair) -> list[str]:
    """The rule that each resource was made by, in their order."""
    given = record(pair)
    block = known(given.transaction, pair.version)
    assert block is not None
    return [homes[0][0].name for homes in traced(given, ada_map(block["map"], block["structure"]), TODAY)[1]]


@pytest.mark.parametrize("name", WRITTEN)
def test_what_differs_from_the_published_output_is_what_the_table_says(name: str, tmp_path: Path) -> None:
    """A difference that is new fails, and so does one that is no longer there, or as often."""
    pair = WRITTEN[name]
    for place, resource in enumerate(written(pair)):
        (tmp_path / f"{place:04}.json").write_bytes(json.dumps(resource))
    expected = nictiz() / pair.folder / "fhir_instance" / pair.record
    tool = nictiz().parent / "tools" / "compare_fhir.py"
    found = differences(tool, expected, tmp_path, made_by(pair), TODAY)
    assert found == {one: times for one, (times, _) in table().get(name, {}).items()}


def test_every_difference_has_a_reason_and_every_reason_a_difference() -> None:
    used = {reason for rows in table().values() for _, reason in rows.values()}
    assert used == set(reasons())
    assert set(table()) <= set(WRITTEN)


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_reason_cites_is_in_the_standard_and_in_the_record(name: str) -> None:
    given = record(WRITTEN[name])
    used = {reason for _, reason in table().get(name, {}).values()}
    assert {reason: wrong for reason in used if (wrong := broken(reasons()[reason].citation, nictiz(), given))} == {}


def test_a_citation_that_does_not_hold_is_found() -> None:
    given = record(WRITTEN["gz-izv-tes-casus9999"])
    wrong = [
        "map 1698 Condition.onset", "profile bc-Child Patient.nothing", "profile bc-Fetus BodySite 1698",
        "record 11015", "not-in bc-LegalSituation-LegalStatus 303186005", "without 1630", "inside 1629 1404",
        "list 2.16 nothing", "not-target bc-ReferralRequest ReferralRequest.reasonReference zib-Problem",
        "without-in 3091 uitvoerder", "dataset 3417 nothing", "addendum nothing", "no-display 3098",
    ]  # fmt: skip
    assert broken("; ".join(wrong), nictiz(), given) == wrong


@pytest.mark.parametrize("name", [*EXTENSION, *(f"beta-{name}" for name in BETA)])
def test_other_transactions_and_versions_give_valid_resources_as_many_as_we_know_of(name: str) -> None:
    resources = written(WRITTEN[name])
    assert len(resources) == WRITTEN[name].count
    assert not [issue for resource in resources for issue in structure(resource)]


def test_the_usual_version_does_not_take_the_beta_for_its_own(tmp_path: Path) -> None:
    beta = WRITTEN["beta-gz-izk-kwa-casus1"]
    expected = nictiz() / beta.folder / "fhir_instance" / beta.record
    found = compared("", written(beta._replace(version="3.2")), tmp_path, expected)
    assert found["recall"] < 0.95


def test_a_version_that_no_table_has_is_refused() -> None:
    content = (nictiz() / PAIRS / KRAAM / "ada_instance" / "gz-izk-kwa-casus1.xml").read_bytes()
    [finding] = translate(read(content), TODAY, "9.9").findings
    assert (finding.severity, finding.rule) == ("error", "unknown-transaction")


@pytest.mark.parametrize("name", NAMES)
def test_every_resource_is_structurally_valid(name: str) -> None:
    assert not [issue for resource in translation(name) for issue in structure(resource)]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_translated_is_only_what_the_tables_say(name: str) -> None:
    content = (nictiz() / PAIRS / NAMES[name] / "ada_instance" / f"{name}.xml").read_bytes()
    found = translate(read(content), TODAY).findings
    warnings = {(f.rule, f.concept) for f in found if f.severity != "information"}
    assert {f.rule for f in found if f.severity == "information"} <= {"not-mapped"}
    assert {concept for rule, concept in warnings if rule == "unit"} <= UNITLESS.get(name, set())
    assert {concept for rule, concept in warnings if rule == "unknown-code"} <= UNLISTED.get(name, set())
    other = {concept for rule, concept in warnings if rule not in ("unknown-code", "unit")}
    assert other == UNRESOLVED.get(name, set())


def observations(resources: Resources, code: str) -> Resources:
    return [r for r in resources if r["resourceType"] in ("Observation", "Procedure")
            and code in {c["code"] for c in r["code"]["coding"]}]  # fmt: skip


def exchange(one: dict[str, Any], other: dict[str, Any], key: str) -> None:
    one[key], other[key] = other[key], one[key]


def swapped_twins(resources: Resources) -> None:
    """The 5-minute scores of the two children."""
    exchange(*observations(resources, "9274-2"), "subject")


def swapped_weights(resources: Resources) -> None:
    exchange(*observations(resources, "8339-4"), "valueQuantity")


def swapped_births(resources: Resources) -> None:
    exchange(*observations(resources, "3950001"), "subject")


def swapped_components(resources: Resources) -> None:
    """Systolic and diastolic values of one measurement."""
    pressure = observations(resources, "85354-9")[0]
    exchange(*pressure["component"], "valueQuantity")


def swapped_contexts(resources: Resources) -> None:
    """Two measurements at each other's contact."""
    exchange(*observations(resources, "85354-9"), "context")


def swapped_focus(resources: Resources) -> None:
    """Types of birth that point to each other's birth, with another value for one of them."""
    one, other = observations(resources, "366344009")
    one["comment"] = "van het andere kind"
    exchange(one, other, "extension")


def swapped_reasons(resources: Resources) -> None:
    """A procedure with the reason of another."""
    one, other = (observations(resources, code)[0] for code in ("243140006", "80771000146107"))
    exchange(one, other, "reasonReference")


def swapped_dates(resources: Resources) -> None:
    one, other = observations(resources, "161714006")[0], observations(resources, "147781000146105")[0]
    exchange(one, other, "valueDateTime")


def lost_decimals(resources: Resources) -> None:
    """A value that lost a digit."""
    value = observations(resources, "93846-4")[0]["valueQuantity"]
    value["value"] = int(value["value"]) + 1


SWAPS = (swapped_twins, swapped_weights, swapped_births, swapped_components, swapped_contexts, swapped_focus,
         swapped_reasons, swapped_dates, lost_decimals)  # fmt: skip


@pytest.mark.parametrize("swap", SWAPS, ids=lambda swap: swap.__name__)
def test_the_comparison_catches(swap: Callable[[Resources], None], tmp_path: Path) -> None:
    resources = copy.deepcopy(translation(TWINS))
    swap(resources)
    found = compared(TWINS, resources, tmp_path)
    assert found["status"] == 1
    assert found["recall"] < 1.0


def test_a_record_without_a_pregnancy_card_is_the_client_alone() -> None:
    content = (nictiz() / PAIRS / BASIS / "ada_instance" / "gz-izb-kwa-geen-V3_geen_kaart.xml").read_bytes()
    result = translate(read(content), TODAY)
    [patient] = result.resources
    assert patient["resourceType"] == "Patient"
    assert patient["identifier"] == [{"system": BSN, "value": "999900754"}]
    assert patient["name"][0]["text"] == "Julia J Laarhoven"
    assert patient["address"][0]["country"] == "NL"
    assert not [f for f in result.findings if f.severity != "information"]
