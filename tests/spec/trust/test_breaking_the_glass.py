"""Breaking the glass as a flow, at both ends (domain §4): declared, answered, told, reviewed, logged."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babyconnect.audit.faults import AuditFault
from babyconnect.birthcare.access import (
    EMERGENCY_SCOPE,
    Asker,
    Decision,
    Emergency,
    Filter,
    Permit,
    Purpose,
    Refused,
    Relation,
)
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Kind, Party, Person, Responsible, Role
from babyconnect.flows.break_glass import BreakGlass, words
from babyconnect.flows.door import Bind, Happening, Search, Wire
from babyconnect.flows.journal import Journal
from babyconnect.flows.viewing import Declared
from babyconnect.network.contract import Sought
from babyconnect.network.emergencies import Emergencies
from babyconnect.store.contract import Query
from babyconnect.trust import persons, reasons
from babyconnect.trust.rules import rules_on

from .people import HOSPITAL, NOW, PRACTICE

BSN = Bsn("999900730")
GYNAECOLOGIST = Person("uzi:1", "A. de Wit", Role.GYNAECOLOGIST, "substantial")
OFFICER = Person("uzi:9", "F. Griffioen", Role.EMPLOYEE)
WHY = "Bewusteloos binnengebracht, hevig bloedverlies."


class Log:
    """In memory; `broken` makes every write fail."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.broken = False

    async def append(self, event: Any) -> Any:
        if self.broken:
            raise AuditFault("disk full")
        self.events.append(dict(event))

    def of(self, type: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == type]


class Node:
    def __init__(self, folder: Path, own: Party) -> None:
        self.log, self.now = Log(), NOW
        self.book = Emergencies(folder / "emergencies.sqlite")
        self.journal = Journal(own, self.log, b"k" * 32, lambda: self.now)
        self.glass = BreakGlass(self.journal, self.book, rules_on, 60)

    async def declare(self, reason: str = "unconscious", over: bool = False, **given: Any) -> Any:
        person = given.get("person", GYNAECOLOGIST)
        return await self.glass.declare(person, BSN, Emergency(reason, over), given.get("why", WHY))


@pytest.fixture
def hospital(tmp_path: Path) -> Any:
    node = Node(tmp_path, Party(HOSPITAL, "Ziekenhuis Zuid", Kind.HOSPITAL))
    yield node
    node.book.close()


@pytest.fixture
def practice(tmp_path: Path) -> Any:
    node = Node(tmp_path / "practice", Party(PRACTICE, "Verloskundigen", Kind.MIDWIFERY_PRACTICE))
    yield node
    node.book.close()


async def test_a_declaration_is_logged_and_booked_before_it_is_of_use(hospital: Node) -> None:
    declared = await hospital.declare()
    assert isinstance(declared, Declared)
    (event,) = hospital.log.of("breakglass.open")
    assert event["actor"] == {**event["actor"], "person": "uzi:1", "role": "gynaecologist", "loa": "substantial"}
    assert event["object"] == f"breakglass/{declared.relation.reference}" and event["reasons"] == ["unconscious"]
    (booked,) = hospital.book.queue()
    assert (booked.id, booked.side, booked.explanation) == (declared.relation.reference, "asker", WHY)
    assert booked.due == NOW.date() + dt.timedelta(days=7) and booked.until == declared.until


async def test_what_was_written_beside_it_is_in_no_event_and_neither_is_her_number(hospital: Node) -> None:
    await hospital.declare()
    said = str(hospital.log.events)
    assert "bloedverlies" not in said and BSN.value not in said


async def test_without_a_log_nothing_is_declared(hospital: Node) -> None:
    hospital.log.broken = True
    with pytest.raises(AuditFault):
        await hospital.declare()
    assert hospital.book.queue() == ()


@pytest.mark.parametrize(
    ("given", "flaw"),
    [
        ({"reason": "curious"}, "reason"),
        ({"reason": ""}, "reason"),
        ({"why": "spoed"}, "explanation"),
        ({"why": " " * 50}, "explanation"),
        ({"why": "x" * 2001}, "explanation"),
        ({"person": Person("p", "S", Role.STUDENT, responsible=Responsible("uzi:1", Role.GYNAECOLOGIST))}, "role"),
        ({"person": OFFICER}, "role"),
    ],
)
async def test_what_is_no_declaration_is_refused_and_logged(hospital: Node, given: Any, flaw: str) -> None:
    assert await hospital.declare(**given) == flaw
    assert [event["outcome"] for event in hospital.log.of("breakglass.open")] == ["refused"]
    assert hospital.book.queue() == ()


