"""ADA ↔ STU3: a blood test of a newborn is about the child that its chapter names, else about nobody."""

from __future__ import annotations

import datetime as dt

import pytest

from babyconnect.sources.ada import read
from babyconnect.translate.ada import translate
from babyconnect.translate.findings import Translated
from babyconnect.translate.to_ada.record import to_ada, transactions
from tests.unit.translate.test_ada_translation import EPISODE, HERSELF, WOMAN, e, person, ref

TODAY = dt.date(2026, 11, 21)
UITBREIDING = transactions()["uitbreiding"]
CHILDREN = person("K1", "Sem", born="2026-06-03") + person("K2", "Noor", born="2026-06-03")
LOINC = "2.16.840.1.113883.6.1"


def chapter(child: str, *results: str) -> str:
    """Blood tests (bilirubin) of the child with this id; "" names nobody."""
    made = [e("laboratorium_test", 1629, e("test_code", 1630, code="14631-6", system=LOINC),
              e("test_uitslag", 1633, value=result, unit="umol/L")) for result in results]  # fmt: skip
    named = ref("patient", 11015, child) if child else ""
    return e("neonatale_onderzoeksgegevens", 2729, named, e("labonderzoek_neonataal_bloed", 1440, *made))


def translated(*chapters: str) -> Translated:
    body = e("administratief", 1313, WOMAN, CHILDREN) + EPISODE + HERSELF + e("medisch_onderzoek", 1123, *chapters)
    return translate(
        read(f'<adaxml><data><{UITBREIDING} id="r">{body}</{UITBREIDING}></data></adaxml>'.encode()), TODAY
    )


def of_whom(made: Translated) -> list[tuple[int, str]]:
    """The results, each with the first name of whom it is of."""
    names = {f"Patient/{r['id']}": r["name"][0]["given"][0] for r in made.resources if r["resourceType"] == "Patient"}
    tests = (r for r in made.resources if r["resourceType"] == "Observation" and "valueQuantity" in r)
    return sorted((r["valueQuantity"]["value"], names[r["subject"]["reference"]]) for r in tests)


def test_each_test_of_a_chapter_is_of_the_child_that_the_chapter_names() -> None:
    made = translated(chapter("K1", "190", "210"), chapter("K2", "120"))
    assert of_whom(made) == [(120, "Noor"), (190, "Sem"), (210, "Sem")]
    assert not [f for f in made.findings if f.concept in ("11015", "1630", "1633")]


def test_they_come_back_from_stu3_each_in_the_chapter_of_its_child() -> None:
    made = translated(chapter("K1", "190", "210"), chapter("K2", "120"))
    record = to_ada(list(made.resources), UITBREIDING, TODAY).record
    assert record is not None
    chapters = [one for one in record.root.walk() if one.concept == "2729"]
    assert sorted(len([one for one in chapter.walk() if one.concept == "1629"]) for chapter in chapters) == [1, 2]
    assert of_whom(translate(record, TODAY)) == of_whom(made)


def test_a_chapter_that_names_nobody_is_told_and_not_put_in_her_own_record() -> None:
    made = translated(chapter("", "190"))
    assert not of_whom(made)
    [told] = [f for f in made.findings if f.concept == "1633"]
    assert told.rule == "not-mapped" and "11015" in told.text


@pytest.mark.parametrize("who", ["V", "nobody-here"])
def test_a_chapter_that_names_the_mother_or_somebody_who_is_not_there_is_refused(who: str) -> None:
    errors = [f.rule for f in translated(chapter(who, "190")).findings if f.severity == "error"]
    assert errors == ["no-child"]


def test_the_child_of_a_fetus_that_is_not_born_is_no_second_woman() -> None:
    fetus = e("foetus", 10803, e("demografische_gegevens", 10804, ref("patient", 10805, "K1")))
    unborn = e("administratief", 1313, WOMAN, person("K1", "Sem", born="")) + EPISODE + HERSELF + fetus
    made = translate(
        read(f'<adaxml><data><{UITBREIDING} id="r">{unborn}</{UITBREIDING}></data></adaxml>'.encode()), TODAY
    )
    assert len([r for r in made.resources if r["resourceType"] == "Patient"]) == 1
