"""A published export: kept, labelled, found by the source API, and shown; an image only as data, never as a page."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from babyconnect.birthcare.access import Consent
from babyconnect.flows.translating import READERS
from babyconnect.sources import Record
from babyconnect.sources.recognise import recognise
from babyconnect.translate.ultrasound.translating import chapters
from tests.spec.publishing.records import Node as Publishing
from tests.support.asgi import Response
from tests.support.node import Node
from tests.support.ultrasound import FETUS, TODAY, embedded, exam, export, png

BSN = "999990019"
WITH_IMAGE = export(exam(FETUS + embedded(png(), title="Profiel")))


async def asked(contents: bytes | Path, consent: bool = True) -> tuple[Node, str]:
    publishing = Publishing()
    report = await publishing.one(contents)
    assert report.status == "published", report.findings
    node = Node(store=publishing.store, now=publishing.node.now())
    client = next(id for type, id in publishing.store.versions if type == "Patient")
    if consent:
        node.consents[client] = (Consent(id="c1", permit=True, actor="ura:00000002"),)
    token = node.token()
    await node.find(BSN, token)
    return node, token


async def listed(node: Node, token: str, url: str) -> list[dict[str, Any]]:
    answer = await node.get(url, token)
    return [entry["resource"] for entry in answer.json().get("entry", [])]


async def image_of(node: Node, token: str, **headers: str) -> Response:
    [media] = await listed(node, token, "/Media")
    return await node.get(f"/{media['content']['url']}", token, **headers)


async def test_measurements_and_reports_are_found_by_the_searches_of_birth_care() -> None:
    node, token = await asked(WITH_IMAGE)
    [episode] = await listed(node, token, "/EpisodeOfCare?type=http://snomed.info/sct|364320009")
    [report] = await listed(node, token, f"/DiagnosticReport?context=EpisodeOfCare/{episode['id']}")
    [bpd] = await listed(node, token, "/Observation?code=http://loinc.org|11820-8")
    assert {"reference": f"Observation/{bpd['id']}"}.items() <= next(
        r for r in report["result"] if bpd["id"] in r["reference"]
    ).items()
    [media] = await listed(node, token, f"/Media?context=EpisodeOfCare/{episode['id']}")
    assert report["image"][0]["link"]["reference"] == f"Media/{media['id']}"


async def test_what_belongs_to_an_ultrasound_lies_in_its_data_group() -> None:
    publishing = Publishing()
    await publishing.one(WITH_IMAGE)
    groups = {
        type: versions[-1].publication.group
        for (type, _), versions in publishing.store.versions.items()
        if type in ("Media", "Binary", "DiagnosticReport")
    }
    assert groups["Media"] == groups["Binary"] == "ultrasound_media"
    assert groups["DiagnosticReport"].startswith("ultrasound")


async def test_an_image_is_read_by_id_as_data_and_its_ids_say_nothing() -> None:
    node, token = await asked(WITH_IMAGE)
    answer = await image_of(node, token)
    assert answer.status == 200 and answer.headers["content-type"].startswith("application/fhir+json")
    assert base64.b64decode(answer.json()["content"]) == png()


async def test_an_image_is_never_served_as_itself() -> None:
    node, token = await asked(WITH_IMAGE)
    for accept in ("image/png", "text/html", "image/svg+xml", "*/*"):
        answer = await image_of(node, token, accept=accept)
        assert answer.headers["content-type"].startswith(("application/fhir+json", "application/fhir+xml"))
        assert png() not in answer.body


async def test_who_may_not_see_her_reads_no_image() -> None:
    node, token = await asked(WITH_IMAGE)
    [media] = await listed(node, token, "/Media")
    without, other = await asked(WITH_IMAGE, consent=False)
    assert (await without.get(f"/{media['content']['url']}", other)).status == 404
    assert await listed(without, other, "/Media") == []


async def test_the_same_export_again_changes_nothing_and_the_original_is_kept() -> None:
    publishing = Publishing()
    assert (await publishing.one(WITH_IMAGE)).created > 20
    again = await publishing.one(WITH_IMAGE)
    assert (again.created, again.updated) == (0, 0)
    assert [o.content for o in publishing.store.originals.values()] == [WITH_IMAGE]


async def test_an_export_in_a_folder_takes_its_images_along(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "profiel.png").write_bytes(png())
    (folder / "echo.xml").write_bytes(export(exam(FETUS + '<image file="profiel.png"/><image file="../weg.png"/>')))
    publishing = Publishing()
    report = await publishing.one(folder / "echo.xml")
    assert {f.rule for f in report.findings if f.rule.startswith("image")} == {"image-path"}
    assert [type for type, _ in publishing.store.versions].count("Binary") == 1


def test_what_an_export_fills_is_counted_by_the_rows_of_its_table() -> None:
    content = WITH_IMAGE.replace(b">47.2<", b">990<").replace(b"<tcd", b"<nasal_bone>3</nasal_bone><tcd")
    [outcome] = [READERS["astraia"].read(_recognised(content), TODAY, "")]
    counted = outcome.counted
    assert counted is not None and counted.unknown == 1
    assert {"patient/dob", "fetus/bpd", "exam/us_date", "image/."} <= counted.concepts
    assert counted.lost == {"fetus/bpd"} and "fetus/crl" not in counted.concepts
    known = {item.concept for chapter in chapters("astraia") for item in chapter.items}
    assert counted.concepts <= known


def _recognised(content: bytes) -> Record:
    found = recognise(content, "echo.xml")
    assert isinstance(found, Record)
    return found


async def test_a_refused_export_leaves_nothing() -> None:
    publishing = Publishing()
    report = await publishing.one(WITH_IMAGE.replace(b"2026-07-20", b"2026-02-30"))
    assert report.status == "refused" and publishing.empty
