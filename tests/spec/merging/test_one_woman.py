"""One woman: the same BSN, or a Patient that the holder bound to the client.  Never a likeness of names."""

from __future__ import annotations

from babyconnect.merge import merge
from tests.support.made import GP, HOSPITAL, MIDWIFE, TODAY, Dossier, dossier


def test_two_sources_with_the_same_bsn_are_one_woman() -> None:
    record = merge([dossier(MIDWIFE).answer(), dossier(HOSPITAL).answer()], TODAY)
    assert record.woman is not None
    assert record.woman.name == "Noor Voorbeeld"
    assert record.woman.age == 31
    assert record.apart == ()


def test_without_a_bsn_the_same_name_and_birth_date_prove_nothing_and_are_shown_apart() -> None:
    stranger = dossier(HOSPITAL, bsn="")
    stranger.pressure("bp", 190, 120, -1)
    known = dossier(MIDWIFE)
    known.pressure("bp", 110, 70, -1)
    known.pressure("bp2", 112, 70, -2)
    record = merge([known.answer(), stranger.answer()], TODAY)
    assert [apart.source for apart in record.apart] == [HOSPITAL]
    assert {item.source for item in record.items} == {MIDWIFE}
    assert {item.type for item in record.apart[0].items} == {"Patient", "Condition", "EpisodeOfCare", "Observation"}
    assert [warning.code for warning in record.warnings] == ["shown_apart"]


def test_a_holder_that_bound_its_patient_to_the_client_confirms_the_link_where_the_bsn_is_masked() -> None:
    record = merge(
        [dossier(MIDWIFE, bsn="", client="w").answer(), dossier(HOSPITAL, bsn="", client="w").answer()], TODAY
    )
    assert record.apart == ()
    assert {o.source for item in record.items for o in item.origins} == {MIDWIFE, HOSPITAL}


def test_two_holders_that_bound_patients_with_different_bsns_are_not_believed() -> None:
    one, other = dossier(MIDWIFE, client="w"), dossier(HOSPITAL, bsn="999990019", client="w")
    record = merge([one.answer(), other.answer()], TODAY)
    assert len(record.apart) == 1


def test_a_source_that_gives_a_second_person_keeps_her_resources_apart() -> None:
    mixed = dossier(HOSPITAL)
    mixed.add("Patient", "other", name=[{"text": "Iemand Anders"}])
    mixed.add("Condition", "hers", subject={"reference": "Patient/other"}, code={"text": "iets van een ander"})
    record = merge([mixed.answer(), dossier(MIDWIFE).answer()], TODAY)
    assert all("Patient/other" not in str(item.resource) for item in record.items)


def test_a_source_without_a_maternal_record_adds_to_the_same_woman() -> None:
    practice = Dossier(GP)
    practice.patient()
    practice.add(
        "AllergyIntolerance",
        "a",
        patient={"reference": "Patient/w"},
        clinicalStatus="active",
        code={"text": "penicilline"},
    )
    record = merge([practice.answer(), dossier(MIDWIFE).answer()], TODAY)
    assert [stated.text for stated in record.allergies] == ["penicilline"]
    assert len(record.pregnancies) == 1


def test_nobody_answered_is_a_record_without_a_woman() -> None:
    assert merge([], TODAY).woman is None


def test_a_source_that_links_two_patients_of_its_own_confirms_that_they_are_one_woman() -> None:
    linked, known = dossier(HOSPITAL, bsn="", client="w"), dossier(MIDWIFE, bsn="", client="w")
    link = [{"other": {"reference": "Patient/w"}, "type": "refer"}]
    profile = {"profile": ["http://nictiz.nl/fhir/StructureDefinition/bc-Woman"]}
    linked.add("Patient", "v", name=[{"text": "Noor Voorbeeld"}], meta=profile, link=link)
    record = merge([linked.answer(), known.answer()], TODAY)
    assert record.apart == () and record.woman is not None and len(record.woman.persons) >= 2
