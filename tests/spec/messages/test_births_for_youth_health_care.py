"""What birth care hands to youth health care: their own file, one per child, and nothing that is the mother's."""

from __future__ import annotations

import datetime as dt
import pathlib

import pytest
from lxml import etree

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.cli.main import main
from babyconnect.translate.jgz.birth import Files, files
from tests.support.births import (
    BSN_CHILD,
    child,
    coded,
    delivered,
    e,
    examined,
    in_week,
    of_child,
    record,
    v,
    week,
)

TODAY = dt.date(2026, 11, 22)
V3 = "{urn:hl7-org:v3}"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def made(of: AdaRecord, to: str = "4.2.0", with_bsn: bool = True) -> Files:
    return files([of], to, TODAY, with_bsn)


def roots(of: Files) -> list[etree._Element]:
    return [etree.fromstring(content) for content in of.contents]


def said(root: etree._Element, code: str) -> list[dict[str, str]]:
    """The values of the statements about an element, without their type; a text as `text`."""
    values = []
    for one in root.iter(f"{V3}code"):
        if one.get("code") == code and (statement := one.getparent()) is not None:
            for value in statement.findall(f"{V3}value"):
                found = {str(k): str(a) for k, a in value.attrib.items() if k != TYPE}
                values.append({**found, **({"text": value.text} if value.text and value.text.strip() else {})})
    return values


def rules(of: Files) -> list[tuple[str, str]]:
    return [(f.severity, f.rule) for f in of.findings if f.severity != "information"]


def one_child(*said_of_child: AdaElement, **kind: str) -> AdaRecord:
    return record(of_child("K1", examined("3.78", "kg"), *said_of_child), persons=(child("K1", **kind),))


def test_what_was_measured_at_birth_is_in_the_units_of_the_file() -> None:
    (root,) = roots(made(one_child()))
    assert said(root, "8339-4") == [{"value": "3780", "unit": "g"}]
    assert said(root, "112") == [{"value": "515", "unit": "mm"}]
    assert said(root, "9274-2") == [{"value": "9"}]
    assert said(root, "82") == [{"value": "278", "unit": "d"}]


def test_a_child_without_a_number_is_known_by_the_one_of_its_source() -> None:
    (root,) = roots(made(one_child()))
    ids = [dict(one.attrib) for one in root.iter(f"{V3}patient") for one in one.findall(f"{V3}id")]
    assert ids == [{"nullFlavor": "NI"}, {"root": "1.2.3", "extension": "K1"}]


@pytest.mark.parametrize(("with_bsn", "shown"), [(True, True), (False, False)])
def test_the_childs_bsn_is_there_only_when_it_is_asked_for(with_bsn: bool, shown: bool) -> None:
    of = made(one_child(bsn=BSN_CHILD), with_bsn=with_bsn)
    assert (BSN_CHILD.encode() in of.contents[0]) is shown


def test_twins_get_a_file_each_by_whom_it_says_it_is_about_never_by_order() -> None:
    section = e("type_partus_observatie", coded("type_partus_waarde", "1", "keizersnede"))
    twins = record(of_child("K2", examined("2100")), of_child("K1", examined("2950")),
                   persons=(child("K1", v("rangnummer", "1")), child("K2", v("rangnummer", "2"))),
                   delivery=(delivered("K2", section),))  # fmt: skip
    first, second = roots(made(twins))
    assert [said(root, "8339-4")[0]["value"] for root in (first, second)] == ["2950", "2100"]
    assert [said(root, "109")[0]["value"] for root in (first, second)] == ["1", "2"]
    assert not said(first, "1324") and said(second, "1324") == [{"text": "keizersnede"}]


