"""What stands in an export of an ultrasound system, as birth care's own resources."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.ultrasound import FETUS, PREGNANCY, WHOLE, coded, exam, export, of, parts, rules, translated

SCT = "http://snomed.info/sct"


def value(observation: dict[str, Any]) -> str:
    if "valueQuantity" in observation:
        quantity = observation["valueQuantity"]
        return f"{quantity['value']} {quantity.get('code', '')}".strip()
    [coding] = observation["valueCodeableConcept"]["coding"]
    return str(coding["code"])


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("11820-8", "47.2 mm"),
        ("9843-4", "17.2 cm"),
        ("11979-2", "151 mm"),
        ("11963-6", "31 mm"),
        ("11863-8", "21 mm"),
        ("12146-7", "2.1 mm"),
        ("11727-5", "320 g"),
        ("11815-8", "52 mm"),
        ("8867-4", "146 /min"),
        ("249062004", "6096002"),
        ("12003-0", "1.1"),
        ("11999-0", "1.9"),
        ("131014", "0.6"),
        ("131009", "1.73"),
        ("248918004", "34 mm"),
        ("113257007", "17621005"),
        ("421060004+2748008", "1156316003"),
        ("122489005", "263654008"),
        ("430035004", "2"),
    ],
)
def test_what_is_measured_and_seen_is_an_observation_with_its_code(code: str, said: str) -> None:
    [observation] = coded(translated(WHOLE), code)
    assert value(observation) == said
    method = observation.get("method", {"coding": [{"code": ""}]})["coding"][0]["code"]
    assert method in {"278292003", "408808009"} or code == "9843-4"  # PWD has no list for how a head was measured


@pytest.mark.parametrize(("code", "percentile"), [("11820-8", "125012"), ("9843-4", "8289-1"), ("11979-2", "96125-0"),
                                                  ("11963-6", "96124-3"), ("11863-8", "95938-7"),
                                                  ("11727-5", "125012"), ("12003-0", "125012")])  # fmt: skip
def test_a_percentile_goes_with_its_measurement(code: str, percentile: str) -> None:
    [observation] = coded(translated(WHOLE), code)
    assert parts(observation)[percentile].endswith("%")


def test_the_curve_the_formula_and_the_z_score_are_named() -> None:
    made = translated(WHOLE)
    assert parts(coded(made, "11820-8")[0]) == {"125012": "45 %", "125013": "-0.13", "121422": "Verburg 2008"}
    assert parts(coded(made, "11727-5")[0])["121421"] == "Hadlock 1985"


def test_amniotic_fluid_says_its_amount_index_and_deepest_pocket() -> None:
    [fluid] = coded(translated(WHOLE), "160321000146103")
    found = parts(fluid)
    assert found["160311000146108"] == "140 mm" and found["160301000146106"] == "45 mm"
    assert found["364354005"]["coding"][0]["code"] == "278092006"


def test_the_report_says_what_kind_of_examination_it_was_when_by_whom_and_what_was_concluded() -> None:
    made = translated(WHOLE)
    [report] = of(made, "DiagnosticReport")
    assert report["code"]["coding"][0]["code"] == "143701000146108"
    assert report["effectivePeriod"] == {"start": "2026-07-20", "end": "2026-07-20"}
    assert report["conclusion"] == "Verdenking pyelectasie"
    assert report["performer"][0]["actor"]["reference"].startswith("Practitioner/")
    [findings] = coded(made, "290201000146101")
    said = {code: v["coding"][0]["code"] for code, v in parts(findings).items()}
    assert said == {"370379002": "2", "609415007": "1", "171024009": "4"}


def test_the_due_date_says_that_ultrasound_set_it_and_when() -> None:
    [due] = coded(translated(WHOLE), "161714006")
    assert (due["valueDateTime"], due["effectiveDateTime"]) == ("2026-12-06", "2026-05-01")
    assert due["method"]["coding"][0]["code"] == "31541000146106"


def test_every_statement_lies_in_the_pregnancy_of_its_client() -> None:
    made = translated(WHOLE)
    [woman], [episode] = of(made, "Patient"), of(made, "EpisodeOfCare")
    for resource in (*of(made, "Observation"), *of(made, "DiagnosticReport"), *of(made, "Procedure")):
        assert resource["subject"]["reference"] == f"Patient/{woman['id']}"
        assert resource["context"]["reference"] == f"EpisodeOfCare/{episode['id']}"
    assert woman["name"][0]["text"].endswith("van der Testvrouw")


# Twins ----------------------------------------------------------------------------------------------------------------

TWINS = PREGNANCY + "<chorionicity>MCDA</chorionicity>"


def focus(observation: dict[str, Any]) -> str:
    return "".join(e["valueReference"]["reference"] for e in observation.get("extension", ()) if "focus" in e["url"])


def test_each_twin_has_its_own_measurements_and_report_and_the_pregnancy_its_chorionicity() -> None:
    made = translated(export(exam("<bpd>47</bpd>", "<bpd>45</bpd>"), pregnancy=TWINS))
    fetuses = {f"BodySite/{f['id']}": f["description"] for f in of(made, "BodySite")}
    assert {(focus(o), value(o)) for o in coded(made, "11820-8")} == {
        (fetus, "47 mm" if name == "Foetus 1" else "45 mm") for fetus, name in fetuses.items()
    }
    assert sorted(fetuses.values()) == ["Foetus 1", "Foetus 2"] and len(of(made, "DiagnosticReport")) == 2
    assert [value(o) for o in coded(made, "65147003")] == ["459168005"]


def test_a_twin_is_the_same_one_in_every_examination() -> None:
    again = exam("<bpd>57</bpd>", "<bpd>55</bpd>", id="902", day="2026-08-20")
    made = translated(export(exam("<bpd>47</bpd>", "<bpd>45</bpd>"), again, pregnancy=TWINS))
    first = {focus(o) for o in coded(made, "11820-8") if value(o) in ("47 mm", "57 mm")}
    assert len(of(made, "BodySite")) == 2 and len(first) == 1


def test_what_is_said_of_a_pregnancy_with_twins_is_about_neither_of_them() -> None:
    more = "<placenta>anterior</placenta><cervix_length>31</cervix_length><uterine_left_pi>0.9</uterine_left_pi>"
    made = translated(export(exam("<bpd>47</bpd>", "<bpd>45</bpd>", more=more), pregnancy=TWINS))
    shared = [*coded(made, "248918004"), *coded(made, "7381000146107"), *coded(made, "12008-9")]
    assert [focus(o) for o in shared] == ["", "", ""]


def test_a_twin_without_a_number_is_refused() -> None:
    content = export(exam("<bpd>47</bpd>", "<bpd>45</bpd>"), pregnancy=TWINS).replace(b' number="2"', b"")
    assert "error no-child" in rules(translated(content)) and not translated(content).resources


def test_two_twins_under_one_number_are_refused() -> None:
    content = export(exam("<bpd>47</bpd>", "<bpd>45</bpd>"), pregnancy=TWINS).replace(b'number="2"', b'number="1"')
    assert "error no-child" in rules(translated(content))


# Several examinations, several pregnancies --------------------------------------------------------------------------


def test_the_uterine_arteries_of_two_examinations_stay_apart() -> None:
    scans = [exam(id=str(n), day=f"2026-0{n}-01", more=f"<uterine_left_pi>0.{n}</uterine_left_pi>") for n in (7, 8)]
    made = coded(translated(export(*scans)), "12008-9")
    assert {(o["effectiveDateTime"], value(o)) for o in made} == {("2026-07-01", "0.7"), ("2026-08-01", "0.8")}
    [side] = made[0]["bodySite"]["extension"]
    assert made[0]["bodySite"]["coding"][0]["code"] == "91079009"
    assert side["valueCodeableConcept"]["coding"][0]["code"] == "7771000"


def test_an_examination_keeps_its_ids_when_a_later_export_holds_more() -> None:
    first = exam(FETUS, more="<cervix_length>34</cervix_length><uterine_left_pi>0.9</uterine_left_pi>")
    before = {r["id"]: r for r in translated(export(first)).resources}
    after = {r["id"]: r for r in translated(export(exam(FETUS, id="800", day="2026-06-01"), first)).resources}
    assert not before.keys() - after.keys()
    assert all(after[key] == resource for key, resource in before.items())


def test_two_pregnancies_of_one_woman_stay_apart() -> None:
    other = PREGNANCY.replace("77", "12").replace("2026-12-06", "2024-02-01").replace("2026", "2023")
    content = export(exam(FETUS)).replace(
        b"</patient>", f"<episode>{other}{exam(FETUS, day='2023-10-01')}</episode></patient>".encode()
    )
    made = translated(content)
    assert not {r for r in rules(made) if r.startswith("error")}
    assert [len(of(made, kind)) for kind in ("Patient", "EpisodeOfCare", "BodySite", "DiagnosticReport")] == [
        1,
        2,
        2,
        2,
    ]
    for report in of(made, "DiagnosticReport"):
        results = {r["reference"] for r in report["result"]}
        inside = [o for o in of(made, "Observation") if f"Observation/{o['id']}" in results]
        assert {o["context"]["reference"] for o in inside} == {report["context"]["reference"]}


def test_a_unit_other_than_the_usual_is_kept_as_ucum() -> None:
    made = translated(export(exam('<ac unit="cm">15.1</ac><efw unit="gram">320</efw>')))
    assert [value(o) for code in ("11979-2", "11727-5") for o in coded(made, code)] == ["15.1 cm", "320 g"]
