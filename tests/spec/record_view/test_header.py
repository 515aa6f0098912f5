"""The header says what one must know at once, and says when it is not sure."""

from __future__ import annotations

import pytest

from babyconnect.delivery import build_view
from babyconnect.delivery.view import Fact, View
from babyconnect.merge import merge
from tests.support.made import GP, HOSPITAL, KRAAM, LOINC, MIDWIFE, TODAY, Dossier, code, day, dossier, ref


def _view(*made: Dossier) -> View:
    return build_view(merge([one.answer() for one in made], TODAY))


def _fact(view: View, name: str) -> Fact:
    return next(fact for fact in view.header.facts if fact.code == name)


def _flags(fact: Fact) -> set[str]:
    return {flag.code for flag in fact.flags}


def test_she_is_called_as_she_wants_to_be_and_her_legal_name_stays_findable() -> None:
    made = Dossier(MIDWIFE)
    made.patient()
    made.resources[0]["name"] = [
        {"use": "official", "text": "Eleonora Voorbeeld"},
        {"use": "usual", "text": "Noor Voorbeeld"},
    ]
    header = _view(made).header
    assert (header.name, header.legal_name) == ("Noor Voorbeeld", "Eleonora Voorbeeld")
    assert (header.age, header.birth_date) == ("31 jaar", "4 maart 1995")


def test_the_call_name_of_the_dutch_profile_is_how_she_is_called() -> None:
    made = Dossier(MIDWIFE)
    made.patient()
    qualifier = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-qualifier"
    made.resources[0]["name"] = [
        {
            "text": "Eleonora Voorbeeld",
            "family": "Voorbeeld",
            "given": ["Eleonora", "Noor"],
            "_given": [{"extension": [{"url": qualifier, "valueCode": c}]} for c in ("BR", "CL")],
        }
    ]
    assert _view(made).header.name == "Noor Voorbeeld"


def test_gravidity_and_parity_tell_what_parity_counts_and_are_hidden_when_others_look_along() -> None:
    made = dossier(MIDWIFE)
    made.observe("g", code("11996-6", LOINC), -100, made.pregnancy, valueQuantity={"value": 2})
    made.observe("p", code("11977-6", LOINC), -100, made.pregnancy, valueQuantity={"value": 1})
    view = _view(made)
    fact = _fact(view, "gravidity_parity")
    assert fact.text == "G2 P1"
    assert "16 weken" in fact.note
    assert "gravidity_parity" in view.header.discreet


def test_sources_that_count_differently_are_both_shown() -> None:
    one, other = dossier(MIDWIFE), dossier(HOSPITAL)
    for made, count in ((one, 1), (other, 2)):
        made.due(60)
        made.observe("p", code("11977-6", LOINC), -100, made.pregnancy, valueQuantity={"value": count})
    fact = _fact(_view(one, other), "gravidity_parity")
    assert fact.text == "G? P1 of 2"
    assert "disputed" in _flags(fact)


def test_the_due_date_tells_how_it_was_found_and_a_computed_one_says_so() -> None:
    made = dossier(MIDWIFE)
    made.menstruation(-200)
    fact = _fact(_view(made), "due_date")
    assert (fact.text, fact.note) == ("20 augustus 2026", "berekend uit laatste menstruatie")
    assert _flags(fact) == {"computed"}
    made.due(70, method="31541000146106", when=-120)
    fact = _fact(_view(made), "due_date")
    assert (fact.text, fact.note) == ("10 augustus 2026", "definitief, echo")
    assert _flags(fact) == set()


def test_due_dates_that_sources_dispute_are_all_shown_with_the_gestation_of_each() -> None:
    one, other = dossier(MIDWIFE), dossier(HOSPITAL)
    one.due(60, when=-100)
    other.due(67, when=-50)
    view = _view(one, other)
    assert _fact(view, "due_date").text == "31 juli 2026 of 7 augustus 2026"
    assert _fact(view, "gestation").text == "31+3 of 30+3"
    assert "disputed" in _flags(_fact(view, "gestation"))


def test_rhesus_is_never_for_transfusion_and_uncertain_without_a_value() -> None:
    made = dossier(MIDWIFE)
    assert _flags(_fact(_view(made), "rhesus_d")) == {"rhesus_uncertain", "not_for_transfusion"}
    made.lab("d", "1305-2", "165746003", -100)
    fact = _fact(_view(made), "rhesus_d")
    assert fact.text == "negatief"
    assert _flags(fact) == {"not_for_transfusion"}


