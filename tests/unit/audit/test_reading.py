"""Finding events again: by client, person, organisation, period and trace."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babyconnect.audit.event import About, Actor, Place, event
from babyconnect.audit.log import AuditLog, Sizes
from babyconnect.audit.reading import Wanted, search, text_of

START = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
TRACES = [f"{n:032x}" for n in range(20)]


@pytest.fixture
def logged(tmp_path: Path) -> Path:
    log = AuditLog.open(tmp_path / "log", sizes=Sizes(segment_bytes=2000))
    for n in range(20):
        log.append_and_wait(
            event(
                "search" if n % 2 else "read",
                "ok",
                START + dt.timedelta(days=n),
                Actor(f"0000000{n % 3 + 1}", f"person-{n % 4}", "midwife", f"person-{n % 4 + 10}"),
                Place("node", trace=f"00-{TRACES[n]}-{n:016x}-01"),
                About(client=f"client-{n % 5}", pseudonym="p7" if n == 7 else ""),
            )
        )
    log.close()
    return tmp_path / "log"


def found(path: Path, wanted: Wanted) -> list[int]:
    return [entry.seq - 1 for entry in search(path, wanted)]


def test_by_client_through_all_segments_in_order(logged: Path) -> None:
    assert found(logged, Wanted(clients=frozenset({"client-2"}))) == [2, 7, 12, 17]
    assert found(logged, Wanted(clients=frozenset({"p7"}))) == [7]
    assert found(logged, Wanted(clients=frozenset({"client"}))) == []


def test_by_person_also_as_the_one_responsible_and_by_organisation(logged: Path) -> None:
    assert found(logged, Wanted(person="person-1")) == [1, 5, 9, 13, 17]
    assert found(logged, Wanted(person="person-11")) == [1, 5, 9, 13, 17]
    assert found(logged, Wanted(organisation="00000001")) == [0, 3, 6, 9, 12, 15, 18]


def test_by_period_of_which_the_end_does_not_count(logged: Path) -> None:
    period = Wanted(since=START + dt.timedelta(days=3), until=START + dt.timedelta(days=6))
    assert found(logged, period) == [3, 4, 5]


def test_by_the_trace_that_both_ends_share_whatever_span_it_came_in(logged: Path) -> None:
    assert found(logged, Wanted(trace=TRACES[4])) == [4]
    assert found(logged, Wanted(trace=f"00-{TRACES[4]}-{'f' * 16}-00")) == [4]


def test_all_that_is_asked_must_hold(logged: Path) -> None:
    assert found(logged, Wanted(clients=frozenset({"client-2"}), types=frozenset({"search"}), person="person-3")) == [7]
    assert found(logged.parent, Wanted()) == list(range(20))


def test_newest_first_is_the_same_the_other_way_round(logged: Path) -> None:
    for wanted in (Wanted(), Wanted(clients=frozenset({"client-2", "p7"})), Wanted(types=frozenset({"read"}))):
        backwards = [entry.seq - 1 for entry in search(logged, wanted, newest_first=True)]
        assert backwards == found(logged, wanted)[::-1] and backwards


def test_by_any_of_the_names_under_which_a_client_is_known(logged: Path) -> None:
    assert found(logged, Wanted(clients=frozenset({"client-1", "p7"}))) == [1, 6, 7, 11, 16]


def test_segments_outside_the_period_are_not_read_beyond_their_first_line(
    logged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: opened.append(self.name) or real(self))
    assert found(logged, Wanted(since=START + dt.timedelta(days=18))) == [18, 19]
    assert 0 < len(opened) < len(list(logged.glob("audit-*"))) / 2


@given(st.lists(st.datetimes(timezones=st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=-3, minutes=-30))]))))
def test_a_moment_reads_the_same_whatever_was_written_before_it(moments: list[dt.datetime]) -> None:
    for moment in moments:
        for near in (moment, moment.replace(microsecond=999_999), moment.replace(microsecond=0)):
            expected = near.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            assert text_of(near) == expected
