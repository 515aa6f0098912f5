"""One medication overview over sources: what belongs together, what is in use on a day, what contradicts."""

from __future__ import annotations

import datetime as dt

import pytest

from babyconnect.birthcare.medication import Medicine
from babyconnect.merge import merge
from tests.support.made import GP, HOSPITAL, MIDWIFE, TODAY, Dossier, code, day, dossier, ref
from tests.support.medicines import ATC, PRK, agreed, allergic, drug, extension, given, used

LABETALOL = drug("C07AG01", "labetalol", (PRK, "19100"))
IRON = drug("B03AA02", "ferrofumaraat")
IBUPROFEN = drug("M01AE01", "ibuprofen")


def medicines(*made: Dossier, today: dt.date = TODAY) -> tuple[Medicine, ...]:
    return merge([one.answer() for one in made], today).medication.medicines


def only(*made: Dossier) -> Medicine:
    (found,) = medicines(*made)
    return found


def topics(*made: Dossier) -> list[str]:
    return [contradiction.topic for medicine in medicines(*made) for contradiction in medicine.contradictions]


def test_the_same_substance_of_two_sources_is_one_medicine_that_keeps_both() -> None:
    gp, hospital = dossier(GP), dossier(HOSPITAL)
    agreed(gp, "a", drug("C07AG01", "labetalol tablet 100 mg"), -30)
    used(hospital, "b", LABETALOL, -20)
    found = only(gp, hospital)
    assert found.state == "current"
    assert {origin.source for block in found.blocks for origin in block.origins} == {GP, HOSPITAL}


def test_blocks_of_one_treatment_are_one_medicine_whatever_they_call_the_product() -> None:
    gp, hospital = dossier(GP), dossier(HOSPITAL)
    agreed(gp, "a", drug("", "Labetalol Merk X"), -30, treatment="MBH1")
    agreed(hospital, "b", LABETALOL, -20, treatment="MBH1")
    assert len(only(gp, hospital).blocks) == 2


def test_a_treatment_number_without_a_system_means_nothing_at_another_source() -> None:
    gp, hospital = dossier(GP), dossier(HOSPITAL)
    bare = [{"url": extension("zib-Medication-MedicationTreatment")["url"], "valueIdentifier": {"value": "1"}}]
    for made, medicine in ((gp, IRON), (hospital, LABETALOL)):
        made.add("MedicationRequest", "r", status="active", intent="order", subject=ref("Patient/w"), extension=bare,
                 medicationCodeableConcept=medicine)  # fmt: skip
    assert len(medicines(gp, hospital)) == 2


def test_without_a_code_only_the_same_name_is_the_same_medicine() -> None:
    gp, hospital = dossier(GP), dossier(HOSPITAL)
    used(gp, "a", drug("", "Foliumzuur  0,5 mg"), -30)
    used(hospital, "b", drug("", "foliumzuur 0,5 mg"), -30)
    used(hospital, "c", drug("", "foliumzuur 5 mg"), -30)
    assert sorted(len(found.blocks) for found in medicines(gp, hospital)) == [1, 2]


def test_a_class_is_no_product_so_two_medicines_of_one_class_stay_two() -> None:
    gp = dossier(GP)
    for number in (1, 2):
        used(gp, f"u{number}", {"coding": [{"system": ATC, "code": "M01A"}], "text": f"pijnstiller {number}"}, -3)
    assert len(medicines(gp)) == 2


def test_a_medicine_in_a_resource_of_its_own_is_known_by_its_codes_not_by_its_reference() -> None:
    gp, hospital = dossier(GP), dossier(HOSPITAL)
    for made, medicine in ((gp, IRON), (hospital, LABETALOL)):
        made.add("Medication", "m", code=medicine)
        made.add("MedicationStatement", "s", status="active", taken="y", subject=ref("Patient/w"), dateAsserted=day(-3),
                 effectivePeriod={"start": day(-9)}, medicationReference=ref("Medication/m"))  # fmt: skip
    found = medicines(gp, hospital)
    assert sorted(one.name for one in found) == ["ferrofumaraat", "labetalol"]
    assert all(len(one.items) == 2 for one in found)


