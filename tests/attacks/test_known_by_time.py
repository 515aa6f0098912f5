"""Whether somebody is known here shows neither in how long an answer takes nor in how the registers behind it fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from babyconnect.birthcare.access import Asker, Consent, EmergencyTerms, Relation
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Kind, Role
from babyconnect.flows.door import NOBODY
from babyconnect.network.consent.replica import ConsentReplica
from babyconnect.network.contract import ConsentsUnknown, NotKept, RegionFault
from babyconnect.network.mitz.client import MitzAnswers
from babyconnect.network.roster import Roster, Seen
from babyconnect.trust.rules import Rules, rules_on
from babyconnect.wiring.holding import Checks, HolderGrounds
from tests.spec.trust.people import TODAY
from tests.support.node import HOLDER, HOSPITAL, Purpose

ASKER = Asker(
    *(HOSPITAL.ura, HOSPITAL.kind, "person-1", Role.GYNAECOLOGIST, Purpose.TREATMENT),
    (Relation("referral", "referral-1", TODAY),),
)
BSN = Bsn("999900730")
STRANGER = NOBODY + "ab" * 32


def built_in() -> Rules:
    return rules_on(TODAY)


class Registers:
    """Both registers of the region, as slow or as broken as a test makes them; `asked` is what it costs to wait."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken, self.kept = False, True

    async def send(self, method: str, path: str, body: object = None, *, form: object = None, **_: object) -> object:
        self.asked.append(path)
        if self.broken:
            raise RegionFault("silent")
        pseudonym = str(form).rpartition("|")[2][:43]
        meta = {"versionId": "e.1"}
        if pseudonym != "p" * 43:
            meta |= {"extension": [{"url": "https://x/keeps", "valueBoolean": False}]}  # type: ignore[dict-item]
        return 200, {"resourceType": "Bundle", "meta": meta}

    async def confirm(self, *_: object) -> None:
        self.asked.append("confirm")
        if self.broken:
            raise RegionFault("silent")

    async def keeps(self, pseudonym: str, asker: object) -> bool:
        self.asked.append("keeps")
        if self.broken:
            raise RegionFault("silent")
        return pseudonym == "p" * 43 and self.kept

    async def shown(self, *_: object) -> None:
        return None


@pytest.fixture
async def holder(tmp_path: Path):
    roster, registers, now = Roster(tmp_path / "roster.sqlite", bytes(32)), Registers(), [0.0]
    await roster.note([Seen("anna", BSN)])
    await roster.named({"anna": "p" * 43})
    replica = ConsentReplica(registers, lambda: now[0])  # type: ignore[arg-type]
    replica._epoch, replica._confirmed = "e", 0.0
    checks = Checks(HOLDER.ura, roster, registers, registers, built_in)  # type: ignore[arg-type]
    grounds = HolderGrounds(HOLDER.ura, roster, replica, built_in, checks, lambda *_: None, EmergencyTerms())
    yield grounds, registers, now
    roster.close()


async def way(grounds: HolderGrounds, registers: Registers, client: str) -> list[str]:
    """What is waited for on the way to a decision about this client, and with what end."""
    registers.asked.clear()
    try:
        await grounds.consents(client, ASKER)
        end = "answered"
    except ConsentsUnknown:
        end = "unknown"
    await grounds.weighed(ASKER, client)
    return [*registers.asked, end]


async def test_the_registers_are_asked_as_often_about_nobody_as_about_a_client(holder) -> None:
    grounds, registers, now = holder
    for moment in (0.0, 0.1, 5.0):
        now[0] = moment
        assert await way(grounds, registers, "anna") == await way(grounds, registers, STRANGER)
    assert await way(grounds, registers, STRANGER) != ["answered"], "or nothing would have been compared"


async def test_a_silent_register_fails_about_nobody_as_about_a_client(holder) -> None:
    grounds, registers, _ = holder
    registers.broken = True
    assert await way(grounds, registers, "anna") == await way(grounds, registers, STRANGER)


async def test_her_number_is_no_part_of_what_is_asked_about_nobody(holder, monkeypatch) -> None:
    grounds, registers, _ = holder
    sent: list[object] = []
    inner = registers.send

    async def send(*args: object, **kwargs: object) -> object:
        sent.extend((*args, *kwargs.values()))
        return await inner(*args, **kwargs)

    monkeypatch.setattr(registers, "send", send)
    await grounds.consents(STRANGER, ASKER)
    assert sent and BSN.value not in str(sent) and STRANGER not in str(sent)


async def test_of_a_client_whose_pointer_is_over_nothing_is_shared_and_her_own_midwife_still_reads(tmp_path) -> None:
    roster = Roster(tmp_path / "roster.sqlite", bytes(32))
    await roster.note([Seen("anna", BSN)])
    await roster.named({"anna": "p" * 43})
    said = Consent("c", True, "*")

    class Lapsed:
        async def of(self, pseudonym: str) -> tuple[Consent, ...]:
            raise NotKept((said,))

    grounds = HolderGrounds(HOLDER.ura, roster, Lapsed(), built_in, None, None, EmergencyTerms())  # type: ignore[arg-type]
    other = await grounds.consents("anna", ASKER)
    assert [one.permit for one in other] == [False]
    own = replace(ASKER, ura=HOLDER.ura, kind=Kind.MIDWIFERY_PRACTICE)
    assert await grounds.consents("anna", own) == (said,)
    roster.close()


class Mitz:
    """A Mitz that takes its time, by a clock of its own."""

    def __init__(self) -> None:
        self.now, self.slept, self.broken = 0.0, [], False  # type: ignore[var-annotated]

    async def ask(self, *_: object) -> str:
        self.now += 0.5
        if self.broken:
            raise ConsentsUnknown("silent")
        return "deny"

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds

    async def said(self, *_: object) -> None:
        return None

    async def number(self, client: str) -> Bsn | None:
        """To look for it takes time too."""
        self.now += 0.2
        return BSN


async def test_the_mitz_is_waited_for_as_long_about_nobody_and_never_told_of_her() -> None:
    mitz = Mitz()
    answers = MitzAnswers(mitz.ask, HOLDER, mitz.said, lambda: mitz.now, mitz.sleep)  # type: ignore[arg-type]
    for _ in range(40):
        answers.forget("anna")
        await answers.of("anna", ASKER, mitz.number)
    await answers.as_if(STRANGER, ASKER)
    assert mitz.slept == [0.7], "the look for a client's number is part of it"
    await answers.as_if(STRANGER, ASKER)
    assert mitz.slept == [0.7], "kept as long as an answer is"
    mitz.broken = True
    answers.forget("anna")
    for about in (lambda: answers.of("anna", ASKER, mitz.number), lambda: answers.as_if(STRANGER + "c", ASKER)):
        with pytest.raises(ConsentsUnknown):
            await about()
