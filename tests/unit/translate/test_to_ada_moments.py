"""STU3 → ADA: a procedure or an observation of one moment keeps it where the data set has a beginning and an end."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from babyconnect.translate.to_ada.record import Made, to_ada, transactions
from tests.unit.translate.test_to_ada import PROFILE, WOMAN

SNOMED = "http://snomed.info/sct"


def made_of(**when: Any) -> Made:
    induction = {
        "resourceType": "Procedure", "id": "i", "status": "completed", "subject": {"reference": "Patient/w"},
        "meta": {"profile": [f"{PROFILE}zib-Procedure", f"{PROFILE}bc-ObstetricProcedure"]},
        "code": {"coding": [{"system": SNOMED, "code": "236958009"}]}, **when,
    }  # fmt: skip
    return to_ada([WOMAN, induction], transactions()["uitbreiding"], dt.date(2026, 11, 21))


def dates(made: Made) -> dict[str, str]:
    assert made.record is not None
    return {
        one.name: one.value
        for one in made.record.root.walk()
        if one.name.startswith("verrichting_") and "datum" in one.name
    }


@pytest.mark.parametrize(
    ("moment", "begin"),
    [("2026-01-21T12:55:00+01:00", "2026-01-21T12:55:00"), ("2026-01-21", "2026-01-21"), ("2026", "2026")],
)
def test_the_moment_of_a_procedure_is_its_beginning_and_no_end_is_made_up(moment: str, begin: str) -> None:
    made = made_of(performedDateTime=moment)
    assert dates(made) == {"verrichting_start_datum": begin}
    told = {(f.rule, f.severity) for f in made.findings if f.place == "Procedure[1].performedDateTime"}
    assert told == {("implied", "information")}


def test_a_period_stays_the_period_that_it_is() -> None:
    made = made_of(performedPeriod={"start": "2026-01-21", "end": "2026-01-22"})
    assert dates(made) == {"verrichting_start_datum": "2026-01-21", "verrichting_eind_datum": "2026-01-22"}
    assert not [f for f in made.findings if f.place.startswith("Procedure[1].performed")]


def test_the_moment_of_an_observation_is_its_beginning_too() -> None:
    observation = {
        "resourceType": "Observation", "id": "o", "status": "final", "subject": {"reference": "Patient/w"},
        "meta": {"profile": [f"{PROFILE}bc-MaternalObservation"]}, "effectiveDateTime": "2026-01-21",
        "code": {"coding": [{"system": SNOMED, "code": "289761004"}]}, "valueQuantity": {"value": 4, "unit": "cm"},
    }  # fmt: skip
    made = to_ada([WOMAN, observation], transactions()["uitbreiding"], dt.date(2026, 11, 21))
    assert made.record is not None
    [begin] = [one for one in made.record.root.walk() if one.value == "2026-01-21"]
    assert "start" in begin.name or "begin" in begin.name