def test_medicines_without_a_code_that_are_only_referred_to_do_not_fold_into_each_other() -> None:
    gp, hospital = dossier(GP), dossier(HOSPITAL)
    for made, name in ((gp, "middel A"), (hospital, "middel B")):
        made.add("Medication", "m", code={"text": name})
        made.add("MedicationStatement", "s", status="active", taken="y", subject=ref("Patient/w"),
                 effectivePeriod={"start": day(-9)}, medicationReference=ref("Medication/m"))  # fmt: skip
    assert sorted(one.name for one in medicines(gp, hospital)) == ["middel A", "middel B"]


def test_the_same_block_at_two_sources_folds_to_one_with_both_as_origin() -> None:
    gp, hospital = dossier(GP), dossier(HOSPITAL)
    for made, number in ((gp, "1"), (hospital, "2")):
        made.add("Medication", f"m{number}", code=IRON)
        made.add("MedicationStatement", f"s{number}", status="active", taken="y", subject=ref("Patient/w"),
                 effectivePeriod={"start": day(-9)}, medicationReference=ref(f"Medication/m{number}"))  # fmt: skip
    assert [len(block.origins) for block in only(gp, hospital).blocks] == [2]


@pytest.mark.parametrize(
    ("start", "end", "state"),
    [(-10, None, "current"), (-10, 0, "current"), (-10, -1, "stopped"), (1, None, "planned"), (0, 5, "current")],
)
def test_an_agreement_is_in_use_by_its_days(start: int, end: int | None, state: str) -> None:
    gp = dossier(GP)
    agreed(gp, "a", LABETALOL, start, end, on=-20)
    assert only(gp).state == state


def test_a_duration_gives_the_end_of_a_period_that_has_none() -> None:
    gp = dossier(GP)
    agreed(gp, "a", LABETALOL, -10)
    duration = extension("zib-MedicationUse-Duration", valueDuration={"value": 10, "unit": "dag", "code": "d"})
    gp.resources[-1]["extension"].append(duration)
    assert only(gp).blocks[0].end == TODAY - dt.timedelta(days=1) and only(gp).state == "stopped"


@pytest.mark.parametrize(("stop", "state"), [("1", "paused"), ("2", "stopped"), ("9", "stopped")])
def test_a_stop_agreement_ends_its_treatment_and_a_stop_of_an_unknown_kind_is_a_stop(stop: str, state: str) -> None:
    gp = dossier(GP)
    agreed(gp, "a", LABETALOL, -60, treatment="MBH1", on=-60)
    agreed(gp, "b", LABETALOL, -60, -3, treatment="MBH1", on=-3, stop=stop)
    assert only(gp).state == state


def test_a_newer_agreement_of_a_treatment_takes_the_place_of_the_older_one_and_a_planned_one_does_not_yet() -> None:
    gp = dossier(GP)
    agreed(gp, "a", LABETALOL, -60, dose="2 × per dag 1 tablet", treatment="MBH1", on=-60)
    agreed(gp, "b", LABETALOL, -10, dose="3 × per dag 2 tabletten", treatment="MBH1", on=-10)
    agreed(gp, "c", LABETALOL, 7, dose="1 × per dag 1 tablet", treatment="MBH1", on=-1)
    states = {block.dose.text[:1]: (block.state, block.superseded) for block in only(gp).blocks}
    assert states == {"2": ("stopped", True), "3": ("current", False), "1": ("planned", False)}


def test_what_was_entered_in_error_is_no_block() -> None:
    gp = dossier(GP)
    agreed(gp, "a", LABETALOL, -60, status="entered-in-error")
    assert medicines(gp) == ()


