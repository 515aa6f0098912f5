"""What the region tells of emergencies is taken note of, one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any, cast

from babyconnect.audit.faults import AuditFault
from babyconnect.birthcare.identifiers import Ura
from babyconnect.network.contract import Sought
from babyconnect.wiring.hearing import hear


class Region:
    """What it tells, and of what it was told that it was taken note of."""

    def __init__(self) -> None:
        moment = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
        self.told = [
            Sought("pseudonym", "r", Ura("00000001"), "p", "gynaecologist", "", "unconscious", moment, number=n)
            for n in (1, 2, 3)
        ]

    async def waiting(self) -> tuple[Sought, ...]:
        return tuple(self.told)

    async def taken(self, numbers: Collection[int]) -> None:
        self.told = [one for one in self.told if one.number not in numbers]


class Glass:
    """A log that cannot take the second."""

    async def sought(self, told: Sought) -> None:
        if told.number == 2:
            raise AuditFault("an event must be one object of at most 64 KiB")


async def test_one_that_the_log_cannot_take_waits_and_keeps_none_behind_it_back() -> None:
    region = Region()
    assert await hear(region, cast(Any, Glass())) == 2
    assert [one.number for one in region.told] == [2]
    assert await hear(region, cast(Any, Glass())) == 0
