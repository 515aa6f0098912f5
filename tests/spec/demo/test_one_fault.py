"""One organisation broken in each of the four ways: the others' record still appears, and the fault has its name."""

from __future__ import annotations

import asyncio
import time

import pytest

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Person, Role
from babyconnect.cli.demonstration import browse
from babyconnect.merge import merge
from babyconnect.wiring.asking import consult_once
from tests.spec.demo.conftest import DEADLINE_SECONDS, Home

MIDWIFE = Person("test:midwife", "Test Verloskundige", Role.MIDWIFE)
SLACK_SECONDS = 15.0
FAULTS = {"stop": "unreachable", "slow:120": "timed_out", "rubbish": "invalid", "refuse": "refused"}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_record_of_the_others_appears_within_the_deadline(
    region: Home, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = region.plan
    bsn, own, hospital = plan.showcase.bsn, plan.member(plan.showcase.member), plan.member("zkh-meerdijk")
    with region.broken(hospital.slug, fault, monkeypatch):
        began = time.monotonic()
        consulted = asyncio.run(consult_once(region.config(own.slug), MIDWIFE, Bsn(bsn)))
        seconds = time.monotonic() - began
        screen = asyncio.run(browse.open_record(own.base_url, own.log_ins[0].username, plan.password, bsn))
    by_source = {answer.source.ura.value: answer.status for answer in consulted.answers}
    assert by_source.pop(hospital.ura) == FAULTS[fault]
    assert set(by_source.values()) == {"answered"}
    assert merge(consulted.answers, plan.today).counts()["items"] > 50
    assert seconds < DEADLINE_SECONDS + SLACK_SECONDS
    assert screen.complete
    assert screen.seconds < DEADLINE_SECONDS + SLACK_SECONDS


def test_afterwards_it_answers_again(region: Home) -> None:
    plan = region.plan
    consulted = asyncio.run(consult_once(region.config(plan.showcase.member), MIDWIFE, Bsn(plan.showcase.bsn)))
    by_source = {answer.source.ura.value: answer.status for answer in consulted.answers}
    assert by_source[plan.member("zkh-meerdijk").ura] == "answered"