def test_what_a_record_does_not_say_per_child_is_not_said_of_twins() -> None:
    fluid = e("ontsluitingsfase", e("aard_vruchtwater_observatie", coded("aard_vruchtwater_waarde", "168092006")))
    alone = record(of_child("K1", examined("3000")), persons=(child("K1"),), delivery=(fluid,))
    twins = record(of_child("K1"), of_child("K2"), persons=(child("K1"), child("K2")), delivery=(fluid,))
    assert said(roots(made(alone))[0], "38386-9")[0]["displayName"] == "Meconium"
    assert not any(said(root, "38386-9") for root in roots(made(twins)))


def test_a_code_that_the_file_has_not_is_said_in_words() -> None:
    lie = delivered("K1", e("ligging_kind_observatie", coded("ligging_kind_waarde", "21882006", "aangezichtsligging")))
    (root,) = roots(made(record(of_child("K1"), persons=(child("K1"),), delivery=(lie,))))
    value = next(one for one in root.iter(f"{V3}value") if one.find(f"{V3}originalText") is not None)
    assert (value.get("nullFlavor"), value.findtext(f"{V3}originalText")) == ("OTH", "aangezichtsligging")


@pytest.mark.parametrize(
    ("given", "negated"),
    [
        (in_week("K1", e("vitamine_k_observatie", v("vitamine_kwaarde", "true"))), "false"),
        (in_week("K1", e("vitamine_k_observatie", v("vitamine_kwaarde", "false"))), "true"),
        (in_week("K1"), None),
    ],
)
def test_vitamin_k_is_given_or_not_given_or_not_said(given: AdaElement, negated: str | None) -> None:
    (root,) = roots(made(record(of_child("K1"), week(given), persons=(child("K1"),))))
    found = [one.get("negationInd") for one in root.iter(f"{V3}substanceAdministrationEvent")]
    assert found == ([] if negated is None else [negated])


def test_what_the_child_got_against_hepatitis_b_reaches_youth_health_care() -> None:
    done = delivered(
        "K1", e("verrichting_kindspecifieke_maternale_verrichtingen", coded("verrichting_type", "116800003"))
    )
    (root,) = roots(made(record(of_child("K1"), persons=(child("K1"),), delivery=(done,))))
    assert [one.get("code") for one in root.iter(f"{V3}code")].count("138") == 1


def test_a_screening_that_was_done_is_a_contact_and_one_that_was_not_is_none() -> None:
    hearing = e("gehoortest_observatie", v("gehoortest_waarde", "true"), v("datum_gehoortest_waarde", "2026-11-20"))
    prick = e("hielprik_observatie", v("hielprik_waarde", "false"), v("datum_hielprik_waarde", "2026-11-20"))
    of = made(record(of_child("K1"), week(in_week("K1", hearing, prick)), persons=(child("K1"),)))
    (root,) = roots(of)
    (contact,) = root.iter(f"{V3}encounter")
    assert contact.find(f"{V3}effectiveTime").get("value") == "20261120"  # type: ignore[union-attr]
    assert said(root, "438") == [{"value": "true"}] and not list(root.iter(f"{V3}heelPrick"))
    assert any(f.rule == "not-carried" and f.place.endswith("hielprik_waarde") for f in of.findings)


def test_of_two_heel_pricks_none_is_called_the_first() -> None:
    pricks = [e("hielprik_observatie", v("hielprik_waarde", "true"), v("datum_hielprik_waarde", day))
              for day in ("2026-11-19", "2026-11-25")]  # fmt: skip
    one = made(record(of_child("K1"), week(in_week("K1", pricks[0])), persons=(child("K1"),)))
    two = made(record(of_child("K1"), week(in_week("K1", *pricks)), persons=(child("K1"),)))
    assert len(list(roots(one)[0].iter(f"{V3}heelPrick"))) == 1
    assert not list(roots(two)[0].iter(f"{V3}heelPrick")) and rules(two) == [("warning", "ambiguous")]


def problem(code: str, display: str, *status: AdaElement) -> AdaElement:
    inner = e("probleem_congenitale_aandoeningen", coded("probleem_naam", code, display), *status)
    return e("problematiek_kind", e("congenitale_aandoeningen", inner))