def test_a_medicine_that_was_only_given_is_given() -> None:
    hospital = dossier(HOSPITAL)
    given(hospital, "g", drug("J06BB01", "anti-D"), -2)
    assert only(hospital).state == "given"


def test_a_supply_that_ran_out_does_not_say_that_she_stopped() -> None:
    gp = dossier(GP)
    gp.add("MedicationDispense", "d", status="completed", category=code("373784005"), subject=ref("Patient/w"),
           medicationCodeableConcept=IRON, whenHandedOver=day(-40),
           daysSupply={"value": 30, "code": "d"})  # fmt: skip
    assert only(gp).state == "unknown"


def test_stopped_at_one_source_while_it_goes_on_at_another_is_a_contradiction() -> None:
    gp, hospital = dossier(GP), dossier(HOSPITAL)
    agreed(gp, "a", LABETALOL, -60)
    agreed(hospital, "b", LABETALOL, -30, -2, status="stopped")
    assert topics(gp, hospital) == ["stopped_active"]


def test_a_course_that_ended_before_the_other_began_is_none() -> None:
    gp, hospital = dossier(GP), dossier(HOSPITAL)
    agreed(gp, "a", drug("J01CA04", "amoxicilline"), -300, -293)
    agreed(hospital, "b", drug("J01CA04", "amoxicilline"), -2, 5)
    assert topics(gp, hospital) == []


def test_agreed_and_not_used_is_a_contradiction_when_she_was_heard_after_the_agreement() -> None:
    gp, midwife = dossier(GP), dossier(MIDWIFE)
    agreed(gp, "a", IRON, -30)
    used(midwife, "b", IRON, -30, -5, status="stopped", taken="n", on=-4)
    assert topics(gp, midwife) == ["not_used"]
    earlier = dossier(MIDWIFE)
    used(earlier, "b", IRON, -100, -60, status="stopped", taken="n", on=-55)
    assert topics(gp, earlier) == []


def test_used_while_the_agreement_was_stopped_is_a_contradiction() -> None:
    gp, midwife = dossier(GP), dossier(MIDWIFE)
    agreed(gp, "a", IBUPROFEN, -30, -10)
    used(midwife, "b", IBUPROFEN, -30, on=-1)
    assert topics(gp, midwife) == ["used_not_agreed"]


def test_what_she_said_before_the_agreement_ended_is_no_contradiction_of_its_end() -> None:
    gp, midwife = dossier(GP), dossier(MIDWIFE)
    agreed(gp, "a", IBUPROFEN, -30, -10)
    used(midwife, "b", IBUPROFEN, -30, on=-20)
    assert topics(gp, midwife) == []


def test_used_otherwise_than_agreed_is_said_by_the_indicator() -> None:
    gp, midwife = dossier(GP), dossier(MIDWIFE)
    agreed(gp, "a", IRON, -30)
    used(midwife, "b", IRON, -30, as_agreed=False)
    assert topics(gp, midwife) == ["used_otherwise"]


def test_another_dose_at_another_source_is_a_contradiction_and_another_wording_is_not() -> None:
    gp, hospital = dossier(GP), dossier(HOSPITAL)
    agreed(gp, "a", LABETALOL, -30, dose="2x daags 1 tablet")
    used(hospital, "b", LABETALOL, -30, dose="2 × per dag 1 tablet")
    assert topics(gp, hospital) == []
    other = dossier(HOSPITAL)
    used(other, "b", LABETALOL, -30, dose="3 × per dag 2 tabletten")
    assert topics(gp, other) == ["dose"]


def test_the_same_amount_a_day_is_the_same_dose_however_it_is_divided() -> None:
    def instruction(often: int, amount: float, unit: str = "d", period: int = 1) -> list[dict[str, object]]:
        repeat = {"frequency": often, "period": period, "periodUnit": unit}
        return [{"timing": {"repeat": repeat}, "doseQuantity": {"value": amount, "unit": "mg", "code": "mg"}}]

    gp, hospital = dossier(GP), dossier(HOSPITAL)
    agreed(gp, "a", LABETALOL, -30, dose=instruction(2, 200))
    agreed(hospital, "b", LABETALOL, -30, dose=instruction(1, 100, "h", 6))
    assert topics(gp, hospital) == []
    agreed(other := dossier(HOSPITAL), "b", LABETALOL, -30, dose=instruction(3, 200))
    assert topics(gp, other) == ["dose"]