def test_rhesus_stays_uncertain_while_a_source_is_busy() -> None:
    made = dossier(MIDWIFE)
    made.lab("d", "1305-2", "165746003", -100)
    view = build_view(merge([made.answer()], TODAY), busy=[HOSPITAL])
    assert "rhesus_uncertain" in _flags(_fact(view, "rhesus_d"))
    assert [(line.name, line.state) for line in view.sources] == [(MIDWIFE.name, "answered"), (HOSPITAL.name, "busy")]


def test_rhesus_that_sources_dispute_shows_both_values() -> None:
    one, other = dossier(MIDWIFE), dossier(HOSPITAL)
    one.lab("d", "1305-2", "165746003", -100)
    other.lab("d", "1305-2", "165747007", -50)
    fact = _fact(_view(one, other), "rhesus_d")
    assert fact.text == "negatief of positief"
    assert "rhesus_uncertain" in _flags(fact)


def test_no_allergies_found_is_not_no_allergies_known() -> None:
    made = dossier(MIDWIFE)
    assert "niet hetzelfde" in _fact(_view(made), "allergies").note
    made.add("AllergyIntolerance", "a", patient=ref("Patient/w"), code=code("716186003"), clinicalStatus="active")
    fact = _fact(_view(made), "allergies")
    assert (fact.text, fact.note) == ("geen allergieën bekend", "")


def test_the_language_she_speaks_is_in_the_header() -> None:
    made = Dossier(GP)
    made.patient(communication=[{"language": {"coding": [{"code": "ti", "display": "Tigrinya"}]}}])
    assert _fact(_view(made), "language").text == "Tigrinya"


@pytest.mark.parametrize("status", ["unreachable", "timed_out", "invalid"])
def test_what_is_absent_is_uncertain_while_a_source_failed_and_says_which(status: str) -> None:
    made = dossier(MIDWIFE)
    view = build_view(merge([made.answer(), Dossier(HOSPITAL).answer(status)], TODAY))  # type: ignore[arg-type]
    for name in ("allergies", "gravidity_parity", "due_date"):
        fact = _fact(view, name)
        assert fact.text == "onbekend"
        assert [flag.text for flag in fact.flags] == ["onzeker: Ziekenhuis Oostpoort antwoordde niet"]
    assert "allergieën onzeker" in [part.text for part in view.header.line]


def test_allergies_that_are_known_may_lack_those_of_a_source_that_failed_and_stay_on_the_slim_line() -> None:
    made = dossier(MIDWIFE)
    made.add("AllergyIntolerance", "a", patient=ref("Patient/w"), code={"text": "Penicilline"}, clinicalStatus="active")
    answers = [made.answer(), Dossier(HOSPITAL).answer("timed_out"), Dossier(KRAAM).answer("invalid")]
    view = build_view(merge(answers, TODAY))
    assert _flags(_fact(view, "allergies")) == {"may_lack"}
    assert "antwoordden niet" in _fact(view, "allergies").flags[0].text
    assert "Allergieën: Penicilline" in [part.text for part in view.header.line]


def test_no_allergies_found_is_not_said_while_a_source_is_busy() -> None:
    view = build_view(merge([dossier(MIDWIFE).answer()], TODAY), busy=[HOSPITAL])
    assert _flags(_fact(view, "allergies")) == {"uncertain"}


def test_the_slim_line_tells_no_gravidity() -> None:
    view = build_view(merge([dossier(MIDWIFE).answer(), Dossier(HOSPITAL).answer("timed_out")], TODAY))
    assert not any("G/P" in part.text for part in view.header.line)


@pytest.mark.parametrize(
    ("days", "text"),
    [(0, "vandaag bevallen"), (1, "1 dag na de baring"), (6, "6 dagen na de baring"), (22, "3 weken na de baring")],
)
def test_after_the_birth_the_header_counts_from_it_and_keeps_the_gestation_as_a_detail(days: int, text: str) -> None:
    made = dossier(MIDWIFE)
    made.due(15 - days)
    made.child("a", "female", day(-days))
    view = _view(made)
    assert _fact(view, "since_end").text == text
    assert _fact(view, "since_end").note.endswith("bij 37+6")
    assert view.header.line[0].text == text


def test_unknown_blood_groups_are_named() -> None:
    assert _fact(_view(dossier(MIDWIFE)), "blood_group").text == "onbekend"
