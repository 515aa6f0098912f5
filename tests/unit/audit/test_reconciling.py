"""Two nodes compare their logs over the wire: signed, logged at both ends, without anything of anybody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from babyconnect.api import audit
from babyconnect.audit.log import AuditLog
from babyconnect.audit.reading import Wanted, search
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.flows.journal import Came, Journal
from babyconnect.flows.reconciling import PATH, Comparing, NotUnderstood, differences
from tests.support.asgi import ask
from tests.unit.audit.test_reconcile import ASKER, HOLDER, asker_events, holder_events

DAY = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
NEXT = DAY + dt.timedelta(days=1)


class Side:
    """One node's log and what it compares with."""

    def __init__(self, path: Path, ura: str) -> None:
        self.path = path
        self.log = AuditLog.open(path / "node", ura)
        own = Party(Ura(ura), f"Praktijk {ura}", Kind.MIDWIFERY_PRACTICE)
        self.comparing = Comparing(path, Journal(own, self.log, b"k" * 32, lambda: NEXT))

    def write(self, events: Iterator[dict[str, object]]) -> None:
        for one in events:
            self.log.append_and_wait(one)


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    both = Side(tmp_path / "asker", ASKER), Side(tmp_path / "holder", HOLDER)
    yield both
    for side in both:
        side.log.close()


def wire(other: Side, who: str) -> Any:
    """What `who` sends the other side, as JSON there and back."""

    async def send(ura: str, question: Mapping[str, Any]) -> Mapping[str, Any]:
        told = await other.comparing.answer(who, orjson.loads(orjson.dumps(question)), Came())
        found: Mapping[str, Any] = orjson.loads(orjson.dumps(told))
        return found

    return send


def exchange(sides: tuple[Side, Side], n: int, how: str, at: dt.datetime, gone: str = "") -> None:
    if gone != "asker":
        sides[0].write(asker_events(n, how, at))
    if gone != "holder":
        sides[1].write(holder_events(n, how, at + dt.timedelta(seconds=1)))


async def test_both_sides_find_the_same_differences(sides: tuple[Side, Side]) -> None:
    noon = DAY + dt.timedelta(hours=12)
    for n, how in enumerate(("answered", "empty", "refused", "timed_out", "closed", "lost")):
        exchange(sides, n, how, noon)
    exchange(sides, 10, "answered", noon, gone="holder")
    exchange(sides, 11, "answered", noon, gone="asker")
    for one, other, ura, who in ((sides[0], sides[1], HOLDER, ASKER), (sides[1], sides[0], ASKER, HOLDER)):
        found = differences(await one.comparing.compare(ura, DAY, NEXT, wire(other, who)))
        assert {(d.what, int(d.trace, 16) - 1) for d in found} == {("missing_at_holder", 10), ("missing_at_asker", 11)}


async def test_the_edge_of_the_period_makes_no_difference(sides: tuple[Side, Side]) -> None:
    exchange(sides, 0, "answered", NEXT - dt.timedelta(milliseconds=200))
    exchange(sides, 1, "answered", DAY - dt.timedelta(milliseconds=200))
    found = await sides[0].comparing.compare(HOLDER, DAY, NEXT, wire(sides[1], ASKER))
    assert found[0].exchanges == 2 and differences(found) == []


async def test_comparing_is_in_both_logs_and_tells_nothing_of_others(sides: tuple[Side, Side]) -> None:
    exchange(sides, 0, "answered", DAY + dt.timedelta(hours=1))
    question = {"since": DAY.isoformat(), "until": NEXT.isoformat(), "answered": []}
    told = await sides[1].comparing.answer("00000009", question, Came())
    assert told == {"answered": {}, "asked": {}}
    await sides[0].comparing.compare(HOLDER, DAY, NEXT, wire(sides[1], ASKER))
    for side, other in zip(sides, (HOLDER, ASKER), strict=True):
        events = list(search(side.path, Wanted(types=frozenset({"log.reconcile"}), organisation=other)))
        assert len(events) == 1