def asker(reference: str, over: bool = False) -> Asker:
    return Asker(
        *(HOSPITAL, Kind.HOSPITAL, "uzi:1", Role.GYNAECOLOGIST, Purpose.EMERGENCY),
        (Relation("break_glass", reference, NOW.date()),),
        scopes=frozenset({EMERGENCY_SCOPE}),
        emergency=Emergency("unconscious", over),
    )


def happening(who: Asker, decision: Decision | None = None, bind: bool = True, at: dt.datetime = NOW) -> Happening:
    everything = Permit(Filter("client-1", frozenset(), frozenset(), frozenset()), "emergency", ("emergency",))
    query = Query("Patient")
    asked = Bind("bsn|x", query, "json") if bind else Search(query, "json")
    return Happening(at, Wire("trace"), who, asked, "client-1", None, decision or everything)


async def test_the_holder_books_its_first_answer_and_says_that_two_must_be_told(practice: Node) -> None:
    await practice.glass.answered(happening(asker("ref-1")))
    (booked,) = practice.book.queue()
    assert (booked.side, booked.other, booked.id, booked.client) == ("holder", HOSPITAL.value, "ref-1", "client-1")
    assert booked.explanation == "", "what was written stays at the asker"
    assert {notice.recipient for notice in practice.book.unsent()} == {"client", "holder"}


async def test_every_declaration_is_booked_once_however_often_it_is_used(practice: Node) -> None:
    for minutes in (0, 5, 10):
        await practice.glass.answered(happening(asker("ref-1"), at=NOW + dt.timedelta(minutes=minutes)))
    await practice.glass.answered(happening(asker("ref-1"), bind=False))
    assert len(practice.book.queue()) == 1 and len(practice.book.unsent()) == 2
    assert practice.glass.declared(asker("ref-1"), "client-1") == NOW
    assert practice.glass.declared(asker("ref-2"), "client-1") is None


async def test_what_was_refused_or_was_no_emergency_is_not_booked(practice: Node) -> None:
    await practice.glass.answered(happening(asker("ref-1"), Refused(("objection",))))
    usual = Permit(Filter("client-1", frozenset(), frozenset(), frozenset()), "explicit", ())
    await practice.glass.answered(happening(asker("ref-1"), usual))
    assert practice.book.queue() == ()


async def test_an_objection_that_was_overridden_stands_with_the_item(practice: Node) -> None:
    over = Permit(
        Filter("client-1", frozenset(), frozenset(), frozenset()), "emergency", ("emergency", "objection_overridden")
    )
    await practice.glass.answered(happening(asker("ref-1", True), over))
    assert practice.book.queue()[0].over_objection


class Portal:
    def __init__(self, away: bool = False) -> None:
        self.sent: list[tuple[str, str]] = []
        self.away = away

    async def send(self, client: str, text: str) -> None:
        if self.away:
            raise OSError("not now")
        self.sent.append((client, text))


async def test_she_is_told_over_the_channel_that_she_called_safe_in_neutral_words(practice: Node) -> None:
    await practice.glass.answered(happening(asker("ref-1")))
    await practice.glass.choose_channel("client-1", "portal", OFFICER)
    portal = Portal()
    assert await practice.glass.tell({"portal": portal}) == 2
    assert portal.sent == [("client-1", words("client"))]
    for telling in ("spoed", "nood", "ziekenhuis", "Ziekenhuis Zuid", "arts"):
        assert telling not in words("client").lower()
    assert [notice.channel for notice in practice.book.sent_to("client-1")] == ["portal"]
    assert len(practice.log.of("notify")) == 2 and await practice.glass.tell({"portal": portal}) == 0


@pytest.mark.parametrize("channel", ["", "in_person", "none"])
async def test_nothing_is_sent_to_her_when_she_called_no_channel_safe(practice: Node, channel: str) -> None:
    await practice.glass.answered(happening(asker("ref-1")))
    if channel:
        await practice.glass.choose_channel("client-1", channel, OFFICER)
    portal = Portal()
    assert await practice.glass.tell({"portal": portal}) == 1 and portal.sent == []
    assert [notice.recipient for notice in practice.book.unsent()] == ["client"]


async def test_a_channel_that_is_away_is_tried_again(practice: Node) -> None:
    await practice.glass.answered(happening(asker("ref-1")))
    await practice.glass.choose_channel("client-1", "portal", OFFICER)
    await practice.glass.tell({"portal": Portal(away=True)})
    portal = Portal()
    await practice.glass.tell({"portal": portal})
    assert len(portal.sent) == 1


