"""Work that the keeper gives: what comes of it comes in order, stops when nobody listens, is lost with its worker."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field

import msgspec
import orjson
import pytest

from babyconnect.audit.faults import AuditFault
from babyconnect.birthcare.access import LoggedIn, Purpose
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Responsible, Role
from babyconnect.exchange.contract import Asking
from babyconnect.flows.own_everywhere import NotMade
from babyconnect.flows.viewing import Sources
from babyconnect.web.client import drawing as own
from babyconnect.web.viewer.drawing import Drawn, Sending, Wanted
from babyconnect.wiring import drawing
from babyconnect.workers.giving import Does, Doing, Giving, Lost, Undone, Work

HERS, HERS_THERE = "900000001", "pseudonym"


@dataclass
class Desk:
    """A keeper and workers of it in one loop; each worker does what its script says: steps, waits, faults."""

    work: Work = field(default_factory=lambda: Work(patience=0.05))
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    ends: list[tuple[Giving, Doing]] = field(default_factory=list)

    async def worker(self, name: str, *script: bytes | Exception | asyncio.Event) -> Doing:
        async def does(question: bytes) -> AsyncGenerator[bytes, None]:
            self.asked.append((name, question))
            try:
                for step in script:
                    if isinstance(step, asyncio.Event):
                        await step.wait()
                    elif isinstance(step, Exception):
                        raise step
                    else:
                        yield step
            except asyncio.CancelledError:
                self.stopped.append(name)
                raise

        here, there = socket.socketpair()
        giving, doing = self.work.worker(), Doing(does)
        await giving.begin(here)
        await doing.begin(there)
        doing.able()
        self.ends.append((giving, doing))
        await asyncio.sleep(0)
        while giving not in self.work._able:
            await asyncio.sleep(0.001)
        return doing


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    for giving, doing in made.ends:
        giving.close()
        doing.close()


async def until(true: object) -> None:
    async with asyncio.timeout(30):
        while not true():  # type: ignore[operator]
            await asyncio.sleep(0.001)


async def test_what_comes_of_work_comes_in_order_to_its_end(desk: Desk) -> None:
    await desk.worker("one", b"a", b"b", b"", b"c")
    assert [step async for step in desk.work.done(b"question")] == [b"a", b"b", b"", b"c"]
    assert desk.asked == [("one", b"question")] and desk.ends[0][0].busy == 0


async def test_a_worker_that_comes_and_goes_at_once_leaves_work_waiting_for_the_next(desk: Desk) -> None:
    desk.work = Work(patience=30)
    waiting = asyncio.create_task(anext(desk.work.done(b"question")))
    await until(lambda: desk.work._some._waiters)  # type: ignore[attr-defined]
    passing = desk.work.worker()
    desk.work._comes(passing)
    desk.work._goes(passing)
    await desk.worker("one", b"a")
    assert await waiting == b"a"


async def test_work_that_only_a_passing_worker_came_for_is_lost_and_no_fault(desk: Desk) -> None:
    waiting = asyncio.create_task(anext(desk.work.done(b"question")))
    await until(lambda: desk.work._some._waiters)  # type: ignore[attr-defined]
    passing = desk.work.worker()
    desk.work._comes(passing)
    desk.work._goes(passing)
    with pytest.raises(Lost):
        await waiting


async def test_work_goes_to_whoever_has_least_to_do(desk: Desk) -> None:
    never = asyncio.Event()
    await desk.worker("one", never)
    await desk.worker("two", never)
    tasks = [asyncio.create_task(anext(desk.work.done(b""))) for _ in range(6)]
    await until(lambda: len(desk.asked) == 6)
    assert sorted(name for name, _ in desk.asked) == ["one"] * 3 + ["two"] * 3
    for task in tasks:
        task.cancel()
    await until(lambda: len(desk.stopped) == 6)


async def test_whoever_stops_listening_stops_the_work(desk: Desk) -> None:
    await desk.worker("one", b"a", asyncio.Event())
    async with contextlib.aclosing(desk.work.done(b"")) as steps:
        assert await anext(steps) == b"a"
    await until(lambda: desk.stopped == ["one"])
    assert not desk.ends[0][1]._tasks


async def test_of_a_fault_only_its_kind_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    await desk.worker("one", b"a", RuntimeError(f"client {HERS}"))
    steps = desk.work.done(b"")
    assert await anext(steps) == b"a"
    with pytest.raises(Undone, match=r"^RuntimeError$"):
        await anext(steps)
    printed = capsys.readouterr()
    assert HERS not in printed.out + printed.err


async def test_what_a_worker_did_when_it_died_is_lost_and_it_is_given_nothing_more(desk: Desk) -> None:
    first = await desk.worker("one", b"a", asyncio.Event())
    steps = desk.work.done(b"")
    assert await anext(steps) == b"a"
    first.close()
    with pytest.raises(Lost):
        await anext(steps)
    with pytest.raises(Lost):
        await anext(desk.work.done(b""))
    await desk.worker("two", b"b")
    assert [step async for step in desk.work.done(b"")] == [b"b"]


async def test_work_waits_for_a_worker_that_is_being_started(desk: Desk) -> None:
    desk.work._patience = 30
    waiting = asyncio.create_task(anext(desk.work.done(b"")))
    await asyncio.sleep(0)
    await desk.worker("one", b"a")
    assert await waiting == b"a"


# ---------------------------------------------------------------------- a screen that is filled so

HOSPITAL = Party(Ura("90000002"), "Ziekenhuis", Kind.HOSPITAL)
WANTED = Wanted(Bsn("999900730"), Person("p", "Naam", Role.STUDENT, "high", Responsible("q", Role.MIDWIFE)), "nl")
EARLY = Drawn({"kop": "1", "sectie-a": "x", "sectie-b": "y"}, Sources(busy=(HOSPITAL,)))
LATE = Drawn({"kop": "1", "sectie-b": "z", "sectie-c": "y"}, Sources(answered=(HOSPITAL,), waiting=False))


def sent(*states: Drawn) -> list[bytes]:
    sending = Sending()
    return [drawing._encode((sending.step(state), HERS_THERE)) for state in states]


def filled(desk: Desk, learned: dict[Bsn, str] | None = None) -> AsyncIterator[Drawn]:
    """A screen, by the workers of a desk."""
    return drawing.drawn_by(desk.work, ({} if learned is None else learned).__setitem__)(WANTED)


async def test_a_screen_gets_each_state_whole_though_only_what_changed_is_sent(desk: Desk) -> None:
    early, late = sent(EARLY, LATE)
    assert set(drawing._told.decode(late)[0].changed) == {"sectie-b", "sectie-c"}
    await desk.worker("one", early, late)
    learned: dict[Bsn, str] = {}
    states = [state async for state in filled(desk, learned)]
    assert learned == {WANTED.bsn: HERS_THERE}, "by which the keeper watches for changes, and need not ask"
    assert states == [EARLY, LATE] and list(states[1].fragments) == list(LATE.fragments)
    whose, wanted = drawing._question.decode(desk.asked[0][1])
    assert whose == "staff" and drawing._wanted.decode(wanted) == WANTED


async def test_a_screen_whose_worker_died_is_filled_anew_by_another(desk: Desk) -> None:
    first = await desk.worker("one", *sent(EARLY), asyncio.Event())
    states = filled(desk)
    assert await anext(states) == EARLY
    first.close()
    await until(lambda: not desk.work._able)
    await desk.worker("two", *sent(LATE))
    assert [state async for state in states] == [LATE]
    assert [name for name, _ in desk.asked] == ["one", "two"]


async def test_what_killed_two_workers_is_given_to_no_third(desk: Desk) -> None:
    for name in ("one", "two", "three"):
        await desk.worker(name, asyncio.Event())
    filling = asyncio.create_task(anext(filled(desk)))
    for number in (1, 2):
        await until(lambda number=number: len(desk.asked) == number)
        name = desk.asked[-1][0]
        desk.ends[("one", "two", "three").index(name)][1].close()
    with pytest.raises(Lost):
        await filling
    assert len(desk.asked) == 2


# ---------------------------------------------------------------------- a client's own screen

HERSELF = own.Wanted(
    Asking(
        Person("p", "client", Role.CLIENT, "high"), Purpose.OWN_RECORD, Bsn("999900730"),
        logged_in=LoggedIn("pseudonym", 1_700_000_000), related=Bsn("999990019"),
    ),
    "nl", child=True,
)  # fmt: skip


async def test_her_own_screen_is_filled_by_a_worker_that_knows_the_whole_question(desk: Desk) -> None:
    early = own.Drawn({"bronnen": "1", "sectie-a": "x"}, "!", (HOSPITAL,), complete=False)
    late = own.Drawn({"bronnen": "2", "sectie-a": "x"}, "!", failed=True, name="Bo")
    await desk.worker("one", drawing._encode(early), drawing._encode(late))
    assert [state async for state in drawing.hers_by(desk.work)(HERSELF)] == [early, late]
    whose, wanted = drawing._question.decode(desk.asked[0][1])
    assert whose == "herself" and drawing._her_wanted.decode(wanted) == HERSELF


async def test_each_question_goes_to_who_does_it() -> None:
    def does(name: bytes) -> Does:
        async def steps(question: bytes) -> AsyncGenerator[bytes, None]:
            yield name + question

        return steps

    kinds = ("staff", "herself", "copy")
    all_of_them = drawing.for_whom({whose: does(whose.encode()) for whose in kinds})
    for whose in kinds:
        assert [step async for step in all_of_them(drawing._encode((whose, 1)))] == [whose.encode() + b"\x01"]


# ---------------------------------------------------------------------- a copy that she takes with her


async def test_her_copy_is_made_by_a_worker_that_knows_the_whole_question(desk: Desk) -> None:
    await desk.worker("one", b"a" * drawing.PIECE, b"bc")
    assert await drawing.copied_by(desk.work)(HERSELF.asking) == b"a" * drawing.PIECE + b"bc"
    whose, asking = drawing._question.decode(desk.asked[0][1])
    assert whose == "copy" and drawing._asking.decode(asking) == HERSELF.asking


async def test_a_copy_whose_worker_could_not_make_it_is_no_copy(desk: Desk) -> None:
    await desk.worker("one", b"half", AuditFault("full"))
    with pytest.raises(NotMade, match="AuditFault"):
        await drawing.copied_by(desk.work)(HERSELF.asking)


async def test_a_copy_whose_worker_dies_is_made_anew_from_the_beginning_once(desk: Desk) -> None:
    for name in ("one", "two", "three"):
        await desk.worker(name, b"half", asyncio.Event())
    making = asyncio.create_task(drawing.copied_by(desk.work)(HERSELF.asking))
    for number in (1, 2):
        await until(lambda number=number: len(desk.asked) == number)
        name = desk.asked[-1][0]
        desk.ends[("one", "two", "three").index(name)][1].close()
    with pytest.raises(NotMade, match="gone"):
        await making


async def test_what_a_worker_makes_of_it_comes_in_pieces_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "PIECE", 7)

    async def consult(asking: Asking) -> AsyncGenerator[SourceAnswer, None]:
        yield SourceAnswer(HOSPITAL, "answered", ({"resourceType": "Patient", "id": "a"},))
        yield SourceAnswer(Party(Ura("00000042"), "Traag", Kind.HOSPITAL), "timed_out", ())

    pieces = [piece async for piece in drawing.copy_work_of(consult)(msgspec.msgpack.encode(HERSELF.asking))]
    assert {len(piece) for piece in pieces[:-1]} == {7}
    first, lacks = orjson.loads(b"".join(pieces))["entry"]
    assert first["resource"] == {"resourceType": "Patient", "id": "a"} and HOSPITAL.ura.value in first["fullUrl"]
    assert lacks["resource"]["issue"][0]["code"] == "incomplete" and "Traag" in str(lacks)
