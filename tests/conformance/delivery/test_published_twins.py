"""The published twin case of two organisations: one woman, one pregnancy, two children with what is theirs.

Once as the published FHIR resources (BSN masked, so the holders' own binding proves the link) and once as ADA XML (with
the BSN), translated here.  Expected values are read from the published FHIR of the second line.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.birthcare.record import Record
from babyconnect.delivery import build_view
from babyconnect.merge import merge
from babyconnect.sources import Record as Recognised
from babyconnect.sources.recognise import recognise
from babyconnect.translate import ada
from tests.support.needs import nictiz
from tests.support.published import NTS, PERI, resources

TODAY = dt.date(2026, 11, 21)
MIDWIFE = Party(Ura("90000001"), "Verloskundigenpraktijk 't Groen", Kind.MIDWIFERY_PRACTICE)
HOSPITAL = Party(Ura("90000002"), "Ziekenhuis", Kind.HOSPITAL)
CASES = {MIDWIFE: "3A-V2_meerling_1elijn", HOSPITAL: "3B-V2_meerling_2elijn"}


def _fhir(party: Party) -> SourceAnswer:
    found = resources(nictiz() / NTS / f"VLK-basis-{CASES[party]}", TODAY)
    return SourceAnswer(party, "answered", tuple(found), client="JAMILA-J-XXX-KWEE")


def _ada(party: Party) -> SourceAnswer:
    file = nictiz() / PERI.replace("fhir_instance", "ada_instance") / f"gz-izb-kwa-{CASES[party]}.xml"
    recognised = recognise(file.read_bytes(), file.name, dates={"T": TODAY})
    assert isinstance(recognised, Recognised)
    assert recognised.ada is not None
    return SourceAnswer(party, "answered", tuple(ada.translate(recognised.ada, TODAY).resources))


@pytest.fixture(scope="module", params=[_fhir, _ada], ids=["fhir", "ada"])
def record(request: pytest.FixtureRequest) -> Record:
    return merge([request.param(HOSPITAL), request.param(MIDWIFE)], TODAY)


def test_it_is_one_woman_with_one_pregnancy_of_both_organisations(record: Record) -> None:
    assert record.apart == ()
    assert record.woman is not None
    assert "XXX_Kwee" in record.woman.name
    (pregnancy,) = record.pregnancies
    assert set(pregnancy.sources) == {MIDWIFE, HOSPITAL}
    assert pregnancy.merged_by
    assert record.possibly_same == ()


def _of(record: Record, child: str) -> dict[str, str]:
    """Label and value of every line of the part of the child with this name."""
    section = next(s for s in build_view(record).sections if s.id == "kinderen")
    part = next(p for p in section.parts if child in p.title)
    return {line.label: line.text for line in part.lines}


@pytest.mark.parametrize(
    ("child", "weight", "apgar"),
    [("Louis", "2089 g", ["5", "9", "10"]), ("Frida", "2605 g", ["7", "10", "10"])],
)
def test_each_child_has_its_own_birth_weight_and_apgar_scores(
    record: Record, child: str, weight: str, apgar: list[str]
) -> None:
    shown = _of(record, child)
    assert shown["Geboortegewicht"].startswith(weight)
    assert [shown[f"Apgarscore na {n}"] for n in ("1 minuut", "5 minuten", "10 minuten")] == apgar
    assert shown["Geboorte"].startswith("16 november 2026")
    assert shown["Type partus"] == "primaire sectio caesarea"


def test_both_children_were_born_in_the_one_delivery(record: Record) -> None:
    assert {child.mother_by for child in record.children} == {"partOf"}
    assert {child.pregnancy for child in record.children} == {record.current}
    assert len({birth for child in record.children for birth in child.births}) == 2


def test_the_two_organisations_disagree_on_chorionicity_and_that_is_shown(record: Record) -> None:
    (conflict,) = [c for c in record.conflicts if c.topic == "chorionicity"]
    assert {(s.value, s.origins[0].source) for s in conflict.values} == {
        ("dichorionic-diamniotic", MIDWIFE),
        ("monochorionic-diamniotic", HOSPITAL),
    }


def test_the_definitive_due_date_and_the_gestation_at_birth_are_in_the_header(record: Record) -> None:
    facts = {fact.code: fact.text for fact in build_view(record).header.facts}
    assert facts["due_date"] == "23 november 2026"
    assert facts["gestation"] == "39+0"
    assert facts["gravidity_parity"] == "G1 P0"
    assert facts["blood_group"] == "O"


def test_a_bsn_that_came_is_in_the_header_and_a_masked_one_is_not() -> None:
    def numbers(answers: list[SourceAnswer]) -> list[str]:
        return [fact.text for fact in build_view(merge(answers, TODAY)).header.facts if fact.code == "bsn"]

    assert numbers([_ada(MIDWIFE), _ada(HOSPITAL)]) == ["999900730"]
    assert numbers([_fhir(MIDWIFE), _fhir(HOSPITAL)]) == []


def test_without_a_bsn_or_a_binding_by_the_holders_the_two_are_not_taken_for_one_woman() -> None:
    unbound = [replace(_fhir(party), client="") for party in CASES]
    record = merge(unbound, TODAY)
    assert len(record.apart) == 1
