"""A value is kept in the unit that its profile asks for, whatever a record came as; what it cannot be is left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from babyconnect.fhir import json
from babyconnect.flows.examples import EXAMPLES, case
from babyconnect.flows.inputs import Input
from babyconnect.flows.material import Wanted
from babyconnect.flows.translating import Outcome, translating, write
from tests.spec.publishing.records import BC, Node, Resource, bundle, concept, folder, record, weight

TODAY = dt.date(2026, 11, 22)
UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"
ERROR = {"coding": [{"system": "http://hl7.org/fhir/data-absent-reason", "code": "error", "display": "Error"}]}


def quantity(value: str, unit: str, code: str = "") -> Resource:
    return {"value": json.decimal(value), "unit": unit} | ({"system": UCUM, "code": code} if code else {})


def observed(profile: str, code: Resource, value: Resource, id: str = "X") -> Resource:
    return {**weight(id), "meta": {"profile": [f"{BC}{profile}"]}, "code": code, "valueQuantity": value}


def pressure(systolic: Resource, diastolic: Resource) -> Resource:
    coded = {"8480-6": systolic, "8462-4": diastolic}
    parts = [{"code": concept(code, "druk", LOINC), "valueQuantity": value} for code, value in coded.items()]
    whole = observed("zib-BloodPressure", concept("85354-9", "Bloeddruk", LOINC), {})
    return {name: given for name, given in whole.items() if name != "valueQuantity"} | {"component": parts}


def said(value: Mapping[str, Any]) -> str:
    return f"{value['value']} {value.get('code')}"


async def kept(resource: Resource) -> tuple[Mapping[str, Any], list[str]]:
    node = Node()
    report = await node.one(bundle(*record(), resource))
    (original,) = node.store.originals.values()
    assert bundle(*record(), resource) in (original.content, original)  # what was sent is kept as it was
    return node.kept["Observation/X"], [f.severity for f in report.findings if f.rule == "unit"]


HEIGHT, HEART = concept("8302-2", "Lichaamslengte", LOINC), concept("8867-4", "Hartfrequentie", LOINC)
TEMPERATURE, HB = concept("8310-5", "Temperatuur", LOINC), concept("93846-4", "Hb", LOINC)
WEIGHT, DURATION = concept("29463-7", "Gewicht", LOINC), concept("412726003", "zwangerschapsduur")


@pytest.mark.parametrize(
    ("profile", "code", "sent", "wanted"),
    [
        ("zib-BodyHeight", HEIGHT, ("1.68", "m", "m"), "168 cm"),
        ("zib-BodyWeight", WEIGHT, ("3450000", "mg", "mg"), "3450.000 g"),
        ("zib-BodyWeight", WEIGHT, ("151.0", "lbs", "[lb_av]"), "151.0 [lb_av]"),
        ("zib-BodyTemperature", TEMPERATURE, ("310.0", "K", "K"), "36.85 Cel"),
        ("zib-HeartRate", HEART, ("2.3", "/s", "/s"), "138 /min"),
        ("zib-HeartRate", HEART, ("140", "slagen/min", "{beats}/min"), "140 /min"),
        ("zib-Pregnancy-PregnancyDuration", DURATION, ("960", "h", "h"), "40.00 d"),
    ],
)  # fmt: skip
async def test_a_unit_that_is_not_asked_for_is_converted_and_told(
    profile: str, code: Resource, sent: tuple[str, str, str], wanted: str
) -> None:
    made, told = await kept(observed(profile, code, quantity(*sent)))
    assert said(made["valueQuantity"]) == wanted
    assert told == ([] if sent[2] in wanted.split() else ["information"])


async def test_each_part_of_a_blood_pressure_is_in_the_unit_that_is_fixed() -> None:
    made, told = await kept(pressure(quantity("16.0", "kPa", "kPa"), quantity("80", "mmHg")))
    assert [said(part["valueQuantity"]) for part in made["component"]] == ["120.0 mm[Hg]", "80 mm[Hg]"]
    assert told == ["information", "information"]


@pytest.mark.parametrize("sent", [("120", "ml", "mL"), ("120", "mm", "mm")])
async def test_what_measures_something_else_is_no_value_and_says_why(sent: tuple[str, str, str]) -> None:
    made, told = await kept(pressure(quantity(*sent), quantity("80", "mm[Hg]", "mm[Hg]")))
    first, second = made["component"]
    assert ("valueQuantity" in first, first["dataAbsentReason"], told) == (False, ERROR, ["warning"])
    assert said(second["valueQuantity"]) == "80 mm[Hg]"
    made, told = await kept(observed("zib-HeartRate", HEART, quantity(*sent)))
    assert ("valueQuantity" in made, made["dataAbsentReason"], told) == (False, ERROR, ["warning"])


async def test_a_unit_that_contradicts_the_code_of_a_result_is_told_and_left_as_it_was_sent() -> None:
    """Which of the two is wrong cannot be known: in published records of haemoglobin it is the unit."""
    sent = quantity("7.0", "g/dL", "g/dL")
    made, told = await kept(observed("zib-LaboratoryTestResult-Observation", HB, sent))
    assert (made["valueQuantity"], told) == (sent, ["warning"])


@pytest.mark.parametrize("sent", [("140", "keer iets", ""), ("140", "", "")])
async def test_words_that_are_no_unit_and_a_number_alone_stay_as_they_were_sent(sent: tuple[str, str, str]) -> None:
    value = {name: given for name, given in quantity(*sent).items() if given != ""}
    made, told = await kept(observed("zib-HeartRate", HEART, value))
    assert (made["valueQuantity"], told) == (value, [])


async def test_loose_files_of_a_folder_go_the_same_way(tmp_path: Path) -> None:
    tall = observed("zib-BodyHeight", HEIGHT, quantity("1680", "mm", "mm"))
    node = Node()
    report = await node.one(folder(tmp_path, "dossier", [*record(), tall]))
    assert said(node.kept["Observation/X"]["valueQuantity"]) == "168.0 cm"
    assert [f.severity for f in report.findings if f.rule == "unit"] == ["information"]


# Per format: what stands in its example, what is sent instead, what must come of it (None: no value, and a warning).
LENGTH, BIRTH_WEIGHT = "89269-5", "8339-4"
SENT = [
    ("ada-basis.xml", 'value="51" unit="cm"', 'value="0.51" unit="m"', LENGTH, "51 cm"),
    ("ada-basis.xml", 'value="51" unit="cm"', 'value="51" unit="kg"', LENGTH, None),
    ("ada-basis.xml", 'value="3780" unit="g"', 'value="3780" unit="Gram"', BIRTH_WEIGHT, "3780 g"),
    ("ada-basis.xml", 'value="3780" unit="g"', 'value="3780" unit="dagen"', BIRTH_WEIGHT, None),
    ("ada-kraam.xml", 'value="3780" unit="g"', 'value="3780000" unit="mg"', BIRTH_WEIGHT, "3780.000 g"),
    ("hl7v3-acute.xml", 'value="3780" unit="g"', 'value="3780000" unit="mg"', BIRTH_WEIGHT, "3780.000 g"),
    ("hl7v3-acute.xml", 'value="3780" unit="g"', 'value="3780" unit="mL"', BIRTH_WEIGHT, None),
    ("hl7v3-acute.xml", 'value="7.3" unit="mmol/L"', 'value="11.8" unit="g/dL"', "59260-0", "11.8 g/dL"),
    ("stu3.xml", '<code value="cm"/>', '<code value="mm"/>', LENGTH, "5.1 cm"),
]


@pytest.fixture(scope="module")
def published() -> Mapping[str, bytes]:
    """One record as an example of each format that can be handed in."""
    of = case(TODAY)
    return {file.name: file.content for name in ("ada", "hl7v3-acute", "stu3") for file in EXAMPLES[name](of)}


def translated(name: str, content: bytes, wanted: Wanted, to: str = "stu3") -> Outcome:
    [made] = translating([Input(name, content=content)], 9_000_000, {}, wanted, to)
    assert not made.refused, made.findings
    return made


@pytest.mark.parametrize(("name", "before", "after", "code", "value"), SENT)
def test_every_format_goes_the_same_way(
    published: Mapping[str, bytes], name: str, before: str, after: str, code: str, value: str | None
) -> None:
    content = published[name].decode()
    assert before in content
    made = translated(name, content.replace(before, after).encode(), Wanted(TODAY))
    found = [one for one in made.resources if one.get("code", {}).get("coding", [{}])[0].get("code") == code]
    assert (said(found[0]["valueQuantity"]) if "valueQuantity" in found[0] else None) == value
    warned = any(f.rule == "unit" and f.severity == "warning" for f in made.findings)
    assert warned == (value is None or "g/dL" in value)
    assert value is not None or found[0]["dataAbsentReason"] == ERROR


def test_a_record_of_the_data_set_has_the_units_of_the_data_set(published: Mapping[str, bytes]) -> None:
    content = published["stu3.json"].decode()
    metric = '"value":3780,"unit":"g","system":"http://unitsofmeasure.org","code":"g"'
    assert metric in content
    customary = metric.replace("3780", "8.33").replace('"g"', '"[lb_av]"')
    wanted = Wanted(TODAY, transaction="basis")
    made = translated("record.json", content.replace(metric, customary).encode(), wanted, "ada")
    assert b'value="3778" unit="g"' in write(made, "ada", wanted).content
