"""A node in several processes keeps every promise of one: whichever worker is asked, and when one is killed."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator

import orjson
import pytest

from babyconnect.audit.reading import search, trace_id
from babyconnect.audit.verify import verify
from tests.federation.certified import Certified, certified
from tests.federation.several import (
    CLIENTS,
    WITHIN,
    Connection,
    assertion,
    children,
    consented,
    one_of_each,
    process_of,
    published,
    token,
    withdrawn,
)

LEASE = 0.9
READ = "/fhir/stu3/Observation/anna-o"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    with certified(tmp_path_factory.mktemp("several"), workers=2) as made:
        published(made)
        yield made


@pytest.fixture(scope="module")
def consents(running: Certified) -> dict[str, str]:
    """By which she said yes."""
    return {client: consented(running, client) for client in CLIENTS}


@pytest.fixture
def both(running: Certified, consents: dict[str, str]) -> Iterator[list[Connection]]:
    """A connection to each worker."""
    with one_of_each(running) as found:
        yield found


def bound(running: Certified, connection: Connection, client: str = "anna") -> str:
    made = token(running, connection)
    assert connection.find(CLIENTS[client], made).json()["total"] == 1
    return made


def present(running: Certified) -> int:
    """How many workers the node says there are; 0 when nobody answers just now."""
    try:
        with urllib.request.urlopen(f"{running.member('practice').base_url}/health", timeout=WITHIN) as answer:
            return int(orjson.loads(answer.read())["workers"])
    except OSError:
        return 0


def test_a_token_that_was_bound_at_one_worker_opens_her_record_at_both(
    running: Certified, both: list[Connection]
) -> None:
    made = bound(running, both[0])
    for connection in (*both, *both):
        assert connection.ask(READ, made).json()["id"] == "anna-o"
        assert connection.ask("/fhir/stu3/Observation/bea-o", made).status == 404


def test_of_two_clients_at_once_a_token_is_bound_to_one(running: Certified, both: list[Connection]) -> None:
    for _ in range(8):
        made = token(running, both[0])
        for connection, bsn in zip(both, CLIENTS.values(), strict=True):
            connection.send(
                "/fhir/stu3/Patient/_search", made, {"identifier": f"http://fhir.nl/fhir/NamingSystem/bsn|{bsn}"}
            )
        totals = [connection.receive().json()["total"] for connection in both]
        assert sorted(totals) == [0, 1]
        hers, other = ("anna", "bea") if totals[0] else ("bea", "anna")
        for connection in both:
            assert connection.ask(f"/fhir/stu3/Observation/{hers}-o", made).status == 200
            assert connection.ask(f"/fhir/stu3/Observation/{other}-o", made).status == 404


def test_an_assertion_gives_one_token_at_whichever_worker_it_is_shown_again(
    running: Certified, both: list[Connection]
) -> None:
    for _ in range(4):
        form = assertion(running)
        for connection in both:
            connection.send("/oauth/token", form=form)
        assert sorted(connection.receive().status for connection in both) == [200, 401]


def test_a_token_that_was_ended_at_one_worker_opens_nothing_at_the_other(
    running: Certified, both: list[Connection]
) -> None:
    for ending, other in (both, reversed(both)):
        made = bound(running, ending)
        for connection in (ending, other):
            assert connection.ask(READ, made).status == 200
        assert ending.ask("/oauth/revoke", form={"token": made}).status == 200
        for connection in (other, ending):
            assert connection.ask(READ, made).status == 401


def test_a_withdrawn_consent_is_seen_by_every_worker_within_the_lease(
    running: Certified, both: list[Connection], consents: dict[str, str]
) -> None:
    made = bound(running, both[0])
    for connection in both:
        assert connection.ask(READ, made).status == 200
    withdrawn(running, consents["anna"])
    ended = time.monotonic() + LEASE
    try:
        while time.monotonic() < ended:
            time.sleep(0.02)
        for connection in both:
            # Her tokens have ended; and were there one, it is of no use.
            assert connection.ask(READ, made).status in (401, 404, 503)
            assert connection.find(CLIENTS["anna"], token(running, connection)).json().get("total", 0) == 0
    finally:
        consents["anna"] = consented(running, "anna")


def test_what_workers_answered_is_counted_together(running: Certified, both: list[Connection]) -> None:
    made = bound(running, both[0])
    asked = 20

    def counted() -> float:
        with urllib.request.urlopen(f"{running.member('practice').base_url}/metrics", timeout=WITHIN) as answer:
            lines = answer.read().decode().splitlines()
        found = [line for line in lines if line.startswith('node_requests_total{part="/fhir",status="200"}')]
        return float(found[0].split()[1]) if found else 0.0

    before = counted()
    for number in range(asked):
        assert both[number % 2].ask(READ, made).status == 200
    until = time.monotonic() + WITHIN
    while counted() < before + asked:
        assert time.monotonic() < until
        time.sleep(0.1)


class Asking(threading.Thread):
    """Somebody who never stops asking; `released`: the traces of every answer that came whole."""

    def __init__(self, running: Certified, made: str) -> None:
        super().__init__()
        self._running, self._token = running, made
        self.released: set[str] = set()
        self.wrong: list[int] = []
        self.done = threading.Event()

    def run(self) -> None:
        connection = None
        while not self.done.is_set():
            trace = secrets.token_hex(16)
            try:
                connection = connection or Connection(self._running)
                answered = connection.ask(READ, self._token, trace=f"00-{trace}-{trace[:16]}-01")
            except OSError:
                connection = None
                continue
            if answered.status == 200:
                self.released.add(trace)
            else:
                self.wrong.append(answered.status)


@contextlib.contextmanager
def asked_without_end(running: Certified, made: str) -> Iterator[list[Asking]]:
    asking = [Asking(running, made) for _ in range(4)]
    for one in asking:
        one.start()
    try:
        yield asking
    finally:
        for one in asking:
            one.done.set()
        for one in asking:
            one.join(WITHIN)


def more(asking: list[Asking], count: int) -> None:
    wanted = sum(len(one.released) for one in asking) + count
    _until(lambda: sum(len(one.released) for one in asking) >= wanted)


def all_are_logged(running: Certified, asking: list[Asking]) -> None:
    folder = running.folder("practice") / "audit"
    logged = {trace_id(str(entry.event.get("trace", ""))) for entry in search(folder)}
    assert not set().union(*(one.released for one in asking)) - logged
    assert not [status for one in asking for status in one.wrong]
    assert verify(folder).ok


def test_a_worker_that_is_killed_loses_no_event_and_another_takes_its_place(
    running: Certified, both: list[Connection]
) -> None:
    node = process_of(running, "practice")
    with asked_without_end(running, bound(running, both[0])) as asking:
        for _ in range(3):
            more(asking, 20)
            os.kill(children(node)[-1], signal.SIGKILL)
            _until(lambda: len(children(node)) == 3 and present(running) == 2)
        more(asking, 20)
    all_are_logged(running, asking)


def test_without_its_keeper_a_node_answers_nothing_ends_and_says_so(running: Certified, both: list[Connection]) -> None:
    process = next(one.process for one in running.processes.running if one.name == running.member("practice").name)
    keeper, *workers = children(process.pid)
    with asked_without_end(running, bound(running, both[0])) as asking:
        more(asking, 20)
        os.kill(keeper, signal.SIGKILL)
        assert process.wait(WITHIN) != 0
        _until(lambda: not any(os.path.exists(f"/proc/{worker}") for worker in workers))
        for one in asking:
            one.wrong = [status for status in one.wrong if status not in (500, 503)]
    all_are_logged(running, asking)


def _until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)
