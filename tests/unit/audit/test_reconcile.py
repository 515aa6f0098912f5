"""Both ends of every exchange compared: what is missing or contradicts is named, and nothing else is."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.audit import reconcile
from babyconnect.audit.event import About, Actor, Outcome, Place, event
from babyconnect.audit.log import AuditLog
from babyconnect.audit.reading import Entry, Wanted
from babyconnect.audit.reconcile import End, answered, asked, compare
from tests.support.cases import cases

START = dt.datetime(2026, 6, 1, 8, tzinfo=dt.UTC)
ASKER, HOLDER = "00000001", "00000002"
EXCHANGES = int(os.environ.get("BABYCONNECT_EXCHANGES", "2000"))
"""`make soak` takes a hundred thousand."""

HOW = ("answered", "empty", "refused", "timed_out", "unreachable", "closed", "lost")
"""What may happen to an exchange without anything being wrong."""


def trace(n: int, span: int = 1) -> str:
    return f"00-{n + 1:032x}-{span:016x}-01"


def asker_events(n: int, how: str, at: dt.datetime) -> Iterator[dict[str, object]]:
    who = Actor(ASKER, "p1", "midwife")
    yield event("consult", "ok", at, who, Place(ASKER, "asker", trace=trace(n)), About(resource="started"))
    status = {"empty": "answered", "lost": "timed_out"}.get(how, how)
    if how != "closed":
        outcome: Outcome = "ok" if status == "answered" else "refused" if status == "refused" else "fault"
        about = About(resource=status, count=5 if how == "answered" else 0)
        yield event("consult", outcome, at, who, Place(ASKER, "asker", HOLDER, trace=trace(n, 9)), about)


def holder_events(n: int, how: str, at: dt.datetime) -> Iterator[dict[str, object]]:
    who, place = Actor(ASKER, "p1", "midwife"), Place(HOLDER, "holder", HOLDER, trace=trace(n, 9))
    if how in ("unreachable", "timed_out"):
        return
    yield event("token.issue", "refused" if how == "refused" else "ok", at, who, place)
    if how != "refused":
        outcome: Outcome = "refused" if how == "empty" else "ok"
        yield event("client.bind", outcome, at, who, place, About(client="c1"))
    if how in ("answered", "lost", "closed"):
        yield event("search", "ok", at, who, place, About(client="c1", resource="Observation"))


def entries(events: list[dict[str, object]]) -> list[Entry]:
    return [Entry(place, "", one) for place, one in enumerate(events, 1)]


@settings(max_examples=cases(100), deadline=None)
@given(st.lists(st.sampled_from(HOW), max_size=60), st.data())
def test_honest_logs_agree_and_whatever_is_taken_out_is_named(hows: list[str], data: st.DataObject) -> None:
    at_asker = {n: list(asker_events(n, how, START)) for n, how in enumerate(hows)}
    at_holder = {n: list(holder_events(n, how, START)) for n, how in enumerate(hows)}

    def result() -> reconcile.Reconciled:
        one = asked(entries([event for of in at_asker.values() for event in of]), HOLDER)
        other = answered(entries([event for of in at_holder.values() for event in of]), ASKER)
        return compare(ASKER, HOLDER, one, other)

    assert result().differences == ()
    told = [n for n, how in enumerate(hows) if how in ("answered", "empty", "refused")]
    if not told:
        return
    gone = data.draw(st.sampled_from(told))
    side = data.draw(st.sampled_from(("asker", "holder")))
    (at_asker if side == "asker" else at_holder)[gone] = []
    (difference,) = result().differences
    assert (difference.what, difference.trace) == (f"missing_at_{side}", f"{gone + 1:032x}")


def test_received_where_nothing_was_released_is_a_contradiction() -> None:
    one = asked(entries(list(asker_events(0, "answered", START))), HOLDER)
    other = answered(entries(list(holder_events(0, "empty", START))), ASKER)
    (difference,) = compare(ASKER, HOLDER, one, other).differences
    assert (difference.what, difference.at_asker, difference.at_holder) == ("contradicting", End.RECEIVED, End.WITHHELD)


def test_an_answer_that_was_lost_or_not_waited_for_is_counted_and_no_difference() -> None:
    for how in ("lost", "closed"):
        one = asked(entries(list(asker_events(0, how, START))), HOLDER)
        found = compare(ASKER, HOLDER, one, answered(entries(list(holder_events(0, how, START))), ASKER))
        assert (found.lost, found.differences) == (1, ())


def test_exchanges_with_others_are_nobodys_business_here() -> None:
    events = list(asker_events(0, "answered", START))
    assert set(asked(entries(events), "00000009").values()) == {End.STARTED}
    assert answered(entries(list(holder_events(0, "answered", START))), "00000009") == {}


async def fill(path: Path, node: str, events: list[dict[str, object]]) -> None:
    log = AuditLog.open(path, node)
    for start in range(0, len(events), 5000):
        await asyncio.gather(*(log.append(one) for one in events[start : start + 5000]))
    log.close()


@pytest.fixture
def chance() -> random.Random:
    return random.Random(20260601)


async def test_two_nodes_logs_reconcile_over_many_exchanges_and_ten_faults_are_named(
    tmp_path: Path, chance: random.Random
) -> None:
    hows = chance.choices(HOW, (70, 10, 8, 3, 3, 3, 3), k=EXCHANGES)
    tampered = {n: chance.choice(("asker", "holder")) for n in chance.sample(
        [n for n, how in enumerate(hows) if how in ("answered", "refused")], 10)}  # fmt: skip
    at_asker, at_holder = [], []
    for n, how in enumerate(hows):
        at = START + dt.timedelta(seconds=n)
        at_asker += [] if tampered.get(n) == "asker" else list(asker_events(n, how, at))
        at_holder += [] if tampered.get(n) == "holder" else list(holder_events(n, how, at + dt.timedelta(seconds=2)))
    await fill(tmp_path / "asker", ASKER, at_asker)
    await fill(tmp_path / "holder", HOLDER, at_holder)
    found = reconcile.logs(tmp_path / "asker", tmp_path / "holder", ASKER, HOLDER)
    named = {(difference.what, int(difference.trace, 16) - 1) for difference in found.differences}
    assert named == {(f"missing_at_{side}", n) for n, side in tampered.items()}
    assert found.exchanges > EXCHANGES * 0.9


async def test_a_period_cuts_no_exchange_in_two(tmp_path: Path) -> None:
    await fill(tmp_path / "asker", ASKER, [*asker_events(0, "answered", START), *asker_events(1, "refused", START)])
    late = START + dt.timedelta(minutes=3)
    await fill(tmp_path / "holder", HOLDER, [*holder_events(0, "answered", late), *holder_events(1, "refused", late)])
    for since, until, count in ((START, START + dt.timedelta(minutes=1), 2), (late, late + dt.timedelta(hours=1), 2)):
        wanted = Wanted(since=since, until=until)
        found = reconcile.logs(tmp_path / "asker", tmp_path / "holder", ASKER, HOLDER, wanted)
        assert (found.exchanges, found.differences) == (count, ())
