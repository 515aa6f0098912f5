"""What we write in R4, and as International Patient Summary, before the independent checker: HAPI FHIR's validator.

With the published nl-core profiles (zib2020) and HL7's own of the summary (its npm package).  Our own checker knows
R4's structure only; so whatever HAPI finds must have its reason in `independent/r4_messages.csv`.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from babyconnect.fhir import json
from babyconnect.flows.material import Material, Wanted
from babyconnect.flows.to_r4 import write_ips, write_r4
from tests.conformance.test_ada_pairs import TODAY, WRITTEN, written
from tests.support import hapi
from tests.support.needs import nictiz

pytestmark = pytest.mark.timeout(900)
# One record of each transaction: what the two checkers find in STU3 they find in the others too.
RECORDS = ("gz-izb-kwa-3B-V2_meerling_2elijn", "gz-ize-kwa-casus1", "gz-izk-kwa-casus1", "gz-izv-kwa-casus1")
WRITERS = {"r4": write_r4, "ips": write_ips}
TABLE = Path(__file__).parent / "independent" / "r4_messages.csv"


def rows() -> list[dict[str, str]]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    root = nictiz()
    hapi.classpath()
    definitions = [*(root / folder for folder in hapi.R4_DEFINITIONS), hapi.summary_profiles()]
    bundles = {}
    for name in RECORDS:
        material = Material(name, "ada", tuple(written(WRITTEN[name])), None, Wanted(TODAY))
        for form, write in WRITERS.items():
            bundles[f"{form}-{name}"] = json.loads(write(material).content)
    said = hapi.checked_r4(bundles, definitions, tmp_path_factory.mktemp("r4"))
    assert {line["record"] for line in said if "milliseconds" in line} == set(bundles)
    return [line for line in said if line.get("severity") in ("ERROR", "FATAL")]


def explains(row: dict[str, str], one: dict[str, Any]) -> bool:
    return str(one["rule"]).rsplit("/", 1)[-1] == row["rule"] and row["about"] in one["text"]


def test_every_error_in_r4_and_in_a_summary_has_its_reason(errors: list[dict[str, Any]]) -> None:
    print(Counter(one["rule"] for one in errors))
    unexplained = [one for one in errors if not any(explains(row, one) for row in rows())]
    assert unexplained == []


def test_no_reason_is_given_for_an_error_that_is_not_there(errors: list[dict[str, Any]]) -> None:
    assert [row for row in rows() if not any(explains(row, one) for one in errors)] == []
