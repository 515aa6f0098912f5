"""In a node of several processes the workers fill the screens, and what one process promises of a screen holds."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from babyconnect.audit.reading import search, trace_id
from babyconnect.audit.verify import verify
from tests.attacks.browser import Browser, logged_in
from tests.attacks.edge import Said
from tests.browser.conftest import browser, find, person, too_wide  # noqa: F401 - the fixture
from tests.federation.certified import Certified, certified
from tests.federation.several import CLIENTS, WITHIN, children, consented, open_files, process_of, published, withdrawn

# ruff: noqa: F811
OURS, THEIRS = "spontaan 72", "spontaan 88"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    """A practice and a hospital that both keep her; she lets the practice see what the hospital has."""
    patient = f"\n[consult]\ndeadline_seconds = {WITHIN}\n"
    with certified(tmp_path_factory.mktemp("screens"), workers=2, more=patient) as made:
        published(made, "practice", OURS)
        published(made, "hospital", THEIRS)
        yield made


@pytest.fixture(scope="module")
def consents(running: Certified) -> dict[str, str]:
    return {client: consented(running, client, asker="practice", holder="hospital") for client in CLIENTS}


@pytest.fixture(scope="module")
def midwife(running: Certified, consents: dict[str, str]) -> Browser:
    return logged_in(running, "anna.practice")


@contextlib.contextmanager
def opened(midwife: Browser, client: str) -> Iterator[str]:
    """Her record, in its own address; closed in the end, so that nothing is asked anew for it in another test."""
    base = midwife.edge.base("practice")
    fields = {"csrf": midwife.token(f"{base}/viewer/"), "bsn": CLIENTS[client]}
    answer = midwife.post(f"{base}/viewer/zoek", fields, origin=base)
    assert answer.status == 303, answer
    address = f"{base}{answer.headers['location']}"
    try:
        yield address
    finally:
        midwife.post(f"{address}/sluiten", {"csrf": midwife.token(f"{base}/viewer/")}, origin=base)


def page(midwife: Browser, address: str) -> str:
    return midwife.get(address).body.decode()


def whole(midwife: Browser, address: str) -> str:
    """When all sources have answered.  A worker that was killed takes the connections with it that waited for it."""
    until = time.monotonic() + WITHIN
    while True:
        with contextlib.suppress(OSError, ValueError):
            return page(midwife, f"{address}?geheel=1")
        assert time.monotonic() < until


def consults(running: Certified) -> dict[str, list[str]]:
    """How each consult that the practice logged went: that it began, and how each source answered."""
    found: dict[str, list[str]] = {}
    for entry in search(running.folder("practice") / "audit"):
        if entry.event["type"] == "consult":
            found.setdefault(trace_id(str(entry.event["trace"])), []).append(str(entry.event["resource"]))
    return found


def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_record_has_what_all_sources_gave_and_all_of_it_was_logged_first(
    running: Certified, midwife: Browser
) -> None:
    before = consults(running)
    with opened(midwife, "anna") as address:
        shown = whole(midwife, address)
    assert OURS in shown and THEIRS in shown and "Compleet: 2 van 2" in shown
    (made,) = [how for trace, how in consults(running).items() if trace not in before]
    assert made[0] == "started" and sorted(made[1:]) == ["answered", "answered"]
    assert verify(running.folder("practice") / "audit").ok


def test_the_stream_of_a_record_brings_it_as_it_comes(midwife: Browser) -> None:
    with opened(midwife, "bea") as address:
        stream = page(midwife, f"{address}/stroom?v=0")
        packed = midwife.get(f"{address}/stroom?v=0", accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip" and len(packed.body) < len(stream) / 2
    assert "event: deel" in stream and '"phase":"complete"' in stream
    assert OURS in stream and THEIRS in stream


def test_her_own_record_is_asked_and_drawn_by_a_worker_too(running: Certified) -> None:
    """Also what her own organisation has, whose door for clients is the keeper's."""
    herself = logged_in(running, "anna.voorbeeld", site="/client")
    keeper, *workers = children(process_of(running, "practice"))
    port, address = running.member("hospital").secured_port, f"{running.base('practice')}/client/dossier/"
    with standing_still(running, "hospital"):
        begun = page(herself, address)
        until(lambda: bool(waiting_at(port, workers)))
        assert not waiting_at(port, [keeper])
    whole = re.search(r"/client/dossier/[\w-]+/geheel", begun)
    assert whole is not None
    shown = page(herself, f"{running.base('practice')}{whole[0]}")
    assert OURS in shown and THEIRS in shown


def test_her_copy_is_made_by_a_worker_and_is_in_the_log_before_a_byte_of_it_leaves(running: Certified) -> None:
    """While an organisation does not answer yet the keeper asks nobody for it, and goes on with all else."""
    herself, base = logged_in(running, "anna.voorbeeld", site="/client"), running.base("practice")
    fields = {"csrf": herself.token(f"{base}/client/dossier/")}
    keeper, *workers = children(process_of(running, "practice"))
    port, before, made = running.member("hospital").secured_port, consults(running), list[Said]()
    with standing_still(running, "hospital"):
        making = threading.Thread(
            target=lambda: made.append(herself.post(f"{base}/client/dossier/kopie", fields, origin=base)), daemon=True
        )
        making.start()
        until(lambda: bool(waiting_at(port, workers)))
        assert not waiting_at(port, [keeper]) and not made
        other = logged_in(running, "anna.practice")
        assert other.get(f"{base}/viewer/").status == 200, "other work goes on"
        ((_, so_far),) = [one for one in consults(running).items() if one[0] not in before]
        assert so_far[0] == "started" and not made
    making.join(WITHIN)
    (copy,) = made
    assert copy.status == 200 and copy.headers["content-disposition"].startswith("attachment")
    found = [entry["resource"]["resourceType"] for entry in orjson.loads(copy.body)["entry"]]
    assert found.count("Patient") == 2 and OURS.encode() in copy.body and THEIRS.encode() in copy.body
    assert CLIENTS["anna"].encode() not in copy.body
    ((trace, logged),) = [one for one in consults(running).items() if one[0] not in before]
    assert sorted(logged[1:]) == ["answered", "answered"]
    events = [one.event for one in search(running.folder("practice") / "audit") if one.event["type"] == "consult"]
    assert {one["object"] for one in events if trace in str(one["trace"])} == {"export"}


