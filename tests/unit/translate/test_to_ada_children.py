"""STU3 → ADA: what the data set says of a child and FHIR in another way: its group, its mother, that it is a twin."""

from __future__ import annotations

import datetime as dt

import pytest

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.sources.ada import read
from babyconnect.translate.ada import translate
from babyconnect.translate.findings import Translated
from babyconnect.translate.to_ada.record import to_ada, transactions
from tests.unit.translate.test_ada_translation import EPISODE, WOMAN, e, person, ref

TODAY = dt.date(2026, 11, 21)
UITBREIDING = transactions()["uitbreiding"]
SCT = "2.16.840.1.113883.6.96"
TRAUMA, CONGENITAL, OWN = "probleem_geboortetrauma", "probleem_congenitale_aandoeningen", "probleem_problematiek_kind"
GROUPS = {TRAUMA: (1493, 1497, 1500), CONGENITAL: (1514, 1518, 1521), OWN: (1503, 1507, 1510)}


def record(child: str, *of_child: str, family: str = "", parents: str = "") -> Translated:
    woman = e("vrouw", 674, e("demografische_gegevens", 1713, ref("patient", 1434, "V"), family))
    own = e("kind", 1404, e("demografische_gegevens", 1754, ref("patient", 1378, "K"), parents), *of_child)
    body = e("administratief", 1313, WOMAN, person("K", "Sem", child, born="2026-06-03")) + EPISODE + woman + own
    return translate(
        read(f'<adaxml><data><{UITBREIDING} id="r">{body}</{UITBREIDING}></data></adaxml>'.encode()), TODAY
    )


def back(made: Translated) -> AdaRecord:
    found = to_ada(list(made.resources), UITBREIDING, TODAY).record
    assert found is not None
    return found


def values(of: AdaRecord, concept: str) -> list[str]:
    return [one.value for one in of.root.walk() if one.concept == concept]


def problem(group: str, code: str) -> str:
    whole, name, status = GROUPS[group]
    made = e(group, whole, e("probleem_naam", name, code=code, system=SCT),
             e("probleem_status", status, code="55561003", system=SCT))  # fmt: skip
    around = {TRAUMA: ("geboortetrauma", 1490), CONGENITAL: ("congenitale_aandoeningen", 1513)}
    return e("problematiek_kind", 1489, e(*around[group], made) if group in around else made)


@pytest.mark.parametrize(
    ("group", "code"),
    [(TRAUMA, "83886009"), (CONGENITAL, "204878001"), (OWN, "206292002")],
    ids=["Klumpke", "testis", "meconium"],
)
def test_a_childs_problem_comes_back_in_the_group_of_which_the_lists_have_its_code(group: str, code: str) -> None:
    again = back(record("", problem(group, code)))
    assert [above.name for above in again.root.walk() if any(one.code == code for one in above.children)] == [group]


def test_a_problem_that_no_list_has_is_one_of_the_child_and_no_birth_trauma() -> None:
    again = back(record("", problem(TRAUMA, "386661006")))
    assert [a.name for a in again.root.walk() if any(one.code == "386661006" for one in a.children)] == [OWN]


TWIN, SINGLE = e("meerling_indicator", 685, value="true"), e("meerling_indicator", 685, value="false")


@pytest.mark.parametrize("rank", ["1", "2"])
def test_a_twin_with_a_rank_is_still_a_twin_when_it_comes_back(rank: str) -> None:
    again = back(record(TWIN + e("rangnummer", 3358, value=rank, datatype="count")))
    assert (values(again, "685"), values(again, "3358")) == (["true"], [rank])


def test_a_child_that_is_no_twin_is_not_made_one_by_its_rank() -> None:
    made = record(SINGLE + e("rangnummer", 3358, value="1", datatype="count"))
    [child] = [r for r in made.resources if r["resourceType"] == "Patient" and r["birthDate"] == "2026-06-03"]
    assert child["multipleBirthBoolean"] is False and "multipleBirthInteger" not in child
    assert [f.rule for f in made.findings if f.concept == "3358"] == ["not-mapped"]
    assert values(back(made), "685") == ["false"]


def test_the_woman_comes_back_as_mother_of_her_child() -> None:
    mother = e("ouder_verzorger", 2926, ref("patient", 11026, "V"))
    again = back(record("", parents=e("gezinssituatie_kind", 2924, mother)))
    [who] = values(again, "11026")
    assert [one.concept for one in again.root.walk() if one.id == who] == ["675"]


def test_a_child_at_home_of_known_age_is_one_child_when_it_comes_back() -> None:
    age = e("geboortedatum", 1722, value="2021-12-12", datatype="datetime")
    home = e("gezinssituatie", 1714, e("kind", 1721, age, e("inwonend", 1723, value="true")))
    assert values(back(record("", family=home)), "1723") == ["true"]


def test_a_weight_of_the_mother_that_a_data_set_has_no_place_for_is_told_and_stands_with_no_child() -> None:
    resources = list(record("").resources)
    woman = next(one for one in resources if "bc-Woman" in str(one.get("meta")))
    weight = {
        "resourceType": "Observation",
        "id": "w",
        "meta": {"profile": ["http://nictiz.nl/fhir/StructureDefinition/zib-BodyWeight"]},
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"reference": f"Patient/{woman['id']}"},
        "effectiveDateTime": "2026-03-01T10:00:00+01:00",
        "valueQuantity": {"value": 86, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
    }

    made = to_ada([*resources, weight], transactions()["kraam"], TODAY)

    assert made.record is not None
    assert values(made.record, "1404") == [""], "the child is there"
    assert values(made.record, "1074") == []
    assert "Observation" in {finding.place.partition("[")[0] for finding in made.findings}
