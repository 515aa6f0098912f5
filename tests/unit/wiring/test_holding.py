"""What this holder's decisions rest on: evidence, worked out anew when anything that it rests on is different, and her
provisions, of which nothing opens what she cannot be heard about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from babyconnect.birthcare.access import (
    ALL,
    AccessRequest,
    Asker,
    Consent,
    Decision,
    EmergencyTerms,
    Permit,
    Purpose,
    Refused,
    Relation,
    Shielded,
)
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.one_woman import JOINED
from babyconnect.birthcare.parties import Party, Role
from babyconnect.network.contract import NotKept
from babyconnect.network.mitz.weighing import weighed
from babyconnect.network.roster import Birth, Roster, Seen
from babyconnect.store.contract import Hers
from babyconnect.trust.decision import decide
from babyconnect.trust.rules import data_groups, rules_on
from babyconnect.wiring.holding import HolderGrounds
from tests.spec.trust.people import TODAY
from tests.support.node import HOLDER, HOSPITAL, NOW, evidence

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


class Lapsed:
    """The region's register when our pointer to her is over: it tells what was recorded here, and nothing else."""

    def __init__(self, *recorded: Consent) -> None:
        self.recorded = recorded

    async def of(self, pseudonym: str) -> tuple[Consent, ...]:
        raise NotKept(self.recorded)

    async def as_if(self, stand_in: str) -> None:
        return None


def said_by(roster: Roster, *recorded: Consent) -> HolderGrounds:
    unasked = (lambda: rules_on(TODAY), None, lambda *_: None, EmergencyTerms())
    return HolderGrounds(HOLDER.ura, roster, Lapsed(*recorded), *unasked)  # type: ignore[arg-type]


def somebody(party: Party, role: Role) -> Asker:
    return Asker(party.ura, party.kind, "person-1", role, Purpose.TREATMENT, evidence(), loa="high")


def decided(asker: Asker, consents: tuple[Consent, ...]) -> Decision:
    """Where nothing but her consent is wanting."""
    ours = (Relation("episode", "e", dt.date(2026, 1, 5)),)
    asked = AccessRequest(asker, HOLDER.ura, HOLDER.kind, "anna", frozenset("e"), ours, consents, NOW)
    return decide(asked, rules_on(NOW.date()))


SURGEON, MIDWIFE = somebody(HOSPITAL, Role.GYNAECOLOGIST), somebody(HOLDER, Role.MIDWIFE)
HERE, THERE, EVERYTHING = (
    f"ura:{HOLDER.ura}",
    f"ura:{HOSPITAL.ura}",
    data_groups() | {one.value for one in Shielded} | ALL,
)


@pytest.mark.parametrize(
    "yes",
    [
        Consent("ours", True, "*"),
        Consent("ours", True, "kind:hospital"),
        Consent("ours", True, THERE),
        Consent("ours", True, THERE, HERE),
        Consent("ours", True, "*", groups=data_groups()),
        Consent("ours", True, THERE, HERE, EVERYTHING),
        Consent("ours", True, THERE, HERE, frozenset({"a group of tomorrow"}) | EVERYTHING),
    ],
)
async def test_whose_pointer_is_over_is_shared_with_nobody_however_specific_her_yes_was(
    roster: Roster, yes: Consent
) -> None:
    """Elsewhere she may have said no to the same, and that cannot be known."""
    await roster.note([Seen("anna", BSN, [EPISODE])])
    await roster.named({"anna": "pseudonym"})
    assert isinstance(decided(SURGEON, (yes,)), Permit)
    said = await said_by(roster, yes).consents("anna", SURGEON)
    assert isinstance(decided(SURGEON, said), Refused)
    and_mitz = weighed("permit", said, SURGEON.ura, HOLDER.ura, data_groups())
    assert isinstance(decided(SURGEON, and_mitz), Refused)
    assert isinstance(decided(MIDWIFE, await said_by(roster, yes).consents("anna", MIDWIFE)), Permit)


async def test_what_she_refused_here_is_still_among_it(roster: Roster) -> None:
    await roster.note([Seen("anna", BSN, [EPISODE])])
    await roster.named({"anna": "pseudonym"})
    no = Consent("no", False, THERE)
    assert no in await said_by(roster, no, Consent("ours", True, "*")).consents("anna", SURGEON)


async def test_a_name_that_parted_opens_nothing_to_our_own_people_either(roster: Roster) -> None:
    name = JOINED + "ab"
    await roster.note([Seen("a", BSN, [EPISODE]), Seen("b", BSN)])
    await roster.join(["a", "b"], {"a": name, "b": name})
    await roster.join(["a", "b"], {})
    for asker in (SURGEON, MIDWIFE):
        assert isinstance(decided(asker, await said_by(roster).consents(name, asker)), Refused)
