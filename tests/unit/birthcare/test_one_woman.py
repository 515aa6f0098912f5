"""Two records with one BSN are one person's only where nothing that tells twins apart contradicts or is lacking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from babyconnect.birthcare.one_woman import contradictions, facts

BSN = {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900730"}
QUALIFIER = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-qualifier"


def person(*given: str, family: str = "de Vries", **more: Any) -> dict[str, Any]:
    """A Patient; of a first name as `CL:Sophie` or `IN:E.S.` is told what it is."""
    marks = [{"extension": [{"url": QUALIFIER, "valueCode": one[:2]}]} if ":" in one else None for one in given]
    name = {"family": family, "given": [one.rpartition(":")[2] for one in given], "_given": marks}
    named = {"name": [{key: value for key, value in name.items() if value}]} if family or given else {}
    return {"resourceType": "Patient", "identifier": [BSN], "birthDate": "1994-05-06", **named, **more}


def against(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    both = set(contradictions([facts(one), facts(other)]))
    assert both == set(contradictions([facts(other), facts(one)]))
    return both


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["Lisa"], ["Lotte"]),
        (["Anna"], ["Anouk"]),
        (["Emma", "Sophie"], ["Sophie", "Emma"]),
        (["Maria", "Johanna"], ["Maria", "Elisabeth"]),
        (["IN:L.", "CL:Lisa"], ["Lotte"]),
        (["CL:Lisa"], ["CL:Lotte"]),
        (["J.M."], ["J.P."]),
        (["M.J."], ["J.M."]),
        (["Anne-Marie"], ["Anne-Sofie"]),
    ],
)
def test_sisters_with_a_shared_initial_or_name_are_two(one: list[str], other: list[str]) -> None:
    assert against(person(*one), person(*other)) == {"first_name"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["Lisa"], ["Lisa", "Maria"]),
        (["L."], ["Lisa"]),
        (["IN:LM"], ["L.", "M."]),
        (["Emma", "Sophie", "CL:Sophie"], ["E.S."]),
        (["Emma", "Sophie", "CL:Sophie"], ["CL:Sophie"]),
        (["IN:E.S.", "CL:Sophie"], ["Emma", "Sophie"]),
        (["Emma", "Sophie", "IN:E.S."], ["Emma", "Sophie", "Anna"]),
        (["Zoë"], ["Zoe"]),
        (["Anne-Marie"], ["Annemarie"]),
        (["Lisa"], []),
    ],
)
def test_first_names_that_can_be_one_persons_contradict_nothing(one: list[str], other: list[str]) -> None:
    assert against(person(*one), person(*other)) == set()


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ({"multipleBirthInteger": 1}, {"multipleBirthInteger": 2}, {"multiple_birth"}),
        ({"multipleBirthInteger": 1}, {"multipleBirthBoolean": True}, {"multiple_birth_unknown"}),
        ({"multipleBirthBoolean": True}, {"multipleBirthBoolean": True}, {"multiple_birth_unknown"}),
        ({"multipleBirthInteger": 1}, {}, {"multiple_birth_unknown"}),
        ({"multipleBirthInteger": 1}, {"multipleBirthBoolean": False}, {"multiple_birth_unknown"}),
        ({"multipleBirthInteger": 2}, {"multipleBirthInteger": 2}, set()),
        ({"multipleBirthBoolean": False}, {}, set()),
    ],
)
def test_of_who_was_born_with_others_the_ranks_must_be_known_and_equal(
    one: dict[str, Any], other: dict[str, Any], code: set[str]
) -> None:
    assert against(person("Lisa", **one), person("Lisa", **other)) == code


def test_a_birth_date_alone_beside_the_bsn_is_not_enough() -> None:
    assert against(person(family=""), person("Lisa")) == {"name_unknown"}
    assert against(person("L.", family=""), person("Lisa")) == {"name_unknown"}
    assert against(person("Lisa", family=""), person("Lisa")) == set()


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ("de", "de Vries", {"family_name"}),
        ("van der", "van der Berg", {"family_name"}),
        ("de Vries", "de Boer", {"family_name"}),
        ("Vries", "de Vries", set()),
        ("'t Hart", "Hart", set()),
        ("de Vries", "Vries-Bakker", set()),
        ("Van", "Van", set()),
    ],
)
def test_a_particle_is_no_family_name(one: str, other: str, code: set[str]) -> None:
    assert against(person("Lisa", family=one), person("Lisa", family=other)) == code
