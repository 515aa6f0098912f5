"""How far a client is, on today's list: from the due dates that this organisation's own records state."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Kind, Person, Responsible, Role
from babyconnect.flows import dating
from babyconnect.flows.enrol import EnrollingWriter, seen
from babyconnect.network.roster import Roster, Seen
from babyconnect.store.contract import Publication
from babyconnect.trust.rules import rules_on
from babyconnect.wiring.today import own_groups

TODAY = dt.date(2026, 11, 22)
DEFINITIVE, ESTIMATED, ENDED, BIRTH = "147781000146105", "161714006", "118951000146109", "3950001"
EPISODE = {"resourceType": "EpisodeOfCare", "id": "e1", "status": "active", "period": {"start": "2026-05-01"}}
GROUPS = frozenset({"pregnancy"})


def published(type: str, id: str, resource: dict[str, Any], shielded: frozenset[str] = frozenset()) -> Publication:
    whole = {"resourceType": type, "id": id, **resource}
    return Publication(type, id, whole, "c1", "pregnancy", shielded, frozenset({"e1"}), {}, b"")


def stated(code: str, day: str, id: str = "", **more: Any) -> Publication:
    coded = {"coding": [{"system": "http://snomed.info/sct", "code": code}]}
    value = {"performedDateTime": day} if code == BIRTH else {"valueDateTime": day}
    made = {"status": "completed" if code == BIRTH else "final", "code": coded, **value, **more}
    return published("Procedure" if code == BIRTH else "Observation", id or f"{code}-{day}", made)


@pytest.fixture
def roster(tmp_path: pathlib.Path) -> Iterator[Roster]:
    made = Roster(tmp_path / "roster.sqlite", b"k" * 32)
    yield made
    made.close()


async def shown(roster: Roster, *batch: Publication, status: str = "active") -> str:
    """What the list says after this was published, beside her care."""
    await roster.note([Seen("c1", Bsn("999900730"), [{**EPISODE, "status": status}])])
    await roster.note(seen(batch))
    return dating.shown(roster, "c1", TODAY, GROUPS)


async def test_it_counts_in_weeks_and_days_from_the_date_she_is_due(roster: Roster) -> None:
    assert await shown(roster, stated(DEFINITIVE, "2027-02-10")) == "28+4"


async def test_without_a_due_date_nothing_is_said(roster: Roster) -> None:
    assert await shown(roster, stated("21840007", "2026-05-01")) == ""


async def test_a_definitive_date_goes_before_an_estimate_whichever_came_first(roster: Roster) -> None:
    assert await shown(roster, stated(ESTIMATED, "2027-02-20"), stated(DEFINITIVE, "2027-02-10")) == "28+4"


async def test_of_two_estimates_the_earliest_recorded_counts(roster: Roster) -> None:
    late = stated(ESTIMATED, "2027-02-20", effectiveDateTime="2026-09-01")
    assert await shown(roster, late, stated(ESTIMATED, "2027-02-10", effectiveDateTime="2026-07-01")) == "28+4"


@pytest.mark.parametrize(
    "later",
    [
        stated(BIRTH, "2026-11-20"),
        stated(ENDED, "2026-07-01"),
        stated(DEFINITIVE, "2027-02-10", status="entered-in-error"),
    ],
)
async def test_of_a_pregnancy_that_ended_or_a_date_that_was_a_mistake_nothing_is_said(
    roster: Roster, later: Publication
) -> None:
    assert await shown(roster, stated(DEFINITIVE, "2027-02-10"))
    assert await shown(roster, later) == ""


async def test_a_birth_before_this_pregnancy_does_not_end_it(roster: Roster) -> None:
    assert await shown(roster, stated(DEFINITIVE, "2027-02-10"), stated(BIRTH, "2025-01-20")) == "28+4"


async def test_a_due_date_of_long_ago_or_care_that_is_over_says_nothing(roster: Roster) -> None:
    assert await shown(roster, stated(DEFINITIVE, "2026-10-01")) == ""
    assert await shown(roster, stated(DEFINITIVE, "2027-02-10"), status="finished") == ""


async def test_what_is_shielded_is_not_kept_for_the_list(roster: Roster) -> None:
    told = stated(DEFINITIVE, "2027-02-10")
    assert await shown(roster, published("Observation", told.id, dict(told.resource), frozenset({"safety"}))) == ""
    assert roster.datings("c1") == ()


@pytest.mark.parametrize(
    ("role", "responsible", "sees"),
    [
        (Role.MIDWIFE, None, True),
        (Role.STUDENT, Role.MIDWIFE, True),
        (Role.OUTPATIENT_CLERK, None, False),
        (Role.EMPLOYEE, None, False),
    ],
)
async def test_only_who_may_see_the_pregnancy_is_told(
    roster: Roster, role: Role, responsible: Role | None, sees: bool
) -> None:
    await shown(roster, stated(DEFINITIVE, "2027-02-10"))
    acting = Responsible("r", responsible) if responsible else None
    groups = own_groups(Kind.MIDWIFERY_PRACTICE, rules_on)(Person("p", "P", role, responsible=acting), TODAY)
    assert bool(dating.shown(roster, "c1", TODAY, groups)) is sees


class Store:
    """Takes everything out that it is asked to."""

    async def publish(self, batch: Any, originals: Any, moment: Any) -> list[Any]:
        return list(batch)

    async def withdraw(self, *_: Any) -> None:
        return None

    async def joined(self, records: Any) -> dict[str, str]:
        return {}

    async def known(self, keys: Any) -> dict[tuple[str, str], str]:
        return {}

    async def erase(self, *_: Any) -> int:
        return 1

    async def erase_client(self, *_: Any) -> int:
        return 1

    async def items_of(self, client: str) -> list[tuple[str, str]]:
        return []


@pytest.mark.parametrize("way", ["withdraw", "erase", "erase_client", "erase_client_keeping_another"])
async def test_it_goes_with_the_resource_and_with_the_record(roster: Roster, tmp_path: pathlib.Path, way: str) -> None:
    told = stated(DEFINITIVE, "2027-02-10", "due-1")
    writer: Any = EnrollingWriter(Store(), roster)  # type: ignore[arg-type]
    await roster.note([Seen("c1", Bsn("999900730"), [EPISODE])])
    await writer.publish([published("Patient", "c1", {}), told], (), dt.datetime.now(dt.UTC))
    assert dating.shown(roster, "c1", TODAY, GROUPS) == "28+4"
    match way:
        case "withdraw":
            await writer.withdraw("Observation", "due-1", "pregnancy", dt.datetime.now(dt.UTC))
        case "erase":
            await writer.erase("Observation", "due-1")
        case "erase_client":
            await writer.erase_client("c1")
        case _:
            await writer.erase_client("c1", [("Observation", "another")])
    assert roster.datings("c1") == ()
    assert b"due-1" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
