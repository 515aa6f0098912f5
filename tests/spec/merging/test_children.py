"""Children: linked by what is known of them, never by their place in a list; ambiguous children stay apart."""

from __future__ import annotations

import itertools

from babyconnect.birthcare.record import Record
from babyconnect.merge import merge
from tests.support.made import HOSPITAL, KRAAM, NICTIZ, TODAY, Dossier, code, dossier, ref

BORN = "2026-05-27"
EARLY, LATE = f"{BORN}T23:50:00+02:00", "2026-05-28T00:20:00+02:00"


def _pair() -> tuple[Dossier, Dossier]:
    made = (dossier(HOSPITAL), dossier(KRAAM))
    for one in made:
        one.due(0)
    return made


def _merged(*made: Dossier) -> Record:
    return merge([one.answer() for one in made], TODAY)


def _warned(record: Record) -> bool:
    return any(warning.code == "unlinked_children" for warning in record.warnings)


def test_an_only_child_of_both_sources_is_one_child() -> None:
    one, other = _pair()
    one.child("a", "female", f"{BORN}T04:12:00+02:00", 3420)
    other.child("b", "female", BORN)
    record = _merged(one, other)
    assert len(record.children) == 1
    assert record.children[0].mother_by == "partOf"
    assert set(record.children[0].evidence) == {"birth_date", "sex"}
    assert not _warned(record)


def test_twins_of_two_sources_link_by_their_weights_in_whatever_order_they_come() -> None:
    for first, second in itertools.permutations([("x", 2089), ("y", 2605)]):
        one, other = _pair()
        one.child("a", "male", BORN, 2605)
        one.child("b", "male", BORN, 2089)
        other.child(first[0], "male", BORN, first[1])
        other.child(second[0], "male", BORN, second[1])
        record = _merged(one, other)
        assert len(record.children) == 2
        by_child = [{o.reference for o in child.origins} for child in record.children]
        assert {"Patient/a", "Patient/y"} in by_child
        assert {"Patient/b", "Patient/x"} in by_child


def test_a_boy_and_a_girl_link_by_sex_when_both_sources_know_both() -> None:
    one, other = _pair()
    for made in (one, other):
        made.child("a", "male", BORN)
        made.child("b", "female", BORN)
    assert len(_merged(one, other).children) == 2


def test_twins_of_the_same_sex_without_time_or_weight_stay_four_children_with_a_warning() -> None:
    one, other = _pair()
    for made in (one, other):
        made.child("a", "male", BORN)
        made.child("b", "male", BORN)
    record = _merged(one, other)
    assert len(record.children) == 4
    assert _warned(record)
    assert not any(child.linked for child in record.children)


def test_one_child_each_of_a_twin_pregnancy_may_be_the_two_children_and_stays_unlinked() -> None:
    one, other = _pair()
    one.child("a", "male", BORN, multipleBirthBoolean=True)
    other.child("a", "male", BORN, multipleBirthBoolean=True)
    record = _merged(one, other)
    assert len(record.children) == 2
    assert _warned(record)


def test_twins_on_either_side_of_midnight_are_two_children_of_one_pregnancy() -> None:
    one, other = _pair()
    for made in (one, other):
        made.child("a", "male", EARLY, 2300)
        made.child("b", "male", LATE, 2400)
    record = _merged(one, other)
    assert [child.born for child in record.children] == [EARLY, LATE]
    assert len(record.pregnancies) == 1


def test_twins_born_two_minutes_apart_are_not_confused_by_clocks() -> None:
    one, other = _pair()
    one.child("a", "male", f"{BORN}T14:38:00+02:00")
    one.child("b", "male", f"{BORN}T14:40:00+02:00")
    other.child("c", "male", f"{BORN}T14:39:00+02:00")
    record = _merged(one, other)
    assert len(record.children) == 3
    assert _warned(record)


def test_children_with_different_bsns_are_never_one() -> None:
    one, other = _pair()
    one.child("a", "male", BORN, 3000, bsn="999990019")
    other.child("a", "male", BORN, 3000, bsn="999990020")
    assert len(_merged(one, other).children) == 2


def test_the_same_bsn_links_a_child_that_another_source_knows_without_birth_or_weight() -> None:
    one, other = _pair()
    one.child("a", "male", BORN, 3000, bsn="999990019")
    one.child("b", "male", BORN, 2800)
    other.child("k", "male", BORN, birth=False, bsn="999990019")
    record = _merged(one, other)
    linked = next(child for child in record.children if len(child.origins) == 2)
    assert linked.evidence == ("bsn",)


def test_a_child_known_only_by_its_mother_link_and_day_of_birth_comes_to_the_right_pregnancy() -> None:
    one, other = _pair()
    one.child("a", "male", BORN, 3000)
    other.resources = []
    other.patient()
    other.child("k", "male", BORN, birth=False)
    other.add(
        "RelatedPerson",
        "m",
        patient=ref("Patient/k"),
        relationship={"coding": [{"system": "http://hl7.org/fhir/v3/RoleCode", "code": "MTH"}]},
    )
    record = _merged(one, other)
    assert len(record.children) == 1
    assert record.children[0].mother_by == "relatedPerson"
    assert record.children[0].pregnancy == record.current


def test_fetus_a_is_not_child_1_unless_a_source_says_so() -> None:
    one, _ = _pair()
    one.child("a", "male", BORN, 3000)
    fetus = one.add("BodySite", "fa", patient=ref("Patient/w"), code=code("83418008"))
    one.observe("bpd", code("11820-8", "http://loinc.org"), -30, fetus)
    record = _merged(one)
    assert [i.subject for i in record.items if i.moment and "11820-8" in i.codes[0]] == [f"fetus-{record.current}"]
    one.resources[-2]["extension"] = [{"url": NICTIZ + "bc-bodysite-child", "valueReference": ref("Patient/a")}]
    said = _merged(one)
    assert [i.subject for i in said.items if i.moment and "11820-8" in i.codes[0]] == [said.children[0].id]


def test_what_is_part_of_a_birth_is_about_that_child_though_its_subject_is_the_woman() -> None:
    one, _ = _pair()
    one.child("a", "male", BORN, 3000)
    one.child("b", "male", BORN, 2000)
    one.add(
        "Procedure",
        "vitk",
        subject=ref("Patient/w"),
        code=code("698350008"),
        status="completed",
        partOf=[ref("Procedure/b-b")],
    )
    record = _merged(one)
    about = next(item.subject for item in record.items if "698350008" in str(item.codes))
    assert next(child.name for child in record.children if child.id == about) == "Kind b"
