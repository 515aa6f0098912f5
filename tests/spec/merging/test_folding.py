"""Duplicates fold and keep every source; copies are marked; versions stay side by side."""

from __future__ import annotations

from decimal import Decimal

import pytest

from babyconnect.birthcare.record import Item, Record
from babyconnect.merge import merge
from tests.support.made import HOSPITAL, KRAAM, LOINC, MIDWIFE, TODAY, Dossier, code, dossier, ref

AT = "2026-05-01T09:40:00+02:00"


def _pair() -> tuple[Dossier, Dossier]:
    made = (dossier(MIDWIFE), dossier(HOSPITAL))
    for one in made:
        one.due(60)
    return made


def _pressures(record: Record) -> list[Item]:
    return [item for item in record.items if f"{LOINC}|85354-9" in item.codes]


def test_the_same_measurement_of_two_sources_is_one_item_with_two_sources() -> None:
    one, other = _pair()
    one.pressure("x", 112, 68, AT)
    other.pressure("y", 112, 68, "2026-05-01T07:40:00Z", comment=None)
    record = merge([one.answer(), other.answer()], TODAY)
    (item,) = _pressures(record)
    assert [origin.source for origin in item.origins] == [MIDWIFE, HOSPITAL]
    assert len(item.others) == 1


def test_a_different_value_at_the_same_moment_is_two_items() -> None:
    one, other = _pair()
    one.pressure("x", 112, 68, AT)
    other.pressure("y", 121, 68, AT)
    assert len(_pressures(merge([one.answer(), other.answer()], TODAY))) == 2


@pytest.mark.parametrize(
    ("ours", "theirs", "items"),
    [("5.50", "5.5", 1), ("7", "7.0", 1), ("5.5", "5.51", 2), ("1234567", "1234568", 2), ("0.1234567", "0.1234568", 2)],
)
def test_zeros_at_the_end_make_no_other_number_and_no_digit_is_lost(ours: str, theirs: str, items: int) -> None:
    one, other = _pair()
    for made, number in ((one, ours), (other, theirs)):
        value = {"value": Decimal(number), "code": "mmol/L"}
        made.observe("hb", code("93846-4", LOINC), AT, valueQuantity=value)
    record = merge([one.answer(), other.answer()], TODAY)
    assert len([i for i in record.items if f"{LOINC}|93846-4" in i.codes]) == items


def test_one_source_that_measured_twice_measured_twice() -> None:
    one, other = _pair()
    one.pressure("x1", 112, 68, AT)
    one.pressure("x2", 112, 68, AT)
    other.pressure("y", 112, 68, AT)
    items = _pressures(merge([one.answer(), other.answer()], TODAY))
    assert sorted(len(item.origins) for item in items) == [1, 2]


def test_undated_measurements_that_happen_to_agree_stay_two() -> None:
    one, other = _pair()
    for made in (one, other):
        made.observe("hb", code("93846-4", LOINC), None, valueQuantity={"value": 6.7, "code": "mmol/L"})
    record = merge([one.answer(), other.answer()], TODAY)
    assert len([i for i in record.items if f"{LOINC}|93846-4" in i.codes]) == 2


def test_an_undated_fact_that_stays_true_folds() -> None:
    one, other = _pair()
    for made in (one, other):
        made.lab("bg", "883-9", "58460004")
    record = merge([one.answer(), other.answer()], TODAY)
    assert [len(s.origins) for s in record.blood.group] == [2]
    assert len([i for i in record.items if f"{LOINC}|883-9" in i.codes]) == 1


def test_the_same_value_about_two_children_is_two_facts() -> None:
    one, other = _pair()
    for made in (one, other):
        made.child("a", "male", "2026-05-27", 3000)
        made.child("b", "female", "2026-05-27", 3000)
    record = merge([one.answer(), other.answer()], TODAY)
    weights = [item for item in record.items if item.fact == "birth_weight"]
    assert len(weights) == 2
    assert len({item.subject for item in weights}) == 2


def test_a_measurement_that_names_another_source_as_its_maker_is_a_copy_of_the_original() -> None:
    one, other = _pair()
    for made in (one, other):
        made.organisation("o", MIDWIFE)
        made.pressure("x", 112, 68, AT, performer=[ref("Organization/o")])
    (item,) = _pressures(merge([other.answer(), one.answer()], TODAY))
    assert [(o.source, o.copy) for o in item.origins] == [(MIDWIFE, False), (HOSPITAL, True)]


def test_a_copy_is_marked_also_when_the_original_did_not_come() -> None:
    other = dossier(KRAAM)
    other.organisation("o", MIDWIFE)
    other.pressure("x", 112, 68, AT, performer=[ref("Organization/o")])
    silent = Dossier(MIDWIFE).answer("timed_out")
    (item,) = _pressures(merge([other.answer(), silent], TODAY))
    assert [(o.source, o.copy) for o in item.origins] == [(KRAAM, True)]


def test_one_identifier_with_two_contents_is_shown_twice_and_flagged() -> None:
    one, other = _pair()
    number = [{"system": "urn:oid:1.2.3", "value": "77"}]
    one.pressure("x", 112, 68, AT, identifier=number)
    other.pressure("y", 122, 68, AT, identifier=number)
    record = merge([one.answer(), other.answer()], TODAY)
    first, second = sorted(_pressures(record), key=lambda item: bool(item.variant_of))
    assert second.variant_of == first.id
    assert "changed_copy" in [warning.code for warning in record.warnings]


def test_two_sources_that_describe_one_person_differently_have_no_changed_copy() -> None:
    one, other = _pair()
    other.resources[0]["telecom"] = [{"system": "phone", "value": "0600000000"}]
    record = merge([one.answer(), other.answer()], TODAY)
    assert len([item for item in record.items if item.type == "Patient"]) == 2
    assert record.warnings == ()


def test_what_was_entered_in_error_states_nothing_but_stays_visible() -> None:
    one, _ = _pair()
    one.lab("bg", "883-9", "58460004")
    one.resources[-1]["status"] = "entered-in-error"
    record = merge([one.answer()], TODAY)
    assert record.blood.group == ()
    assert any(f"{LOINC}|883-9" in item.codes for item in record.items)
