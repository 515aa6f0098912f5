"""The holder's replica of consents, against a register whose every answer and moment the test decides."""

from __future__ import annotations

import asyncio

import pytest

from babyconnect.birthcare.access import Consent
from babyconnect.network.consent import resources
from babyconnect.network.consent.replica import ConsentReplica
from babyconnect.network.contract import ConsentsUnknown, RegionFault

HER = "p" * 43


class Register:
    """Answers what the test puts; counts direct questions."""

    def __init__(self) -> None:
        self.direct: list[dict] = []
        self.feed: list[dict] = []
        self.asked = 0

    async def send(self, method: str, path: str, body=None, **_):
        if path.startswith("/fhir/r4/Consent/_search"):
            self.asked += 1
            queue = self.direct
        else:
            queue = self.feed
        if not queue:
            raise RegionFault("unreachable")
        return 200, queue.pop(0)


def bundle(position: str, *given: tuple[int, Consent, bool], held: float = 0.0) -> dict:
    entries = [
        {"resource": resources.to_resource(consent, HER, active=active, version=seq)} for seq, consent, active in given
    ]
    meta = {"versionId": position, "extension": [{"url": "x/held", "valueDecimal": held}]}
    return {"resourceType": "Bundle", "meta": meta, "entry": entries}


YES = Consent("yes", True, "*")
NO = Consent("no", False, "*")


class Case:
    def __init__(self) -> None:
        self.register, self.now = Register(), 0.0
        self.replica = ConsentReplica(self.register, lambda: self.now)

    async def fed(self, answer: dict) -> None:
        self.register.feed.append(answer)
        await self.replica._poll()

    async def of(self, *direct: dict) -> set[str]:
        self.register.direct += direct
        return {consent.id for consent in await self.replica.of(HER)}


@pytest.fixture
async def case():
    return Case()


async def test_before_the_feed_has_spoken_every_question_goes_to_the_register(case):
    assert await case.of(bundle("e.1", (1, YES, True))) == {"yes"}
    assert await case.of(bundle("e.1", (1, YES, True))) == {"yes"}
    assert case.register.asked == 2


async def test_while_the_feed_confirms_it_the_register_is_not_asked_again(case):
    await case.fed(bundle("e.1"))
    await case.of(bundle("e.1", (1, YES, True)))
    assert await case.of() == {"yes"}
    assert case.register.asked == 1


async def test_after_the_lease_the_register_is_asked_and_when_it_is_silent_nothing_is_known(case):
    await case.fed(bundle("e.1"))
    await case.of(bundle("e.1", (1, YES, True)))
    case.now = 0.89
    assert await case.of() == {"yes"}
    case.now = 0.91
    with pytest.raises(ConsentsUnknown):
        await case.of()


async def test_time_in_which_the_register_held_the_poll_counts_as_confirmed_and_no_more_than_it_was_away(case):
    async def took(seconds: float):
        case.now += seconds

    for claimed, confirmed in ((0.4, 0.4), (100.0, 0.5), (-3.0, 0.0)):
        start = case.now
        case.register.feed.append(bundle("e.1", held=claimed))
        send = case.register.send

        async def slowly(*a, send=send, **k):
            case.now += 0.5
            return await send(*a, **k)

        case.register.send = slowly
        await case.replica._poll()
        case.register.send = send
        assert case.replica._confirmed == pytest.approx(start + confirmed)


async def test_a_withdrawal_in_the_feed_is_in_force_at_once(case):
    await case.fed(bundle("e.1"))
    await case.of(bundle("e.1", (1, YES, True)))
    await case.fed(bundle("e.2", (2, YES, False)))
    assert await case.of() == set()


async def test_a_new_objection_in_the_feed_is_in_force_at_once(case):
    await case.fed(bundle("e.1"))
    await case.of(bundle("e.1", (1, YES, True)))
    await case.fed(bundle("e.2", (2, NO, True)))
    assert await case.of() == {"yes", "no"}


async def test_an_answer_that_the_feed_has_overtaken_is_not_remembered(case):
    await case.fed(bundle("e.5"))
    assert await case.of(bundle("e.4", (1, YES, True))) == {"yes"}
    assert await case.of(bundle("e.5")) == set()


async def test_an_older_version_never_replaces_a_newer_one(case):
    await case.fed(bundle("e.1"))
    await case.of(bundle("e.3", (3, YES, True)))
    await case.fed(bundle("e.2", (2, YES, False)))
    assert await case.of() == {"yes"}


async def test_a_register_that_began_anew_makes_us_forget(case):
    await case.fed(bundle("e.1"))
    await case.of(bundle("e.1", (1, YES, True)))
    await case.fed(bundle("f.0"))
    assert await case.of(bundle("f.0")) == set()
    assert case.register.asked == 2


async def test_an_answer_about_somebody_else_is_no_answer(case):
    other = bundle("e.1", (1, YES, True))
    other["entry"][0]["resource"]["patient"]["identifier"]["value"] = "somebody"
    with pytest.raises(ConsentsUnknown):
        await case.of(other)


@pytest.mark.parametrize(
    "rubbish", [{}, {"resourceType": "Bundle"}, {"resourceType": "Bundle", "meta": {"versionId": "x"}}]
)
async def test_rubbish_from_the_register_is_no_consent(case, rubbish):
    with pytest.raises(ConsentsUnknown):
        await case.of(rubbish)


# --- who has her record open


def changed(position: str, *pseudonyms: str) -> dict:
    made = bundle(position)
    made["meta"]["extension"] += [{"url": "x/changed", "valueString": one} for one in pseudonyms]
    return made


async def step(steps) -> None:
    async with asyncio.timeout(10):
        await anext(steps)


async def test_a_change_that_came_just_before_somebody_began_to_watch_is_not_lost(case):
    case.now = 5.0
    await case.fed(changed("e.1", HER))
    await step(case.replica.changes(HER, 4.9))
    late = asyncio.create_task(anext(case.replica.changes(HER, 5.1)))
    other = asyncio.create_task(anext(case.replica.changes("somebody", 4.9)))
    await asyncio.sleep(0.05)
    assert not late.done()
    assert not other.done()
    for task in (late, other):
        task.cancel()


async def test_who_watches_hears_it_when_the_register_falls_silent_and_when_it_is_back(case):
    case.replica._unconfirmed = 0.04
    await case.fed(bundle("e.1"))
    steps = case.replica.changes(HER, 0.0)
    waiting = asyncio.create_task(anext(steps))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    case.now = 1.0
    async with asyncio.timeout(10):
        await waiting
    await case.fed(bundle("e.1"))
    await step(steps)


async def test_a_register_that_began_anew_makes_every_watcher_ask_anew(case):
    await case.fed(bundle("e.1"))
    steps = case.replica.changes(HER, 1.0)
    waiting = asyncio.create_task(anext(steps))
    await asyncio.sleep(0.01)
    case.now = 2.0
    await case.fed(bundle("f.0"))
    async with asyncio.timeout(10):
        await waiting