def test_a_node_knows_with_whom_it_exchanged(sides: tuple[Side, Side]) -> None:
    exchange(sides, 0, "answered", DAY + dt.timedelta(hours=1))
    assert sides[0].comparing.partners(DAY, NEXT) == {HOLDER}
    assert sides[1].comparing.partners(DAY, NEXT) == {ASKER}
    assert sides[1].comparing.partners(NEXT, NEXT + dt.timedelta(days=1)) == set()


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"since": "x", "until": "y", "answered": []},
        {"since": DAY.isoformat(), "until": (DAY + dt.timedelta(days=30)).isoformat(), "answered": []},
        {"since": NEXT.isoformat(), "until": DAY.isoformat(), "answered": []},
        {"since": DAY.isoformat(), "until": NEXT.isoformat(), "answered": [7]},
    ],
)
async def test_a_question_of_another_form_is_not_answered(sides: tuple[Side, Side], question: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstood):
        await sides[1].comparing.answer(ASKER, question, Came())


@pytest.mark.parametrize("told", [{}, {"answered": 3, "asked": {}}, {"answered": {"t": ["magic", True]}, "asked": {}}])
async def test_an_answer_of_another_form_is_not_believed(sides: tuple[Side, Side], told: dict[str, Any]) -> None:
    async def send(ura: str, question: Mapping[str, Any]) -> Mapping[str, Any]:
        return told

    with pytest.raises(NotUnderstood):
        await sides[0].comparing.compare(HOLDER, DAY, NEXT, send)


async def test_only_who_signs_is_answered_and_only_about_itself(sides: tuple[Side, Side]) -> None:
    exchange(sides, 0, "answered", DAY + dt.timedelta(hours=1))

    def check(token: str, method: str, path: str, body: bytes) -> Ura | None:
        return Ura(token) if token.isdigit() and (method, path) == ("POST", PATH) else None

    api = audit.ReconcileApi(sides[1].comparing, check)
    question = orjson.dumps({"since": DAY.isoformat(), "until": NEXT.isoformat(), "answered": []})
    assert (await ask(api, "POST", PATH, {}, question)).status == 401
    assert (await ask(api, "GET", PATH, {"authorization": f"Bearer {ASKER}"})).status == 405
    assert (await ask(api, "POST", PATH, {"authorization": f"Bearer {ASKER}"}, b"{")).status == 400
    mine = await ask(api, "POST", PATH, {"authorization": f"Bearer {ASKER}"}, question)
    assert mine.status == 200 and list(mine.json()["answered"].values()) == [["released", True]]
    others = await ask(api, "POST", PATH, {"authorization": "Bearer 00000009"}, question)
    assert others.json() == {"answered": {}, "asked": {}}


async def test_the_open_side_tells_checkpoints_and_growth_to_everybody(sides: tuple[Side, Side]) -> None:
    side = sides[0]
    api = audit.AuditApi(side.path / "node")
    assert (await ask(api, "GET", f"{audit.PATH}/checkpoint")).status == 404
    exchange(sides, 0, "answered", DAY)
    first = await side.log.sign()
    exchange(sides, 1, "answered", DAY)
    last = await side.log.sign()
    assert first is not None and last is not None
    assert (await ask(api, "GET", f"{audit.PATH}/checkpoint")).body == last.dump()
    assert [one["seq"] for one in orjson.loads((await ask(api, "GET", f"{audit.PATH}/checkpoints")).body)] == [2, 4]
    grown = await ask(api, "GET", f"{audit.PATH}/growth?since={first.seq}")
    assert grown.status == 200 and grown.json()["proof"] == "consistency"
    assert (await ask(api, "GET", f"{audit.PATH}/growth?since=3")).status == 404
    assert (await ask(api, "GET", f"{audit.PATH}/growth?since=x")).status == 400
    assert (await ask(api, "DELETE", f"{audit.PATH}/checkpoint")).status == 405
    for _ in range(int(audit.BURST)):
        answer = await ask(api, "GET", f"{audit.PATH}/growth?since={first.seq}")
    assert answer.status == 429 and (await ask(api, "GET", f"{audit.PATH}/checkpoint")).status == 200
