"""What the region tells of emergencies is taken note of, one by one; what cannot be is listed and holds nothing up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from babyconnect.audit.faults import AuditFault
from babyconnect.birthcare.identifiers import Ura
from babyconnect.network.contract import Sought, Unread
from babyconnect.network.database import DatabaseFault
from babyconnect.network.emergencies import Emergencies
from babyconnect.network.sought import wire
from babyconnect.wiring.hearing import hear

MOMENT = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
AT_ONCE = 3


def told(number: int) -> Sought:
    return Sought("pseudonym", "r", Ura("00000001"), "p", "gynaecologist", "", "unconscious", MOMENT, number=number)


class Region:
    """What it tells, a few at once, and of what it was told that it was taken note of."""

    def __init__(self, *waiting: Sought | Unread) -> None:
        self.told = list(waiting)

    async def waiting(self, after: int = 0) -> tuple[Sought | Unread, ...]:
        return tuple(one for one in self.told if one.number > after)[:AT_ONCE]

    async def taken(self, numbers: Collection[int]) -> None:
        self.told = [one for one in self.told if one.number not in numbers]


class Glass:
    """A log or a book that cannot take some."""

    def __init__(self, book: Emergencies) -> None:
        self.book, self.journal = book, self
        self.faults: dict[int, Exception] = {}
        self.heard: list[int] = []

    def clock(self) -> dt.datetime:
        return MOMENT

    async def sought(self, told: Sought) -> None:
        if told.number in self.faults:
            raise self.faults[told.number]
        self.heard.append(told.number)


@pytest.fixture
def glass(tmp_path: Path) -> Iterator[Glass]:
    book = Emergencies(tmp_path / "book.sqlite")
    yield Glass(book)
    book.close()


def listed(glass: Glass) -> dict[int, str]:
    return {one.number: one.why for one in glass.book.unheard.all()}


async def test_what_cannot_be_taken_note_of_is_listed_with_why_and_the_rest_is_heard(glass: Glass) -> None:
    region = Region(told(1), told(2), told(3), told(4), Unread(5, "00000001"))
    glass.faults = {2: AuditFault("too large"), 3: DatabaseFault("two clients"), 4: ValueError("no actor")}
    assert await hear(region, cast(Any, glass)) == 1
    assert [one.number for one in region.told] == [2, 3, 4, 5]
    assert listed(glass) == {2: "log", 3: "book", 4: "log", 5: "unreadable"}
    assert await hear(region, cast(Any, glass)) == 0


async def test_a_whole_page_that_can_never_be_logged_holds_nothing_behind_it_up(glass: Glass) -> None:
    stuck = [told(number) for number in range(1, 2 * AT_ONCE + 1)]
    region = Region(*stuck, told(50), told(51))
    glass.faults = {one.number: AuditFault("never") for one in stuck}
    assert await hear(region, cast(Any, glass)) == 2
    assert glass.heard == [50, 51] and [one.number for one in region.told] == [one.number for one in stuck]


async def test_what_could_be_logged_after_all_leaves_the_list(glass: Glass) -> None:
    region = Region(told(1), told(2))
    glass.faults = {1: AuditFault("full"), 2: AuditFault("full")}
    await hear(region, cast(Any, glass))
    glass.faults = {2: AuditFault("full")}
    assert await hear(region, cast(Any, glass)) == 1
    assert listed(glass) == {2: "log"}


async def test_the_list_has_nothing_of_the_client_nor_of_the_person(glass: Glass, tmp_path: Path) -> None:
    glass.faults = {1: AuditFault("full")}
    await hear(Region(told(1)), cast(Any, glass))
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"pseudonym\x00" not in kept and b"unconscious" not in kept
    (one,) = glass.book.unheard.all()
    assert (one.asker, one.moment, one.since, one.settles) == ("00000001", "2026-06-01T00:00:00+00:00", MOMENT, "")


@pytest.mark.parametrize(
    ("change", "asker"),
    [({"reason": 7}, "00000001"), ({"traceparent": "x"}, "00000001"), ({"asker": "x"}, ""), ({"asker": None}, ""),
     ({"person": "p" * 999}, "00000001"), ({"moment": "yesterday"}, "00000001")],
)  # fmt: skip
def test_one_that_cannot_be_read_is_known_by_its_number(change: dict[str, Any], asker: str) -> None:
    trace = f"00-{'1' * 32}-{'2' * 16}-01"
    good = wire.written(told(9)) | {"reference": "ab" * 12, "traceparent": trace}
    assert isinstance(wire.read_or_named(good), Sought)
    found = wire.read_or_named(good | change)
    assert isinstance(found, Unread) and (found.number, found.asker) == (9, asker)


@pytest.mark.parametrize("number", [None, "9", 0, -1, True, 2**63])
def test_what_has_no_number_cannot_be_settled_and_is_rubbish(number: Any) -> None:
    with pytest.raises((ValueError, KeyError)):
        wire.read_or_named({"number": number})
