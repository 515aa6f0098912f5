"""Units as sources write them: what they are in UCUM, converted where they measure the same, and shown in Dutch."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from babyconnect.birthcare import units
from babyconnect.birthcare.named import named
from babyconnect.birthcare.resources import codes_in
from babyconnect.birthcare.systems import canonical
from babyconnect.birthcare.ucum import is_unit
from babyconnect.birthcare.ucum_sizes import size
from babyconnect.definitions import rows

# PWD 3.2 prescribes it for what laboratories count in arbitrary units, which UCUM lets bear no prefix.
PRESCRIBED = "k[arb'U]/L"


@pytest.mark.parametrize("row", rows("terminology/units"), ids=lambda row: row["written"])
def test_every_row_is_a_unit_with_a_code_a_size_and_a_citation(row: dict[str, str]) -> None:
    assert is_unit(row["code"]) or row["code"] == PRESCRIBED
    assert row["ucum"] or row["written"] != row["code"]
    assert size(row["counts"] or row["code"]) is not None
    assert not (row["ucum"] and not row["counts"]) or units.measure_the_same(row["written"], row["code"])
    assert row["citation"]
    shown = {other["dutch"] for other in rows("terminology/units") if other["code"] == row["code"]}
    assert shown == {row["dutch"]}


@pytest.mark.parametrize("row", rows("terminology/ucum"), ids=lambda row: row["code"])
def test_every_symbol_of_ucum_has_a_size_or_is_one_of_its_own(row: dict[str, str]) -> None:
    if row["kind"] == "prefix":
        assert Decimal(row["value"]) > 0
    else:
        assert size(row["code"]) is not None


def test_no_unit_is_written_in_two_rows() -> None:
    written = [row["written"] for row in rows("terminology/units")]
    assert len(written) == len(set(written))


@pytest.mark.parametrize(
    ("quantity", "code", "value"),
    [
        ({"value": Decimal("3.45"), "code": "kg"}, "g", "3450"),
        ({"value": 3450, "unit": "gram"}, "kg", "3.45"),
        ({"value": 55, "code": "mm"}, "cm", "5.5"),
        ({"value": 2, "unit": "uur"}, "min", "120"),
        ({"value": 7.5, "code": "mmol/l"}, "mmol/L", "7.5"),
        ({"value": 280, "code": "d"}, "wk", "40"),
        ({"value": Decimal("98.6"), "code": "[degF]"}, "Cel", "37"),
        ({"value": Decimal("36.5"), "unit": "graden celsius"}, "K", "309.65"),
        ({"value": 150, "code": "k[arb'U]/L"}, "[arb'U]/L", "150000"),
        ({"value": 250, "code": "10*9/L"}, "/nL", "250"),
        ({"value": 140, "code": "{beats}/min"}, "/min", "140"),
        ({"value": 5, "unit": "KG"}, "g", "5000"),
        ({"value": 2, "code": "a"}, "mo", "24"),
    ],
)
def test_a_quantity_in_another_unit_of_the_same_thing(quantity: dict[str, Any], code: str, value: str) -> None:
    assert units.value_in(quantity, code) == Decimal(value)


@pytest.mark.parametrize(
    "quantity",
    [
        {"value": 1, "code": "kg"},
        {"value": 1},
        {"code": "mm"},
        {"value": "x", "code": "mm"},
        {"value": 1, "unit": "el"},
        {"value": 1, "unit": "MM Hg"},
        {"value": 1, "code": "mm", "system": "urn:oid:2.16.840.1.113883.2.4.4.1.900.2"},
        {"value": True, "code": "mm"},
        {"value": Decimal("1e9999999"), "code": "cm"},
        {"value": 1, "code": "m99999999"},
    ],
)
def test_what_measures_something_else_or_nothing_is_not_converted(quantity: dict[str, Any]) -> None:
    assert units.value_in(quantity, "mm") is None


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("gram", "g"),
        ("ml", "ml"),
        ("mm[Hg]", "mm[Hg]"),
        ("52065008 luier (fysiek object)", "{52065008 luier (fysiek object)}"),
        ("keer per dag", "{keer per dag}"),
        ("{score}", "{score}"),
        ("mg/dL", "mg/dL"),
        ("MMHG", "mm[Hg]"),
        ("Weken", "wk"),
        ("ML", "mL"),
        ("kE/L", "k[arb'U]/L"),
    ],
)
def test_what_a_source_writes_becomes_ucum_or_an_annotation(written: str, code: str) -> None:
    assert units.coded(written) == code


def test_one_code_system_under_its_names_is_one() -> None:
    assert (
        canonical("urn:oid:2.16.840.1.113883.6.96") == canonical("http://snomed/info/sct") == "http://snomed.info/sct"
    )
    assert canonical("urn:oid:1.2.3") == "urn:oid:1.2.3"
    concept = {"coding": [{"system": "urn:oid:2.16.840.1.113883.6.1", "code": "8339-4"}]}
    assert codes_in(concept) == ("http://loinc.org|8339-4",)


def test_every_name_of_a_system_leads_to_one_that_has_no_other() -> None:
    assert all(canonical(row["system"]) == row["system"] for row in rows("terminology/systems"))


def test_a_post_coordinated_code_is_kept_as_it_is() -> None:
    code = "698350008:370131001=133933007"
    assert codes_in({"coding": [{"system": "http://snomed.info/sct", "code": code}]}) == (
        f"http://snomed.info/sct|{code}",
    )


def test_a_code_is_asked_after_by_a_name_that_the_table_has() -> None:
    assert named("gestation") == {"http://snomed.info/sct|57036006"}
    assert all(row["citation"] and canonical(row["system"]) == row["system"] for row in rows("terminology/codes"))
    with pytest.raises(KeyError):
        named("nothing")


VALID = (
    "mmol/L", "m[IU]/L", "mm[Hg]", "10*9/L", "10*-3", "10^3", "kg/m2", "m-1", "/min", "/{week}", "m[H2O]", "[degF]",
    "Cel", "%", "{keer per dag}", "ml", "(g.m)/s2", "g/(m.s2)", "mL/min/{1.73_m2}", "g{a/b}/L", "cal_[15]",
    "B[10.nV]", "{score}", "1", "2.g",
)  # fmt: skip
INVALID = (
    "", "/", "mmHg", "MM", "k[arb'U]/L", "gram", "g//l", "g(", "g(m)", "(g", "{a}{b}", "m2.", "°C",
    "g\x01", "g ", "kPA", "()", "(" * 100, "g." * 150 + "g",
)  # fmt: skip


@pytest.mark.parametrize("code", VALID)
def test_a_unit_of_ucum_is_one(code: str) -> None:
    assert is_unit(code)
    assert units.coded(code) == code


@pytest.mark.parametrize("code", INVALID)
def test_what_ucum_does_not_have_is_none(code: str) -> None:
    assert not is_unit(code)


@pytest.mark.parametrize("words", ["keer per dag", "streep", "‰ van iets"])
def test_words_become_an_annotation_that_ucum_allows(words: str) -> None:
    assert not units.is_known(words)
    assert is_unit(units.coded(words))
