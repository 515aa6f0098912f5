"""The sections, the notices and the constant line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from babyconnect.delivery import build_view
from babyconnect.delivery.view import Line, Section, View
from babyconnect.merge import merge
from tests.support.made import GP, HOSPITAL, KRAAM, LOINC, MIDWIFE, NICTIZ, TODAY, Dossier, code, dossier, ref


def _view(*made: Dossier) -> View:
    return build_view(merge([one.answer() for one in made], TODAY))


def _section(view: View, name: str) -> Section:
    return next(section for section in view.sections if section.id == name)


def _lines(section: Section) -> Iterator[Line]:
    yield from section.lines
    for part in section.parts:
        yield from _lines(part)


def _all(view: View) -> list[Line]:
    return [line for section in view.sections for line in _lines(section)]


def test_the_constant_line_is_always_there_and_always_the_same() -> None:
    whole = _view(dossier(MIDWIFE)).withheld
    assert whole == "Mogelijk niet volledig; vraag het uw cliënt"
    assert build_view(merge([], TODAY)).withheld == whole


def test_every_item_is_on_exactly_one_line() -> None:
    made = dossier(HOSPITAL)
    made.due(0)
    made.child("a", "male", "2026-05-27", 3000)
    made.record(-900, -640, "finished", suffix="old")
    made.pressure("bp", 120, 80, -700)
    made.add("Basic", "odd", code=code("1"), subject=ref("Patient/w"))
    record = merge([made.answer()], TODAY)
    assert sorted(line.id for line in _all(build_view(record))) == sorted(item.id for item in record.items)


def test_an_element_and_an_extension_that_no_table_knows_are_shown_all_the_same() -> None:
    made = dossier(MIDWIFE)
    made.observe("x", code("29463-7", LOINC), -1, valueQuantity={"value": 70, "unit": "kg"}, newElement="nieuw iets")
    made.resources[-1]["extension"] = [{"url": "http://example.org/unheardOf", "valueString": "ook dit"}]
    line = next(line for line in _all(_view(made)) if line.label == "Lichaamsgewicht")
    shown = {(detail.label, detail.text, detail.group) for detail in line.details}
    assert ("newElement", "nieuw iets", "Overige gegevens") in shown
    assert ("unheardOf", "ook dit", "Overige gegevens") in shown


def test_a_type_that_no_table_knows_goes_to_the_last_section() -> None:
    made = dossier(MIDWIFE)
    made.add("Basic", "odd", code={"text": "iets ongewoons"}, subject=ref("Patient/w"))
    assert [line.label for line in _section(_view(made), "overig").lines] == ["iets ongewoons"]


def test_visits_are_a_table_of_days_by_measurement_over_all_sources() -> None:
    one, other = dossier(MIDWIFE), dossier(HOSPITAL)
    for made in (one, other):
        made.due(84)
    one.pressure("bp", 112, 68, "2026-05-04T09:40:00+02:00")
    one.observe("w", code("29463-7", LOINC), "2026-05-04T09:45:00+02:00", valueQuantity={"value": 71.4, "unit": "kg"})
    other.pressure("bp", 148, 92, "2026-05-25")
    grid = _section(_view(one, other), "zwangerschap").grids[0]
    assert grid.columns == ("Bloeddruk", "Gewicht")
    assert [(row.head, [cell.text for cell in row.cells], [b.name for b in row.sources]) for row in grid.rows] == [
        ("4 mei 2026", ["112/68 mmHg", "71,4 kg"], [MIDWIFE.name]),
        ("25 mei 2026", ["148/92 mmHg", ""], [HOSPITAL.name]),
    ]


def test_two_different_measurements_on_one_day_are_both_in_the_cell() -> None:
    one, other = dossier(MIDWIFE), dossier(HOSPITAL)
    for made, upper in ((one, 112), (other, 148)):
        made.due(84)
        made.pressure("bp", upper, 70, "2026-05-04")
    cell = _section(_view(one, other), "zwangerschap").grids[0].rows[0].cells[0]
    assert cell.text == "112/70 mmHg | 148/70 mmHg"
    assert [flag.text for flag in cell.flags] == ["meer dan één meting", "verhoogd"]


def _twins() -> Dossier:
    made = dossier(MIDWIFE)
    for number, name in enumerate("AB"):
        fetus = made.add(
            "BodySite", name, patient=ref("Patient/w"), code=code("83418008"), description=f"Foetus {name}"
        )
        made.observe(
            f"ac{name}", code("11979-2", LOINC), "2026-05-04", fetus,
            valueQuantity={"value": 210 + number, "unit": "mm"},
            component=[{"code": code("96125-0", LOINC), "valueQuantity": {"value": 42 + number}}],
        )  # fmt: skip
        made.observe(f"hr{name}", code("249043002"), "2026-05-04", fetus, valueQuantity={"value": 140 + number})
    return made


def test_biometry_shows_percentiles_and_a_row_per_fetus_with_its_name() -> None:
    grid = _section(_view(_twins()), "echo").grids[0]
    assert sorted(row.cells[0].text for row in grid.rows) == ["Foetus A: 210 mm (p42)", "Foetus B: 211 mm (p43)"]


def test_of_several_fetuses_each_has_its_own_part_and_its_name_beside_every_measurement() -> None:
    view = _view(_twins())
    parts = _section(view, "echo").parts
    assert [(part.title, len(part.lines)) for part in parts] == [("Foetus A", 2), ("Foetus B", 2)]
    cell = _section(view, "zwangerschap").grids[0].rows[0].cells[0]
    assert sorted(cell.text.split(" | ")) == ["Foetus A: 140", "Foetus B: 141"]


def test_a_contact_after_the_birth_is_in_the_postpartum_week() -> None:
    made = dossier(KRAAM)
    made.due(0)
    made.child("a", "female", "2026-05-27")
    made.add(
        "Encounter",
        "before",
        subject=ref("Patient/w"),
        episodeOfCare=[ref(made.episode)],
        period={"start": "2026-05-20"},
        type=[{"text": "intake"}],
    )
    made.add(
        "Encounter",
        "after",
        subject=ref("Patient/w"),
        episodeOfCare=[ref(made.episode)],
        period={"start": "2026-05-29"},
        type=[{"text": "kraambezoek"}],
    )
    view = _view(made)
    assert [line.text for line in _section(view, "kraam").lines] == ["kraambezoek"]
    assert "intake" in [line.text for line in _section(view, "zwangerschap").lines]


def test_each_child_has_its_own_part_and_a_doubtful_link_says_so() -> None:
    one, other = dossier(HOSPITAL), dossier(KRAAM)
    for made in (one, other):
        made.due(0)
        made.child("a", "male", "2026-05-27")
        made.child("b", "male", "2026-05-27")
    view = _view(one, other)
    parts = _section(view, "kinderen").parts
    assert len(parts) == 4
    assert all("unlinked" in [flag.code for flag in part.flags] for part in parts)
    assert [banner.code for banner in view.banners] == ["unlinked_children"]


def test_another_pregnancy_is_apart_with_when_it_ended_and_how_long_it_lasted() -> None:
    made = dossier(MIDWIFE)
    made.due(60)
    made.record(-1000, -700, "finished", suffix="old")
    made.due(-760, id="due-old")
    made.child("old", "female", "2024-04-25")
    view = _view(made)
    (part,) = _section(view, "eerdere").parts
    assert [flag.text for flag in part.flags] == ["geëindigd 25 april 2024", "duur 39+0"]
    assert "Kind old" in [line.text for line in part.lines]
    assert [(tab.current, tab.title[:17]) for tab in view.pregnancies] == [
        (True, "Zwangerschap 2026"),
        (False, "Zwangerschap 2024"),
    ]


def test_a_conflict_names_each_value_with_its_sources_and_the_lines_it_rests_on() -> None:
    one, other = dossier(MIDWIFE), dossier(HOSPITAL)
    one.lab("d", "1305-2", "165746003", -100)
    other.lab("d", "1305-2", "165747007", -50)
    view = _view(one, other)
    (dispute,) = view.disputes
    assert dispute.title == "Rhesus D: bronnen spreken elkaar tegen"
    assert [(claim.text, [b.name for b in claim.sources]) for claim in dispute.claims] == [
        ("negatief", [MIDWIFE.name]),
        ("positief", [HOSPITAL.name]),
    ]
    anchors = {line.id for line in _all(view)}
    assert all(set(claim.items) <= anchors for claim in dispute.claims)


def test_a_missing_check_says_when_it_was_expected_and_on_whose_authority() -> None:
    made = dossier(MIDWIFE)
    made.due(140)
    by_code = {gap.code: gap for gap in _view(made).missing}
    assert by_code["blood_group"].text == "Bloedgroep niet gevonden"
    assert "PSIE" in by_code["blood_group"].citation


def test_what_two_pregnancies_that_may_be_one_miss_alike_is_read_once() -> None:
    missing = _view(dossier(MIDWIFE, -100), dossier(HOSPITAL, -50)).missing
    said = [(gap.text, gap.reason) for gap in missing]
    assert "Bloedgroep niet gevonden" in dict(said)
    assert len(said) == len(set(said))


def test_a_missing_test_that_may_be_shielded_always_says_so_whether_or_not_it_is() -> None:
    made = dossier(MIDWIFE)
    made.due(140)
    by_code = {gap.code: gap for gap in _view(made).missing}
    assert by_code["hiv"].reason.endswith("of afgeschermd")
    assert not by_code["blood_group"].reason.endswith("of afgeschermd")


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("timed_out", "antwoordde niet op tijd"),
        ("unreachable", "was niet bereikbaar"),
        ("invalid", "gaf een onleesbaar antwoord"),
    ],
)
def test_a_failed_source_is_named_as_a_technical_failure(status: str, sentence: str) -> None:
    view = build_view(merge([dossier(MIDWIFE).answer(), Dossier(KRAAM).answer(status)], TODAY))  # type: ignore[arg-type]
    gap = next(gap for gap in view.missing if gap.kind == "source")
    assert gap.text == f"{KRAAM.name} {sentence}"
    assert gap.source is not None
    assert gap.source.name == KRAAM.name


def test_the_timeline_is_in_order_and_tells_how_far_she_was() -> None:
    made = dossier(MIDWIFE)
    made.due(84)
    made.add(
        "Encounter",
        "v",
        type=[code("11429006", display="consult (verrichting)")],
        subject=ref("Patient/w"),
        episodeOfCare=[ref(made.episode)],
        status="finished",
        period={"start": "2026-05-25"},
    )
    moments = _view(made).timeline
    assert [(m.day, m.gestation, m.text) for m in moments][-1] == ("25 mei 2026", "27+0", "Contact: consult")
    assert [m.moment for m in moments] == sorted(m.moment for m in moments)


def test_a_death_puts_a_banner_on_top_and_stops_every_congratulation() -> None:
    made = dossier(HOSPITAL)
    made.due(0)
    made.child("a", "male", "2026-05-27", 3000)
    assert _view(made).congratulate
    made.resources[-3]["deceasedDateTime"] = "2026-05-28"
    view = _view(made)
    assert not view.congratulate
    assert view.banners[0].tone == "mourning"
    assert view.banners[0].text == "Kind a is overleden."


def test_a_disputed_death_is_a_banner_too() -> None:
    one, other = dossier(HOSPITAL), dossier(KRAAM)
    for made, elements in ((one, {"deceasedDateTime": "2026-05-28"}), (other, {"deceasedBoolean": False})):
        made.due(0)
        made.child("a", "male", "2026-05-27", 3000, **elements)
    view = _view(one, other)
    assert [banner.code for banner in view.banners] == ["child_died", "death_disputed"]
    assert not view.congratulate


def test_a_fetal_death_that_no_child_is_linked_to_stops_congratulation() -> None:
    made = dossier(HOSPITAL)
    made.due(40)
    made.observe("d", code("276507005"), -2, valueBoolean=True, meta={"profile": [NICTIZ + "bc-PerinatalDeath"]})
    view = _view(made)
    assert not view.congratulate
    assert [banner.code for banner in view.banners] == ["fetus_died"]


def test_the_four_answers_to_a_screening_offer_read_differently() -> None:
    made = dossier(MIDWIFE)
    made.due(120)
    made.observe(
        "n", code("1186606009"), -60, valueCodeableConcept=code("declined", "urn:babyconnect:screening-choice")
    )
    flags = {flag.text: flag.tone for flag in _section(_view(made), "screening").flags}
    assert flags == {
        "NIPT: geweigerd": "info",
        "13 wekenecho: onbekend": "warning",
        "20 wekenecho: onbekend": "warning",
    }


def test_another_persons_resources_are_at_the_end_under_a_warning() -> None:
    view = _view(dossier(MIDWIFE), dossier(GP, bsn=""))
    last = view.sections[-1]
    assert (last.id, last.title) == ("apart", "Niet samengevoegd")
    assert [flag.tone for flag in last.flags] == ["danger"]


def test_a_folded_duplicate_adds_what_only_it_says_with_its_source() -> None:
    one, other = dossier(MIDWIFE), dossier(HOSPITAL)
    for made in (one, other):
        made.due(60)
        made.pressure("bp", 120, 80, "2026-05-04T09:00:00+02:00")
    other.resources[-1]["performer"] = [{"display": "Dr. A. Arts"}]
    line = next(line for line in _all(_view(one, other)) if line.label == "Bloeddruk")
    assert [badge.name for badge in line.sources] == [MIDWIFE.name, HOSPITAL.name]
    assert (f"Uitgevoerd door ({HOSPITAL.name})", "Dr. A. Arts") in [(d.label, d.text) for d in line.details]


def test_a_name_behind_a_reference_is_looked_up_in_its_own_source_only() -> None:
    one, other = dossier(MIDWIFE), dossier(HOSPITAL)
    for made, name in ((one, "Vroedvrouw Vos"), (other, "Gynaecoloog Gras")):
        made.due(60)
        made.add("Practitioner", "p", name=[{"text": name}])
        made.pressure("bp", 120, 80, -3 if made is one else -4, performer=[{"reference": "Practitioner/p"}])
    authors = {line.sources[0].name: line.author for line in _all(_view(one, other)) if line.label == "Bloeddruk"}
    assert authors == {MIDWIFE.name: "Vroedvrouw Vos", HOSPITAL.name: "Gynaecoloog Gras"}


def _marks(made: Dossier, label: str) -> list[str]:
    line = next(line for line in _all(_view(made)) if line.label == label)
    return [flag.text for flag in line.flags if flag.code == "signal"]


@pytest.mark.parametrize(("upper", "lower", "marks"), [(139, 89, []), (140, 80, ["verhoogd"]), (120, 90, ["verhoogd"])])
def test_a_blood_pressure_from_140_or_90_is_marked(upper: int, lower: int, marks: list[str]) -> None:
    made = dossier(MIDWIFE)
    made.due(84)
    made.pressure("bp", upper, lower, -3)
    assert _marks(made, "Bloeddruk") == marks


@pytest.mark.parametrize(
    ("weeks", "hb", "low"), [(12, 7.0, True), (12, 7.1, False), (15, 6.5, False), (30, 6.3, False), (30, 6.2, True)]
)
def test_a_low_hb_is_judged_by_gestation(weeks: int, hb: float, low: bool) -> None:
    made = dossier(MIDWIFE)
    made.due(280 - 7 * weeks)
    made.observe("hb", code("93846-4", LOINC), 0, valueQuantity={"value": hb, "code": "mmol/L"})
    assert bool(_marks(made, "Hb")) is low


def test_an_hb_of_unknown_day_or_unit_is_not_judged() -> None:
    made = dossier(MIDWIFE)
    made.due(84)
    made.observe("hb", code("93846-4", LOINC), None, valueQuantity={"value": 2.0, "code": "mmol/L"})
    assert _marks(made, "Hb") == []
    made.resources[-1]["effectiveDateTime"] = "2026-05-30"
    assert _marks(made, "Hb") == ["laag voor deze zwangerschapsduur"]
    made.resources[-1]["valueQuantity"] = {"value": 2.0, "code": "g/dL"}
    assert _marks(made, "Hb") == []


@pytest.mark.parametrize(
    ("coded", "told", "text"),
    [
        (code("77262006"), True, "uitgevoerd"),
        (code("252957005"), False, "niet uitgevoerd"),
        (code("312457003"), False, "niet aangetoond"),
        (code("312457003"), True, "aangetoond"),
        (code("100670-9", LOINC), True, "foetus RhD-positief"),
        (code("100670-9", LOINC), False, "foetus RhD-negatief"),
        (code("999"), True, "ja"),
    ],
)
def test_a_yes_or_no_says_what_was_asked(coded: dict[str, object], told: bool, text: str) -> None:
    made = dossier(MIDWIFE)
    made.observe("x", coded, -3, valueBoolean=told)
    assert text in [line.text for line in _all(_view(made))]


def test_the_date_of_an_event_is_not_called_that_of_the_heel_prick() -> None:
    made = dossier(MIDWIFE)
    part = {"code": code("439771001"), "valueDateTime": "2026-05-20"}
    made.observe("k", code("698350008"), -12, valueBoolean=True, component=[part])
    assert "toegediend; Datum: 20 mei 2026" in [line.text for line in _all(_view(made))]


def test_a_laboratory_result_without_a_day_says_so() -> None:
    made = dossier(MIDWIFE)
    made.lab("d", "1305-2", "165746003")
    made.lab("g", "883-9", "58460004", -3)
    assert {line.label: line.when for line in _all(_view(made)) if line.label in ("Rhesus D", "Bloedgroep")} == {
        "Rhesus D": "zonder datum",
        "Bloedgroep": "29 mei 2026",
    }


def test_of_whom_nothing_is_released_nothing_is_uncertain_absent_or_empty() -> None:
    view = build_view(merge([], TODAY))
    assert view.header.facts == () and view.sections == () and view.missing == () and view.header.name == ""
    assert build_view(merge([Dossier(HOSPITAL).answer("refused")], TODAY)) == view


def test_a_gap_names_whose_rule_it_is_and_no_place_in_our_tables() -> None:
    made = dossier(MIDWIFE)
    made.due(40)
    missing = [gap for gap in _view(made).missing if gap.kind != "source"]
    assert {gap.citation for gap in missing} == {"PSIE", "KNOV", "PNS"}