def test_a_record_is_asked_anew_in_another_language(midwife: Browser) -> None:
    base = midwife.edge.base("practice")
    with opened(midwife, "anna") as address:
        assert "Compleet: 2 van 2" in whole(midwife, address)
        try:
            midwife.get(f"{base}/viewer/taal/en?naar={address.removeprefix(base)}")
            shown = whole(midwife, address)
        finally:
            midwife.get(f"{base}/viewer/taal/nl?naar={address.removeprefix(base)}")
    assert "Complete: 2 of 2 sources" in shown and THEIRS in shown


def test_what_she_takes_back_goes_from_an_open_screen_at_once(
    running: Certified, midwife: Browser, consents: dict[str, str]
) -> None:
    with opened(midwife, "anna") as address:
        shown = whole(midwife, address)
        turn = re.search(r'data-beurt="(\d+)"', shown)
        assert THEIRS in shown and turn is not None
        told: list[str] = []
        watching = threading.Thread(
            target=lambda: told.append(page(midwife, f"{address}/wijziging?b={turn[1]}")), daemon=True
        )
        watching.start()
        withdrawn(running, consents["anna"], "hospital")
        watching.join(WITHIN)
        assert told and "event: opnieuw" in told[0]
        assert THEIRS not in page(midwife, address)
        again = whole(midwife, address)
        assert OURS in again and THEIRS not in again


def test_when_the_worker_that_fills_a_screen_dies_another_begins_anew(running: Certified, midwife: Browser) -> None:
    before, practice = consults(running), process_of(running, "practice")
    port, workers = running.member("hospital").secured_port, children(practice)[1:]
    with contextlib.ExitStack() as open_until_then:
        with standing_still(running, "hospital"):
            address = open_until_then.enter_context(opened(midwife, "bea"))
            until(lambda: bool(waiting_at(port, workers)))
            (worker,) = waiting_at(port, workers)
            os.kill(worker, signal.SIGKILL)
            until(lambda: len(consults(running).keys() - before.keys()) == 2)
        shown = whole(midwife, address)
        first, second, *_ = (how for trace, how in consults(running).items() if trace not in before)
        # An organisation that stood still may at first be sure of nobody's consent; then it is asked again.
        until(lambda: "Compleet: 2 van 2" in whole(midwife, address))
        again = whole(midwife, address)
    assert OURS in shown and "storing" not in shown
    assert first in (["started"], ["started", "answered"]), "nothing came of the hospital's answer there"
    assert "answered" in second and len(second) == 3, "the other asked both"
    assert OURS in again and THEIRS in again
    until(lambda: len(children(practice)) == 3)


@contextlib.contextmanager
def standing_still(running: Certified, slug: str) -> Iterator[None]:
    """An organisation that takes connections and answers nothing."""
    node = process_of(running, slug)
    processes = children(node)
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def waiting_at(port: int, processes: list[int]) -> list[int]:
    """Which of these sent something to a port of this machine that nobody has read."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    callers = {row[2] for row in rows if row[1].endswith(f":{port:04X}") and int(row[4].partition(":")[2], 16)}
    wanted = {f"socket:[{row[9]}]" for row in rows if row[1] in callers}
    return [process for process in processes if wanted & set(open_files(process))]


def test_in_a_browser_a_record_fills_in_empties_when_she_takes_back_her_consent_and_opens_in_an_emergency(
    running: Certified, consents: dict[str, str], browser: Any
) -> None:
    """The pages are the keeper's, what stands on them a worker's, and the officer sees both looks."""
    base, password = running.base("practice"), running.plan.password
    with (
        person(browser, base, "anna.practice", password) as midwife,
        person(browser, base, "pim.practice", password) as officer,
    ):
        find(midwife, CLIENTS["bea"])
        assert OURS in midwife.content() and THEIRS in midwife.content()
        assert [width for width in (1360, 390) if too_wide(midwife, width)] == []
        withdrawn(running, consents["bea"], "hospital")
        # Nobody touches the page.
        midwife.wait_for_function("text => !document.body.innerText.includes(text)", arg=THEIRS)
        midwife.wait_for_selector("#secties[data-klaar=ja]", state="attached")
        assert OURS in midwife.content() and THEIRS not in midwife.content()
        midwife.get_by_role("link", name="Spoedinzage").click()
        midwife.locator("input[name=reden]").first.check()
        midwife.get_by_label("Er is levensgevaar").check()
        midwife.get_by_label("Toelichting").fill("Zij is buiten bewustzijn en niemand kan het haar vragen.")
        midwife.get_by_role("button", name="Spoedinzage starten").click()
        midwife.wait_for_selector("#secties[data-klaar=ja]", state="attached")
        assert THEIRS in midwife.content() and "Dit dossier is bij spoed geopend" in midwife.inner_text("body")
        officer.goto("/viewer/privacy/")
        officer.fill("form[action$=vraag] input[name=bsn]", CLIENTS["bea"])
        officer.locator("form[action$=vraag] button").first.click()
        officer.wait_for_selector("table.looks")
        assert officer.locator("tr.look-emergency").count() and officer.locator("table.looks tbody tr").count() > 2
