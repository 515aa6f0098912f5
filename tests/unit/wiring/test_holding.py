"""This side's evidence of a client is worked out anew when anything that it rests on is different."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from babyconnect.birthcare.access import EmergencyTerms
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.network.roster import Birth, Roster, Seen
from babyconnect.store.contract import Hers
from babyconnect.trust.rules import rules_on
from babyconnect.wiring.holding import HolderGrounds
from tests.spec.trust.people import TODAY
from tests.support.node import HOLDER

EPISODE = {"resourceType": "EpisodeOfCare", "id": "e", "status": "active", "period": {"start": "2026-01-05"}}
BSN = Bsn("999900730")


@pytest.fixture
def roster(tmp_path: Path) -> Iterator[Roster]:
    opened = Roster(tmp_path / "roster.sqlite", b"k" * 32)
    yield opened
    opened.close()


def grounds(roster: Roster) -> HolderGrounds:
    unasked = (None, lambda: rules_on(TODAY), None, lambda *_: None, EmergencyTerms())
    return HolderGrounds(HOLDER.ura, roster, *unasked)  # type: ignore[arg-type]


async def test_a_birth_that_is_published_ends_what_was_open(roster: Roster) -> None:
    holds, hers = grounds(roster), Hers([EPISODE])
    await roster.note([Seen("anna", BSN, [EPISODE])])
    assert [one.end for one in holds.relations("anna", hers)] == [None]
    assert holds.relations("anna", hers) is holds.relations("anna", hers)
    await roster.note([Seen("anna", BSN, [EPISODE], births=[Birth("b", dt.date(2026, 2, 1), ["e"])])])
    assert [one.end for one in holds.relations("anna", hers)] != [None]


async def test_other_episodes_are_other_evidence(roster: Roster) -> None:
    holds = grounds(roster)
    assert len(holds.relations("anna", Hers([EPISODE]))) == 1
    assert holds.relations("anna", Hers([{**EPISODE, "status": "cancelled"}])) == ()
    assert len(holds.relations("anna", Hers([EPISODE, {**EPISODE, "id": "f"}]))) == 2


async def test_what_is_noted_of_one_client_is_not_anothers(roster: Roster) -> None:
    holds, shared = grounds(roster), Hers([EPISODE])
    await roster.note([Seen("anna", BSN, [EPISODE], births=[Birth("b", dt.date(2026, 2, 1), ["e"])])])
    assert holds.relations("anna", shared) != holds.relations("nobody-1", shared)
