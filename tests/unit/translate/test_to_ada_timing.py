"""STU3 → ADA: one act is of the pregnancy or of the delivery by when it was done, and stays what it was."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.translate.ada import translate
from babyconnect.translate.to_ada.record import to_ada, transactions

TODAY = dt.date(2026, 11, 21)
PROFILE, CORE = "http://nictiz.nl/fhir/StructureDefinition/", "http://fhir.nl/fhir/StructureDefinition/"
ANTI_D, INDUCTION, EPIDURAL, SLOW, BLOOD = "6466004", "236958009", "18946005", "237320005", "396550006"
DELIVERY, END = "236973005", "118951000146109"
OF_PREGNANCY, OF_DELIVERY = "verrichting_zwangerschap", "verrichting_maternaal"


def coded(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://snomed.info/sct", "code": code}]}


def made(kind: str, name: str, profiles: list[str], code: str, **more: Any) -> dict[str, Any]:
    subject = {"reference": "Patient/w"}
    return {
        "resourceType": kind,
        "id": name,
        "meta": {"profile": profiles},
        "code": coded(code),
        "subject": subject,
    } | more


OBSTETRIC = coded("386637004")
WOMAN = {"resourceType": "Patient", "id": "w", "birthDate": "1990-02-28",
         "meta": {"profile": [f"{CORE}nl-core-patient", f"{PROFILE}bc-Woman"]}}  # fmt: skip
CHILD = {"resourceType": "Patient", "id": "c", "birthDate": "2026-06-03",
         "meta": {"profile": [f"{CORE}nl-core-patient", f"{PROFILE}bc-Child"]}}  # fmt: skip
BORN = made("Procedure", "d", [f"{PROFILE}bc-DeliveryProcedure"], DELIVERY, status="completed", category=OBSTETRIC)
ENDED = made("Observation", "e", [f"{PROFILE}bc-PregnancyObservation", f"{CORE}nl-core-observation"], END,
             status="final", valueDateTime="2026-06-03")  # fmt: skip
PROBLEM = made("Condition", "p", [f"{PROFILE}bc-DisorderOfLaborAndDelivery", f"{PROFILE}zib-Problem"], SLOW,
               clinicalStatus="active", category=[coded("362972006")])  # fmt: skip


def act(code: str, when: str, **more: Any) -> dict[str, Any]:
    profiles = [f"{PROFILE}bc-ObstetricProcedure", f"{PROFILE}zib-Procedure"]
    performed = {"performedDateTime": when} if when else {}
    return made("Procedure", "a", profiles, code, status="completed", category=OBSTETRIC, **performed, **more)


def record(*resources: dict[str, Any]) -> AdaRecord:
    result = to_ada([WOMAN, *resources], transactions()["basis"], TODAY)
    assert result.record is not None
    return result.record


def place(of: AdaRecord, code: str) -> str:
    return next(
        above.name for above in of.root.walk() if any(one.code == code for one in above.children)
    )  # fmt: skip


@pytest.mark.parametrize("known", [CHILD, ENDED], ids=["day of birth", "end of pregnancy"])
@pytest.mark.parametrize(
    ("code", "when", "where"),
    [(ANTI_D, "2026-04-14", OF_PREGNANCY), (ANTI_D, "2026-05-30", OF_PREGNANCY), (ANTI_D, "2026-06-04", OF_DELIVERY),
     (ANTI_D, "2026-06-03T11:00:00+02:00", OF_DELIVERY), (INDUCTION, "2026-06-02", OF_DELIVERY),
     (EPIDURAL, "2026-06-02T22:30:00Z", OF_DELIVERY), (BLOOD, "2026-04-14", OF_PREGNANCY),
     (BLOOD, "2026-06-03", OF_PREGNANCY)],
)  # fmt: skip
def test_what_was_done_well_before_the_birth_is_of_the_pregnancy_though_only_the_delivery_lists_its_code(
    code: str, when: str, where: str, known: dict[str, Any]
) -> None:
    assert place(record(BORN, known, act(code, when)), code) == where


def test_what_says_that_it_is_part_of_the_delivery_is_so_whenever_it_was_done() -> None:
    part = act(ANTI_D, "2026-04-14", partOf=[{"reference": "Procedure/d"}])
    assert place(record(BORN, CHILD, part), ANTI_D) == OF_DELIVERY


def test_of_two_pregnancies_the_birth_that_is_nearest_counts() -> None:
    older = {**CHILD, "id": "o", "birthDate": "2024-01-31"}
    assert place(record(BORN, CHILD, older, act(ANTI_D, "2026-04-14")), ANTI_D) == OF_PREGNANCY
    assert place(record(BORN, CHILD, older, act(ANTI_D, "2024-02-01")), ANTI_D) == OF_DELIVERY


@pytest.mark.parametrize("when", ["", "2026", "2026-04", "2026-04-14", "2026-06-04"])
@pytest.mark.parametrize("others", [(), (PROBLEM,), (PROBLEM, ENDED), (BORN,), (CHILD,), (ENDED,)])
def test_read_again_it_stands_where_it_stood_also_where_only_a_problem_tells_of_a_delivery(
    others: tuple[dict[str, Any], ...], when: str
) -> None:
    first = record(*others, act(ANTI_D, when))
    again = to_ada(list(translate(first, TODAY).resources), transactions()["basis"], TODAY)
    assert again.record is not None
    assert place(again.record, ANTI_D) == place(first, ANTI_D)
