"""What a synthetic region writes is taken by the parts that read real records."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from babyconnect import synthetic
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Party
from babyconnect.fhir.search_index import index
from babyconnect.flows.publish import Input, PublishingNode, publish
from babyconnect.merge import merge
from babyconnect.sources import Record
from babyconnect.sources import organisation as beside
from babyconnect.sources.ada import read
from babyconnect.sources.recognise import recognise
from babyconnect.store.memory import MemoryStore, MemoryWriter
from babyconnect.synthetic.ada import ada
from babyconnect.synthetic.organisations import Network
from babyconnect.synthetic.population import client
from babyconnect.synthetic.recording import record
from babyconnect.synthetic.stu3 import resources
from babyconnect.translate.ada import translate
from tests.support.synthetic_region import TODAY, Written

NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def test_every_record_is_recognised_as_what_it_is(sixty: Written) -> None:
    formats: Counter[str] = Counter()
    for path in sixty.files(".xml", ".json"):
        found = recognise(path.read_bytes(), path.name)
        assert isinstance(found, Record), path.name
        formats[found.format] += 1
    assert set(formats) == {"ada", "astraia", "stu3-xml", "stu3-json"}


def test_the_translator_knows_every_concept_and_code(sixty: Written) -> None:
    said = Counter(
        (finding.severity, finding.rule)
        for path in sixty.ada()
        for finding in translate(read(path.read_bytes()), TODAY).findings
    )
    assert {severity for severity, _ in said} <= {"information"}, said


def test_what_lies_beside_the_records_is_read(sixty: Written) -> None:
    for organisation in synthetic.published():
        found = beside.read(sixty.folder / organisation.key)
        assert (found.name, str(found.ura), found.kind) == (organisation.name, organisation.ura, organisation.kind)
        assert len(found.staff) == len(organisation.staff)
    consents = [c for o in synthetic.published() for c in beside.read(sixty.folder / o.key).consents]
    assert len(consents) > 40


@pytest.mark.parametrize("key", ["vkp-zonnewende", "zkh-rietveen", "zkh-ommelhaven"])
async def test_a_folder_is_published_whole_without_a_warning(sixty: Written, key: str) -> None:
    """ADA, STU3 JSON and STU3 XML: no reference that leads nowhere, no unknown code, nothing refused."""
    found = beside.read(sixty.folder / key)
    node = PublishingNode(
        MemoryWriter(MemoryStore()), b"k" * 32, f"urn:babyconnect:ura:{found.ura}", index, lambda: NOON,
        bsns={patient: bsn.value for patient, bsn in found.bsns.items()},
    )  # fmt: skip
    report = await publish([Input(key, path=sixty.folder / key)], node)
    assert {one.status for one in report.inputs} == {"published"}
    assert len(report.inputs) == sixty.summary.records[key]
    assert {f.severity for one in report.inputs for f in one.findings} <= {"information"}


def test_the_showcase_merges_to_one_pregnancy_with_conflict_copy_duplicate_and_gap() -> None:
    network, answers = Network(synthetic.published()), {}
    for dossier in record(client(0, 60, 7, TODAY, network), 7, TODAY, network):
        of = dossier.organisation
        by_ada = of.records == "ada"
        made = translate(read(ada(dossier, TODAY)), TODAY).resources if by_ada else list(resources(dossier))
        answers[Party(Ura(of.ura), of.name, of.kind)] = SourceAnswer(
            Party(Ura(of.ura), of.name, of.kind), "answered", tuple(made)
        )
    merged = merge(list(answers.values()), TODAY)
    assert len(merged.pregnancies) == 1
    assert "due_date" in {conflict.topic for conflict in merged.conflicts}
    assert "hb_second" in {gap.code for gap in merged.gaps}
    shared = [item for item in merged.items if len({origin.source for origin in item.origins}) > 1]
    assert any(item.type == "Observation" for item in shared), "a duplicate, folded"
    assert any(origin.copy for item in merged.items for origin in item.origins), "a copy, marked"
