"""A child that was admitted has a neonatal document for Perined, made of the record of birth care that tells of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from lxml import etree

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.fhir import json
from babyconnect.flows.inputs import Input
from babyconnect.flows.material import Wanted, Written, bundled
from babyconnect.flows.translating import Outcome, translating, write
from babyconnect.synthetic import admitted
from babyconnect.translate.hl7v3.sites import sites
from babyconnect.translate.recasting import kernsets
from babyconnect.translate.recasting.kernsets import Kernsets
from tests.support.births import (
    BSN_CHILD,
    BSN_ROOT,
    child,
    coded,
    delivered,
    e,
    examined,
    of_child,
    record,
    ref,
    v,
)  # fmt: skip

TODAY = dt.date(2026, 11, 22)
OUTPUT = "cda-neonatology"
STAY = "kind/opname_gegevens/opname/"
PROBLEMS = "kind/problematiek_kind/"
ICU = coded("verrichting_type", "830077005")


def stay(number: str, *said: AdaElement) -> AdaElement:
    return e("opname_ontslag_overplaatsing", ref("contact", number), *said)


def contact(number: str, begin: str = "2026-11-16T12:00:00", end: str = "", *said: AdaElement) -> AdaElement:
    ended = (v("eind_datum_tijd", end),) if end else ()
    return e("contact", coded("contact_type", "IMP", system="2.16.840.1.113883.5.4"), v("begin_datum_tijd", begin),
             *ended, *said, id=number)  # fmt: skip


def told(*contacts: AdaElement) -> AdaElement:
    return e("administratief", *contacts)


def made(of: AdaRecord) -> Kernsets:
    return kernsets.kernsets(of, OUTPUT, TODAY)


def values(of: Kernsets, path: str, number: int = 0) -> list[str]:
    return [s.element.code or s.element.value or s.element.null_flavor for s in sites(of.records[number]).select(path)]


def rules(of: Kernsets) -> set[tuple[str, str]]:
    return {(f.rule, f.place.rpartition("/")[2]) for f in of.findings if f.severity != "information"}


def one(*said: AdaElement, **more: tuple[AdaElement, ...]) -> AdaRecord:
    return record(of_child("K1", stay("C1"), *said), told(contact("C1")), persons=(child("K1"),), **more)


def test_a_stay_is_from_when_until_when_and_where() -> None:
    hospital = e("zorgaanbieder", v("zorgaanbieder_identificatienummer", "00001111", root="1.2"), id="Z")
    where = e("locatie", ref("zorgaanbieder", "Z"))
    origin = coded("herkomst", "59151000146103")
    to = coded("bestemming", "306689006")
    lies = contact("C1", "2026-11-16T12:00:00", "2026-11-20T09:00:00", where, origin, to)
    of = made(record(of_child("K1", stay("C1")), told(lies, hospital), persons=(child("K1"),)))
    assert values(of, STAY + "opname_datum") == ["2026-11-16T12:00:00"]
    assert values(of, STAY + "ontslag_datum") == ["2026-11-20T09:00:00"]
    assert values(of, STAY + "herkomst_kind") == ["59151000146103"]
    assert values(of, "kind/ontslagoverplaatsing/bestemming_kind") == ["306689006"]
    assert values(of, "zorgaanbieder/zorgaanbieder_identificatienummer") == ["00001111"]


def test_a_child_that_was_not_admitted_has_no_document() -> None:
    of = made(record(of_child("K1", examined("3000")), persons=(child("K1"),)))
    assert not of.records and ("no-admission", "kind") in rules(of)


def test_a_check_of_the_child_in_its_mothers_stay_is_no_admission() -> None:
    mothers = contact("C1", "2026-11-16", "2026-11-18", coded("herkomst", "264362003"))
    check = e("kind", ref("patient", "K1"), e("controles_kind", ref("contact", "C1")))
    week = e("postnatale_fase", e("kraamweek", check))
    of = made(record(of_child("K1"), week, told(mothers), persons=(child("K1"),)))
    assert not of.records


def test_each_of_twins_that_were_admitted_has_a_document_of_its_own() -> None:
    twins = record(of_child("K1", examined("1500"), stay("C1")), of_child("K2", examined("2100")),
                   of_child("K3", examined("1900"), stay("C3")), told(contact("C1"), contact("C3", "2026-11-17")),
                   persons=(child("K1"), child("K2"), child("K3")))  # fmt: skip
    of = made(twins)
    path = "kind/demografische_gegevens/patient/identificatienummer"
    assert [values(of, path, number) for number in range(len(of.records))] == [["K1"], ["K3"]]
    assert [values(of, STAY + "opname_datum", number) for number in (0, 1)] == [
        ["2026-11-16T12:00:00"], ["2026-11-17"]]  # fmt: skip
    own = [next(s.element.value for s in sites(one).select("documentgegevens/identificatie")) for one in of.records]
    assert len(set(own)) == 2


WEIGHT = "kind/opname_gegevens/onderzoek/lichaamsgewicht/gewicht_waarde"


def examined_in(*about: AdaElement) -> AdaElement:
    weighed = e("geboortegewicht_lichaamsgewicht", v("gewicht_waarde", "1500", unit="g"),
                v("gewicht_datum_tijd", "2026-11-16"))  # fmt: skip
    return e("kind", *about, e("lichamelijk_onderzoek_kind", weighed))


def about(*persons: str) -> AdaElement:
    return e("demografische_gegevens", *(ref("patient", person) for person in persons))


def test_what_names_no_child_is_about_the_only_one() -> None:
    of = made(record(of_child("K1", stay("C1")), examined_in(), told(contact("C1")), persons=(child("K1"),)))
    assert values(of, WEIGHT) == ["1500"]


def test_what_names_no_child_is_about_none_where_another_person_may_be_a_twin_of_whom_no_group_speaks() -> None:
    twins = (child("K1"), child("K2"))
    problem = e("problematiek_kind", e("probleem_problematiek_kind", coded("probleem_naam", "206292002")))
    of = made(record(of_child("K1", stay("C1")), examined_in(), e("kind", problem), told(contact("C1")), persons=twins))
    assert of.records and values(of, WEIGHT) == [] and values(of, PROBLEMS + "*/probleem/probleem_naam") == []
    assert not made(record(of_child("K1"), e("kind", stay("C1")), told(contact("C1")), persons=twins)).records


@pytest.mark.parametrize("persons", [("V",), ("K1", "V"), ("K1", "K2")])
def test_what_names_another_person_is_not_in_the_childs_document(persons: tuple[str, ...]) -> None:
    of = made(record(of_child("K1", stay("C1")), examined_in(about(*persons)), told(contact("C1")),
                     persons=(child("K1"),)))  # fmt: skip
    assert of.records and values(of, WEIGHT) == []


def test_a_birth_that_names_the_woman_whose_it_was_is_that_of_the_only_child() -> None:
    act = e("verrichting_kindspecifieke_maternale_verrichtingen", ICU, v("verrichting_start_datum", "2026-11-16"))
    births = (delivered("V", act),)
    assert made(record(of_child("K1"), persons=(child("K1"),), delivery=births)).records
    assert not made(record(of_child("K1"), persons=(child("K1"), child("K2")), delivery=births)).records


def test_each_stay_of_a_child_has_a_document_of_its_own_in_the_order_of_time() -> None:
    later = contact("C2", "2026-11-20")
    of = made(record(of_child("K1", stay("C2"), stay("C1")), told(later, contact("C1")), persons=(child("K1"),)))
    assert [values(of, STAY + "opname_datum", n) for n in (0, 1)] == [["2026-11-16T12:00:00"], ["2026-11-20"]]


def test_an_admission_that_only_its_procedure_tells_is_one_to_intensive_care() -> None:
    act = e("verrichting_kindspecifieke_maternale_verrichtingen", ICU, v("verrichting_start_datum", "2026-11-16"))
    of = made(record(of_child("K1"), persons=(child("K1"),), delivery=(delivered("K1", act),)))
    assert values(of, STAY + "opname_datum") == ["2026-11-16"] and values(of, STAY + "ic_opnameq") == ["true"]


@pytest.mark.parametrize(("day", "said"), [("2026-11-16", "true"), ("2026-11-18", "NI")])
def test_whether_a_stay_was_in_intensive_care_is_said_by_the_procedure_of_its_first_day(day: str, said: str) -> None:
    act = e("verrichting_kindspecifieke_maternale_verrichtingen", ICU, v("verrichting_start_datum", day))
    assert values(made(one(delivery=(delivered("K1", act),))), STAY + "ic_opnameq") == [said]


@pytest.mark.parametrize(
    ("code", "section"),
    [("206292002", "respiratoir"), ("83330001", "circulatoir"), ("206376005", "infectieus"),
     ("2707005", "gastrointestinaal"), ("271737000", "hematologisch"), ("14783006", "metabool_en_endocrien"),
     ("413654009", "neurologisch"), ("408848001", "zintuigen")],
)  # fmt: skip
def test_a_problem_is_told_in_the_section_under_whose_heading_its_code_is_published(code: str, section: str) -> None:
    problem = e("probleem_problematiek_kind", coded("probleem_naam", code), v("probleem_begin_datum", "2026-11-16"))
    of = made(one(e("problematiek_kind", problem)))
    assert values(of, PROBLEMS + "*/probleem/probleem_naam") == [code]
    assert values(of, f"{PROBLEMS}{section}/problemen_aanwezigq") == ["true"]
    assert values(of, f"{PROBLEMS}{section}/probleem/probleem_begin_datum") == ["2026-11-16"]


def test_a_problem_that_was_ruled_out_or_has_no_section_is_told_nowhere_and_named() -> None:
    none = e("probleem_problematiek_kind", coded("probleem_naam", "206292002"),
             coded("verificatie_status", "410516002"))  # fmt: skip
    other = e("probleem_problematiek_kind", coded("probleem_naam", "1234"))
    of = made(one(e("problematiek_kind", none, other)))
    assert not values(of, PROBLEMS + "*/probleem")
    assert any(f.rule == "not-carried" and f.place.endswith("kind/probleem_naam") for f in of.findings)


@pytest.mark.parametrize(("moment", "there"), [("2026-11-16T02:00:00", ["2100"]), ("2026-11-15", []), ("", [])])
def test_what_was_measured_on_the_day_of_the_admission_is_its_examination(moment: str, there: list[str]) -> None:
    when = (v("gewicht_datum_tijd", moment),) if moment else ()
    weight = e("geboortegewicht_lichaamsgewicht", v("gewicht_waarde", "2.1", unit="kg"), *when)
    of = made(one(e("lichamelijk_onderzoek_kind", weight)))
    assert values(of, "kind/opname_gegevens/onderzoek/lichaamsgewicht/gewicht_waarde") == there


def test_what_the_document_cannot_lack_and_no_null_flavour_stands_for_refuses_it() -> None:
    undated = e("contact", id="C1")
    of = made(record(of_child("K1", stay("C1")), told(undated), persons=(child("K1"),)))
    assert not of.records and ("incomplete", "opname_datum") in rules(of)
    unborn = e("patient", v("identificatienummer", "K1", root="1.2.3"), id="K1")
    of = made(record(of_child("K1", stay("C1")), told(contact("C1")), persons=(unborn,)))
    assert not of.records and ("incomplete", "geboortedatum") in rules(of)
    nobody = replace(one(), root=_without(one().root, "zorgaanbieder"))
    assert not made(nobody).records and ("incomplete", "zorgaanbieder_identificatienummer") in rules(made(nobody))


def test_what_is_asked_and_not_known_has_the_null_flavour_of_no_information_and_is_named() -> None:
    of = made(one())
    asked = {place for rule, place in rules(of) if rule == "incomplete"}
    assert asked == {"ic_opnameq", "heropnameq", "problemen_aanwezigq", "overlijden_lt12_uur_na_opname_nicuq",
                     "overleden_op_verloskamerq"}  # fmt: skip
    assert values(of, STAY + "heropnameq") == ["NI"]


def complicated(*problems: AdaElement) -> Kernsets:
    pregnancy = e("zwangerschapsgegevens", e("zwangerschap", v("graviditeit", "3"), v("pariteit", "1")), *problems)
    return made(record(of_child("K1", stay("C1")), told(contact("C1")), pregnancy, persons=(child("K1"),)))


def problem(code: str, *said: AdaElement) -> AdaElement:
    return e("probleem_zwangerschap", coded("probleem_naam", code), *said)


COMPLICATIONS = "zwangerschapsgegevens/complicaties_tijdens_zwangerschap/"


def test_of_the_woman_only_who_she_is_how_often_she_gave_birth_and_what_complicated_it_is_in_it() -> None:
    of = complicated()
    assert [s.path for s in sites(of.records[0]).walk() if s.path.startswith("zwangerschapsgegevens/")] == [
        "zwangerschapsgegevens/graviditeit", "zwangerschapsgegevens/pariteit_voor_deze_zwangerschap"]  # fmt: skip
    assert any(f.rule == "not-available" and f.place.endswith("magnesiumsulfaat") for f in of.findings)


def test_a_complication_of_the_pregnancy_is_told_with_since_when_and_how_sure() -> None:
    of = complicated(
        problem("398254007", v("probleem_begin_datum", "2026-10-01"), coded("verificatie_status", "410605003")),
        problem("22033007"),
    )
    assert values(of, COMPLICATIONS + "complicaties_zwangerschapq") == ["true"]
    assert values(of, COMPLICATIONS + "probleem/probleem_naam") == ["398254007", "22033007"]
    assert values(of, COMPLICATIONS + "probleem/probleem_begin_datum") == ["2026-10-01"]
    assert values(of, COMPLICATIONS + "probleem/verificatie_status") == ["410605003"]


@pytest.mark.parametrize("why", ["77386006", "16356006", "58532003", "59291004", "17369002", "ruled out", "unknown"])
def test_what_is_no_complication_of_this_pregnancy_by_the_registrys_own_lists_is_not_told_as_one(why: str) -> None:
    out = coded("verificatie_status", "410516002")
    said = {"ruled out": problem("398254007", out), "unknown": problem("1234")}.get(why, problem(why))
    of = complicated(said)
    assert not values(of, COMPLICATIONS + "complicaties_zwangerschapq")
    assert not values(of, COMPLICATIONS + "probleem/probleem_naam")
    assert any(f.rule == "not-carried" and f.place.endswith("probleem_naam") for f in of.findings)


def test_a_complication_that_is_shielded_is_not_in_it() -> None:
    of = complicated(problem("58703003"), problem("398254007"))
    assert values(of, COMPLICATIONS + "probleem/probleem_naam") == ["398254007"]
    assert "58703003" not in repr(of.records)


def fed(moment: str, kind: str = "226789007") -> AdaElement:
    return e("voedingspatroon_zuigeling", v("voedingspatroon_zuigeling_datum_tijd", moment),
             e("voeding", coded("voeding_soort", kind)), id="F1")  # fmt: skip


@pytest.mark.parametrize("of_the_stay", [True, False], ids=["of the stay", "of a check"])
@pytest.mark.parametrize(("moment", "there"), [("2026-11-20T08:00:00", ["226789007"]), ("2026-11-18", [])])
def test_how_the_child_is_fed_on_the_day_of_the_discharge_is_told(
    moment: str, there: list[str], of_the_stay: bool
) -> None:
    which = ref("voedingspatroon_zuigeling", "F1")
    check = e("kind", e("demografische_gegevens", ref("patient", "K1")), e("controles_kind", which))
    week = () if of_the_stay else (e("postnatale_fase", e("kraamweek", check)),)
    lies = contact("C1", "2026-11-16T12:00:00", "2026-11-20T09:00:00")
    about = stay("C1", *((which,) if of_the_stay else ()))
    of = made(record(of_child("K1", about), *week, told(lies), e("klinische_context", fed(moment)),
                     persons=(child("K1"),)))  # fmt: skip
    assert values(of, "kind/ontslagoverplaatsing/voeding_kind") == there


def test_what_is_shielded_of_the_child_is_not_in_it() -> None:
    down = e("probleem_congenitale_aandoeningen", coded("probleem_naam", "41040004"))
    of = made(one(e("problematiek_kind", e("congenitale_aandoeningen", down))))
    assert "41040004" not in repr(of.records)
    assert values(of, PROBLEMS + "congenitale_aandoeningen/problemen_aanwezigq") == ["NI"]


def document(of: AdaRecord, with_bsn: bool) -> Written:
    return write(Outcome("r", "ada", ada=of), OUTPUT, Wanted(TODAY, with_bsn=with_bsn))


def admitted_twins() -> AdaRecord:
    words = v("toelichting", f"zie {BSN_CHILD}")
    return record(of_child("K1", stay("C1")), of_child("K2", stay("C2", words)),
                  told(contact("C1"), contact("C2")),
                  persons=(child("K1", bsn=BSN_CHILD), child("K2")))  # fmt: skip


def test_numbers_are_in_the_documents_only_when_they_are_asked_for() -> None:
    open_ = document(admitted_twins(), with_bsn=True)
    masked = document(admitted_twins(), with_bsn=False)
    assert len(open_.others) == len(masked.others) == 1
    for number in (BSN_CHILD, "999900730"):
        assert any(number.encode() in file for file in (open_.content, *open_.others))
        assert not any(number.encode() in file for file in (masked.content, *masked.others))
    assert BSN_CHILD.encode() not in open_.others[0]  # nothing of one child in the document of the other
    first = etree.fromstring(masked.content).find(".//{*}patientRole/{*}id")
    assert dict(first.attrib) == {"root": BSN_ROOT, "nullFlavor": "MSK"}


@pytest.mark.parametrize(("of", "number"), [("child", 1), ("woman", 0)])
def test_of_resources_a_stay_is_the_childs_when_its_contact_is(of: str, number: int) -> None:
    """The mother's own stay, in which her child was examined, admits nobody."""
    sample = admitted(TODAY)
    kept = [one for one in sample.resources if "830077005" not in repr(one)]
    [child_] = [one for one in kept if one["resourceType"] == "Patient" and "bc-Child" in repr(one["meta"])]
    [woman_] = [one for one in kept if one["resourceType"] == "Patient" and one is not child_]
    stay_ = next(one for one in kept if one["resourceType"] == "Encounter" and one["class"]["code"] == "IMP")
    subject = child_ if of == "child" else woman_
    snomed = {"system": "http://snomed.info/sct", "code": "59151000146103"}
    added = {**stay_, "id": "stay", "subject": {"reference": f"Patient/{subject['id']}"},
             "period": {"start": "2026-01-23T04:00:00+01:00", "end": "2026-03-01T10:00:00+01:00"},
             "hospitalization": {"admitSource": {"coding": [snomed]}}}  # fmt: skip
    content = json.dumps(bundled([*kept, added]))
    [outcome] = translating([Input("r", content=content)], 10**8, {}, Wanted(TODAY, with_bsn=True))
    told_ = write(outcome, OUTPUT, Wanted(TODAY, with_bsn=True))
    assert bool(told_.content) == bool(number)
    if number:
        stays = etree.fromstring(told_.content).findall(".//{*}procedure/{*}effectiveTime/{*}low")
        assert "20260123040000" in {one.get("value") for one in stays}


def test_when_one_of_two_documents_cannot_be_written_none_is() -> None:
    wrong = contact("C2", "2026-02-30")
    twins = record(of_child("K1", stay("C1")), of_child("K2", stay("C2")), told(contact("C1"), wrong),
                   persons=(child("K1"), child("K2")))  # fmt: skip
    refused = document(twins, with_bsn=True)
    assert not refused.content and not refused.others and ("date", "error") in {
        (f.rule, f.severity) for f in refused.findings}  # fmt: skip


def _without(element: AdaElement, name: str) -> AdaElement:
    inner = tuple(_without(one, name) for one in element.children if one.name != name)
    return replace(element, children=inner)
