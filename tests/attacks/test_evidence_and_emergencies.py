"""Attacks on evidence, codes and emergencies by an organisation that is genuine, and says more than is true."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from babyconnect.birthcare.access import Asker, Permit, Purpose, Relation
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Role
from babyconnect.flows.door import Happening
from babyconnect.network.database import DatabaseFault
from babyconnect.network.roster import Roster, Seen
from babyconnect.trust import policy, relation
from babyconnect.trust.decision import decide
from babyconnect.trust.rules import Rules, prepared
from babyconnect.wiring.holding import Checks
from tests.attacks.test_known_by_time import Registers
from tests.spec.trust.people import EVERYONE, HELD_EPISODE, HOSPITAL, KRAAM, TODAY, asks, decided
from tests.spec.trust.test_breaking_the_glass import NOW, PRACTICE, Kind, Node, Party, asker, happening

SENT = relation.referral("referral-5f3a", TODAY - dt.timedelta(days=3))


@pytest.mark.parametrize("basis", ["referral", "announcement"])
def test_who_heard_the_number_of_anothers_referral_cannot_claim_it(basis: str) -> None:
    """The receiver tells its numbers to every organisation that it asks; the holder knows this one itself."""
    overheard = (Relation(basis, SENT.reference, TODAY),)
    kept = (HELD_EPISODE, SENT)
    assert not isinstance(decided(KRAAM, evidence=overheard, held=kept), Permit)
    given = decided(HOSPITAL, evidence=overheard, held=kept, verified=overheard)
    assert isinstance(given, Permit), "to whom it was given, as the register says, it is a referral"


@pytest.mark.parametrize("basis", ["referral", "announcement", "locum", "code"])
def test_no_version_of_the_rules_may_believe_unchecked_what_is_a_legal_basis(basis: str) -> None:
    own = policy.built_in(TODAY)
    assert own is not None and isinstance(policy.read(policy.written(own)), policy.Policy)
    opened = policy.written(own).decode().replace(f'"{basis}": "register"', f'"{basis}": "claimed"')
    found = policy.read(opened.encode())
    assert isinstance(found, policy.Invalid) and any(basis == problem.name for problem in found.problems)


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path, Party(PRACTICE, "Verloskundigen", Kind.MIDWIFERY_PRACTICE))
    yield node
    node.book.close()


def of(client: str) -> Happening:
    return msgspec.structs.replace(happening(asker("ref-1")), client=client)


async def test_one_declared_emergency_opens_the_record_of_one_client(practice: Node) -> None:
    """Or the second would be in no queue, and nobody would tell her."""
    await practice.glass.answered(of("client-1"))
    answered = practice.glass.declared(asker("ref-1"), "client-2")
    assert answered is not None and answered < NOW - dt.timedelta(days=365), "over, so it opens nothing"
    assert practice.glass.declared(asker("ref-1"), "client-1") == NOW


async def test_two_records_asked_at_one_instant_by_one_declaration_are_not_both_released(practice: Node) -> None:
    await practice.glass.answered(of("client-1"))
    with pytest.raises(DatabaseFault):
        await practice.glass.answered(of("client-2"))
    assert {notice.client for notice in practice.book.unsent()} == {"client-1"}


async def test_a_declaration_about_a_destroyed_record_opens_nobody_elses(practice: Node) -> None:
    await practice.glass.answered(of("client-1"))
    await practice.book.forget("client-1")
    for client in ("client-1", "client-2"):
        found = practice.glass.declared(asker("ref-1"), client)
        assert found is not None and found < NOW


def demanding(check: str) -> Rules:
    """A version of the rules by which an asker's episode is checked further than its word."""
    own = policy.built_in(TODAY)
    assert own is not None
    made = json.loads(policy.written(own))
    made["evidence"]["check"]["episode"] = check
    found = policy.read(json.dumps({**made, "version": "region-1"}).encode())
    assert isinstance(found, policy.Policy), found
    return prepared(found)


@pytest.mark.parametrize(("kept", "believed"), [(True, True), (False, False)])
async def test_a_holder_may_believe_an_episode_only_of_who_keeps_her_by_the_index(
    tmp_path: Path, kept: bool, believed: bool
) -> None:
    """An organisation that makes an episode up would first have to enter her as its client, where she sees it."""
    roster, registers = Roster(tmp_path / "roster.sqlite", bytes(32)), Registers()
    await roster.note([Seen("anna", Bsn("999900730"))])
    await roster.named({"anna": "p" * 43})
    registers.kept = kept
    rules = demanding("index")
    checks = Checks(PRACTICE, roster, registers, registers, lambda: rules)  # type: ignore[arg-type]
    made_up = Relation("episode", "EpisodeOfCare/made-up", TODAY)
    who = Asker(*(HOSPITAL, Kind.HOSPITAL, "uzi:1", Role.GYNAECOLOGIST, Purpose.TREATMENT), (made_up,))
    verified = await checks.of(who, "anna")
    request = asks(HOSPITAL, EVERYONE, evidence=(made_up,), verified=verified)
    assert isinstance(decide(request, rules), Permit) is believed
    assert isinstance(decide(request), Permit), "by the program's own rules the asker's word is enough"
    assert registers.asked == ["keeps"]
    roster.close()
