"""Everything published becomes R4 and a summary without one deviation from R4's own grammar, and loses no value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from babyconnect.fhir import check, xml
from babyconnect.fhir.grammar import R4
from babyconnect.fhir.malformed import Malformed
from babyconnect.translate.r4 import tables
from babyconnect.translate.r4.ips import Summary, summarise
from babyconnect.translate.r4.record import convert
from tests.properties.test_r4_laws import expected, values
from tests.support.needs import nictiz

FOLDERS = ("hl7-mappings/ada-2-fhir-stu3", "hl7-mappings/ada-2-fhir-stu3-beta4", "geboortezorg-stu3/examples",
           "stu3-zib2017/examples", "testscripts")  # fmt: skip


def resources(file: Path) -> list[dict[str, Any]]:
    """What is STU3 without an error in a published file."""
    try:
        read = xml.to_json(file.read_bytes())
    except Malformed:
        return []
    found = [entry["resource"] for entry in read.get("entry", ())] if read["resourceType"] == "Bundle" else [read]
    return [r for r in found if not any(issue.severity == "error" for issue in check.structure(r))]


def published() -> Iterator[dict[str, Any]]:
    for folder in FOLDERS:
        for file in sorted((nictiz() / folder).rglob("*.xml")):
            yield from (r for r in resources(file) if r["resourceType"] in tables.types())


def test_every_published_resource_becomes_r4_with_every_value() -> None:
    count = 0
    for resource in published():
        (made,) = convert([resource]).resources
        assert [issue for issue in check.structure(made, R4) if issue.severity == "error"] == []
        found = set(values(made))
        counted = resource.get("valueQuantity", {}) if "valueInteger" in made else {}
        found |= {str(value) for name, value in counted.items() if name != "value"}
        lost = [text for text in values(resource) if not expected(text) & found]
        assert lost == [], resource["resourceType"]
        count += 1
    assert count > 400


@pytest.mark.parametrize("name", ["gz-izb-kwa-1-V1_actieve_zwschap", "gz-izv-kwa-casus1", "gz-izk-kwa-casus1"])
def test_a_published_record_becomes_a_summary(name: str) -> None:
    (folder,) = (nictiz() / FOLDERS[0]).rglob(f"fhir_instance/{name}")
    record = [resource for file in sorted(folder.glob("*.xml")) for resource in resources(file)]
    made = summarise(record, name, dt.datetime(2024, 5, 1, tzinfo=dt.UTC))
    assert isinstance(made, Summary)
    assert [issue for issue in check.structure(made.bundle, R4) if issue.severity == "error"] == []
    codes = [s["code"]["coding"][0]["code"] for s in made.bundle["entry"][0]["resource"]["section"]]
    assert codes[:3] == ["10160-0", "48765-2", "11450-4"]
    assert "10162-6" in codes
