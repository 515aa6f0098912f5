"""A record that names its client by BSN only, and is another's than the one kept under that number: a mistyped BSN."""

from __future__ import annotations

import pytest

from babyconnect.flows.findings import InputReport
from tests.spec.publishing.records import Node
from tests.support.ada_material import full_xml

BORN, NAME = b'value="1990-02-28"', b'value="tekst"'


def told(report: InputReport) -> list[tuple[str, str]]:
    return [(one.severity, one.text) for one in report.findings if one.rule == "one-bsn"]


async def test_another_name_and_birth_date_under_a_known_bsn_are_refused_and_nothing_is_kept() -> None:
    node = Node()
    await node.one(full_xml())
    before = {key: len(versions) for key, versions in node.store.versions.items()}
    report = await node.one(full_xml().replace(BORN, b'value="1981-07-09"').replace(NAME, b'value="Visser"'))
    assert report.status == "refused"
    assert {key: len(versions) for key, versions in node.store.versions.items()} == before
    refusals = [text for severity, text in told(report) if severity == "error"]
    assert refusals and all("dates of birth" in text and "999900730" not in text for text in refusals)


@pytest.mark.parametrize(
    ("change", "what"), [((BORN, b'value="1990-03-28"'), "dates of birth"), ((NAME, b'value="Visser"'), "family names")]
)
async def test_one_of_both_alone_is_a_correction_and_is_told(change: tuple[bytes, bytes], what: str) -> None:
    node = Node()
    await node.one(full_xml())
    report = await node.one(full_xml().replace(*change))
    assert report.status == "published with warnings"
    assert told(report) and all(severity == "warning" and what in text for severity, text in told(report))


async def test_the_same_again_is_told_nothing() -> None:
    node = Node()
    await node.one(full_xml())
    assert told(await node.one(full_xml())) == []