def test_a_disorder_that_was_ruled_out_is_not_there() -> None:
    there = made(one_child(problem("80281008", "schisis")))
    not_there = made(one_child(problem("80281008", "schisis", coded("verificatie_status", "410516002"))))
    assert said(roots(there)[0], "131") == [{"text": "schisis"}] and not said(roots(not_there)[0], "131")


@pytest.mark.parametrize(
    ("code", "display"),
    [("206572008", "ontwenning"), ("35742006", "congenitale lues"), ("1", "afwijking door ziekte van moeder"),
     ("1", "aandoening door medicijnen van de ouders")],
)  # fmt: skip
def test_what_is_the_childs_but_tells_of_the_mother_stays_out_of_words(code: str, display: str) -> None:
    (content,) = made(one_child(problem(code, display))).contents
    assert display.encode() not in content


def test_of_a_child_that_died_the_file_says_so() -> None:
    died = record(of_child("K1", examined("3000")), persons=(child("K1", v("datum_overlijden", "2026-11-18")),))
    of = made(died)
    (root,) = roots(of)
    assert root.find(f".//{V3}deceasedInd").get("value") == "true"  # type: ignore[union-attr]
    assert root.find(f".//{V3}deceasedTime").get("value") == "20261118"  # type: ignore[union-attr]
    assert rules(of) == [("warning", "deceased")]


@pytest.mark.parametrize("phase", ["237361005", "237362003"])
def test_a_stillborn_child_gets_no_file_and_its_twin_does(phase: str) -> None:
    death = e("perinatale_sterfte_observatie", coded("fase_perinatale_sterfte_waarde", phase))
    still = e("kind", e("demografische_gegevens", e("patient", value="K2", datatype="reference"), death))
    of = made(record(of_child("K1"), still, persons=(child("K1"), child("K2"))))
    assert len(of.contents) == 1 and b"KindK1" in of.contents[0] and rules(of) == [("warning", "deceased")]
    alone = made(record(still, persons=(child("K2"),)))
    assert not alone.contents and ("error", "no-child") in rules(alone)


def test_a_record_without_a_child_becomes_no_file() -> None:
    of = made(record())
    assert not of.contents and rules(of) == [("error", "no-child")]


def test_the_same_line_about_what_is_withheld_stands_there_whatever_is_in_the_record() -> None:
    smokes = e("zwangerschapsgegevens", e("prenatale_controle", e("tabak_gebruik", coded("tabak_gebruik_status", "1"))))
    lines = [[f.text for f in made(of).findings if f.rule == "withheld"]
             for of in (one_child(), record(of_child("K1"), smokes, persons=(child("K1"),)))]  # fmt: skip
    assert lines[0] == lines[1] and len(lines[0]) == 1


def test_it_becomes_the_older_version_without_loss() -> None:
    newer, older = made(one_child()), made(one_child(), "4.1.3")
    (new,), (old,) = roots(newer), roots(older)
    assert old.tag == f"{V3}REPC_IN902120NL03" and new.tag == f"{V3}REPC_IN902120NL04"
    assert rules(older) == []
    below = [[(one.tag, dict(one.attrib)) for one in root.iter() if "interactionId" not in one.tag][1:]
             for root in (old, new)]  # fmt: skip
    assert below[0] == below[1]


def test_the_same_record_on_the_same_day_is_the_same_file() -> None:
    assert made(one_child()).contents == made(one_child()).contents


def test_a_record_without_a_child_is_refused_on_the_command_line(tmp_path: pathlib.Path) -> None:
    (tmp_path / "woman.json").write_text('{"resourceType": "Patient", "id": "1"}')
    assert main(["translate", str(tmp_path / "woman.json"), "--to", "jgz-4.2.0", "--out", str(tmp_path / "out")]) == 1
    assert not list((tmp_path / "out").iterdir())