async def test_a_review_is_made_once_by_somebody_else_and_is_in_the_log_under_the_same_item(hospital: Node) -> None:
    declared = await hospital.declare()
    key = ("asker", "", declared.relation.reference)
    assert not await hospital.glass.review(key, "justified", "Nagegaan.", GYNAECOLOGIST)
    assert not await hospital.glass.review(key, "nonsense", "Nagegaan.", OFFICER)
    assert await hospital.glass.review(key, "evidence_missing", "Inschrijving ontbrak.", OFFICER)
    assert not await hospital.glass.review(key, "unjustified", "Toch niet.", OFFICER)
    assert hospital.book.queue() == ()
    (done,) = hospital.book.queue(reviewed=True)
    assert (done.outcome, done.reviewer, done.remark) == ("evidence_missing", "uzi:9", "Inschrijving ontbrak.")
    opened, reviewed = hospital.log.of("breakglass.open")[0], hospital.log.of("breakglass.review")[-1]
    assert opened["object"] == reviewed["object"]


LISTED = "account,person\nuzi:1,P1\nlocal:wit,P1\nuzi:9,P9\n"


@pytest.mark.parametrize(
    ("staff", "breaker", "reviewer", "doubt"),
    [
        ("", "uzi:1", "uzi:1", "same"), ("", "terminal:wit", "uzi:1", "unlisted"), ("", "uzi:1", "uzi:9", ""),
        (LISTED, "local:wit", "uzi:1", "same"), (LISTED, "local:wit2", "uzi:1", "unlisted"),
        (LISTED, "uzi:1", "local:wit2", "unlisted"), (LISTED, "local:wit", "uzi:9", ""),
    ],
)  # fmt: skip
async def test_an_emergency_is_judged_by_who_is_known_to_be_another_and_the_log_says_why_not(
    hospital: Node, staff: str, breaker: str, reviewer: str, doubt: str
) -> None:
    glass = replace(hospital.glass, second=persons.read(staff).second if staff else persons.without_a_list)
    declared = await glass.declare(replace(GYNAECOLOGIST, id=breaker), BSN, Emergency("unconscious", False), WHY)
    assert isinstance(declared, Declared)
    key: Any = ("asker", "", declared.relation.reference)
    judged = await glass.review(key, "justified", "Nagegaan.", replace(OFFICER, id=reviewer))
    (event,) = hospital.log.of("breakglass.review")
    assert judged == (not doubt) and event["outcome"] == ("refused" if doubt else "ok")
    assert event["reasons"] == ["justified", *([f"review_{doubt}"] if doubt else [])]
    assert set(event["reasons"]) <= reasons.codes()


async def test_who_only_searched_here_does_not_judge_that_search(hospital: Node) -> None:
    await hospital.glass.sought(
        Sought("pseudonym", "ref-7", HOSPITAL, "uzi:1", "gynaecologist", "", "unconscious", NOW, "")
    )
    (item,) = hospital.book.queue()
    key = (item.side, item.other, item.id)
    assert not await hospital.glass.review(key, "justified", "Nagegaan.", GYNAECOLOGIST)
    assert await hospital.glass.review(key, "justified", "Nagegaan.", OFFICER)


async def test_after_destruction_nothing_written_about_her_is_left(hospital: Node, tmp_path: Path) -> None:
    hospital.glass = replace(hospital.glass, handle=lambda bsn: "h")
    await hospital.declare()
    (booked,) = hospital.book.queue()
    assert booked.client == ""
    await hospital.book.forget("", "h")
    (left,) = hospital.book.queue()
    assert left.explanation == "" and left.client == ""


async def test_on_ones_own_record_there_is_one_review_and_she_is_told_once(hospital: Node) -> None:
    declared = await hospital.declare()
    for _ in range(2):
        await hospital.glass.answered(happening(asker(declared.relation.reference)))
    assert [item.side for item in hospital.book.queue()] == ["asker"]
    assert [(notice.recipient, notice.client) for notice in hospital.book.unsent()] == [("client", "client-1")]


async def test_what_was_written_about_an_own_client_goes_with_her_record_to_the_last_byte(tmp_path: Path) -> None:
    node = Node(tmp_path / "own", Party(HOSPITAL, "Ziekenhuis Zuid", Kind.HOSPITAL))
    node.glass = BreakGlass(node.journal, node.book, rules_on, 60, lambda bsn: ("client-1",))
    await node.declare()
    await node.book.forget("client-1")
    node.book.close()
    left = b"".join(path.read_bytes() for path in (tmp_path / "own").iterdir())
    assert b"bloedverlies" not in left and b"client-1" not in left
