"""Files of a record: kept apart, under the labels of what points to them, and left out where BSNs are masked."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from babyconnect.fhir import json
from babyconnect.fhir.rendering import render
from babyconnect.labelling.attachments import apart, together
from babyconnect.labelling.members import Given
from tests.spec.publishing.records import NOW, Node, bundle, episode, pregnancy, woman
from tests.support.ultrasound import png

PLAN = {"system": "urn:oid:2.16.840.1.113883.2.4.4.13", "code": "Bevalplan"}


def document(
    content: bytes = b"%PDF-1.7", coding: dict[str, str] = PLAN, description: str = "Haar plan"
) -> dict[str, Any]:
    file = {"contentType": "application/pdf", "title": "Bevalplan", "data": base64.b64encode(content).decode()}
    return {"resourceType": "DocumentReference", "id": "D", "status": "current", "indexed": "2026-11-01T10:00:00Z",
            "subject": {"reference": "Patient/JAMILA"}, "type": {"coding": [coding]},
            "content": [{"attachment": file}], "description": description}  # fmt: skip


def kept(node: Node, type: str) -> list[Any]:
    return [versions[-1] for (name, _), versions in node.store.versions.items() if name == type]


async def published(*more: dict[str, Any]) -> Node:
    node = Node()
    report = await node.one(bundle(woman(), episode(), pregnancy(), *more))
    assert report.status.startswith("published"), report.findings
    return node


async def test_a_search_brings_what_a_file_is_and_a_read_its_bytes() -> None:
    node = await published(document())
    [plan], [file] = kept(node, "DocumentReference"), kept(node, "Binary")
    attachment = plan.publication.resource["content"][0]["attachment"]
    assert "data" not in attachment and attachment["url"] == f"Binary/{file.publication.id}"
    assert (attachment["title"], attachment["size"]) == ("Bevalplan", 8)
    assert base64.b64decode(file.publication.resource["content"]) == b"%PDF-1.7"
    woman_here = plan.publication.resource["subject"]["reference"]
    assert file.publication.resource["securityContext"]["reference"] == woman_here


async def test_the_same_record_again_is_the_same_files() -> None:
    node = await published(document())
    again = await node.one(bundle(woman(), episode(), pregnancy(), document()))
    assert (again.created, again.updated) == (0, 0)


async def test_a_file_lies_in_the_group_and_bears_the_shields_of_what_points_to_it() -> None:
    node = await published(document(description="na huiselijk geweld"))
    [plan], [file] = kept(node, "DocumentReference"), kept(node, "Binary")
    assert plan.publication.group == file.publication.group == "plan"
    assert plan.publication.shielded and plan.publication.shielded == file.publication.shielded


async def test_a_file_of_two_kinds_of_data_keeps_the_group_of_its_type_and_every_shield() -> None:
    binary = {"resourceType": "Binary", "id": "B", "contentType": "image/png",
              "content": base64.b64encode(png()).decode()}  # fmt: skip
    to = {"contentType": "image/png", "url": "Binary/B"}
    media = {"resourceType": "Media", "id": "M", "type": "photo", "subject": {"reference": "Patient/JAMILA"},
             "content": {**to, "title": "Letsel na partnergeweld"}}  # fmt: skip
    node = await published(binary, media, {**document(), "content": [{"attachment": to}]})
    [file] = kept(node, "Binary")
    assert file.publication.group == "ultrasound_media"
    assert file.publication.shielded == {"safety"} == kept(node, "Media")[0].publication.shielded


async def test_a_shield_that_only_the_narrative_tells_is_on_the_file_too() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml">na huiselijk geweld</div>'
    node = await published({**document(), "text": {"status": "generated", "div": div}})
    [plan], [file] = kept(node, "DocumentReference"), kept(node, "Binary")
    assert plan.publication.shielded == file.publication.shielded == {"safety"}


async def test_what_comes_again_without_its_file_still_points_to_it() -> None:
    binary = {"resourceType": "Binary", "id": "B", "contentType": "image/png",
              "content": base64.b64encode(png()).decode()}  # fmt: skip
    holder = {**document(), "content": [{"attachment": {"contentType": "image/png", "url": "Binary/B"}}]}
    node = await published(binary, holder)
    node.settings["known"] = node.store.writer.known
    await node.one(bundle(woman(), episode(), pregnancy(), {**holder, "description": "na huiselijk geweld"}))
    [plan], [file] = kept(node, "DocumentReference"), kept(node, "Binary")
    assert plan.publication.shielded == {"safety"}
    assert plan.publication.resource["content"][0]["attachment"]["url"] == f"Binary/{file.publication.id}"


async def test_data_beside_an_address_and_without_a_type_is_a_file_like_any_other() -> None:
    untyped = {"url": "http://elsewhere.example/plan", "data": base64.b64encode(b"BSN 999900730").decode()}
    node = await published({**document(), "content": [{"attachment": untyped}]})
    [plan], [file] = kept(node, "DocumentReference"), kept(node, "Binary")
    attachment = plan.publication.resource["content"][0]["attachment"]
    assert "data" not in attachment and attachment["url"] == f"Binary/{file.publication.id}"


@pytest.mark.parametrize(
    ("resource", "file"),
    [
        ({"resourceType": "Media", "content": {"url": "http://elsewhere.example/x", "data": "QUJD"}}, b"QUJD"),
        ({"resourceType": "Provenance", "signature": [{"whoUri": "urn:x", "blob": "QUJD"}]}, b"QUJD"),
        ({"resourceType": "Media", "contained": [{"resourceType": "Binary", "id": "b", "content": "QUJD"}]}, b"QUJD"),
    ],
)
def test_masked_is_without_files_whatever_these_say_of_themselves(resource: dict[str, Any], file: bytes) -> None:
    made = render({**resource, "id": "x"}, 1, NOW)
    assert file in made.json and made.json_masked is not None and file not in made.json_masked


def test_figures_that_are_no_file_stay_where_bsns_are_masked() -> None:
    sampled = {"origin": {"value": 0}, "period": 10, "dimensions": 1, "data": "2 4 8"}
    assert render({"resourceType": "Observation", "id": "x", "valueSampledData": sampled}, 1, NOW).json_masked is None


@pytest.mark.parametrize("form", ["json_masked", "xml_masked"])
async def test_where_bsns_are_masked_a_file_is_left_out_as_one_may_stand_in_it(form: str) -> None:
    node = await published(document(b"%PDF-1.7 BSN 999900730"))
    [file] = kept(node, "Binary")
    masked = getattr(file.renderings, form)
    assert masked is not None and base64.b64encode(b"%PDF") not in masked and b"masked" in masked
    assert json.loads(file.renderings.json)["content"]


def test_what_was_put_apart_comes_together_again_for_a_format_without_files_of_their_own() -> None:
    given = [Given(document(), "", "D", "")]
    parted = [one.resource for one in apart(given)]
    assert [one["resourceType"] for one in parted] == ["DocumentReference", "Binary"]
    [whole] = together(parted)
    [file], [before] = whole["content"], document()["content"]
    assert file["attachment"] == {**before["attachment"], "size": 8}
