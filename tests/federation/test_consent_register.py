"""The consent register between organisations: who may do what, what is logged when, what others hear of it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from dataclasses import replace

import pytest

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.network.contract import By, ConsentRefused, RegionFault
from tests.federation import region
from tests.federation.region import GP, HOSPITAL, KRAAM, PRACTICE, following, give, professional, take_back
from tests.federation.test_regional_services import HERE, SOON, asker, kept, registered

BSN = Bsn("999900730")
NO = Consent("", False, "*")


def herself(assurance: str = "substantial", ago: float = 60.0, capacity: str = "client") -> By:
    login = region.now() - dt.timedelta(seconds=ago)
    return By("p-her", capacity, capacity, assurance, login)  # type: ignore[arg-type]


# --- she herself (the practice is a client portal of this region, the others are not)


async def test_she_gives_and_lifts_all_of_hers_by_her_own_log_in(federation):
    pseudonym = await kept(federation)
    about_all = Consent("", True, "kind:maternity_home_care")
    yes = await give(federation[PRACTICE], pseudonym, about_all, herself())
    no = await give(federation[KRAAM], pseudonym, NO)
    await take_back(federation[PRACTICE], no, herself())
    (told,) = await federation[HOSPITAL].consents.of(pseudonym)
    assert (told.id, told.permit, told.holder) == (yes, True, "*")


@pytest.mark.parametrize(
    "by",
    [
        lambda: herself("low"),
        lambda: herself(""),
        lambda: herself(ago=3 * 3600),
        lambda: herself(ago=-300),
        lambda: replace(herself(), login=None),
    ],
    ids=["low assurance", "no assurance", "hours ago", "in the future", "no moment"],
)
async def test_a_log_in_that_proves_too_little_is_not_hers(federation, by):
    pseudonym = await kept(federation)
    with pytest.raises(ConsentRefused, match="403"):
        await give(federation[PRACTICE], pseudonym, Consent("", True, "*"), by())


async def test_the_word_of_an_organisation_that_is_no_portal_is_not_hers(federation):
    pseudonym = await kept(federation)
    with pytest.raises(ConsentRefused, match="403"):
        await give(federation[KRAAM], pseudonym, Consent("", True, "*"), herself())
    own = Consent("", True, "*", f"ura:{KRAAM.ura}")
    with pytest.raises(ConsentRefused, match="403"):  # about its own records too: its own word it may give as its own
        await give(federation[KRAAM], pseudonym, own, herself())
    await give(federation[KRAAM], pseudonym, own)
    no = await give(federation[PRACTICE], pseudonym, NO)
    with pytest.raises(ConsentRefused, match="403"):
        await take_back(federation[KRAAM], no, herself())


async def test_an_objection_of_her_own_is_lifted_by_nobody_else_not_even_where_she_made_it(federation):
    pseudonym = await kept(federation)
    no = await give(federation[PRACTICE], pseudonym, NO, herself())
    for party in (PRACTICE, KRAAM):
        with pytest.raises(ConsentRefused, match="403"):
            await take_back(federation[party], no)
    await take_back(federation[PRACTICE], no, herself(capacity="representative"))
    assert await federation[HOSPITAL].consents.of(pseudonym) == ()


async def test_she_reads_all_of_hers_an_organisation_what_is_about_its_records_or_was_recorded_by_it(federation):
    pseudonym = await kept(federation)
    here = await give(federation[HOSPITAL], pseudonym, HERE)
    elsewhere = await give(federation[KRAAM], pseudonym, Consent("", True, "*", f"ura:{KRAAM.ura}"))
    by_gp = await give(federation[GP], pseudonym, Consent("", False, "*", f"ura:{KRAAM.ura}"))

    async def read(party, by) -> set[str]:
        return {one.consent.id for one in await federation[party].desk.versions(pseudonym, by)}

    assert await read(PRACTICE, herself()) == {here, elsewhere, by_gp}
    assert await read(PRACTICE, professional()) == set()
    assert await read(HOSPITAL, professional()) == {here}
    assert await read(GP, professional()) == {by_gp}


# --- history


async def test_every_version_says_who_made_it_so_when_and_for_whom(federation):
    pseudonym = await kept(federation)
    id = await give(federation[HOSPITAL], pseudonym, HERE, By("dr-1", "gynaecologist"))
    await take_back(federation[PRACTICE], id, herself())
    first, second = await federation[HOSPITAL].desk.versions(pseudonym, professional())
    assert (first.active, first.recorder, first.person, first.capacity) == (True, HOSPITAL.ura, "dr-1", "professional")
    assert (second.active, second.recorder, second.person, second.capacity) == (False, PRACTICE.ura, "p-her", "client")
    assert first.consent == second.consent
    assert first.sequence < second.sequence
    assert dt.timedelta() <= second.moment - first.moment < dt.timedelta(minutes=1)


async def test_a_registration_has_one_trace_in_the_log_of_the_region_and_in_its_versions(federation):
    pseudonym = await kept(federation)
    trace = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
    await federation[HOSPITAL].desk.change(pseudonym, [HERE], [], professional(), trace)
    assert [e.traceparent for e in federation.log.events if e.action == "consent"] == [trace]
    status, bundle = await federation[HOSPITAL].region.send(
        "POST", "/fhir/r4/Consent/_search", form={"patient:identifier": pseudonym}
    )
    (entry,) = bundle["entry"]
    assert (status, entry["resource"]["sourceReference"]["identifier"]["value"]) == (200, "ab" * 16)


# --- all or nothing


async def test_new_answers_and_what_they_replace_hold_at_one_instant_or_not_at_all(federation):
    pseudonym = await kept(federation)
    old = await give(federation[HOSPITAL], pseudonym, HERE)
    foreign = Consent("", True, "*", f"ura:{KRAAM.ura}")
    with pytest.raises(ConsentRefused):
        await federation[HOSPITAL].desk.change(pseudonym, [HERE, foreign], [old], professional())
    assert [c.id for c in await federation[HOSPITAL].consents.of(pseudonym)] == [old]
    new = Consent("", True, "kind:midwifery_practice", f"ura:{HOSPITAL.ura}")
    (id,) = await federation[HOSPITAL].desk.change(pseudonym, [new], [old], professional())
    assert [c.id for c in await federation[HOSPITAL].consents.of(pseudonym)] == [id]


# --- the log comes first


async def test_what_cannot_be_logged_is_not_recorded(federation):
    pseudonym = await kept(federation)
    federation.log.broken = True
    with pytest.raises(RegionFault):
        await give(federation[HOSPITAL], pseudonym, HERE)
    federation.log.broken = False
    assert await federation[HOSPITAL].consents.of(pseudonym) == ()


async def test_the_log_knows_of_a_change_before_the_register_has_it(federation, monkeypatch):
    pseudonym = await kept(federation)
    logged_before = []

    async def apply(change, origin):
        logged_before.append([e.action for e in federation.log.events][-1])
        raise OSError("no space left on device")

    monkeypatch.setattr(federation.state.consents, "apply", apply)
    with pytest.raises(RegionFault):
        await give(federation[HOSPITAL], pseudonym, HERE)
    assert logged_before == ["consent"]
    assert [(e.action, e.outcome) for e in federation.log.events][-2:] == [("consent", "ok"), ("consent", "fault")]


@pytest.mark.parametrize("how", ["withdraw", "object"])
async def test_a_no_that_cannot_be_logged_leaves_nobody_confirmed_in_what_they_hold(federation, how):
    from babyconnect.network.contract import ConsentsUnknown

    pseudonym = await kept(federation)
    id = await give(federation[HOSPITAL], pseudonym, HERE)
    replica = await following(federation[HOSPITAL])
    assert len(await replica.of(pseudonym)) == 1
    federation.log.broken = True
    less = take_back(federation[GP], id) if how == "withdraw" else give(federation[GP], pseudonym, NO)
    with pytest.raises(RegionFault):
        await less
    async with asyncio.timeout(10):
        while True:
            try:
                await replica.of(pseudonym)
            except ConsentsUnknown:
                break
            await asyncio.sleep(0.05)
    federation.log.broken = False
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(ConsentsUnknown):
                assert len(await replica.of(pseudonym)) == 1  # she was told that it did not happen
                break
            await asyncio.sleep(0.05)


# --- what follows at once


async def test_a_holder_hears_of_each_yes_that_ends_and_each_no_that_begins(federation):
    pseudonym = await kept(federation)
    heard = []
    replica = federation[HOSPITAL].consents
    replica.on_less(lambda about, provision: heard.append((about, provision.permit, provision.actor)))
    await following(federation[HOSPITAL])
    id = await give(federation[HOSPITAL], pseudonym, HERE)
    await replica.of(pseudonym)
    await take_back(federation[GP], id)
    no = await give(federation[GP], pseudonym, Consent("", False, "kind:hospital"))
    await take_back(federation[GP], no)
    async with asyncio.timeout(10):
        while len(heard) < 2:
            await asyncio.sleep(0.01)
    assert heard == [(pseudonym, True, "*"), (pseudonym, False, "kind:hospital")]


async def watching(federation, party, pseudonym) -> asyncio.Task:
    replica = await following(federation[party])
    steps = replica.changes(pseudonym, replica.now())
    task = asyncio.create_task(anext(steps))
    await asyncio.sleep(0.05)
    return task


async def test_whoever_was_told_where_to_look_hears_when_that_is_to_change_whatever_it_is(federation):
    pseudonym = await registered(federation, HOSPITAL)
    yes = await give(federation[HOSPITAL], pseudonym, HERE)
    assert len((await federation[PRACTICE].localisation.localise(pseudonym, asker(PRACTICE))).located) == 1
    for change in (take_back(federation[GP], yes), give(federation[HOSPITAL], pseudonym, HERE)):
        step = await watching(federation, PRACTICE, pseudonym)
        await change
        async with asyncio.timeout(10):
            await step


async def test_who_was_told_nothing_and_whom_it_is_not_about_hears_nothing(federation):
    pseudonym = await registered(federation, HOSPITAL)
    only_practices = Consent("", True, "kind:midwifery_practice", f"ura:{HOSPITAL.ura}")
    await give(federation[HOSPITAL], pseudonym, only_practices)
    assert len((await federation[PRACTICE].localisation.localise(pseudonym, asker(PRACTICE))).located) == 1
    assert (await federation[KRAAM].localisation.localise(pseudonym, asker(KRAAM))).located == ()
    nobody = await watching(federation, KRAAM, pseudonym)
    not_about = await watching(federation, PRACTICE, pseudonym)
    await give(federation[HOSPITAL], pseudonym, Consent("", False, "kind:maternity_home_care"))
    await asyncio.sleep(0.6)
    assert not nobody.done()
    assert not not_about.done()
    for task in (nobody, not_about):
        task.cancel()


# --- codes that she shows


def tomorrow() -> dt.datetime:
    return region.now() + dt.timedelta(days=1)


async def a_code(federation, pseudonym, permit: bool = True):
    yes = Consent("", True, "*", f"ura:{PRACTICE.ura}", frozenset({"delivery"})) if permit else None
    return await federation[PRACTICE].codes.make(pseudonym, tomorrow(), yes, professional())


async def test_a_code_is_evidence_where_she_shows_it_and_the_holder_can_ask_whether_she_did(federation):
    pseudonym = await registered(federation, PRACTICE)
    made = await a_code(federation, pseudonym)
    assert len(made.code) == 8 and made.code.isdigit()
    assert await federation[PRACTICE].codes.shown(made.reference, pseudonym, HOSPITAL.ura) is None
    shown = await federation[HOSPITAL].codes.verify(f"{made.code[:4]} {made.code[4:]}", pseudonym, professional())
    assert (shown.reference, shown.holder) == (made.reference, PRACTICE.ura)
    checked = await federation[PRACTICE].codes.shown(made.reference, pseudonym, HOSPITAL.ura)
    assert (checked.reference, checked.holder) == (made.reference, PRACTICE.ura)
    assert await federation[PRACTICE].codes.shown(made.reference, pseudonym, KRAAM.ura) is None
    assert await federation[PRACTICE].codes.shown(made.reference, "somebody-else", HOSPITAL.ura) is None


async def test_who_makes_a_code_itself_and_shows_it_to_itself_has_proved_nothing(federation):
    pseudonym = await registered(federation, HOSPITAL, PRACTICE)
    made = await federation[HOSPITAL].codes.make(pseudonym, tomorrow(), None, professional())
    await federation[HOSPITAL].codes.verify(made.code, pseudonym, professional())
    assert await federation[PRACTICE].codes.shown(made.reference, pseudonym, HOSPITAL.ura) is None


async def test_a_code_of_who_does_not_keep_her_is_no_evidence(federation):
    pseudonym = await registered(federation, PRACTICE)
    made = await federation[KRAAM].codes.make(pseudonym, tomorrow(), None, professional())
    assert await federation[HOSPITAL].codes.verify(made.code, pseudonym, professional()) is not None
    assert await federation[PRACTICE].codes.shown(made.reference, pseudonym, HOSPITAL.ura) is None


async def test_nor_is_a_code_of_who_kept_her_until_yesterday(federation):
    pseudonym = await registered(federation, PRACTICE)
    made = await a_code(federation, pseudonym, permit=False)
    await federation[HOSPITAL].codes.verify(made.code, pseudonym, professional())
    assert await federation[PRACTICE].codes.shown(made.reference, pseudonym, HOSPITAL.ura) is not None
    federation.state.index._clock = lambda: SOON + dt.timedelta(days=1)
    assert await federation[PRACTICE].codes.shown(made.reference, pseudonym, HOSPITAL.ura) is None


async def test_showing_it_is_her_yes_to_that_organisation_alone_about_its_makers_records(federation):
    pseudonym = await kept(federation)
    made = await a_code(federation, pseudonym)
    assert await federation[PRACTICE].consents.of(pseudonym) == ()
    for _ in range(2):  # twice is once
        await federation[HOSPITAL].codes.verify(made.code, pseudonym, professional())
    (yes,) = await federation[PRACTICE].consents.of(pseudonym)
    assert (yes.permit, yes.actor, yes.holder) == (True, f"ura:{HOSPITAL.ura}", f"ura:{PRACTICE.ura}")
    assert yes.groups == {"delivery"}
    assert yes.end <= made.until


async def test_a_wrong_code_and_a_right_one_of_somebody_else_are_the_same_answer(federation):
    pseudonym = await kept(federation)
    made = await a_code(federation, pseudonym)
    other = await federation[PRACTICE].pseudonyms.of(Bsn("999990019"))
    wrong = f"{(int(made.code) + 1) % 10**8:08}"
    for code, about in ((made.code, other), (wrong, pseudonym), ("", pseudonym), ("x" * 8, pseudonym)):
        assert await federation[HOSPITAL].codes.verify(code or " ", about, professional()) is None


async def test_codes_cannot_be_guessed_through(federation):
    pseudonym = await kept(federation)
    made = await a_code(federation, pseudonym)

    async def guess_on() -> None:
        for guess in range(40):
            await federation[KRAAM].codes.verify(f"{guess:08}", pseudonym, professional())

    with pytest.raises(RegionFault, match="busy"):
        await guess_on()
    with pytest.raises(RegionFault, match="busy"):  # about her, nobody may go on trying
        await federation[HOSPITAL].codes.verify(made.code, pseudonym, professional())


async def test_a_code_of_another_holders_records_and_one_that_lives_for_ever_are_refused(federation):
    pseudonym = await kept(federation)
    foreign = Consent("", True, "*", f"ura:{KRAAM.ura}")
    with pytest.raises(ConsentRefused, match="403"):
        await federation[PRACTICE].codes.make(pseudonym, tomorrow(), foreign, professional())
    for until in (SOON, region.now() - dt.timedelta(minutes=1)):
        with pytest.raises(ConsentRefused, match="422"):
            await federation[PRACTICE].codes.make(pseudonym, until, None, professional())


async def test_the_file_of_codes_holds_no_code_and_an_expired_one_opens_nothing(federation, tmp_path):
    pseudonym = await kept(federation)
    made = await a_code(federation, pseudonym)
    files = list(tmp_path.glob("codes.sqlite*"))
    assert files and all(made.code.encode() not in file.read_bytes() for file in files)
    later = region.now() + dt.timedelta(days=2)
    federation.state.codes._clock = lambda: later
    assert await federation[HOSPITAL].codes.verify(made.code, pseudonym, professional()) is None
