"""ADA → STU3 on small records: what each kind of value becomes, who belongs to whom, and what is reported."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from babyconnect.fhir import json
from babyconnect.fhir.check import structure
from babyconnect.sources.ada import read
from babyconnect.translate.ada import translate
from babyconnect.translate.findings import Translated
from tests.support.ada_material import BASIS, TEST_BSN, full_xml

P = "2.16.840.1.113883.2.4.3.11.60.90.77.2.12."
SCT = "2.16.840.1.113883.6.96"
TODAY = dt.date(2024, 6, 15)


def e(name: str, concept: int, *children: str, **attributes: str) -> str:
    """One ADA element; `system` stands for codeSystem."""
    names = {"system": "codeSystem", "display": "displayName"}
    written = "".join(f' {names.get(k, k)}="{v}"' for k, v in attributes.items())
    return f'<{name} conceptId="{P}{concept}"{written}>{"".join(children)}</{name}>'


def ref(name: str, concept: int, to: str) -> str:
    return e(name, concept, value=to, datatype="reference")


def person(id: str, first: str, *more: str, born: str = "1985-10-20") -> str:
    surname = e("geslachtsnaam", 3202, e("achternaam", 3204, value="XXX_Kwee"))
    name = e("naamgegevens", 3197, e("voornamen", 3198, value=first), surname)
    return e("patient", 675, name, *more, e("geboortedatum", 683, value=born, datatype="datetime"), id=id)


WOMAN = person("V", "Jamila", e("identificatienummer", 682, value=TEST_BSN, root="2.16.840.1.113883.2.4.6.3"))
EPISODE = e("zorgverlening", 1314, e("zorg_episode", 3399, e("identificatienummer", 3338, value="1")))
HERSELF = e("vrouw", 674, e("demografische_gegevens", 1713, ref("patient", 1434, "V")))


def translated(
    *parts: str, patients: str = WOMAN, more: str = "", herself: str = HERSELF, id: str = "r1"
) -> Translated:
    """A record of a woman with an episode, and these parts of `zwangerschapsgegevens`; `more` stands beside them."""
    body = e("administratief", 1313, patients) + EPISODE + herself + e("zwangerschapsgegevens", 25, *parts) + more
    return translate(read(f'<adaxml><data><{BASIS} id="{id}">{body}</{BASIS}></data></adaxml>'.encode()), TODAY)


def of(result: Translated, type: str, code: str = "") -> list[dict[str, Any]]:
    def codes(resource: dict[str, Any]) -> set[str]:
        found = resource.get("code", {})
        return {c.get("code", "") for c in found.get("coding", [])} if isinstance(found, dict) else set()

    return [r for r in result.resources if r["resourceType"] == type and (not code or code in codes(r))]


def due(**attributes: str) -> str:
    """Definitive due date: the day of determination takes the attributes."""
    return e("definitieve_a_terme_datum_observatie", 2220,
             e("definitieve_a_terme_datum_tijd", 2221, datatype="datetime", **attributes),
             e("definitieve_a_terme_waarde", 2223, value="T+94D", datatype="datetime"))  # fmt: skip


def rules(result: Translated, severity: str = "") -> list[str]:
    return [f.rule for f in result.findings if not severity or f.severity == severity]


class TestMoments:
    @pytest.mark.parametrize(
        ("ada", "fhir"),
        [
            ("T-125D", "2024-02-11"),
            ("T-1M", "2024-05-15"),
            ("T-2Y", "2022-06-15"),
            ("T-5D{14:38}", "2024-06-10T14:38:00+02:00"),
            ("T-180D{14:38:09}", "2023-12-18T14:38:09+01:00"),
            ("2019-06-01", "2019-06-01"),
            ("2019", "2019"),
            ("2024-01-02T03:04:05", "2024-01-02T03:04:05+01:00"),
            ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
        ],
    )
    def test_relative_ones_count_from_today_and_wall_time_gets_amsterdams_offset(self, ada: str, fhir: str) -> None:
        [found] = of(translated(due(value=ada)), "Observation", "147781000146105")
        assert found["effectiveDateTime"] == fhir

    def test_a_null_flavor_stands_beside_the_empty_moment(self) -> None:
        [found] = of(translated(due(nullFlavor="UNK")), "Observation", "147781000146105")
        assert found["_effectiveDateTime"]["extension"][0]["valueCode"] == "UNK"
        assert "effectiveDateTime" not in found

    def test_a_birth_in_the_future_is_an_error(self) -> None:
        assert "date" in rules(translated(patients=person("V", "A", born="T+1D")), "error")


@pytest.mark.parametrize(
    ("name", "place", "shown"),
    [
        ("De Ooievaar", "Zwolle", "De Ooievaar - Zwolle"),
        ("De Ooievaar - Zwolle", "Zwolle", "De Ooievaar - Zwolle"),
        ("", "Zwolle", "Zwolle"),
        ("De Ooievaar", "", "De Ooievaar"),
    ],
)
def test_an_organisations_name_ends_with_where_it_is_and_does_not_say_so_twice(
    name: str, place: str, shown: str
) -> None:
    parts = [e("organisatie_naam", 958, value=name)] if name else []
    parts += [e("organisatie_locatie", 959, value=place)] if place else []
    root = "med_mij_kraam_beschikbaarstellen"
    body = e("administratief", 1313, WOMAN, e("zorgaanbieder", 956, *parts, id="Z")) + EPISODE + HERSELF
    result = translate(read(f'<adaxml><data><{root} id="r1">{body}</{root}></data></adaxml>'.encode()), TODAY)
    assert [one["name"] for one in of(result, "Organization")] == [shown]


class TestValues:
    def lab(self, **attributes: str) -> Translated:
        hb = e("laboratorium_test_hb", 2379, e("test_code", 2380, code="718-7", system="2.16.840.1.113883.6.1"),
               e("test_uitslag", 2383, **attributes))  # fmt: skip
        extra = e("urine_bloed_en_aanvullende_onderzoeken", 1125, hb)
        return translated(more=e("medisch_onderzoek", 1123, e("maternale_onderzoeksgegevens", 1124, extra)))

    def test_a_decimal_keeps_its_digits(self) -> None:
        [found] = of(self.lab(value="7.10", unit="mmol/L"), "Observation", "718-7")
        assert found["valueQuantity"]["value"] == Decimal("7.10")
        assert b'"value":7.10,' in json.dumps(found)

    def test_a_decimal_comma_is_a_point(self) -> None:
        [found] = of(self.lab(value="7,1", unit="mmol/L"), "Observation", "718-7")
        assert found["valueQuantity"]["value"] == Decimal("7.1")

    def test_a_unit_that_is_no_ucum_stands_in_braces(self) -> None:
        [found] = of(self.lab(value="6", unit="keer per dag"), "Observation", "718-7")
        assert found["valueQuantity"] == {"value": 6, "unit": "keer per dag", "system": "http://unitsofmeasure.org",
                                          "code": "{keer per dag}"}  # fmt: skip

    @pytest.mark.parametrize("text", ["veel", "NaN", "Infinity", "1e400", "9" * 60])
    def test_what_is_no_number_is_reported_and_no_number_is_made_up(self, text: str) -> None:
        result = self.lab(value=text, unit="mmol/L")
        assert "bad-value" in rules(result, "warning")
        assert "valueQuantity" not in of(result, "Observation", "718-7")[0]

    def test_a_quantity_with_only_a_null_flavor_says_why_it_is_absent(self) -> None:
        [found] = of(self.lab(nullFlavor="ASKU"), "Observation", "718-7")
        assert found["dataAbsentReason"]["coding"][0]["code"] == "unknown"

    def movement(self, **attributes: str) -> Translated:
        felt = e("leven_voelen_observatie", 2134, e("leven_voelen_waarde", 2137, **attributes))
        return translated(e("prenatale_controle", 111, felt))

    def test_a_code_gets_the_systems_address_and_the_value_lists_name(self) -> None:
        [found] = of(self.movement(code="289431008", system=SCT), "Observation", "364618000")
        [coding] = found["valueCodeableConcept"]["coding"]
        assert coding == {"system": "http://snomed.info/sct", "code": "289431008",
                          "display": "foetale bewegingen aanwezig (bevinding)"}  # fmt: skip

    def test_another_than_listed_keeps_its_own_words(self) -> None:
        result = self.movement(code="OTH", system="2.16.840.1.113883.5.1008", originalText="weet niet goed")
        [found] = of(result, "Observation", "364618000")
        assert found["valueCodeableConcept"]["text"] == "weet niet goed"
        assert found["valueCodeableConcept"]["coding"][0]["system"] == "http://hl7.org/fhir/v3/NullFlavor"

    def test_a_null_flavor_as_code_is_a_reason_of_absence(self) -> None:
        [found] = of(self.movement(code="NI", system="2.16.840.1.113883.5.1008"), "Observation", "364618000")
        assert found["dataAbsentReason"]["coding"][0]["code"] == "NI"
        assert "valueCodeableConcept" not in found

    def test_an_unknown_code_is_carried_as_given_and_reported(self) -> None:
        result = self.movement(code="999", system=SCT, display="iets nieuws")
        [found] = of(result, "Observation", "364618000")
        assert found["valueCodeableConcept"]["coding"][0]["code"] == "999"
        assert rules(result, "warning") == ["unknown-code"]

    def test_an_unknown_code_system_is_carried_as_an_oid(self) -> None:
        result = self.movement(code="1", system="1.2.3.4", display="x")
        [found] = of(result, "Observation", "364618000")
        assert found["valueCodeableConcept"]["coding"][0]["system"] == "urn:oid:1.2.3.4"
        assert "unknown-system" in rules(result, "warning")

    def test_a_post_coordinated_code_stays_whole(self) -> None:
        step = e("verrichting_kindspecifieke_maternale_verrichtingen", 1603,
                 e("verrichting_type", 1610, code="698350008:370131001=133933007", system=SCT))  # fmt: skip
        result = translated(more=e("bevalling", 37, e("uitdrijvingsfase", 39, step)))
        assert of(result, "Procedure", "698350008:370131001=133933007")


class TestRepetition:
    def test_several_codes_of_one_element_stand_together(self) -> None:
        def flag(code: str) -> str:
            return e("interpretatie_vlaggen", 2354, code=code, system=SCT)

        code = e("test_code", 2346, code="718-7", system="2.16.840.1.113883.6.1", display="Hb")
        test = e("laboratorium_test", 2345, code, flag("281302008"), flag("30714006"))
        blocks = e("bouwstenen", 926, e("metingen", 1059, e("laboratorium_uitslag", 2648, test)))
        [found] = of(translated(more=blocks), "Observation", "718-7")
        codes = [c["code"] for c in found["interpretation"]["coding"]]
        assert codes == ["H", "281302008", "R", "30714006"]

    def test_a_second_value_where_one_fits_is_reported_and_the_first_stands(self) -> None:
        first, second = (e("gewicht_waarde", 1074, value=value, unit="kg") for value in ("63", "64"))
        result = translated(more=e("bouwstenen", 926, e("metingen", 1059, e("lichaamsgewicht", 1073, first, second))))
        [weight] = of(result, "Observation", "29463-7")
        assert weight["valueQuantity"]["value"] == 63
        assert [f.concept for f in result.findings] == ["1074"]


class TestWhoBelongsToWhom:
    def delivery(self) -> Translated:
        def phase(child: str, kind: str) -> str:
            value = e("type_partus_waarde", 4147, code=kind, system=SCT)
            return e("uitdrijvingsfase", 39, ref("patient", 9685, child), e("type_partus_observatie", 4144, value))

        def child(id: str, score: str) -> str:
            apgar = e("apgar_score5min", 9663, e("apgar_score_totaal", 9665, value=score))
            found = e("bevindingen", 1765, e("algemene_indruk", 2706, apgar))
            return e("kind", 1404, e("demografische_gegevens", 1754, ref("patient", 1378, id)),
                     e("lichamelijk_onderzoek_kind", 1407, found))  # fmt: skip

        patients = WOMAN + person("K1", "Frida", born="T-5D") + person("K2", "Louis", born="T-4D")
        more = (
            e("bevalling", 37, phase("K2", "48782003"), phase("K1", "11466000")) + child("K1", "10") + child("K2", "9")
        )
        return translated(patients=patients, more=more)

    def patient(self, result: Translated, name: str) -> str:
        [found] = [r for r in of(result, "Patient") if name in r["name"][0]["given"]]
        return f"Patient/{found['id']}"

    def test_each_twin_has_its_own_birth_day_and_scores_whatever_the_order(self) -> None:
        result = self.delivery()
        scores = {o["subject"]["reference"]: o["valueQuantity"]["value"] for o in of(result, "Observation", "9274-2")}
        births = {b["subject"]["reference"]: b["performedDateTime"] for b in of(result, "Procedure", "3950001")}
        frida, louis = self.patient(result, "Frida"), self.patient(result, "Louis")
        assert scores == {frida: 10, louis: 9}
        assert births == {frida: "2024-06-10", louis: "2024-06-11"}

    def test_the_type_of_birth_points_to_its_own_birth(self) -> None:
        result = self.delivery()
        births = {f"Procedure/{b['id']}": b["subject"]["reference"] for b in of(result, "Procedure", "3950001")}
        kinds = {
            births[o["extension"][0]["valueReference"]["reference"]]: o["valueCodeableConcept"]["coding"][0]["code"]
            for o in of(result, "Observation", "364336006")
        }
        assert kinds == {self.patient(result, "Louis"): "48782003", self.patient(result, "Frida"): "11466000"}

    def test_the_woman_and_the_children_have_their_own_profiles(self) -> None:
        profiles = {p["name"][0]["given"][0]: p["meta"]["profile"][-1].split("/")[-1]
                    for p in of(self.delivery(), "Patient")}  # fmt: skip
        assert profiles == {"Jamila": "bc-Woman", "Frida": "bc-Child", "Louis": "bc-Child"}

    def test_a_measurement_that_nothing_refers_to_is_nobodys_when_there_is_a_child(self) -> None:
        weight = e("lichaamsgewicht", 1073, e("gewicht_waarde", 1074, value="2605", unit="g"), id="G")
        blocks = e("bouwstenen", 926, e("metingen", 1059, weight))
        alone = translated(more=blocks)
        child = e("kind", 1404, e("demografische_gegevens", 1754, ref("patient", 1378, "K")))
        both = translated(patients=WOMAN + person("K", "Frida", born="T-5D"), more=blocks + child)
        assert of(alone, "Observation", "29463-7")
        assert not of(both, "Observation", "29463-7")
        assert "not-mapped" in rules(both)

    def test_a_check_gives_its_measurements_its_contact_and_professional(self) -> None:
        contact = e("contact", 750, e("contact_met", 752, ref("zorgverlener", 1868, "Z")),
                    e("begin_datum_tijd", 756, value="T-6D", datatype="datetime"), id="C")  # fmt: skip
        carer = e("zorgverlener", 978, e("naamgegevens", 3248, e("voornamen", 3249, value="Gemma")), id="Z")
        drinks = e("alcohol_gebruik", 121, e("alcohol_gebruik_status", 123, code="105542008", system=SCT))
        result = translated(
            e("prenatale_controle", 111, ref("contact", 10520, "C"), drinks), patients=WOMAN + contact + carer
        )
        [use], [encounter], [practitioner] = (of(result, "Observation", "228273003"), of(result, "Encounter"),
                                              of(result, "Practitioner"))  # fmt: skip
        assert use["context"]["reference"] == f"Encounter/{encounter['id']}"
        assert use["performer"][0]["reference"] == f"Practitioner/{practitioner['id']}"


class TestReferences:
    def test_every_one_has_a_display_that_tells_nothing_of_health(self) -> None:
        result = translate(read(full_xml()), TODAY)
        shown = [r["display"] for resource in result.resources for r in _references(resource)]
        texts = {c["display"] for resource in result.resources for c in _codings(resource)}
        assert len(shown) > 100
        assert all(shown)
        roles = {c["display"] for r in of(result, "PractitionerRole") for s in r["specialty"] for c in s["coding"]}
        assert not [d for d in shown for t in texts - roles if t in d]

    def test_what_the_record_does_not_hold_is_kept_and_shown_as_not_supplied(self) -> None:
        cause = e("indicatie", 1195, ref("probleem_zwangerschap", 1207, "P9"))
        kind = e("verrichting_type", 1197, code="396550006", system=SCT)
        result = translated(e("verrichting_zwangerschap", 1190, cause, kind))
        [procedure] = of(result, "Procedure")
        assert "niet aangeleverd" in procedure["reasonReference"][0]["display"]
        assert procedure["reasonReference"][0]["reference"].startswith("Condition/")
        assert rules(result, "warning") == ["unresolved-reference"]

    def test_all_others_resolve_within_the_record(self) -> None:
        result = translate(read(full_xml()), TODAY)
        known = {f"{r['resourceType']}/{r['id']}" for r in result.resources}
        dangling = [r for resource in result.resources for r in _references(resource)
                    if r.get("reference", "") not in known and "niet aangeleverd" not in r["display"]]  # fmt: skip
        assert not dangling


class TestIds:
    def test_are_the_same_for_the_same_record(self) -> None:
        assert translated(due(value="T")).resources == translated(due(value="T")).resources

    def test_stay_when_a_value_changes(self) -> None:
        before, after = translated(due(value="T-1D")), translated(due(value="T-2D"))
        assert [r["id"] for r in before.resources] == [r["id"] for r in after.resources]

    def test_stay_with_an_element_that_has_an_id_when_another_comes_before_it(self) -> None:
        def problem(id: str, code: str) -> str:
            return e("probleem_zwangerschap", 1180, e("probleem_naam", 1184, code=code, system=SCT), id=id)

        first, second = problem("P1", "16356006"), problem("P2", "22033007")
        alone, both = (
            of(translated(second), "Condition", "22033007"),
            of(translated(first, second), "Condition", "22033007"),
        )
        assert alone[0]["id"] == both[0]["id"]

    def test_differ_between_records(self) -> None:
        one, other = translated(id="r1"), translated(id="r2")
        assert of(one, "Patient")[0]["id"] != of(other, "Patient")[0]["id"]

    def test_an_organisation_with_the_same_number_is_the_same_in_every_record(self) -> None:
        practice = e(
            "zorgaanbieder",
            956,
            e("zorgaanbieder_identificatienummer", 957, value="08001234", root="2.16.840.1.113883.2.4.6.1"),
        )
        one, other = translated(patients=WOMAN + practice), translated(patients=WOMAN + practice, id="r2")
        assert of(one, "Organization")[0]["id"] == of(other, "Organization")[0]["id"]

    def test_a_clients_id_does_not_follow_from_her_bsn(self) -> None:
        other = person(
            "V", "Jamila", e("identificatienummer", 682, value="999900742", root="2.16.840.1.113883.2.4.6.3")
        )
        assert of(translated(), "Patient")[0]["id"] == of(translated(patients=other), "Patient")[0]["id"]


class TestReport:
    def test_an_unknown_concept_is_named_with_its_place_and_line(self) -> None:
        result = translated(e("nieuw_element", 99999, value="x"))
        [found] = [f for f in result.findings if f.rule == "unknown-concept"]
        assert found.place.endswith("zwangerschapsgegevens/nieuw_element")
        assert (found.severity, found.concept, found.line) == ("warning", "99999", 1)

    def test_a_name_that_is_not_that_of_its_concept_is_a_warning(self) -> None:
        assert rules(translated(e("zwangerschap", 3341, e("graviditeit", 3343, value="1"))), "warning") == [
            "name-mismatch"
        ]

    def test_what_is_not_translated_is_named_with_the_reason(self) -> None:
        result = translated(e("coordinerend_zorgverlener", 1699, ref("zorgverlener", 9662, "Z")))
        [found] = [f for f in result.findings if f.concept == "9662"]
        assert "careManager" in found.text

    def test_a_contact_that_no_check_refers_to_is_named(self) -> None:
        contact = e("contact", 750, e("begin_datum_tijd", 756, value="T-6D", datatype="datetime"), id="C")
        result = translated(patients=WOMAN + contact)
        assert not of(result, "Encounter")
        assert [f.concept for f in result.findings] == ["756"]

    def test_no_finding_quotes_a_value(self) -> None:
        result = translate(read(full_xml()), TODAY)
        assert not [f for f in result.findings if TEST_BSN in f.text or "XXX" in f.text or "vrije tekst" in f.text]

    def test_a_bsn_that_fails_the_eleven_check_is_an_error(self) -> None:
        wrong = person("V", "A", e("identificatienummer", 682, value="999900731", root="2.16.840.1.113883.2.4.6.3"))
        assert rules(translated(patients=wrong), "error") == ["bsn"]

    def test_two_women_as_client_are_an_error(self) -> None:
        two = HERSELF + e("vrouw", 674, e("demografische_gegevens", 1713, ref("patient", 1434, "W")))
        assert "two-clients" in rules(translated(patients=WOMAN + person("W", "B"), herself=two), "error")

    def test_a_record_without_its_own_client_is_an_error(self) -> None:
        assert "no-client" in rules(translated(patients=person("X", "B")), "error")
        assert "no-client" in rules(translated(patients="", herself=""), "error")

    def test_a_patient_without_a_reference_to_her_is_the_client(self) -> None:
        result = translated(herself="")
        assert not rules(result, "error")
        assert len(of(result, "Patient")) == 1


def test_a_record_that_fills_everything_is_structurally_valid_fhir() -> None:
    for resource in translate(read(full_xml()), TODAY).resources:
        assert not structure(resource), resource["resourceType"]


def _walk(node: Any) -> Any:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value)


def _references(resource: dict[str, Any]) -> list[dict[str, Any]]:
    return [n for n in _walk(resource) if isinstance(n.get("reference"), str) or set(n) == {"display"}]


def _codings(resource: dict[str, Any]) -> list[dict[str, Any]]:
    return [n for n in _walk(resource) if "code" in n and "system" in n and "display" in n]


def test_of_two_legal_situations_each_is_what_it_says_and_no_other() -> None:
    status = e("juridische_situatie", 7858, e("juridische_status", 7859, code="OTS", system="1.2.3"))
    person = e("juridische_situatie", 7858, e("vertegenwoordiging", 7860, code="8", system="1.2.4"))
    root = "med_mij_kraam_beschikbaarstellen"
    body = e("administratief", 1313, WOMAN, status, person) + EPISODE + HERSELF
    result = translate(read(f'<adaxml><data><{root} id="r1">{body}</{root}></data></adaxml>'.encode()), TODAY)
    assert [c["code"]["coding"][0]["code"] for c in of(result, "Condition")] == ["OTS", "8"]


@pytest.mark.parametrize("code", ["10331-7", "1305-2", "978-7", "100670-9"])
def test_the_rhesus_factor_of_a_foetus_never_reads_as_its_mothers(code: str) -> None:
    test = e("test_code", 10489, code=code, system="2.16.840.1.113883.6.1")
    found = e("test_uitslag", 10492, code="165747007", system=SCT, datatype="code")
    foetus = e("laboratorium_test_rhesus_d_factor_foetus", 10488, test, found)
    root = "med_mij_uitbreiding_verloskunde_beschikbaarstellen"
    below = e(
        "medisch_onderzoek",
        1123,
        e("maternale_onderzoeksgegevens", 1124, e("urine_bloed_en_aanvullende_onderzoeken", 1125, foetus)),
    )
    body = e("administratief", 1313, WOMAN) + EPISODE + HERSELF + below
    result = translate(read(f'<adaxml><data><{root} id="r1">{body}</{root}></data></adaxml>'.encode()), TODAY)
    (observed,) = of(result, "Observation")
    assert [coding["code"] for coding in observed["code"]["coding"]] == ["100670-9"]
    assert observed["valueCodeableConcept"]["coding"][0]["code"] == "165747007"
    assert ("narrowed" in rules(result, "information")) is (code != "100670-9")
