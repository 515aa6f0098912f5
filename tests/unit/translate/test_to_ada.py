"""STU3 → ADA: each transform has its inverse, and what a record cannot be made of is refused or named."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from babyconnect.birthcare.ada import AdaElement
from babyconnect.definitions import document, rows
from babyconnect.sources.ada import read
from babyconnect.translate.ada import translate
from babyconnect.translate.composites import ASSEMBLE
from babyconnect.translate.referring import REFERENCES as FORWARD_REFERENCES
from babyconnect.translate.to_ada.graph import Found
from babyconnect.translate.to_ada.inverses import INVERSES, Target
from babyconnect.translate.to_ada.parts import TAKE_APART
from babyconnect.translate.to_ada.record import Made, to_ada, transactions
from babyconnect.translate.to_ada.referring import REFERENCES
from babyconnect.translate.to_ada.writing import written
from babyconnect.translate.values import TRANSFORMS, Context

TODAY = dt.date(2026, 11, 21)
BSN = "http://fhir.nl/fhir/NamingSystem/bsn"
PROFILE = "http://nictiz.nl/fhir/StructureDefinition/"
WOMAN: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "w",
    "meta": {"profile": ["http://fhir.nl/fhir/StructureDefinition/nl-core-patient", f"{PROFILE}bc-Woman"]},
    "identifier": [{"system": BSN, "value": "999911120"}],
    "birthDate": "1990-02-28",
}
PREGNANCY: dict[str, Any] = {
    "resourceType": "Condition",
    "id": "p",
    "meta": {"profile": [f"{PROFILE}zib-Pregnancy"]},
    "clinicalStatus": "active",
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "118185001"}]},
    "subject": {"reference": "Patient/w"},
    "note": [{"text": "gewenst"}],
}
GRAVIDITY: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "g",
    "meta": {"profile": [f"{PROFILE}zib-Pregnancy-Gravidity"]},
    "status": "final",
    "code": {
        "coding": [
            {"system": "http://loinc.org", "code": "11996-6"},
            {"system": "http://snomed.info/sct", "code": "161732006"},
        ]
    },
    "subject": {"reference": "Patient/w"},
    "valueQuantity": {"value": 3},
    "extension": [{"url": f"{PROFILE}observation-focusSTU3", "valueReference": {"reference": "Condition/p"}}],
}


def basis(*resources: dict[str, Any]) -> Made:
    return to_ada([*resources, PREGNANCY], transactions()["basis"], TODAY)


def values(made: Made) -> dict[str, str]:
    """What the record says, by element."""
    assert made.record is not None
    return {e.name: e.value or e.code for e in made.record.root.walk() if e.is_filled}


def rules(made: Made) -> set[str]:
    return {f.rule for f in made.findings if f.severity != "information"}


def test_every_transform_that_a_map_uses_has_an_inverse() -> None:
    used = {
        row["transform"]
        for block in document("ada/transactions.toml").values()
        for layer in block["map"].split()
        for row in rows(f"ada/{layer}_map")
    }
    elsewhere = {"group", "none", "follow", "part", "self", "element"}  # structure: read by `placing` and `lending`
    elsewhere |= {"suffix"}  # taken off again by `filling`
    assert used - elsewhere <= set(INVERSES) | set(TAKE_APART) | REFERENCES
    assert set(TAKE_APART) == set(ASSEMBLE)
    assert FORWARD_REFERENCES <= REFERENCES
    assert set(TRANSFORMS) - set(INVERSES) == {"ended"}  # a status that follows from an end


NULL = "2.16.840.1.113883.5.1008"
SNOMED = "2.16.840.1.113883.6.96"
SAMPLES = [
    ("concept", {"code": "118185001", "codeSystem": SNOMED, "displayName": "bevinding"}),
    (
        "concept",
        {"code": "OTH", "codeSystem": NULL, "displayName": "anders", "originalText": "x"},
    ),
    ("value-concept", {"code": "373066001", "codeSystem": SNOMED, "displayName": "ja"}),
    ("quantity", {"value": "3.50", "unit": "kg"}),
    ("quantity", {"value": "120", "unit": "mm[Hg]"}),
    ("count", {"value": "2"}),
    ("moment", {"value": "2024-05", "datatype": "datetime"}),
    ("moment", {"value": "2024-05-06T07:08:00", "datatype": "datetime"}),
    ("moment", {"value": "2024-10-27T02:30:00+01:00", "datatype": "datetime"}),
    ("moment", {"nullFlavor": "UNK", "datatype": "datetime"}),
    ("text", {"value": "vrije tekst"}),
    ("remark", {"value": "vrije tekst"}),
    ("remark", {"nullFlavor": "NA"}),
    ("boolean", {"value": "false"}),
    ("integer", {"value": "2"}),
    ("identifier", {"value": "08001234", "root": "2.16.528.1.1007.3.3"}),
    ("identifier", {"nullFlavor": "MSK", "root": "2.16.840.1.113883.2.4.6.3"}),
    ("coded-identifier", {"code": "1", "codeSystem": "1.2.3"}),
]


@pytest.mark.parametrize(("name", "attributes"), SAMPLES)
def test_an_inverse_gives_back_what_its_transform_took(name: str, attributes: dict[str, str]) -> None:
    context = Context(TODAY, (), "", lambda *_: None)
    given = TRANSFORMS[name](AdaElement("e", "1", attributes, (), 1), context)
    assert given is not None
    holder = {"x": given.value, **({"_x": dict(given.extra)} if given.extra else {})}
    back = INVERSES[name](Found(holder, "x", given.value, ()), Target((), (), ""))
    again = TRANSFORMS[name](AdaElement("e", "1", back or {}, (), 1), context)
    assert again == given


def test_a_record_says_what_its_resources_say() -> None:
    made = basis(WOMAN, GRAVIDITY)
    said = values(made)
    assert (said["identificatienummer"], said["geboortedatum"], said["graviditeit"]) == ("999911120", "1990-02-28", "3")
    assert rules(made) == set()


def test_what_is_read_again_is_the_same_record() -> None:
    made = basis(WOMAN, GRAVIDITY)
    assert made.record is not None
    again = read(written(made.record, TODAY))
    assert [r["resourceType"] for r in translate(again, TODAY).resources] == ["Patient", "Condition", "Observation"]
    assert again.transaction_ref == made.record.transaction_ref


def test_without_a_woman_there_is_no_record() -> None:
    made = basis(GRAVIDITY)
    assert (made.record, rules(made)) == (None, {"no-client"})


def test_what_is_no_fhir_is_refused_whole() -> None:
    made = basis(WOMAN, {**GRAVIDITY, "valueQuantity": "drie"})
    assert made.record is None
    assert [f.place.partition(".")[0] for f in made.findings] == ["Observation[1]"]


def test_two_women_are_never_put_into_one_record() -> None:
    made = basis(WOMAN, {**WOMAN, "id": "other"}, GRAVIDITY)
    assert (made.record, rules(made)) == (None, {"two-clients"})


def test_one_id_for_two_things_is_refused() -> None:
    assert rules(basis(WOMAN, GRAVIDITY, {**GRAVIDITY, "valueQuantity": {"value": 4}})) == {"duplicate-id"}


@pytest.mark.parametrize("change", [{"status": "entered-in-error"}, {"modifierExtension": [{"url": "http://x.nl"}]}])
def test_what_denies_itself_is_not_stated(change: dict[str, Any]) -> None:
    made = basis(WOMAN, {**GRAVIDITY, **change})
    assert "graviditeit" not in values(made)
    assert rules(made) == {"not-carried"}


def test_a_number_with_a_comparator_is_not_a_number() -> None:
    made = basis(WOMAN, {**GRAVIDITY, "valueQuantity": {"value": 3, "comparator": ">"}})
    assert "graviditeit" not in values(made)
    assert rules(made) == {"not-held"}


def test_a_resource_of_another_transaction_is_named_and_left_out() -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "meta": {"profile": [f"{PROFILE}bc-PregnancyUltraSound"]},
        "status": "final",
        "code": {"text": "echo"},
        "subject": {"reference": "Patient/w"},
    }
    [finding] = [f for f in basis(WOMAN, report).findings if f.severity == "warning"]
    assert (finding.place, finding.rule) == ("DiagnosticReport[1]", "not-held")


def test_a_reference_to_what_is_not_there_is_named() -> None:
    made = basis(WOMAN, {**GRAVIDITY, "context": {"reference": "EpisodeOfCare/away"}})
    assert [f.place for f in made.findings if f.rule == "not-held"] == ["Observation[1].context.reference"]


def test_a_code_that_no_list_has_is_carried_and_named() -> None:
    coded = {"coding": [{"system": "http://snomed.info/sct", "code": "1", "display": "onbekend hier"}], "text": "toch"}
    twins = {
        "resourceType": "Observation",
        "id": "t",
        "meta": {
            "profile": [
                f"{PROFILE}bc-PregnancyObservation",
                "http://fhir.nl/fhir/StructureDefinition/nl-core-observation",
            ]
        },
        "status": "final",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "65147003"}]},
        "subject": {"reference": "Patient/w"},
        "extension": GRAVIDITY["extension"],
        "valueCodeableConcept": coded,
    }
    made = basis(WOMAN, twins)
    assert made.record is not None
    [element] = [e for e in made.record.root.walk() if e.name == "tweelingzwangerschap_waarde"]
    assert (element.code, element.attributes["originalText"]) == ("1", "toch")
    assert rules(made) == {"unknown-code"}


def test_a_text_that_holds_what_no_xml_may_hold_is_still_a_file() -> None:
    made = basis(WOMAN, {**GRAVIDITY, "id": "h"})
    assert made.record is not None
    hostile = AdaElement("e", "1", {"value": "a\x00b\ud800<&>"}, (), 1)
    record = type(made.record)(made.record.transaction, "", "3.2", "", "", AdaElement("r", "", {}, (hostile,), 1))
    assert b'value="ab&lt;&amp;&gt;"' in written(record, TODAY)
