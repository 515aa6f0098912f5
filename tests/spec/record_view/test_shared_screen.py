"""What shared-screen mode hides, and what is in no summary and on no paper."""

from __future__ import annotations

import pytest

from babyconnect.birthcare.record import Record
from babyconnect.delivery import build_view
from babyconnect.delivery.view import Line, Section, View
from babyconnect.merge import merge
from tests.support.made import LOINC, MIDWIFE, TODAY, Dossier, code, day, dossier, ref

SHIELDED = "urn:babyconnect:shielded"


def _record(made: Dossier) -> Record:
    return merge([made.answer()], TODAY)


def _lines(sections: tuple[Section, ...]) -> list[Line]:
    return [line for part in sections for line in (*part.lines, *_lines(part.parts))]


def _line(view: View, word: str) -> Line:
    return next(line for line in _lines(view.sections) if word in (line.text or line.label) or word in line.label)


def _problem(made: Dossier, name: str, group: str = "") -> None:
    security = {"security": [{"system": SHIELDED, "code": group}]} if group else None
    concept = {"text": name}
    made.add(
        "Condition",
        "x",
        code=concept,
        subject=ref(made.woman),
        clinicalStatus="active",
        assertedDate=day(-9),
        meta=security,
    )


@pytest.mark.parametrize("group", ["safety", "abortion", "hiv-sti", "substance-use", "mental-health", "genetics"])
def test_whatever_bears_a_shielded_label_is_hidden_in_list_and_timeline(group: str) -> None:
    made = dossier(MIDWIFE)
    _problem(made, "iets gevoeligs", group)
    view = build_view(_record(made))
    assert _line(view, "iets gevoeligs").discreet
    assert all(moment.discreet for moment in view.timeline if "gevoeligs" in moment.text)


@pytest.mark.parametrize("test", ["29893-5", "56888-1", "11597-2", "58452-4", "5196-1"])
def test_an_infection_test_is_hidden_whatever_its_result_and_without_a_label(test: str) -> None:
    made = dossier(MIDWIFE)
    made.observe("lab", code(test, LOINC, "proef"), -20, valueCodeableConcept=code("260385009", display="uitkomst"))
    assert _line(build_view(_record(made)), "uitkomst").discreet


@pytest.mark.parametrize("given", ["116800003", "16584000"])
def test_what_a_hepatitis_b_asks_for_the_child_is_hidden(given: str) -> None:
    made = dossier(MIDWIFE)
    made.add("Procedure", "x", code=code(given, display="toegediend"), subject=ref(made.woman), status="completed")
    assert _line(build_view(_record(made)), "toegediend").discreet


def test_a_word_in_the_text_or_in_a_detail_hides_what_has_no_code() -> None:
    made = dossier(MIDWIFE)
    made.add(
        "Procedure",
        "x",
        code={"text": "Operatieve zwangerschapsafbreking"},
        subject=ref(made.woman),
        status="completed",
    )
    made.add(
        "Procedure",
        "y",
        code={"text": "Inenting"},
        subject=ref(made.woman),
        status="completed",
        reasonCode=[{"text": "moeder heeft hepatitis B"}],
    )
    view = build_view(_record(made))
    assert _line(view, "zwangerschapsafbreking").discreet and _line(view, "Inenting").discreet


def test_what_reveals_nothing_stays() -> None:
    made = dossier(MIDWIFE)
    made.lab("d", "1305-2", "165746003", -100)
    assert not _line(build_view(_record(made)), "Rhesus D").discreet


def test_what_is_about_her_safety_is_in_no_summary_and_on_no_paper() -> None:
    made = dossier(MIDWIFE)
    _problem(made, "huiselijk geweld", "safety")
    view = build_view(_record(made))
    assert _line(view, "huiselijk geweld").unprinted
    assert not any("geweld" in fact.text for fact in view.summary)
    assert all(moment.unprinted for moment in view.timeline if "geweld" in moment.text)


def test_another_problem_is_in_the_summary_and_on_paper() -> None:
    made = dossier(MIDWIFE)
    _problem(made, "bloedarmoede")
    view = build_view(_record(made))
    assert not _line(view, "bloedarmoede").unprinted
    assert [fact.label for fact in view.summary if "bloedarmoede" in fact.text] == ["Actuele problemen"]


def test_after_the_birth_problems_are_not_called_current() -> None:
    made = dossier(MIDWIFE)
    made.due(7)
    _problem(made, "bloedarmoede")
    made.child("a", "female", day(-4))
    labels = [fact.label for fact in build_view(_record(made)).summary if "bloedarmoede" in fact.text]
    assert labels == ["Problemen (zwangerschap en baring)"]


def test_a_code_in_a_component_hides_the_whole_line() -> None:
    made = dossier(MIDWIFE)
    part = {"code": code("1", display="handeling"), "valueCodeableConcept": code("116800003", display="middel")}
    made.observe("x", code("2", display="Na de geboorte"), -3, component=[part])
    assert _line(build_view(_record(made)), "Na de geboorte").discreet
