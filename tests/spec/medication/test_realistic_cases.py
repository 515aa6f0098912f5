"""False alarms and misses, by cases that occur: what the provided table says of a medicine at a gestational age."""

from __future__ import annotations

import pytest

from babyconnect.birthcare.medication import Judgement
from babyconnect.birthcare.record import Gap
from babyconnect.definitions import rows
from babyconnect.delivery import build_view
from babyconnect.merge import merge
from tests.support.made import GP, HOSPITAL, MIDWIFE, TODAY, Dossier, code, day, dossier
from tests.support.medicines import allergic, drug, used

STRICT = {"contraindicated", "avoid"}


def pregnant(weeks: int, days: int = 0) -> Dossier:
    made = dossier(MIDWIFE)
    made.due(280 - 7 * weeks - days, True)
    return made


def delivered(days: int = 10) -> Dossier:
    """A living child was born so many days ago, at term."""
    made = dossier(MIDWIFE)
    made.due(-days, True)
    made.child("k", "female", day(-days), 3300)
    return made


def judged(made: Dossier, atc: str, **elements: object) -> Judgement:
    used(made, "u", drug(atc, atc), -1, **elements)  # type: ignore[arg-type]
    (medicine,) = merge([made.answer()], TODAY).medication.medicines
    return medicine.judgement


def levels(made: Dossier, atc: str, when: str = "now") -> set[str]:
    return {e.rule.level for e in judged(made, atc).exposures if e.when == when}


NEVER = ["N02BE01", "B03AA02", "B03BB01", "H03AA01", "R03AC02", "C07AG01", "A10AB05", "J01CA04", "A02BC01", "R06AE05"]


@pytest.mark.parametrize("atc", NEVER)
@pytest.mark.parametrize("weeks", [6, 20, 30, 39])
def test_what_is_usual_in_pregnancy_never_warns(atc: str, weeks: int) -> None:
    assert levels(pregnant(weeks), atc) <= {"no_objection"}


@pytest.mark.parametrize("atc", ["N02BE01", "M01AE01", "C07AG01", "H03AA01", "J01CA04", "B03AA02"])
def test_what_is_usual_while_breastfeeding_never_warns(atc: str) -> None:
    assert levels(delivered(), atc) <= {"no_objection"}


CASES = [
    ("valproate at any time", "N03AG01", 6, {"contraindicated"}),
    ("isotretinoin", "D10BA01", 8, {"contraindicated"}),
    ("methotrexate", "L04AX03", 30, {"contraindicated"}),
    ("methotrexate in cancer", "L01BA01", 12, {"contraindicated"}),
    ("mycophenolate", "L04AA06", 9, {"contraindicated"}),
    ("an ACE inhibitor in the first trimester", "C09AA02", 8, {"avoid"}),
    ("an ACE inhibitor in the second trimester", "C09AA02", 20, {"contraindicated"}),
    ("an angiotensin antagonist with a diuretic in the third", "C09DA01", 34, {"contraindicated"}),
    ("ibuprofen early", "M01AE01", 12, set()),
    ("ibuprofen from 20 weeks", "M01AE01", 24, {"caution"}),
    ("naproxen from 28 weeks", "M01AE02", 28, {"contraindicated"}),
    ("diclofenac at 30 weeks", "M01AB05", 30, {"contraindicated"}),
    ("aspirin against pre-eclampsia at 34 weeks", "B01AC06", 34, {"no_objection"}),
    ("carbasalate against pre-eclampsia", "B01AC08", 34, {"no_objection"}),
    ("aspirin as a painkiller at 34 weeks", "N02BA01", 34, {"contraindicated"}),
    ("lithium", "N05AN01", 16, {"caution"}),
    ("doxycycline in the second trimester", "J01AA02", 20, {"contraindicated"}),
    ("doxycycline early", "J01AA02", 8, set()),
    ("trimethoprim early", "J01EA01", 9, {"avoid"}),
    ("co-trimoxazole near term", "J01EE01", 38, {"avoid"}),
    ("nitrofurantoin near term", "J01XE01", 39, {"avoid"}),
    ("nitrofurantoin before", "J01XE01", 30, set()),
    ("acenocoumarol", "B01AA07", 15, {"avoid"}),
    ("a low molecular weight heparin", "B01AB06", 15, {"no_objection"}),
    ("sertraline near term", "N06AB06", 36, {"caution"}),
    ("venlafaxine near term", "N06AX16", 36, {"caution"}),
    ("quetiapine near term", "N05AH04", 36, {"caution"}),
    ("semaglutide", "A10BJ06", 7, {"avoid"}),
]


