"""A number that nothing measured is so large or small is kept to its last digit, shown and sent on: it breaks nothing.

One valid observation of one organisation must not take the record of all others from the screen.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.fhir import json
from babyconnect.flows.examples import EXAMPLES, case
from babyconnect.flows.inputs import Input
from babyconnect.flows.material import Wanted, Written
from babyconnect.flows.picture import picture
from babyconnect.flows.translating import WRITERS, translating, write
from babyconnect.merge.medication.doses import dose_of
from tests.spec.publishing.records import Node, Resource, bundle, concept, encounter, episode, pregnancy, record, woman
from tests.spec.publishing.test_units import HB, HEIGHT, LOINC, TODAY, WEIGHT, observed, quantity
from tests.support.node import HOLDER, HOSPITAL

CRL, BIRTH_WEIGHT = concept("11957-8", "CRL", LOINC), concept("8339-4", "Geboortegewicht", LOINC)
HUGE, LONGEST, SMALLEST = "1" + "0" * 30, "9" * 40, "0." + "0" * 37 + "1"
ADA = next(file.content for file in EXAMPLES["ada"](case(TODAY)) if file.name == "ada-basis.xml")

NUMBER = re.compile(rb'(?<=value=")\d{1,5}(\.\d+)?(?=" unit=)')


def screen_of(*hers: Resource) -> Any:
    good = [woman(), episode(), pregnancy(), encounter()]
    answers = [SourceAnswer(HOLDER, "answered", tuple(good)), SourceAnswer(HOSPITAL, "answered", (*good, *hers))]
    return picture(answers, dt.date(2026, 11, 22))


@pytest.mark.parametrize("number", [HUGE, "-" + LONGEST[:39], SMALLEST])
@pytest.mark.parametrize(("code", "unit"), [(HB, "mmol/L"), (CRL, "m"), (BIRTH_WEIGHT, "t")])
def test_the_screen_shows_such_a_value_and_all_that_others_say(number: str, code: Resource, unit: str) -> None:
    odd = {**observed("", code, quantity(number, unit, unit)), "meta": {}}

    view = screen_of(odd)

    assert number.replace(".", ",") in str(view)
    assert len(view.sections) == len(screen_of({**odd, "valueQuantity": quantity("6.9", unit, unit)}).sections)


@pytest.mark.parametrize("period", [SMALLEST, "0." + "0" * 25 + "1"])
def test_a_dose_that_nobody_can_take_is_told_and_not_counted(period: str) -> None:
    each = {"repeat": {"frequency": 1, "period": json.decimal(period), "periodUnit": "d"}}

    dose = dose_of({"dosageInstruction": [{"timing": each, "doseQuantity": quantity("500", "mg", "mg")}]})

    assert dose.per_day is None
    assert "500 mg" in dose.text


@pytest.mark.parametrize(
    ("value", "unit", "made"),
    [
        ("1" + "0" * 17, "km", "1" + "0" * 22),
        (HUGE, "km", HUGE + "00000"),
        ("1." + "2" * 30, "m", "122." + "2" * 28),
    ],
)
async def test_it_is_kept_in_its_profiles_unit_to_its_last_digit(value: str, unit: str, made: str) -> None:
    node = Node()

    report = await node.one(bundle(*record(), observed("zib-BodyHeight", HEIGHT, quantity(value, unit, unit))))

    assert {finding.rule for finding in report.findings if finding.severity != "information"} <= {"implausible"}
    kept = json.loads(json.dumps(node.kept["Observation/X"]))["valueQuantity"]
    assert (kept["value"], kept["code"]) == (Decimal(made), "cm")


async def test_what_would_need_more_digits_than_may_be_sent_on_stays_as_it_was_sent() -> None:
    node = Node()

    await node.one(bundle(*record(), observed("zib-BodyWeight", WEIGHT, quantity(LONGEST, "t", "t"))))

    kept = json.loads(json.dumps(node.kept["Observation/X"]))["valueQuantity"]
    assert (kept["value"], kept["code"]) == (Decimal(LONGEST), "t")


@pytest.mark.parametrize(("said", "length"), [("mm", Decimal(HUGE) / 10), ("cm", Decimal(HUGE))])
async def test_a_message_with_such_numbers_is_published(said: str, length: Decimal) -> None:
    told = ADA.replace(b'value="51" unit="cm"', f'value="{HUGE}" unit="{said}"'.encode())
    told = told.replace(b'value="3780" unit="g"', f'value="{HUGE}" unit="g"'.encode())

    node = Node()
    report = await node.one(told)

    assert report.status.startswith("published")
    values = [one["valueQuantity"]["value"] for one in node.kept.values() if "valueQuantity" in one]
    assert {Decimal(HUGE), length} <= set(values)


@pytest.mark.parametrize("format", sorted(WRITERS))
def test_every_format_says_of_a_record_with_such_numbers_what_it_says_of_any(format: str) -> None:
    """The message, or why it cannot be one: a number is no other fault than with the numbers that stood there."""
    told = NUMBER.sub(HUGE.encode(), ADA)
    assert told.count(HUGE.encode()) > 5

    usual, huge = (written(content, format) for content in (ADA, told))

    assert bool(huge.content) == bool(usual.content)
    assert bool(huge.findings) or huge.content


def written(content: bytes, format: str) -> Written:
    (outcome,) = translating([Input("basis.xml", content=content)], 9_000_000, {}, Wanted(TODAY), format)
    return write(outcome, format, Wanted(TODAY))
