"""The register of evidence over HTTP: who may write, who may find, what a holder may ask (domain §4)."""

from __future__ import annotations

import datetime as dt

import pytest

from babyconnect.birthcare.access import Asker, Purpose, Relation
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Party, Role
from babyconnect.network.contract import Given, RegionFault
from babyconnect.network.evidence.client import EvidenceClient
from tests.federation import region
from tests.federation.region import GP, HOSPITAL, KRAAM, PRACTICE

BSN, OTHER = Bsn("999900730"), Bsn("999911120")
TODAY = region.now().date()
SOON = region.now() + dt.timedelta(days=200)


def given(basis: str = "announcement", receiver: Party = KRAAM, **changes) -> Given:
    values = {"issuer": PRACTICE.ura, "start": TODAY, "end": TODAY + dt.timedelta(days=30), **changes}
    return Given(changes.pop("reference", f"{basis}-12345678"), basis, receiver=receiver.ura, **_rest(values))


def _rest(values):
    return {name: values[name] for name in ("issuer", "start", "end", "episode", "standing") if name in values}


@pytest.fixture
async def registers(federation):
    return {party: EvidenceClient(federation[party].region) for party in region.PARTIES}


async def her(federation, bsn: Bsn = BSN) -> str:
    """Her pseudonym; the practice keeps her."""
    name = await federation[PRACTICE].pseudonyms.of(bsn)
    await federation[PRACTICE].localisation.register(name, "xis", SOON)
    return name


async def test_what_was_given_is_found_by_its_receiver_and_confirmed_to_a_holder(federation, registers):
    name = await her(federation)
    await registers[PRACTICE].give(name, given(), "midwife-1")
    assert [one.reference for one in await registers[KRAAM].received(name)] == ["announcement-12345678"]
    confirmed = await registers[HOSPITAL].confirm(name, "announcement-12345678", "announcement", KRAAM.ura)
    assert confirmed and confirmed.issuer == PRACTICE.ura
    assert [one.reference for one in await registers[PRACTICE].made()] == ["announcement-12345678"]


async def test_nobody_else_finds_it_and_no_other_combination_is_confirmed(federation, registers):
    name, another = await her(federation), await her(federation, OTHER)
    await registers[PRACTICE].give(name, given(), "midwife-1")
    assert await registers[HOSPITAL].received(name) == await registers[KRAAM].received(another) == ()
    reference = "announcement-12345678"
    for pseudonym, basis, asker in [
        (another, "announcement", KRAAM.ura),
        (name, "referral", KRAAM.ura),
        (name, "announcement", HOSPITAL.ura),
        (name, "announcement", Ura("00000099")),
    ]:
        assert await registers[GP].confirm(pseudonym, reference, basis, asker) is None


async def test_a_holder_may_ask_whether_an_asker_keeps_her_itself_and_who_keeps_her_not_learns_nothing(
    federation, registers
):
    name = await her(federation)
    await federation[KRAAM].localisation.register(name, "xis", SOON)
    assert await registers[PRACTICE].keeps(name, KRAAM.ura)
    assert not await registers[PRACTICE].keeps(name, HOSPITAL.ura)
    assert not await registers[PRACTICE].keeps(await federation[PRACTICE].pseudonyms.of(OTHER), KRAAM.ura)
    assert not await registers[GP].keeps(name, KRAAM.ura)
    assert (federation.log.events[-1].action, federation.log.events[-1].outcome) == ("evidence_read", "refused")


async def test_revoked_it_is_no_evidence_any_more_and_only_its_issuer_can(federation, registers):
    name = await her(federation)
    await registers[PRACTICE].give(name, given(), "midwife-1")
    assert not await registers[KRAAM].revoke("announcement-12345678", "carer-1")
    assert await registers[PRACTICE].revoke("announcement-12345678", "midwife-1")
    assert await registers[KRAAM].received(name) == ()
    assert await registers[HOSPITAL].confirm(name, "announcement-12345678", "announcement", KRAAM.ura) is None
    assert [one.standing for one in await registers[PRACTICE].made()] == [False]


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": HOSPITAL.ura},
        {"receiver": Party(Ura("00000099"), "Niemand", KRAAM.kind)},
        {"receiver": PRACTICE},
        {"end": TODAY - dt.timedelta(days=1)},
        {"end": TODAY + dt.timedelta(days=900)},
        {"reference": "een heel verhaal"},
        {"basis": "episode"},
    ],
)
async def test_what_is_no_evidence_between_two_organisations_is_refused(federation, registers, wrong):
    with pytest.raises(RegionFault):
        await registers[PRACTICE].give(await her(federation), given(**wrong), "midwife-1")
    assert await registers[PRACTICE].made() == ()


async def test_a_reference_is_used_once(federation, registers):
    name = await her(federation)
    await registers[PRACTICE].give(name, given(), "midwife-1")
    with pytest.raises(RegionFault):
        await registers[PRACTICE].give(await her(federation, OTHER), given(), "midwife-1")


async def test_a_locum_agreement_counts_for_clients_that_its_issuer_keeps(federation, registers):
    name, another = await her(federation), await federation[PRACTICE].pseudonyms.of(OTHER)
    await registers[PRACTICE].give("", given("locum", HOSPITAL), "midwife-1")
    assert [one.basis for one in await registers[HOSPITAL].received(name)] == ["locum"]
    assert await registers[HOSPITAL].received(another) == ()
    assert await registers[GP].confirm(name, "locum-12345678", "locum", HOSPITAL.ura)
    assert await registers[GP].confirm(another, "locum-12345678", "locum", HOSPITAL.ura) is None


async def test_whoever_was_referred_to_is_told_where_by_the_index_without_consent(federation, registers):
    name = await her(federation)
    evidence = (Relation("referral", "referral-12345678", TODAY),)
    who = Asker(HOSPITAL.ura, HOSPITAL.kind, "p", Role.GYNAECOLOGIST, Purpose.TREATMENT, evidence)
    assert (await federation[HOSPITAL].localisation.localise(name, who)).located == ()
    await registers[PRACTICE].give(name, given("referral", HOSPITAL), "midwife-1")
    found = await federation[HOSPITAL].localisation.localise(name, who)
    assert [one.holder for one in found.located] == [PRACTICE.ura]
    assert found.given == await registers[HOSPITAL].received(name)
    assert [one.basis for one in found.given] == ["referral"]


async def test_everything_is_in_the_log_of_the_region_before_it_is_answered(federation, registers):
    name = await her(federation)
    federation.log.broken = True
    with pytest.raises(RegionFault):
        await registers[PRACTICE].give(name, given(), "midwife-1")
    federation.log.broken = False
    assert await registers[PRACTICE].made() == ()


@pytest.mark.parametrize("basis", ["announcement", "referral"])
async def test_who_does_not_keep_her_cannot_announce_or_refer_her(federation, registers, basis):
    name = await federation[PRACTICE].pseudonyms.of(OTHER)
    await registers[PRACTICE].give(name, given(basis), "midwife-1")
    assert await registers[KRAAM].received(name) == ()
    assert await registers[GP].confirm(name, f"{basis}-12345678", basis, KRAAM.ura) is None
