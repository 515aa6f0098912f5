"""Emergencies that can never be taken note of: seen by officer and administrator, settled by two people, logged."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from babyconnect.audit.faults import AuditFault
from babyconnect.birthcare.parties import Person, Role
from babyconnect.flows.journal import Came
from babyconnect.flows.unheard import Settling
from babyconnect.network.contract import RegionFault
from babyconnect.network.unheard import Unheard
from babyconnect.trust.persons import read
from babyconnect.web.break_glass import unheard
from tests.spec.viewer.stage import HOSPITAL, START, Stage

from .office import STAFF, Office

PATH = "/viewer/niet-verwerkt/"
ONE = Unheard(7, HOSPITAL.ura.value, "2026-06-01T00:00:00+00:00", "log", START)


class Desk:
    """The pages over the office's own book; the region hears what is settled."""

    def __init__(self, office: Office) -> None:
        self.office, self.told, self.away = office, list[int](), False
        self.settling = Settling(office.journal, office.book.unheard, self.taken)
        chapter = unheard.chapter(self.settling, lambda ura: HOSPITAL.name, lambda: {"pointers": 3, "notices": 1})
        self.stage = Stage(STAFF, chapters=(chapter,))

    async def taken(self, numbers: Collection[int]) -> None:
        if self.away:
            raise RegionFault("away")
        self.told += numbers

    async def as_(self, username: str) -> Any:
        await self.stage.log_in(username)
        return self.stage.visitor

    async def post(self, username: str, step: str, number: str = "7") -> Any:
        visitor = await self.as_(username)
        page = await visitor.get(PATH)
        return await visitor.post(f"{PATH}{step}", {"csrf": page.field("csrf"), "nummer": number})

    def logged(self) -> list[tuple[str, str, list[str]]]:
        return [
            (event["actor"]["person"], event["outcome"], event["reasons"])
            for event in self.office.log.of("breakglass.unheard")
        ]


@pytest.fixture
async def desk(office: Office) -> Desk:
    await office.book.unheard.note([ONE])
    return Desk(office)


async def test_the_page_says_who_asked_when_why_it_fails_and_since_when_and_each_look_is_logged(desk: Desk) -> None:
    page = (await (await desk.as_("fg")).get(PATH)).text
    assert HOSPITAL.name in page and "01-06-2026 02:00" in page and "sought/7" in page
    assert "nooit worden vastgelegd" in page
    assert "Verwijzingen die de regio nog niet heeft" in page and "<dd>3</dd>" in page
    (look,) = [event for event in desk.office.log.of("log.read") if event.get("object") == "breakglass/unheard"]
    assert look["actor"]["person"] == "local:fg"


async def test_who_gives_care_does_not_find_it(desk: Desk) -> None:
    assert (await (await desk.as_("sam")).get(PATH)).status == 404


async def test_two_people_settle_it_and_the_log_has_both_and_who_had_asked_and_when(desk: Desk) -> None:
    first = await desk.post("fg", "afhandelen")
    assert "Een tweede persoon bevestigt het" in first.text and desk.told == []
    assert "iemand anders bevestigt het" in first.text and "Bevestigen en afhandelen" not in first.text
    second = await desk.post("beheer", "afhandelen")
    assert "Afgehandeld" in second.text and desk.told == [7] and desk.office.book.unheard.all() == ()
    assert desk.logged() == [
        ("local:fg", "ok", ["settles", "unheard_log"]), ("local:beheer", "ok", ["settled", "unheard_log"])
    ]  # fmt: skip
    (_, event) = desk.office.log.of("breakglass.unheard")
    assert (
        event["object"] == "sought/7" and HOSPITAL.ura.value in event["resource"] and "2026-06-01" in event["resource"]
    )


async def test_the_same_person_does_not_confirm_whatever_account_is_used(desk: Desk) -> None:
    assert (await desk.post("fg", "afhandelen")).status == 200
    visitor = desk.stage.visitor
    csrf = (await visitor.get(PATH)).field("csrf")
    again = await visitor.post(f"{PATH}afhandelen", {"csrf": csrf, "nummer": "7"})
    assert again.status == 422 and desk.told == []
    listed = read("account,person\nlocal:fg,7\nlocal:beheer,7\n")
    settling = Settling(desk.office.journal, desk.office.book.unheard, desk.taken, listed.second)
    assert await settling.settle(7, Person("local:beheer", "B", Role.EMPLOYEE), Came()) == "same"
    assert await settling.settle(7, Person("local:x", "X", Role.EMPLOYEE), Came()) == "unlisted"
    assert desk.told == [] and [outcome for _, outcome, _ in desk.logged()] == ["ok", "refused", "refused", "refused"]


async def test_while_the_region_is_away_nothing_is_settled_and_it_can_be_tried_again(desk: Desk) -> None:
    await desk.post("fg", "afhandelen")
    desk.away = True
    assert (await desk.post("beheer", "afhandelen")).status == 422
    assert desk.office.book.unheard.all() != ()
    desk.away = False
    assert "Afgehandeld" in (await desk.post("beheer", "afhandelen")).text


async def test_without_the_log_nothing_is_settled(desk: Desk) -> None:
    await desk.post("fg", "afhandelen")
    append = desk.office.log.append

    async def full(event: Any) -> Any:
        raise AuditFault("disk full")

    desk.office.log.append = full  # type: ignore[method-assign]
    with pytest.raises(AuditFault):
        await desk.settling.settle(7, Person("local:beheer", "B", Role.EMPLOYEE), Came())
    assert desk.told == [] and desk.office.book.unheard.find(7) is not None
    desk.office.log.append = append  # type: ignore[method-assign]


async def test_it_can_be_dropped_and_then_needs_two_people_again(desk: Desk) -> None:
    await desk.post("fg", "afhandelen")
    assert (await desk.post("beheer", "vervallen")).status == 303
    assert "Een tweede persoon" in (await desk.post("beheer", "afhandelen")).text and desk.told == []


@pytest.mark.parametrize("number", ["", "8", "-7", "7; drop table", "9" * 30])
async def test_what_is_not_there_is_not_settled(desk: Desk, number: str) -> None:
    assert (await desk.post("fg", "afhandelen", number)).status == 422 and desk.logged() == []
