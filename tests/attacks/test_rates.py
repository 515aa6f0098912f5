"""Who asks too much is told to come back later, and takes nobody else's turn."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import orjson
from hypothesis import given
from hypothesis import strategies as st

from babyconnect.api.bearers import Unbelieved
from babyconnect.api.rates import Rates
from babyconnect.api.source import SourceApi
from babyconnect.network.limits import Limits
from tests.attacks.edge import Edge
from tests.attacks.edge import ask as knock
from tests.attacks.stage import ANNA, OTHER, staged
from tests.support.asgi import ask
from tests.support.node import BASE, Node

FORM = {"content-type": "application/x-www-form-urlencoded"}


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def limited(node: Node, clock: Clock, **rates: float) -> SourceApi:
    names = ("requests_per_second", "clients_per_minute", "tokens_per_second", "strangers_per_second")
    return SourceApi(node.door, node.gate, BASE, rates=Rates(**{**dict.fromkeys(names, 1e6), **rates}, clock=clock))


async def test_an_organisation_beyond_its_rate_waits_and_another_does_not() -> None:
    node, clock = Node(), Clock()
    api = limited(node, clock, requests_per_second=5)
    greedy = {"authorization": f"Bearer {node.token()}"}
    other = {"authorization": f"Bearer {node.token(party=OTHER)}"}
    found = [await ask(api, "GET", "/fhir/stu3/Patient", greedy) for _ in range(11)]
    assert [one.status for one in found] == [200] * 10 + [429]
    assert int(found[-1].headers["retry-after"]) >= 1
    assert found[-1].json()["issue"][0]["code"] == "throttled"
    assert (await ask(api, "GET", "/fhir/stu3/Patient", other)).status == 200
    clock.at += int(found[-1].headers["retry-after"])
    assert (await ask(api, "GET", "/fhir/stu3/Patient", greedy)).status == 200


async def test_another_token_or_person_of_the_same_organisation_shares_its_rate() -> None:
    node, clock = Node(), Clock()
    api = limited(node, clock, requests_per_second=5)
    for _ in range(10):
        await ask(api, "GET", "/fhir/stu3/Patient", {"authorization": f"Bearer {node.token()}"})
    assert (await ask(api, "GET", "/fhir/stu3/Patient", {"authorization": f"Bearer {node.token()}"})).status == 429


async def test_a_batch_costs_what_is_in_it() -> None:
    node, clock = Node(), Clock()
    api = limited(node, clock, requests_per_second=20)
    entries = [{"request": {"method": "GET", "url": "Patient"}}] * 30
    body = orjson.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries})
    sent = {"authorization": f"Bearer {node.token()}", "content-type": "application/fhir+json"}
    assert [(await ask(api, "POST", "/fhir/stu3", sent, body)).status for _ in range(2)] == [200, 429]


async def test_one_person_looks_for_so_many_clients_a_minute_and_a_colleague_for_her_own() -> None:
    node, clock = Node(), Clock()
    api = limited(node, clock, clients_per_minute=3)
    form = f"identifier=http://fhir.nl/fhir/NamingSystem/bsn|{ANNA}".encode()

    async def finds(token: str) -> int:
        sent = {"authorization": f"Bearer {token}", **FORM}
        return (await ask(api, "POST", "/fhir/stu3/Patient/_search", sent, form)).status

    assert [await finds(node.token()) for _ in range(4)] == [200, 200, 200, 429]
    token = node.token()
    session = node.sessions.known(token)
    assert session is not None
    colleague = dataclasses.replace(session.verified.asker, person="person-2")
    session.verified = dataclasses.replace(session.verified, asker=colleague)
    assert await finds(token) == 200
    clock.at += 20
    assert await finds(node.token()) == 200


async def test_what_is_refused_for_its_rate_is_not_in_the_log_and_reads_nothing() -> None:
    node, clock = Node(), Clock()
    api = limited(node, clock, requests_per_second=1)
    sent = {"authorization": f"Bearer {node.token()}"}
    for _ in range(20):
        await ask(api, "GET", "/fhir/stu3/Patient", sent)
    assert len(node.log) == 2


async def test_a_stranger_with_made_up_tokens_fills_no_log() -> None:
    node, clock = Node(), Clock()
    api = limited(node, clock, strangers_per_second=5)
    found = [await ask(api, "GET", "/fhir/stu3/Patient", {"authorization": f"Bearer {n}"}) for n in range(50)]
    assert {one.status for one in found[10:]} == {429} and len(node.turned_away) == 10
    assert all(isinstance(one, Unbelieved) for one in node.turned_away)
    good = {"authorization": f"Bearer {node.token()}"}
    assert (await ask(api, "GET", "/fhir/stu3/Patient", good)).status == 200


async def test_an_organisation_beyond_its_rate_of_tokens_is_told_when_to_come_back(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        rates = Rates(1e6, 1e6, 1, 1e6, clock=Clock())
        stage.granting = dataclasses.replace(stage.granting, turn=rates.token)
        stage.oauth._granting = stage.granting
        answers = [await stage.ask(stage.form(), stage.proof()) for _ in range(3)]
        assert [one.status for one in answers] == [200, 200, 429]
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert answers[-1].json() == {"error": "temporarily_unavailable"}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 0.4)), max_size=200))
def test_nobody_gets_more_than_burst_and_rate_and_nobody_less_for_another(steps: list[tuple[str, float]]) -> None:
    together, alone = Limits(2, 4), {who: Limits(2, 4) for who in "abc"}
    now, granted = 0.0, dict.fromkeys("abc", 0)
    for who, later in steps:
        now += later
        wait = together.take(who, 1, now)
        assert wait == alone[who].take(who, 1, now)
        granted[who] += not wait
    assert all(count <= 4 + 2 * now + 1e-6 for count in granted.values())


@given(st.integers(1, 50), st.integers(0, 3_000))
def test_strangers_without_end_fill_no_memory(most: int, strangers: int) -> None:
    limits = Limits(1, 2, most)
    for n in range(strangers):
        limits.take(str(n), 1, n / 1000)
    assert len(limits) <= most


def test_a_browser_that_tries_too_often_gets_a_page_that_says_when(edge: Edge) -> None:
    """Of one site; the other is still open to her."""
    answers = [knock(edge.ports["practice"], "GET", "/viewer/aanmelden") for _ in range(65)]
    assert {one.status for one in answers} == {303, 429}
    last = answers[-1]
    assert last.headers["retry-after"] == "60" and b"Even wachten" in last.body
    assert knock(edge.ports["practice"], "GET", "/client/aanmelden").status == 303
    assert knock(edge.ports["practice"], "GET", "/viewer/").status == 200
