"""A delivery for Perined over FHIR (kernset 3.2) is no client's record: it has no name of her, and would close hers.

No profile of the Bundle is published, so what tells it is that it holds nothing else than what is delivered.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from babyconnect.fhir import json, xml_writer
from babyconnect.flows.examples import EXAMPLES, case
from tests.spec.publishing.records import BC, Node, Resource, bundle, folder

TODAY = dt.date(2026, 11, 21)


@cache
def _example(to: str) -> Any:
    """The record of one synthetic woman in this format, as its Bundle."""
    return json.loads(next(iter(EXAMPLES[to](case(TODAY)))).content)


def delivery() -> list[Resource]:
    """As this program delivers it."""
    return [dict(entry["resource"]) for entry in _example("kernset-3.2")["entry"]]


def whole() -> bytes:
    return json.dumps(_example("stu3"))


def woman_of(resources: list[Resource]) -> Resource:
    return next(r for r in resources if "bc-Woman" in str(r.get("meta")))


def with_narratives() -> bytes:
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">kernset</div>'}
    return bundle(*({**resource, "text": text} for resource in delivery()))


def with_what_others_put_around_it() -> bytes:
    name = [{"family": "Jansen"}]
    return bundle(*delivery(), {"resourceType": "Practitioner", "id": "x", "name": name},
                  {"resourceType": "Organization", "id": "y", "name": "Praktijk"})  # fmt: skip


def without_any_number() -> bytes:
    made = delivery()
    woman_of(made).pop("identifier")
    return bundle(*made)


def with_a_name_that_says_nothing() -> bytes:
    made = delivery()
    woman_of(made)["name"] = [{"use": "official"}]
    return bundle(*made)


DELIVERIES = {
    "JSON": lambda: json.dumps(_example("kernset-3.2")),
    "XML": lambda: xml_writer.from_json(_example("kernset-3.2")),
    "with narratives": with_narratives,
    "with what others put around it": with_what_others_put_around_it,
    "without any number": without_any_number,
    "with a name that says nothing": with_a_name_that_says_nothing,
}


@pytest.mark.parametrize("kind", DELIVERIES)
async def test_a_delivery_is_refused_with_place_and_rule(kind: str) -> None:
    node = Node()

    report = await node.one(DELIVERIES[kind]())

    errors = [finding for finding in report.findings if finding.severity == "error"]
    assert [(f.rule, f.place.endswith("Patient.name")) for f in errors] == [("data-set", True)]
    assert "Perined" in errors[0].text
    assert node.empty


async def test_in_loose_files_it_is_refused_as_well(tmp_path: Path) -> None:
    node = Node()

    report = await node.one(folder(tmp_path, "kernset", delivery()))

    assert {f.rule for f in report.findings if f.severity == "error"} == {"data-set"}
    assert node.empty


async def test_beside_her_own_record_it_changes_nothing_of_that() -> None:
    node = Node()
    await node.one(whole())
    before = node.kept

    assert (await node.one(bundle(*delivery()))).status == "refused"
    assert node.kept == before


async def test_with_her_name_it_is_a_record() -> None:
    made = delivery()
    woman_of(made)["name"] = [{"family": "Kwee"}]

    assert (await Node().one(bundle(*made))).status.startswith("published")


async def test_with_anything_more_than_is_delivered_it_is_a_record_of_a_woman_without_a_name() -> None:
    made = delivery()
    more = {"resourceType": "AllergyIntolerance", "id": "a", "meta": {"profile": [f"{BC}zib-AllergyIntolerance"]},
            "verificationStatus": "confirmed", "patient": {"reference": f"Patient/{woman_of(made)['id']}"}}  # fmt: skip

    assert (await Node().one(bundle(*made, more))).status.startswith("published")
