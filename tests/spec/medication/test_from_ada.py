"""A record of the medication process (ADA) becomes the zib2017 medication resources; nothing is lost in silence."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.definitions import document
from babyconnect.delivery import build_view
from babyconnect.fhir import check
from babyconnect.fhir.profiles.checking import check as against_profiles
from babyconnect.fhir.profiles.surroundings import Surroundings
from babyconnect.flows.translating import READERS
from babyconnect.merge import merge
from babyconnect.sources import Record, Rejected
from babyconnect.sources.recognise import recognise
from tests.support import ada_medication as ada
from tests.support.made import GP

TODAY = dt.date(2026, 6, 1)


def read(content: bytes) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    record = recognise(content, "mp.xml")
    assert isinstance(record, Record) and record.format == "ada-medication"
    made = READERS[record.format].read(record, TODAY, "")
    return [dict(one.resource) for one in made.resources], [(f.severity, f.rule) for f in made.findings]


def by_profile(resources: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["meta"]["profile"][0].rsplit("/", 1)[-1]: one for one in resources}


def test_each_building_block_becomes_the_resource_of_its_profile_with_its_treatment() -> None:
    resources, findings = read(ada.record())
    found = by_profile(resources)
    blocks = (
        "zib-MedicationAgreement",
        "zib-DispenseRequest",
        "zib-AdministrationAgreement",
        "zib-Dispense",
        "zib-MedicationUse",
    )
    for name in blocks:
        treatment = [e for e in found[name]["extension"] if e["url"].endswith("MedicationTreatment")]
        assert treatment[0]["valueIdentifier"]["value"] == "MBH1"
    assert found["zib-MedicationAgreement"]["authoredOn"] == "2026-05-02T11:25:00+02:00"
    assert found["zib-MedicationUse"]["taken"] == "y"
    assert found["zib-AdministrationAgreement"]["authorizingPrescription"][0]["reference"].startswith(
        "MedicationRequest/"
    )
    assert found["zib-Dispense"]["authorizingPrescription"][0]["identifier"]["value"] == "VV9"
    assert findings == []


def test_what_it_makes_is_stu3_and_follows_its_profiles() -> None:
    resources, _ = read(ada.record())
    around = Surroundings(resources)
    for one in resources:
        assert [issue for issue in check.structure(one) if issue.severity == "error"] == [], one["id"]
        worse = [deviation for deviation in against_profiles(one, around) if deviation.severity == "error"]
        assert worse == [], (one["id"], worse)


def test_persons_organisations_and_products_are_one_resource_each_however_often_they_are_named() -> None:
    resources, _ = read(ada.record())
    kinds = [one["resourceType"] for one in resources]
    counted = {
        kind: kinds.count(kind)
        for kind in ("Patient", "Practitioner", "PractitionerRole", "Organization", "Medication")
    }
    assert counted == {"Patient": 1, "Practitioner": 1, "PractitionerRole": 1, "Organization": 2, "Medication": 1}


def test_a_dose_keeps_its_numbers_route_and_words() -> None:
    agreement = by_profile(read(ada.record())[0])["zib-MedicationAgreement"]
    (dose,) = agreement["dosageInstruction"]
    assert dose["text"] == "1 maal per dag 1 stuk, oraal"
    assert dose["timing"]["repeat"] == {"frequency": 1, "period": 1, "periodUnit": "d"}
    assert dose["doseQuantity"] == {
        "value": 1,
        "unit": "stuk",
        "system": "urn:oid:2.16.840.1.113883.2.4.4.1.900.2",
        "code": "245",
    }


def test_half_a_schedule_is_no_schedule_the_words_say_it() -> None:
    odd = ada.AGREEMENT.replace(
        "</toedieningsschema>", '<weekdag code="307145004" codeSystem="2.16.840.1.113883.6.96"/></toedieningsschema>'
    )
    resources, findings = read(ada.record(odd))
    (dose,) = by_profile(resources)["zib-MedicationAgreement"]["dosageInstruction"]
    assert "timing" not in dose and dose["text"] and ("warning", "not-mapped") in findings


@pytest.mark.parametrize(
    "limit",
    [
        '<zo_nodig><maximale_dosering><aantal value="6"/></maximale_dosering></zo_nodig>',
        '<toedieningssnelheid><waarde><vaste_waarde value="10"/></waarde></toedieningssnelheid>',
        '<toedieningsduur value="30" unit="minuut"/>',
    ],
)
def test_a_dose_with_a_limit_is_left_to_its_words(limit: str) -> None:
    resources, findings = read(ada.record(ada.AGREEMENT.replace("</dosering>", f"{limit}</dosering>")))
    (dose,) = by_profile(resources)["zib-MedicationAgreement"]["dosageInstruction"]
    assert dose["text"] and not dose.keys() & {"doseQuantity", "timing", "asNeededCodeableConcept"}
    assert ("warning", "not-mapped") in findings


def test_what_was_cancelled_was_entered_in_error() -> None:
    cancelled = ada.AGREEMENT.replace("<voorschrijver>", '<geannuleerd_indicator value="true"/><voorschrijver>', 1)
    assert by_profile(read(ada.record(cancelled))[0])["zib-MedicationAgreement"]["status"] == "entered-in-error"


def test_a_stop_is_a_modifier_and_stops_the_medicine_in_the_overview() -> None:
    stoptype = '<stoptype code="2" codeSystem="2.16.840.1.113883.2.4.3.11.60.20.77.5.2.1" displayName="Definitief"/>'
    stop = '<gebruiksperiode_eind value="T-2D"/>' + stoptype
    stopped = ada.AGREEMENT.replace('<gebruiksperiode value="1" unit="jaar"/>', stop)
    resources, _ = read(ada.record(stopped))
    answer = SourceAnswer(GP, "answered", tuple(resources), client="patient")
    (medicine,) = merge([answer], TODAY).medication.medicines
    assert (medicine.state, medicine.end) == ("stopped", TODAY - dt.timedelta(days=2))


def test_an_element_that_no_row_knows_is_named_with_its_line() -> None:
    unknown = ada.AGREEMENT.replace(
        "<toelichting", '<lichaamslengte><lengte_waarde value="1.67" unit="m"/></lichaamslengte><toelichting'
    )
    assert ("information", "not-mapped") in read(ada.record(unknown))[1]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (ada.record(patient=""), "no-client"),
        (ada.record(patient=ada.PATIENT * 2), "two-clients"),
        (ada.record(patient=ada.PATIENT.replace("999900730", "999900731")), "bsn"),
        (ada.record(ada.AGREEMENT.replace(ada.product(), "")), "incomplete"),
    ],
)
def test_what_is_no_record_of_one_client_with_products_is_refused(content: bytes, rule: str) -> None:
    assert ("error", rule) in read(content)[1]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (ada.record().replace(b"T-30D{11:25:00}", b"2026-02-30"), "date"),
        (ada.record().replace(ada.REF.encode(), b"2.16.840.1.113883.9"), "transaction"),
        (ada.record()[:900], "xml"),
        (ada.record().replace(b"<?xml", b"<!DOCTYPE a><?xml"), ""),
        (b"", ""),
        (ada.record().decode().replace("Starten", "é").encode("latin-1"), ""),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(content: bytes, rule: str) -> None:
    rejected = recognise(content, "mp.xml")
    assert isinstance(rejected, Rejected) and rejected.place and rejected.text
    assert not rule or rule in rejected.rule or rejected.rule


def test_a_treatment_without_a_number_is_said_and_its_blocks_are_kept() -> None:
    resources, findings = read(ada.record(treatment=""))
    assert ("warning", "incomplete") in findings and "zib-MedicationUse" in by_profile(resources)


def test_a_product_stands_among_the_details_of_its_blocks_and_not_once_more_below_them() -> None:
    resources, _ = read(ada.record())
    view = build_view(merge([SourceAnswer(GP, "answered", tuple(resources), client=resources[0]["id"])], TODAY))
    (medicine,) = [m for s in view.sections for state in s.parts for m in state.parts]
    assert "Middel" not in {line.label for line in medicine.lines} and len(medicine.lines) == len(ada.ALL)
    for line in medicine.lines:
        assert [d for d in line.details if d.label == "Middel: begrip" and "PRK 49484" in d.text]


def test_it_counts_what_the_record_fills_and_what_of_it_was_lost() -> None:
    odd = ada.AGREEMENT.replace(
        "<toelichting", '<lichaamslengte><lengte_waarde value="1"/></lichaamslengte><toelichting'
    )
    record = recognise(ada.record(odd), "mp.xml")
    assert isinstance(record, Record)
    counted = READERS[record.format].read(record, TODAY, "").counted
    assert counted is not None and counted.data_set == ada.NAME
    assert {"patient/identificatienummer", "medicatieafspraak/gebruiksinstructie/omschrijving"} <= counted.concepts
    assert counted.lost == {"medicatieafspraak/lichaamslengte"}
    assert "medicatie_gebruik/informant" not in counted.concepts


@pytest.mark.parametrize(
    "name", ["beschikbaarstellen_medicatieoverzicht", "beschikbaarstellen_verstrekkingenvertaling"]
)
def test_the_overview_and_the_translated_dispenses_are_read_as_the_same_blocks(name: str) -> None:
    ref = document("medication/ada.toml")["transactions"][name]["ref"]
    document_data = """<documentgegevens><document_datum value="T"/><verificatie_patient>
      <geverifieerd_met_patientq value="false"/></verificatie_patient></documentgegevens>"""
    content = ada.record().decode().replace(ada.NAME, name).replace(ada.REF, ref)
    resources, findings = read(content.replace("<medicamenteuze", document_data + "<medicamenteuze", 1).encode())
    assert {"zib-MedicationAgreement", "zib-AdministrationAgreement", "zib-MedicationUse"} <= by_profile(
        resources
    ).keys()
    assert set(findings) == {("information", "not-mapped")}, "of the document only that it is kept in the original"
