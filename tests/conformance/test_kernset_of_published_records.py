"""The kernset 3.2 of every published record: nothing that is left out breaks a rule of FHIR or of a profile."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from babyconnect.fhir.check import structure
from babyconnect.fhir.profiles.checking import check
from babyconnect.fhir.profiles.surroundings import Surroundings
from babyconnect.sources.ada import read
from babyconnect.translate.ada import translate
from babyconnect.translate.kernset import kernset
from tests.support.needs import nictiz

TODAY = dt.date(2024, 6, 15)
RECORDS = "hl7-mappings/ada-2-fhir-stu3/peri-3.2.6/*/ada_instance/gz-*.xml"
Resources = Sequence[dict[str, Any]]


def records() -> list[Path]:
    return sorted(nictiz().glob(RECORDS))


def errors(resources: Resources) -> set[tuple[str, str, str]]:
    around = Surroundings(resources)
    found = set()
    for one in resources:
        issues = [*structure(one), *check(one, around)]
        name = f"{one['resourceType']}/{one.get('id')}"
        found |= {(name, i.rule, re.sub(r"\[\d+\]", "", i.place)) for i in issues if i.severity == "error"}
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_what_is_delivered_has_no_fault_that_the_record_had_not_and_names_nothing_that_stays() -> None:
    delivered = 0
    for file in records():
        whole = translate(read(file.read_bytes()), TODAY).resources
        made = kernset(whole)
        if any(finding.severity == "error" for finding in made.findings):
            continue
        delivered += 1
        names = {f"{one['resourceType']}/{one.get('id')}" for one in made.resources}
        everything = {f"{one['resourceType']}/{one.get('id')}" for one in whole}
        assert errors(made.resources) <= errors(whole), file.name
        assert not (set(references(list(made.resources))) & everything) - names, file.name
        assert len(made.resources) < len(whole), file.name
    assert delivered >= 5


def test_no_published_persons_name_is_delivered() -> None:
    """Every person of the published records is called XXX_ something."""
    for file in records():
        for one in kernset(translate(read(file.read_bytes()), TODAY).resources).resources:
            if one["resourceType"] != "Organization":
                assert "XXX_" not in repr(one), (file.name, one["resourceType"])


@pytest.mark.parametrize("name", ["gz-izb-kwa-geen-V3_geen_kaart"])
def test_a_record_without_an_episode_of_care_delivers_nothing_to_perined(name: str) -> None:
    (file,) = [file for file in records() if file.stem == name]
    made = kernset(translate(read(file.read_bytes()), TODAY).resources)

    assert ("error", "incomplete") in {(finding.severity, finding.rule) for finding in made.findings}
