"""A record of birth care becomes the kernset that it holds, and that Perined's message; what is missing is named."""

from __future__ import annotations

import datetime as dt

import pytest
from lxml import etree

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.translate.hl7v3 import message
from babyconnect.translate.hl7v3.sites import sites
from babyconnect.translate.recasting import kernsets
from babyconnect.translate.recasting.recast import Recast
from tests.support.births import (
    BSN_CHILD,
    TRANSACTION,
    child,
    coded,
    delivered,
    e,
    examined,
    in_week,
    of_child,
    record,
    ref,
    v,
    week,
)

TODAY = dt.date(2026, 11, 22)
OUTPUT = "hl7v3-kernset-2.3.6"
BIRTHS = "uitkomst_per_kind/baring/"


def made(of: AdaRecord) -> Recast:
    return kernsets.recast(of, OUTPUT)


def values(of: Recast, path: str) -> list[str]:
    assert of.record is not None
    return [site.element.code or site.element.value for site in sites(of.record).select(path)]


def rules(of: Recast) -> set[tuple[str, str]]:
    return {(f.severity, f.rule) for f in of.findings if f.severity != "information"}


def test_each_child_has_its_own_outcome() -> None:
    of = made(record(of_child("K2", examined("2.1", "kg")), of_child("K1", examined("2950")),
                     persons=(child("K1"), child("K2", bsn=BSN_CHILD))))  # fmt: skip
    assert values(of, BIRTHS + "kindspecifieke_uitkomstgegevens/lichamelijk_onderzoek_kind/geboortegewicht") == [
        "2950", "2100"]  # fmt: skip
    assert values(of, BIRTHS + "demografische_gegevens/identificaties_kind/bsn_kind") == [BSN_CHILD]


@pytest.mark.parametrize(
    ("path", "delivery", "code"),
    [
        ("bevalling/wijze_waarop_de_baring_begon",
         e("ontsluitingsfase", e("wijze_begin_baring_observatie", coded("begin_baring_waarde", "84457005"))), "1"),
        ("bevalling/placenta/geboorte_placenta",
         e("nageboortefase", e("placenta", e("wijze_geboorte_placenta_observatie",
                                             coded("wijze_geboorte_placenta_waarde", "28233006")))), "3"),
        (BIRTHS + "kindspecifieke_uitkomstgegevens/type_partus",
         delivered("K1", e("type_partus_observatie", coded("type_partus_waarde", "80801000146105"))), "274130007"),
        (BIRTHS + "werkelijke_plaats_baring_type_locatie",
         delivered("K1", e("werkelijke_plaats_baring_type_locatie_observatie",
                           coded("werkelijke_plaats_baring_waarde", "56321000146103"))), "22232009"),
    ],
)  # fmt: skip
def test_a_code_becomes_the_one_that_the_kernset_has(path: str, delivery: AdaElement, code: str) -> None:
    of = made(record(of_child("K1"), persons=(child("K1"),), delivery=(delivery,)))
    assert values(of, path) == [code] and rules(of) == set()


def test_a_code_that_the_kernset_has_not_is_left_out_and_named() -> None:
    abroad = delivered("K1", e("werkelijke_plaats_baring_type_locatie_observatie",
                               coded("werkelijke_plaats_baring_waarde", "107191000146100")))  # fmt: skip
    of = made(record(of_child("K1"), persons=(child("K1"),), delivery=(abroad,)))
    assert not values(of, BIRTHS + "werkelijke_plaats_baring_type_locatie") and ("warning", "unknown-code") in rules(of)


def test_a_problem_is_the_answer_to_its_question_and_one_that_was_ruled_out_is_not() -> None:
    fever = e("probleem_maternaal", coded("probleem_naam", "386661006"))
    none = e("probleem_maternaal", coded("probleem_naam", "312974005"), coded("verificatie_status", "410516002"))
    of = made(record(delivery=(fever, none)))
    assert values(of, "bevalling/diagnose_bevalling/koortsq") == ["true"]
    assert not values(of, "bevalling/diagnose_bevalling/ppromq")


def test_a_problem_that_the_kernset_has_no_question_for_is_named() -> None:
    of = made(record(delivery=(e("probleem_maternaal", coded("probleem_naam", "34430009")),)))
    assert any(f.rule == "not-carried" and f.place == "bevalling/probleem_maternaal/probleem_naam" for f in of.findings)


def test_a_date_of_nothing_is_no_diagnosis() -> None:
    about = e("probleem_zwangerschap", coded("probleem_naam", "1"), v("probleem_begin_datum", "2026-10-01"))
    of = made(record(e("zwangerschapsgegevens", about)))
    assert not values(of, "zwangerschap/diagnose")


