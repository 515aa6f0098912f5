"""What the table says of a medicine as it is used: by the gestational age on the days of use, and never silently."""

from __future__ import annotations

import pytest

from babyconnect.birthcare.medication import Rule, Table
from babyconnect.delivery import build_view
from babyconnect.delivery.view import Notice, View
from babyconnect.merge import merge
from babyconnect.merge.medication import provided
from tests.support.made import GP, HOSPITAL, MIDWIFE, TODAY, Dossier, day, dossier
from tests.support.medicines import agreed, drug, given, used

GPK = "urn:oid:2.16.840.1.113883.2.4.4.1"
NSAID, ACE = drug("M01AE01", "ibuprofen"), drug("C09AA02", "enalapril")
PLAIN = drug("", "kruidenmengsel")


def pregnant(party_of: Dossier, weeks: int, days: int = 0) -> Dossier:
    """With a definitive due date, so that she is that far today."""
    party_of.due(280 - 7 * weeks - days, True)
    return party_of


def exposures(*made: Dossier, table: Table | None = None) -> list[tuple[str, str, str]]:
    record = merge([one.answer() for one in made], TODAY, table=table)
    return [(e.rule.level, e.rule.phase, e.when) for m in record.medication.medicines for e in m.judgement.exposures]


def unjudged(*made: Dossier) -> list[str]:
    return [m.judgement.unjudged for m in merge([one.answer() for one in made], TODAY).medication.medicines]


def test_the_same_medicine_is_warned_of_by_how_far_she_is() -> None:
    found = {}
    for weeks in (10, 24, 32):
        made = pregnant(dossier(MIDWIFE), weeks)
        used(made, "u", NSAID, -3, 3)
        found[weeks] = exposures(made)
    assert found == {10: [], 24: [("caution", "pregnancy", "now")], 32: [("contraindicated", "pregnancy", "now")]}


def test_use_that_goes_on_is_warned_of_before_the_week_comes_and_use_that_ends_before_it_is_not() -> None:
    going, ending = pregnant(dossier(MIDWIFE), 10), pregnant(dossier(MIDWIFE), 10)
    used(going, "u", ACE, -30)
    used(ending, "u", ACE, -30, 7)
    assert ("contraindicated", "pregnancy", "upcoming") in exposures(going)
    assert exposures(ending) == [("avoid", "pregnancy", "now")]


def test_use_earlier_in_this_pregnancy_is_told_with_its_weeks() -> None:
    made = pregnant(dossier(GP), 20)
    agreed(made, "a", drug("N03AG01", "valproïnezuur"), -300, -100)
    (exposure,) = merge([made.answer()], TODAY).medication.medicines[0].judgement.exposures
    assert exposure.when == "past" and exposure.days == (0, 40)


def test_use_that_ended_before_this_pregnancy_is_not_warned_of() -> None:
    made = pregnant(dossier(GP), 20)
    agreed(made, "a", drug("N03AG01", "valproïnezuur"), -500, -200)
    assert exposures(made) == [] and unjudged(made) == ["not_used"]


def test_a_disputed_due_date_warns_by_each_of_the_dates() -> None:
    midwife, hospital = pregnant(dossier(MIDWIFE), 27, 4), pregnant(dossier(HOSPITAL), 28, 2)
    used(midwife, "u", NSAID, -3)
    assert ("contraindicated", "pregnancy", "now") in exposures(midwife, hospital)


def test_a_row_that_ends_counts_until_the_latest_of_disputed_dates_says_so() -> None:
    midwife, hospital = pregnant(dossier(MIDWIFE), 13, 2), pregnant(dossier(HOSPITAL), 12, 5)
    used(midwife, "u", drug("J01EE01", "co-trimoxazol"), -1, 5)
    assert exposures(midwife, hospital) == [("avoid", "pregnancy", "now")]


def test_without_a_due_date_every_row_on_pregnancy_counts() -> None:
    made = dossier(MIDWIFE)
    used(made, "u", NSAID, -3)
    assert {when for _, _, when in exposures(made)} == {"undated"}


def test_after_the_birth_of_a_living_child_breastfeeding_counts_and_after_a_death_it_does_not() -> None:
    made = dossier(MIDWIFE)
    made.child("k", "female", day(-5), 3300)
    used(made, "u", drug("R05DA04", "codeïne"), -2)
    assert exposures(made) == [("contraindicated", "lactation", "now")]
    lost = dossier(MIDWIFE)
    lost.child("k", "female", day(-5), 3300)
    next(one for one in lost.resources if one["id"] == "k")["deceasedBoolean"] = True
    used(lost, "u", drug("R05DA04", "codeïne"), -2)
    assert ("contraindicated", "lactation", "now") not in exposures(lost)


def test_a_medicine_without_a_code_is_not_judged_and_says_so() -> None:
    made = pregnant(dossier(MIDWIFE), 20)
    used(made, "u", PLAIN, -3)
    assert unjudged(made) == ["no_code"]


