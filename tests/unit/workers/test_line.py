"""What a worker asks and tells the keeper: nothing counts as logged or won that the keeper did not write or give."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from babyconnect.audit.faults import AuditFault, Receipt
from babyconnect.audit.reading import search
from babyconnect.audit.verify import verify
from babyconnect.birthcare.access import Emergency, Purpose
from babyconnect.trust.sessions import UNBOUND, hash_of
from babyconnect.workers.counter import Keeps
from babyconnect.workers.line import LineFault
from babyconnect.workers.questions import AnyQuestion, Finds, Found, Ready, Uses, WhoIs
from babyconnect.workers.turns import LeasedTurns
from tests.unit.workers.stage import Stage, logging


def event(number: int, worker: str = "a") -> dict[str, object]:
    return {"type": "read", "outcome": "ok", "at": "2026-04-01T09:00:00.000Z", "worker": worker, "number": number}


async def test_an_event_is_in_the_log_when_the_worker_hears_of_it(stage: Stage, tmp_path: Path) -> None:
    async with logging(stage, tmp_path):
        receipt = await (await stage.line()).append(event(1))
        assert (receipt.seq, [entry.event["number"] for entry in search(tmp_path)]) == (1, [1])


async def test_the_events_of_all_workers_are_one_chain_each_in_its_own_order(stage: Stage, tmp_path: Path) -> None:
    async with logging(stage, tmp_path):
        lines = {name: await stage.line() for name in "abc"}
        told = [line.append(event(number, name)) for number in range(200) for name, line in lines.items()]
        await asyncio.gather(*told)
    found = verify(tmp_path)
    assert (found.ok, found.records) == (True, 600)
    for name in lines:
        numbers = [entry.event["number"] for entry in search(tmp_path) if entry.event["worker"] == name]
        assert numbers == list(range(200))


async def test_what_the_log_does_not_take_is_a_fault_for_each_who_waited(stage: Stage) -> None:
    async def refused(events: Sequence[bytes]) -> Receipt:
        raise AuditFault("no room")

    stage.append = refused
    line = await stage.line()
    ended = await asyncio.gather(*(line.append(event(n)) for n in range(3)), return_exceptions=True)
    assert [str(one) for one in ended if isinstance(one, AuditFault)] == ["no room"] * 3
    assert len({id(one) for one in ended}) == 3


async def test_an_event_of_two_lines_or_none_is_taken_by_nobody(stage: Stage, tmp_path: Path) -> None:
    async with logging(stage, tmp_path) as log:
        for content in (b'{"a":1}\n{"b":2}', b"[]", b'{"a":"%s"}' % (b"x" * 70_000)):
            with pytest.raises(AuditFault):
                await log.append_all([b'{"type":"read"}', content])
        assert log.head.seq == 0


async def test_when_the_keeper_is_gone_whoever_waits_and_whoever_comes_gets_nothing(stage: Stage) -> None:
    asked = asyncio.Event()

    async def silent(events: Sequence[bytes]) -> Receipt:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    stage.append = silent
    line = await stage.line()
    waiting = asyncio.create_task(line.append(event(1)))
    await asked.wait()
    stage.opened[0][1].close()
    with pytest.raises(AuditFault):
        await waiting
    with pytest.raises(AuditFault):
        await line.append(event(2))
    with pytest.raises(LineFault):
        await line.ask(Ready(), bool)
    assert "line" in stage.lost


async def test_a_worker_is_not_answered_before_the_node_is_built(stage: Stage) -> None:
    stage.keeps.built.clear()
    asking = asyncio.create_task((await stage.line()).ask(Ready(), bool))
    await asyncio.sleep(0.05)
    assert not asking.done()
    stage.keeps.built.set()
    assert await asking


async def test_one_binding_wins_whichever_worker_asks(stage: Stage) -> None:
    one, other = await stage.worker(), await stage.worker()
    for _ in range(20):
        key = hash_of(stage.token().token)
        here, there = await one.ask(key), await other.ask(key)
        assert here is not None
        assert there is not None
        episodes = frozenset({"e"})
        won = await asyncio.gather(one.bind(here, "anna", episodes), other.bind(there, "bea", episodes))
        assert sorted(won) == [False, True]
        assert here.client == there.client == ("anna" if won[0] else "bea")


async def test_a_token_that_ended_is_bound_to_nobody(stage: Stage) -> None:
    worker, issued = await stage.worker(), stage.token()
    session = await worker.ask(hash_of(issued.token))
    assert session is not None
    stage.sessions.revoke(issued.token, session.asker.ura)
    assert not await worker.bind(session, "anna", frozenset())


async def test_a_proof_is_used_once_by_all_workers_together(stage: Stage) -> None:
    lines = [await stage.line() for _ in range(3)]
    use = Uses("key", "jti", stage.now + 30, stage.now)
    assert sorted(await asyncio.gather(*(line.ask(use, bool) for line in lines))) == [False, False, True]


@pytest.mark.parametrize(
    ("purpose", "emergency"), [(Purpose.OWN_RECORD, None), (Purpose.EMERGENCY, Emergency("life_threatening"))]
)
async def test_emergencies_and_a_clients_own_requests_are_the_keepers_alone(
    stage: Stage, purpose: Purpose, emergency: Emergency | None
) -> None:
    issued = stage.token(purpose, emergency)
    assert (await (await stage.line()).ask(WhoIs(hash_of(issued.token)), Found)).session is None


async def test_a_bound_session_is_remembered_and_forgotten_before_its_ending_is_heard_of(stage: Stage) -> None:
    worker, issued = await stage.worker(), stage.token()
    key = hash_of(issued.token)
    stage.sessions.bind(issued.session, "anna", frozenset({"e"}))
    session = await worker.ask(key)
    assert session is not None
    assert worker.known(key) is session
    assert worker.live(session, UNBOUND)
    stage.sessions.revoke_client("anna")
    assert worker.known(key) is None  # no message has come yet: the page says so
    assert await worker.ask(key) is None


async def test_a_session_that_is_not_bound_is_asked_for_each_time(stage: Stage) -> None:
    worker, key = await stage.worker(), hash_of(stage.token().token)
    assert await worker.ask(key) is not None
    assert worker.known(key) is None


async def test_an_answer_that_was_overtaken_by_an_ending_is_asked_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, issued = await stage.worker(), stage.token()
    stage.sessions.bind(issued.session, "anna", frozenset({"e"}))
    answer, asked = Keeps.answer, []

    async def overtaken(keeps: Keeps, question: AnyQuestion) -> object:
        found = await answer(keeps, question)
        if not asked:
            stage.sessions.revoke_client("anna")
        asked.append(question)
        return found

    monkeypatch.setattr(Keeps, "answer", overtaken)
    assert await worker.ask(hash_of(issued.token)) is None
    assert len(asked) == 2


async def test_an_organisation_gets_no_more_turns_from_all_workers_than_from_one(stage: Stage) -> None:
    turns = [LeasedTurns(await stage.line(), lambda: stage.now) for _ in range(4)]
    session = stage.token().session
    given = 0
    for number in range(800):
        wait = turns[number % 4].asks(session)
        given += not (wait if isinstance(wait, int) else await wait)
    # 100 a second, 200 at once; what a worker holds unused is less than a lease.
    assert 190 <= given <= 200
    stage.now += 10
    wait = turns[0].asks(session)
    assert (wait if isinstance(wait, int) else await wait) == 0


async def test_turns_that_were_not_used_in_time_are_not_used_later(stage: Stage) -> None:
    turns = LeasedTurns(await stage.line(), lambda: stage.now)
    session = stage.token().session
    wait = turns.asks(session)
    assert not isinstance(wait, int)
    assert await wait == 0
    assert turns.asks(session) == 0
    stage.now += 1.5
    wait = turns.asks(session)
    assert not isinstance(wait, int)
    assert await wait == 0


async def test_looking_for_clients_is_counted_over_all_workers(stage: Stage) -> None:
    lines = [await stage.line() for _ in range(2)]
    waits = [await lines[n % 2].ask(Finds("00000002", "p"), int) for n in range(61)]
    assert waits[:60] == [0] * 60
    assert waits[60] > 0