def test_two_treatments_of_one_substance_at_once_are_a_possible_duplicate() -> None:
    gp, hospital = dossier(GP), dossier(HOSPITAL)
    agreed(gp, "a", LABETALOL, -30, treatment="MBH1")
    agreed(hospital, "b", LABETALOL, -30, treatment="MBH2")
    assert topics(gp, hospital) == ["duplicate"]


def test_a_combination_beside_one_of_its_substances_is_a_possible_duplicate() -> None:
    gp = dossier(GP)
    combined = drug("N02AJ06", "paracetamol met codeïne")
    part = {"itemCodeableConcept": {"coding": [{"system": ATC, "code": "N02BE01"}]}}
    gp.add("Medication", "m", code=combined, ingredient=[part])
    gp.add("MedicationStatement", "s", status="active", subject=ref("Patient/w"), effectivePeriod={"start": day(-2)},
           medicationReference=ref("Medication/m"))  # fmt: skip
    used(gp, "p", drug("N02BE01", "paracetamol"), -2)
    assert topics(gp) == ["duplicate", "duplicate"]


@pytest.mark.parametrize(
    ("allergy", "found"),
    [
        (code("292799005"), ["allergy"]),  # antibacterials, by a row of the table
        (code("J01C", ATC), ["allergy"]),  # a class
        (code("J01CA04", ATC), ["allergy"]),
        (code("J01E", ATC), []),
        (code("1003755004"), []),  # latex
    ],
)
def test_an_allergy_speaks_against_a_medicine_in_use(allergy: dict[str, object], found: list[str]) -> None:
    gp, hospital = dossier(GP), dossier(HOSPITAL)
    allergic(gp, "x", allergy)
    agreed(hospital, "a", drug("J01CA04", "amoxicilline"), -1, 5)
    assert topics(gp, hospital) == found


def test_an_allergy_speaks_not_against_what_she_stopped_nor_when_it_is_refuted() -> None:
    gp = dossier(GP)
    allergic(gp, "x", code("J01CA04", ATC))
    agreed(gp, "a", drug("J01CA04", "amoxicilline"), -100, -90)
    assert topics(gp) == []
    refuted = dossier(GP)
    allergic(refuted, "x", code("J01CA04", ATC), verificationStatus="refuted")
    agreed(refuted, "a", drug("J01CA04", "amoxicilline"), -2, 5)
    assert topics(refuted) == []


def test_an_allergy_that_nothing_can_compare_is_named() -> None:
    gp = dossier(GP)
    allergic(gp, "x", {"text": "rode pilletjes"})
    agreed(gp, "a", IRON, -2)
    overview = merge([gp.answer()], TODAY).medication
    assert [stated.text for stated in overview.uncompared] == ["rode pilletjes"]


def test_a_child_has_an_overview_of_its_own_that_no_table_of_hers_judges() -> None:
    hospital = dossier(HOSPITAL)
    child = hospital.child("k", "female", day(-1), 3200)
    given(hospital, "g", drug("B02BA01", "fytomenadion"), -1, subject=ref(child))
    (found,) = medicines(hospital)
    assert found.subject != "woman" and not found.judgement.exposures and not found.judgement.unjudged


def test_the_state_follows_the_moment_that_is_asked_of() -> None:
    gp = dossier(GP)
    agreed(gp, "a", LABETALOL, -10, 10, on=-20)
    states = [medicines(gp, today=TODAY + dt.timedelta(days=days))[0].state for days in (-11, -10, 10, 11)]
    assert states == ["planned", "current", "current", "stopped"]
