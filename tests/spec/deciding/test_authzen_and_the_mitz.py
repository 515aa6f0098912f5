"""AuthZEN at a node with the Mitz: asked as the door asks it, by her number from her own record; silence is no yes."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babyconnect.api.access import MANY, ONE, Access
from babyconnect.birthcare.access import Consent, Refused
from babyconnect.birthcare.identifiers import BSN_SYSTEM, Bsn
from babyconnect.birthcare.parties import Person, Role
from babyconnect.flows.mitz import MitzBeside, said_to
from babyconnect.flows.rules import Imagined
from babyconnect.network.contract import ConsentsUnknown, NotKept
from babyconnect.network.mitz.client import MitzAnswers
from babyconnect.network.mitz.question import Question
from babyconnect.wiring.holding import HolderGrounds
from tests.spec.shielding.stage import Practice, mother, without_bsn
from tests.spec.viewer.stage import BSN, HOSPITAL, OWN

from .office import CLIENT, Office
from .test_authzen import HER, QUESTION, SECRET, SUBJECT, one, post


class Played:
    """The Mitz; `answer` None: it is silent."""

    def __init__(self, office: Office) -> None:
        self.answer: Any = "permit"
        self.asked: list[Question] = []
        office.said = ()
        answers = MitzAnswers(self.ask, OWN, said_to(office.journal))
        beside = MitzBeside(OWN, office.journal, answers, number=self.number)
        grounds = office.grounds(True)
        self.grounds: HolderGrounds = grounds
        grounds._elsewhere = beside.consents
        grounds._checks = office.desk  # type: ignore[assignment]
        office.consents = grounds.consents  # type: ignore[method-assign]
        self.access = Access(office.evaluator, "http://node.test", hashlib.sha256(SECRET.encode()).digest())

    async def number(self, client: str) -> str:
        return f"{BSN_SYSTEM}|{BSN}" if client == CLIENT else ""

    async def ask(self, question: Question, message: uuid.UUID) -> Any:
        self.asked.append(question)
        if self.answer is None:
            raise ConsentsUnknown("the Mitz did not answer")
        return self.answer


@pytest.fixture
async def mitz(office: Office) -> Played:
    await office.keep_her()
    await office.roster.named({CLIENT: "pseudonym-1"})
    return Played(office)


async def test_her_yes_in_the_mitz_opens_what_the_region_has_no_word_about(mitz: Played, office: Office) -> None:
    answer = await post(mitz.access, {**QUESTION, "resource": one("child")})
    assert answer.status == 200 and answer.json()["decision"] is True, answer.body
    (question,) = mitz.asked
    assert question.bsn == Bsn(BSN)
    assert [event["outcome"] for event in office.log.of("consent.ask")] == ["ok"]
    assert BSN not in str(office.log.events) and BSN.encode() not in answer.body


@pytest.mark.parametrize("said", ["deny", "not_applicable"])
async def test_every_other_answer_is_no(mitz: Played, said: str) -> None:
    mitz.answer = said
    answer = (await post(mitz.access, QUESTION)).json()
    assert answer["decision"] is False and len(mitz.asked) == 1


async def test_whose_pointer_is_over_is_shared_with_nobody_whatever_she_said_here_and_in_the_mitz(
    mitz: Played, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Consent("c1", True, f"ura:{HOSPITAL.ura}", f"ura:{OWN.ura}")

    class Lapsed:
        async def of(self, pseudonym: str) -> tuple[Consent, ...]:
            raise NotKept((here,))

    office.said = (here,)
    assert (await post(mitz.access, QUESTION)).json()["decision"] is True
    monkeypatch.setattr(mitz.grounds, "_consents", Lapsed())
    answer = (await post(mitz.access, QUESTION)).json()
    assert answer["decision"] is False and answer["context"]["reasons"] == ["objection"]
    by_rules = replace(office.rules, consents=mitz.grounds.registered)
    asker = Imagined(HOSPITAL.ura, HOSPITAL.kind, Role.GYNAECOLOGIST)
    shown = await by_rules.preview(Bsn(BSN), asker, "", Person("local:beheer", "Beheer", Role.EMPLOYEE))
    assert shown is not None and isinstance(shown.now, Refused), "nor does a preview of the rules say otherwise"


async def test_silence_is_no_decision_and_in_a_batch_a_no_of_its_own(mitz: Played) -> None:
    mitz.answer = None
    alone = await post(mitz.access, QUESTION, ONE)
    assert alone.status == 503 and "decision" not in alone.json()
    own = {**SUBJECT, "properties": {**SUBJECT["properties"], "organization_ura": OWN.ura.value}}  # type: ignore[dict-item]
    asked = {**QUESTION, "evaluations": [{}, {"subject": own}]}
    parts = (await post(mitz.access, asked, MANY)).json()["evaluations"]
    assert parts[0] == {
        "decision": False,
        "context": {"error": {"status": 503, "message": "no decision can be made now"}},
    }
    assert "error" not in parts[1]["context"], "within one organisation the Mitz is not asked"


async def test_who_is_no_client_here_is_asked_about_nowhere(mitz: Played) -> None:
    answer = await post(mitz.access, {**QUESTION, "resource": {**HER, "id": "client-2"}})
    assert answer.json()["decision"] is False and mitz.asked == []


async def test_her_number_comes_from_her_own_record_and_the_look_for_it_is_no_look(tmp_path: Path) -> None:
    practice = Practice(tmp_path)
    known, unknown = await practice.publish(mother()), await practice.publish(without_bsn())
    assert await practice.door.number(known) == f"{BSN_SYSTEM}|999900730"
    assert [await practice.door.number(one) for one in (unknown, "nobody", "")] == ["", "", ""]
    assert practice.looks == []
    practice.roster.close()
    practice.custody.close()