@pytest.mark.parametrize(("atc", "weeks", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_the_table_says_this_of_a_medicine_at_this_gestational_age(atc: str, weeks: int, expected: set[str]) -> None:
    assert levels(pregnant(weeks), atc) == expected


def test_the_day_on_which_a_window_begins_and_the_day_before() -> None:
    assert levels(pregnant(27, 6), "M01AE01") == {"caution"}
    assert levels(pregnant(28, 0), "M01AE01") == {"contraindicated"}


BREASTFEEDING = [("codeine", "R05DA04"), ("paracetamol with codeine", "N02AJ06"), ("doxycycline", "J01AA02"),
                 ("lithium", "N05AN01"), ("methotrexate", "L04AX03"), ("amiodarone", "C01BD01"),
                 ("isotretinoin", "D10BA01"), ("rivaroxaban", "B01AF01"), ("clozapine", "N05AH02")]  # fmt: skip


@pytest.mark.parametrize("atc", [atc for _, atc in BREASTFEEDING], ids=[name for name, _ in BREASTFEEDING])
def test_what_is_advised_against_while_breastfeeding_is_said_after_a_birth(atc: str) -> None:
    assert levels(delivered(), atc) & STRICT


def test_a_forbidden_substance_in_a_product_without_a_code_of_its_own_is_warned_of() -> None:
    made = pregnant(10)
    made.add("Medication", "M", code={"text": "capsule van de apotheker"}, ingredient=[
        {"itemCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "N03AG01"}]}}])  # fmt: skip
    made.add("MedicationStatement", "u", status="active", taken="y", effectivePeriod={"start": day(-3)},
             subject={"reference": made.woman}, medicationReference={"reference": "Medication/M"})  # fmt: skip
    (medicine,) = merge([made.answer()], TODAY).medication.medicines
    assert {e.rule.level for e in medicine.judgement.exposures} == {"contraindicated"}


def test_a_harmless_substance_in_a_product_without_a_code_reassures_nobody() -> None:
    made = pregnant(10)
    made.add("Medication", "M", code={"text": "poeder"}, ingredient=[
        {"itemCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "N02BE01"}]}}])  # fmt: skip
    made.add("MedicationStatement", "u", status="active", taken="y", effectivePeriod={"start": day(-3)},
             subject={"reference": made.woman}, medicationReference={"reference": "Medication/M"})  # fmt: skip
    (medicine,) = merge([made.answer()], TODAY).medication.medicines
    assert (medicine.judgement.exposures, medicine.judgement.unjudged) == ((), "no_code")


@pytest.mark.parametrize(("atc", "weeks"), [("M01AE01", 10), ("V03AB01", 20), ("", 20)])
def test_the_absence_of_a_warning_says_that_it_is_not_the_same_as_safe_or_that_nothing_was_judged(
    atc: str, weeks: int
) -> None:
    made = pregnant(weeks)
    used(made, "u", drug(atc, "middel"), -1, 5)
    view = build_view(merge([made.answer()], TODAY))
    part = next(p for s in view.sections for one in s.parts for p in one.parts if p.title == "Middel")
    told = " ".join(f"{n.title.nl} {n.text.nl if n.text else ''}" for n in part.notices)
    assert "niet hetzelfde als veilig" in told or "Niet beoordeeld" in told


def test_no_sentence_of_the_table_calls_a_medicine_safe() -> None:
    for row in rows("medication/warnings"):
        assert "veilig" not in row["nl"].lower() and "safe" not in row["en"].lower().replace("safely", "")


def test_every_source_is_told_in_dutch_or_is_the_title_of_a_publication() -> None:
    english = ("product information", "section ", "measures of", "guideline")
    for row in rows("medication/warnings"):
        assert not any(word in row["source"].lower() for word in english), row["source"]


# Folic acid ---------------------------------------------------------------------------------------------------------


def folic_gaps(made: Dossier) -> list[Gap]:
    return [gap for gap in merge([made.answer()], TODAY).gaps if gap.kind == "medicine"]


def test_that_nobody_tells_of_folic_acid_is_a_gap_in_the_first_ten_weeks_only() -> None:
    assert [gap.code for gap in folic_gaps(pregnant(7))] == ["folic_acid"]
    assert folic_gaps(pregnant(10)) == []
    assert folic_gaps(dossier(MIDWIFE)) == []


def test_folic_acid_in_use_or_the_answer_that_she_does_not_use_it_is_no_gap() -> None:
    using, answered, before = pregnant(7), pregnant(7), pregnant(7)
    used(using, "u", drug("B03BB01", "foliumzuur"), -60)
    used(answered, "u", drug("B03BB01", "foliumzuur"), None, status="stopped", taken="n")
    used(before, "u", drug("B03BB01", "foliumzuur"), -700, -400, on=-400)
    assert folic_gaps(using) == [] and folic_gaps(answered) == []
    assert len(folic_gaps(before)) == 1, "of another pregnancy"


# Allergies and double medicines -------------------------------------------------------------------------------------


def topics(*made: Dossier) -> set[str]:
    found = merge([one.answer() for one in made], TODAY).medication.medicines
    return {contradiction.topic for medicine in found for contradiction in medicine.contradictions}


@pytest.mark.parametrize(
    ("allergy", "atc", "told"),
    [
        ("91936005", "J01CE02", True), ("91936005", "J01CR02", True), ("91936005", "J01FA10", False),
        ("294505008", "J01CF05", True), ("293586001", "M01AE01", True), ("293586001", "N02BE01", False),
        ("372665008", "B01AC06", True), ("91939003", "J01EE01", True), ("293597001", "N02AJ06", True),
        ("293597001", "N02BE01", False),
    ],
)  # fmt: skip
def test_an_allergy_speaks_against_what_is_of_its_substance_or_class_and_against_nothing_else(
    allergy: str, atc: str, told: bool
) -> None:
    made = pregnant(20)
    used(made, "u", drug(atc, "middel"), -3)
    allergic(made, "a", code(allergy))
    assert ("allergy" in topics(made)) == told


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("M01AE01", "M01AE02", True), ("N06AB06", "N06AX16", True), ("B01AB06", "B01AA07", True),
        ("M01AE01", "B01AC06", False), ("M01AE01", "N02BE01", False), ("J01CA04", "J01CE02", False),
    ],
)  # fmt: skip
def test_two_medicines_of_one_kind_in_use_at_once_are_named(one: str, other: str, told: bool) -> None:
    gp, hospital = dossier(GP), dossier(HOSPITAL)
    used(gp, "a", drug(one, "eerste"), -3)
    used(hospital, "b", drug(other, "tweede"), -3)
    assert ("duplicate_class" in topics(gp, hospital)) == told


def test_one_of_a_kind_after_another_is_not_double() -> None:
    made = pregnant(10)
    used(made, "a", drug("M01AE01", "eerste"), -30, -20)
    used(made, "b", drug("M01AE02", "tweede"), -3)
    assert topics(made) == set()


def test_every_record_says_alike_that_a_shielded_medicine_may_be_missing() -> None:
    """With and without one: the line itself must tell nothing (domain §4)."""
    plain, told = pregnant(20), pregnant(20)
    used(told, "u", drug("N06AB06", "sertraline"), -3)
    said = []
    for made in (plain, told):
        view = build_view(merge([made.answer()], TODAY))
        notices = [n for s in view.sections if s.id == "medicatie" for n in s.notices if n.code == "shielded"]
        said.append([(n.title, n.text) for n in notices])
    assert said[0] == said[1] and len(said[0]) == 1