def test_feeding_is_said_of_the_child_that_was_fed() -> None:
    milk = e("bouwstenen", e("voedingspatroon_zuigeling", v("voedingspatroon_zuigeling_datum_tijd", "2026-11-17"),
                             e("voeding", coded("voeding_soort", "226789007")), id="M"))  # fmt: skip
    fed = in_week("K2", e("controles_kind", ref("voedingspatroon_zuigeling", "M")))
    persons = (child("K1", v("rangnummer", "1")), child("K2", v("rangnummer", "2")))
    of = made(record(of_child("K1"), of_child("K2"), week(fed), milk, persons=persons))
    assert values(of, "postnatale_fase/kindspecifieke_gegevens/rangnummer_kind") == ["2"]
    assert values(of, "postnatale_fase/kindspecifieke_gegevens/voeding_kind_groep/substantie_voeding_kind") == ["1"]


def test_several_care_providers_and_nobody_responsible_is_nobodys_delivery() -> None:
    other = e("administratief", e("zorgaanbieder", id="X"))
    of = made(record(other))
    assert not values(of, "zorgverlenerzorginstelling")


def test_the_message_names_what_is_demanded_and_not_there() -> None:
    of = made(record(of_child("K1", examined("3000")), persons=(child("K1"),)))
    assert of.record is not None
    written = message.write(of.record, OUTPUT, TODAY, with_bsn=True)
    demanded = {f.text.split()[3].rstrip(",") for f in written.findings if f.rule == "incomplete"}
    assert {"zorgverlening", "zorginstelling_lvrid"} <= demanded
    assert not [f for f in written.findings if f.rule in ("unknown-concept", "not-mapped", "unknown-code")]
    root = etree.fromstring(written.content)
    assert root.tag == "{urn:hl7-org:v3}REPC_IN004014NL" and b'value="3000" unit="g"' in written.content


def older(of: AdaRecord) -> Recast:
    return kernsets.recast(of, "hl7v3-kernset-2.2")


def test_2_2_asks_whether_there_is_a_disorder_beside_which() -> None:
    anaemia = e("probleem_algemene_anamnese", coded("probleem_naam", "87522002"))
    of = older(record(e("vrouw", e("anamnese", e("algemene_anamnese", anaemia)))))
    path = "vrouw/anamnese/algemene_anamnese/"
    assert values(of, path + "anemie") == ["87522002"] and values(of, path + "anemieq") == ["true"]
    assert not values(of, path + "longaandoeningq")


@pytest.mark.parametrize(
    ("said", "newer", "before"),
    [("48782003", "177184002", "48782003"), ("61586001", "3311000146109", "8561000146109"),
     ("80801000146105", "274130007", "200149009"), ("11466000", "11466000", "200146002"),
     ("80771000146107", "177141003", "")],
)  # fmt: skip
def test_the_way_of_birth_is_a_finding_in_2_2_and_a_procedure_in_2_3(said: str, newer: str, before: str) -> None:
    born = delivered("K1", e("type_partus_observatie", coded("type_partus_waarde", said)))
    of = record(of_child("K1"), persons=(child("K1"),), delivery=(born,))
    path = BIRTHS + "kindspecifieke_uitkomstgegevens/type_partus"
    assert values(made(of), path) == [newer]
    assert values(older(of), path) == ([before] if before else [])
    assert (("warning", "unknown-code") in rules(older(of))) == (not before)


def test_2_2_has_the_same_birth_where_it_has_its_elements() -> None:
    of = record(of_child("K1", examined("3000")), persons=(child("K1", bsn=BSN_CHILD),))
    assert values(older(of), BIRTHS + "kindspecifieke_uitkomstgegevens/apgarscore_na_5_min") == ["9"]
    weight = BIRTHS + "kindspecifieke_uitkomstgegevens/lichamelijk_onderzoek_kind/geboortegewicht"
    assert values(older(of), weight) == values(made(of), weight) == ["3000"]
    assert not values(older(of), "zorgverlenerzorginstelling/zorginstelling/zorginstelling_agbid")


def test_a_birth_of_which_only_the_woman_is_named_is_the_birth_of_the_only_child() -> None:
    born = delivered("V", e("type_partus_observatie", coded("type_partus_waarde", "48782003")))
    path = BIRTHS + "kindspecifieke_uitkomstgegevens/type_partus"
    alone = record(of_child("K1"), persons=(child("K1"),), delivery=(born,))
    twins = record(of_child("K1"), of_child("K2"), persons=(child("K1"), child("K2")), delivery=(born,))
    assert values(made(alone), path) == ["177184002"] and not values(made(twins), path)


@pytest.mark.parametrize("output", kernsets.outputs())
def test_what_no_record_of_birth_care_holds_is_named_with_the_reason(output: str) -> None:
    told = [f for f in kernsets.kernsets(record(), output, TODAY).findings if f.rule == "not-available"]
    assert len(told) > 20 and all(f.severity == "information" and ": " in f.text for f in told)


def test_more_of_one_element_than_any_record_has_is_refused() -> None:
    of = made(AdaRecord(TRANSACTION, "", "3.2", "", "", e(TRANSACTION, *[e("kind") for _ in range(300)])))
    assert of.record is None and rules(of) == {("error", "size")}
