"""A pharmacy's list of dispenses (6.12) becomes administration agreements and dispenses; no dose is guessed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.medication import Medicine
from babyconnect.fhir import check
from babyconnect.fhir.profiles.checking import check as against_profiles
from babyconnect.fhir.profiles.surroundings import Surroundings
from babyconnect.flows.material import Read
from babyconnect.flows.translating import READERS
from babyconnect.merge import merge
from babyconnect.merge.medication.warnings import Situation, judge_of, provided
from babyconnect.sources import Record, Rejected
from babyconnect.sources.recognise import recognise
from tests.support import dispense_list as v3
from tests.support.made import GP

TODAY = dt.date(2026, 6, 1)
HALF = '<period value="0.5" unit="d"/>'


def read(content: bytes) -> Read:
    record = recognise(content, "list.xml")
    assert isinstance(record, Record) and record.format == "hl7v3-medication", record
    return READERS[record.format].read(record, TODAY, "")


def blocks(content: bytes) -> dict[str, dict[str, Any]]:
    return {
        one.resource["meta"]["profile"][0].rsplit("/", 1)[-1]: dict(one.resource) for one in read(content).resources
    }


def dose(*requests: str) -> dict[str, Any]:
    (found,) = blocks(v3.message(v3.event(*requests)))["zib-AdministrationAgreement"]["dosageInstruction"]
    assert isinstance(found, dict)
    return found


def test_a_dispense_is_a_treatment_with_an_administration_agreement_and_a_dispense() -> None:
    found = blocks(v3.message())
    agreement, dispense = found["zib-AdministrationAgreement"], found["zib-Dispense"]
    for one in (agreement, dispense):
        treatment = next(e for e in one["extension"] if e["url"].endswith("MedicationTreatment"))
        assert treatment["valueIdentifier"]["value"] == "V1"
        assert one["performer"][0]["actor"]["display"] == "Apotheek Voorbeeld"
    assert {"url": "http://nictiz.nl/fhir/StructureDefinition/zib-AdministrationAgreement-AuthoredOn",
            "valueDateTime": "2026-05-01"} in agreement["extension"]  # fmt: skip
    assert (dispense["quantity"]["value"], dispense["daysSupply"]["value"]) == (60, 60)
    assert dispense["authorizingPrescription"][0]["identifier"]["value"] == "R1"
    assert "whenHandedOver" not in dispense, "the day is that it was made ready"


def test_a_product_has_every_code_that_the_pharmacy_gives() -> None:
    codes = [(c["system"], c["code"]) for c in blocks(v3.message())["zib-Product"]["code"]["coding"]]
    assert codes == [
        ("urn:oid:2.16.840.1.113883.2.4.4.8", "14165635"),
        ("urn:oid:2.16.840.1.113883.2.4.4.7", "1110837"),
        ("urn:oid:2.16.840.1.113883.2.4.4.1", "103039"),
    ]


def test_what_the_pharmacist_made_has_its_name_and_its_ingredients() -> None:
    made = """<code nullFlavor="OTH"><originalText>Hydrocortison zetpil 100 mg</originalText></code><desc>Titel</desc>
      <activeIngredient><activeIngredientMaterialKind><code code="252247" codeSystem="2.16.840.1.113883.2.4.4.7"
      displayName="HYDROCORTISON"/></activeIngredientMaterialKind></activeIngredient>"""
    product = blocks(v3.message(v3.event(product=made)))["zib-Product"]
    assert product["code"] == {"text": "Hydrocortison zetpil 100 mg"}
    assert product["ingredient"][0]["itemCodeableConcept"]["coding"][0]["code"] == "252247"


@pytest.mark.parametrize(
    ("period", "often"),
    [  # as the published messages have them, with what their published translation makes of it
        ('<period value="0.3333" unit="d"/>', (3, 1, "d")),
        (HALF, (2, 1, "d")),
        ('<period value="1" unit="d"/>', (1, 1, "d")),
        ('<period value="2" unit="d"/>', (1, 2, "d")),
        ('<period value="2.3333" unit="d"/>', (3, 1, "wk")),
        ('<period value="8" unit="h"/>', (1, 8, "h")),
        ('<period value="1" unit="wk"/>', (1, 1, "wk")),
    ],
)
def test_a_period_becomes_how_often(period: str, often: tuple[int, int, str]) -> None:
    repeat = dose(v3.request(v3.within(period)))["timing"]["repeat"]
    assert (repeat["frequency"], repeat["period"], repeat["periodUnit"]) == often


def test_a_dose_may_lie_between_two_numbers() -> None:
    unit = f'code="211" {v3.PIECES} displayName="Eenheid"'
    low, high = (f'<{side} value="{n}" unit="1"><translation value="{n}" {unit}/></{side}>'
                 for side, n in (("low", 8), ("high", 10)))  # fmt: skip
    found = dose(v3.request(dose=f"<doseQuantity>{low}{high}</doseQuantity>"))["doseRange"]
    assert (found["low"]["value"], found["high"]["value"], found["low"]["code"]) == (8, 10, "211")


ODD = {
    "two requests": (v3.request(words="1 tot 2"), v3.request(v3.within(HALF), words="1 tot 2")),
    "a phase": (v3.request(v3.within('<phase><width value="21" unit="d"/></phase><period value="28" unit="d"/>')),),
    "a maximum": (v3.request(more="<maxDoseQuantity><numerator value='4'/></maxDoseQuantity>"),),
    "a rate": (v3.request(more="<rateQuantity><numerator value='4'/></rateQuantity>"),),
    "a period that is no share": (v3.request(v3.within('<period value="0.4" unit="d"/>')),),
    "an unknown unit": (v3.request(v3.within('<period value="1" unit="bottle"/>')),),
    "fixed times": (v3.request(v3.within('<period value="1" unit="d"/>').replace("<period", "<phase/><period")),),
    "an event": (v3.request('<effectiveTime xsi:type="EIVL_TS"><event code="ACM"/></effectiveTime>'),),
    "one that was stopped": (v3.request().replace('"active"', '"aborted"'),),
}


@pytest.mark.parametrize("case", ODD)
def test_a_schedule_that_is_more_than_one_dose_at_one_frequency_is_kept_as_its_words(case: str) -> None:
    content = v3.message(v3.event(*ODD[case]))
    (found,) = blocks(content)["zib-AdministrationAgreement"]["dosageInstruction"]
    assert found.keys() <= {"text", "additionalInstruction", "route"} and found["text"]
    assert "not-mapped" in {f.rule for f in read(content).findings if f.severity == "warning"}


def test_as_needed_is_said_with_the_dose() -> None:
    needed = """<precondition><observationEventCriterion><code code="1137" codeSystem="2.16.840.1.113883.2.4.4.5"
      displayName="zo nodig"/></observationEventCriterion></precondition>"""
    found = dose(v3.request(more=needed))
    assert found["asNeededCodeableConcept"]["coding"][0]["code"] == "1137" and found["timing"]


def test_days_of_use_come_from_the_request_where_all_requests_name_the_same() -> None:
    days = '<low value="20260501"/><high value="20260630"/>'
    agreement = blocks(v3.message(v3.event(v3.request(v3.within(HALF, days)))))["zib-AdministrationAgreement"]
    period = next(e["valuePeriod"] for e in agreement["extension"] if e["url"].endswith("PeriodOfUse"))
    assert period == {"start": "2026-05-01", "end": "2026-06-30"}
    differing = v3.event(v3.request(v3.within(HALF)), v3.request(v3.within(HALF, '<width value="9" unit="d"/>')))
    told = blocks(v3.message(differing))["zib-AdministrationAgreement"]["extension"]
    assert not [e for e in told if e["url"].endswith(("PeriodOfUse", "Duration"))]


def test_a_cancelled_dispense_is_left_out_and_said_and_an_unknown_status_is_kept_and_said() -> None:
    content = v3.message(v3.event(), v3.event(number="V2", status="nullified"))
    assert "not-carried" in {f.rule for f in read(content).findings}
    assert sum(one.resource["resourceType"] == "MedicationDispense" for one in read(content).resources) == 2
    odd = v3.message(v3.event(status="paused"))
    assert "unknown-code" in {f.rule for f in read(odd).findings} and "zib-Dispense" in blocks(odd)


def test_a_dispense_more_changes_no_id_of_those_that_were_there() -> None:
    before = {one.resource["id"] for one in read(v3.message(v3.event())).resources}
    after = {one.resource["id"] for one in read(v3.message(v3.event(number="V0"), v3.event())).resources}
    assert before < after


def test_her_address_is_not_read_and_the_report_names_what_nothing_reads() -> None:
    made = read(v3.message())
    assert "Voorbeeldstraat" not in str([one.resource for one in made.resources])
    assert {f.place.split()[-1] for f in made.findings} >= {"streetName"}
    assert all("line" in f.place for f in made.findings)


def test_what_it_makes_is_stu3_and_follows_its_profiles() -> None:
    resources = [dict(one.resource) for one in read(v3.message(v3.event(), v3.event(number="V2"))).resources]
    around = Surroundings(resources)
    for one in resources:
        assert [issue for issue in check.structure(one) if issue.severity == "error"] == [], one["id"]
        assert [d for d in against_profiles(one, around) if d.severity == "error"] == [], one["id"]


def test_it_counts_what_the_list_fills() -> None:
    counted = read(v3.message()).counted
    assert counted is not None and (counted.data_set, counted.version) == ("verstrekkingenlijst", "6.12")
    assert "toedieningsafspraak/gebruiksinstructie/omschrijving" in counted.concepts
    assert not counted.lost and not counted.unknown


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (v3.message(patient=""), "no-client"),
        (v3.message(patient=v3.PATIENT * 2), "two-clients"),
        (v3.message(patient=v3.PATIENT.replace("999900730", "999900731")), "bsn"),
        (v3.message(patient=v3.PATIENT.replace("19950304", "19950230")), "date"),
        (v3.message(v3.event(day="20260230")), "date"),
        (v3.message(v3.event(product="")), "incomplete"),
    ],
)
def test_what_is_no_list_of_one_client_with_products_is_refused(content: bytes, rule: str) -> None:
    assert rule in {f.rule for f in read(content).findings if f.severity == "error"}


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty"),
        (v3.message()[:1200], "xml"),
        (v3.message().replace(b"<?xml", b"<!DOCTYPE a><?xml"), ""),
        (v3.message().decode().replace("Voorbeeld<", "é<").encode("latin-1"), ""),
        (v3.message(interaction="QURX_IN990103NL"), "interaction"),
        (v3.message().replace(b"MedicationDispenseList", b"MedicationPrescriptionList"), "incomplete"),
        (v3.message().replace(b"QURX_IN990113NL", b"QURX_IN990103NL"), "format"),
        (v3.message().replace(b"urn:hl7-org:v3", b"urn:hl7-org:v4"), "namespace"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(content: bytes, rule: str) -> None:
    rejected = recognise(content, "list.xml")
    assert isinstance(rejected, Rejected) and rejected.place and rejected.text
    assert not rule or rejected.rule == rule


# In the overview ------------------------------------------------------------------------------------------------------


def overview(*events: str, today: dt.date = TODAY) -> Medicine:
    resources = tuple(dict(one.resource) for one in read(v3.message(*events)).resources)
    client = next(str(one["id"]) for one in resources if one["resourceType"] == "Patient")
    (found,) = merge([SourceAnswer(GP, "answered", resources, client=client)], today).medication.medicines
    return found


def test_what_was_dispensed_is_in_use_as_long_as_it_lasts_and_then_nobody_knows() -> None:
    last = dt.date(2026, 5, 1) + dt.timedelta(days=59)
    assert (overview(today=last).state, overview(today=last).end) == ("current", last)
    assert overview(today=last + dt.timedelta(days=1)).state == "unknown"


def test_how_long_it_lasts_may_also_stand_in_the_instruction() -> None:
    told = v3.event(v3.request(v3.within(HALF)), supply="")
    assert overview(told, today=dt.date(2026, 6, 19)).end == dt.date(2026, 6, 19)
    assert overview(told, today=dt.date(2026, 6, 19)).state == "current"


def test_a_refill_takes_the_place_of_the_supply_before_it_and_is_no_double_medicine() -> None:
    found = overview(v3.event(), v3.event(number="V2", day="20260525"))
    assert (found.state, found.contradictions) == ("current", ())
    assert sum(block.superseded for block in found.blocks) == 1


def test_a_medicine_of_years_ago_warns_no_more_and_one_that_just_ran_out_still_does() -> None:
    valproate = '<code nullFlavor="OTH"><originalText>Valproaat</originalText><translation code="N03AG01" codeSystem="2.16.840.1.113883.6.73"/></code>'  # noqa: E501
    pregnant = Situation(TODAY, pregnant=True, due=(dt.date(2026, 10, 1),))

    def judged(day: str) -> list[tuple[str, str]]:
        found = overview(v3.event(product=valproate, day=day))
        return [(e.rule.code, e.when) for e in judge_of(provided()).of(found.blocks, pregnant).exposures]

    assert judged("20260320") == [("N03AG01", "now")], "ran out two weeks ago: a refill may be late"
    assert judged("20200101") == []