def test_a_medicine_that_is_not_in_the_table_is_not_judged_and_says_so() -> None:
    made = pregnant(dossier(MIDWIFE), 20)
    used(made, "u", drug("A01AA01", "natriumfluoride"), -3)
    assert unjudged(made) == ["not_in_table"]


def test_without_a_pregnancy_or_a_birth_nothing_is_judged_and_it_says_so() -> None:
    made = Dossier(GP)
    made.patient()
    used(made, "u", NSAID, -3)
    assert unjudged(made) == ["no_phase"]


def test_what_was_given_in_pregnancy_is_judged_by_its_day() -> None:
    made = pregnant(dossier(HOSPITAL), 32)
    given(made, "g", NSAID, -40)
    assert exposures(made) == [("caution", "pregnancy", "past")]


def rule(code: str, level: str, first: int | None = None, system: str = "http://www.whocc.no/atc") -> Rule:
    return Rule(system, code, "pregnancy", first, None, level, level, level, "test")  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["M", "M01", "M01A", "M01AE", "M01AE01"])
def test_a_row_on_a_class_speaks_of_each_of_its_members(code: str) -> None:
    made = pregnant(dossier(MIDWIFE), 20)
    used(made, "u", NSAID, -3)
    assert exposures(made, table=Table("t", "1", (rule(code, "avoid"),))) == [("avoid", "pregnancy", "now")]


def test_a_row_on_one_medicine_does_not_overrule_that_on_its_class_and_no_objection_is_silent_beside_it() -> None:
    made = pregnant(dossier(MIDWIFE), 20)
    used(made, "u", NSAID, -3)
    table = Table("t", "1", (rule("M01A", "avoid"), rule("M01AE01", "no_objection")))
    assert exposures(made, table=table) == [("avoid", "pregnancy", "now")]


def test_an_organisations_table_may_speak_of_codes_of_the_g_standaard() -> None:
    made = pregnant(dossier(MIDWIFE), 20)
    used(made, "u", drug("", "middel X", (GPK, "12345")), -3)
    assert exposures(made, table=Table("t", "1", (rule("12345", "caution", system=GPK),))) == [
        ("caution", "pregnancy", "now")
    ]


def shown(view: View) -> list[Notice]:
    section = next(one for one in view.sections if one.id == "medicatie")
    return [notice for state in section.parts for medicine in state.parts for notice in medicine.notices]


def test_every_warning_on_the_screen_names_its_table_version_and_source_in_both_languages() -> None:
    made = pregnant(dossier(MIDWIFE), 32)
    used(made, "u", NSAID, -3)
    view = build_view(merge([made.answer()], TODAY))
    (notice,) = [one for one in shown(view) if one.code.startswith("warning")]
    assert notice.source and notice.text
    for text in (notice.source.nl, notice.source.en):
        assert provided().version in text and "Babyconnect" in text and "NSAID" in text
    assert next(one for one in view.sections if one.id == "medicatie").notices[0].code == "provisional"
    assert notice.tone == "danger" and notice.title.nl != notice.title.en


def test_what_is_advised_against_now_stands_above_the_record_and_what_comes_later_does_not() -> None:
    now, later = pregnant(dossier(MIDWIFE), 32), pregnant(dossier(MIDWIFE), 24)
    used(now, "u", NSAID, -3)
    used(later, "u", NSAID, -3)
    codes = [[b.code for b in build_view(merge([one.answer()], TODAY)).banners] for one in (now, later)]
    assert codes == [["medication_warning"], []]


def test_not_judged_is_a_notice_on_the_screen() -> None:
    made = pregnant(dossier(MIDWIFE), 20)
    used(made, "u", PLAIN, -3)
    assert [one.code for one in shown(build_view(merge([made.answer()], TODAY)))] == ["unjudged"]


def test_what_shared_screen_mode_hides_stands_in_no_banner() -> None:
    made = pregnant(dossier(HOSPITAL), 32)
    used(made, "u", drug("M01AE01", "ibuprofen"), -3, note=[{"text": "wegens zwangerschapsafbreking"}])
    view = build_view(merge([made.answer()], TODAY))
    assert not view.banners and shown(view)


def test_in_one_overview_what_is_in_use_stands_first_and_no_item_is_shown_twice_or_lost() -> None:
    gp, midwife = dossier(GP), pregnant(dossier(MIDWIFE), 20)
    agreed(gp, "a", ACE, -300, -250)
    used(midwife, "b", NSAID, -3)
    record = merge([gp.answer(), midwife.answer()], TODAY)
    view = build_view(record)
    section = next(one for one in view.sections if one.id == "medicatie")
    assert [part.id for part in section.parts] == ["medicatie-current", "medicatie-stopped"]

    def lines(sections: object) -> list[str]:
        return [name for one in sections for name in (*(line.id for line in one.lines), *lines(one.parts))]  # type: ignore[attr-defined]

    ids = lines(view.sections)
    assert sorted(ids) == sorted(item.id for item in record.items)
