"""Access tokens: opaque, short-lived, bound to one client, and gone when they must be."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest

from babyconnect.birthcare.access import Asker, Purpose
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party, Role
from babyconnect.trust.claims import Verified
from babyconnect.trust.sessions import UNBOUND, Binding, Busy, Issued, Sessions


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def verified(ura: str = "00000003") -> Verified:
    asker = Asker(Ura(ura), Kind.HOSPITAL, "p1", Role.GYNAECOLOGIST, Purpose.TREATMENT)
    return Verified(asker, Party(Ura(ura), "Ziekenhuis", Kind.HOSPITAL), "Jansen", "scope", "jti")


def issue(sessions: Sessions, ura: str = "00000003", bound: Binding = UNBOUND) -> Issued:
    issued = sessions.issue(verified(ura), bound)
    assert isinstance(issued, Issued)
    return issued


def test_a_token_opens_its_session_until_it_expires(clock: Clock) -> None:
    sessions = Sessions("holder", clock, seconds=300)
    issued = issue(sessions)
    assert sessions.get(issued.token) is issued.session
    clock.now += 299.9
    assert sessions.get(issued.token) is issued.session
    clock.now += 0.1
    assert sessions.get(issued.token) is None


def test_no_token_lives_longer_than_a_quarter_of_an_hour(clock: Clock) -> None:
    for seconds in (0, -1, 901):
        with pytest.raises(ValueError, match="900"):
            Sessions("holder", clock, seconds=seconds)


def test_tokens_have_256_random_bits_and_are_never_the_same(clock: Clock) -> None:
    sessions = Sessions("holder", clock)
    tokens = {issue(sessions).token for _ in range(200)}
    assert len(tokens) == 200 and {len(token) for token in tokens} == {43}


def test_the_token_itself_is_nowhere_in_what_is_kept(clock: Clock) -> None:
    sessions = Sessions("holder", clock)
    issued = issue(sessions)
    token, session = issued.token, issued.session
    assert token not in repr(issued) + repr(session)
    del issued
    gc.collect()
    assert token not in str(vars(sessions)) and token.encode() not in b"".join(sessions._by_hash)


@pytest.mark.parametrize("token", ["", "x", "é" * 43, "\udcff", "a" * 10_000])
def test_what_is_no_token_opens_nothing(clock: Clock, token: str) -> None:
    sessions = Sessions("holder", clock)
    issue(sessions)
    assert sessions.get(token) is None


def test_a_token_is_bound_once_and_another_client_is_refused(clock: Clock) -> None:
    sessions = Sessions("holder", clock)
    session = issue(sessions).session
    assert sessions.bind(session, "c1", frozenset({"e1"}))
    assert not sessions.bind(session, "c2", frozenset({"e2"}))
    assert (session.client, session.episodes) == ("c1", frozenset({"e1"}))
    assert sessions.bind(session, "c1", frozenset({"e1", "e2"}))
    assert session.episodes == {"e1"}


def test_a_revoked_token_opens_nothing_at_once(clock: Clock) -> None:
    sessions = Sessions("holder", clock)
    kept, gone = issue(sessions), issue(sessions)
    owner, other = Ura("00000003"), Ura("00000004")
    assert not sessions.revoke("unknown", owner) and not sessions.revoke(gone.token, other)
    assert sessions.get(gone.token) is gone.session
    assert sessions.revoke(gone.token, owner)
    assert sessions.get(gone.token) is None and sessions.get(kept.token) is kept.session


def test_withdrawing_ends_every_token_for_that_client_and_no_other(clock: Clock) -> None:
    sessions = Sessions("holder", clock)
    hers, other, unbound = issue(sessions), issue(sessions), issue(sessions)
    sessions.bind(hers.session, "c1", frozenset())
    sessions.bind(other.session, "c2", frozenset())
    assert sessions.revoke_client("c1") == 1
    assert [sessions.get(one.token) is not None for one in (hers, other, unbound)] == [False, True, True]


def test_a_token_given_to_one_sender_does_not_serve_another(clock: Clock) -> None:
    sessions = Sessions("holder", clock)
    for bound in (Binding(jkt="mine"), Binding(x5t="mine"), Binding("mine", "mine")):
        issued = issue(sessions, bound=bound)
        assert sessions.get(issued.token) is None
        assert sessions.get(issued.token, Binding("other", "other")) is None
        half = sessions.get(issued.token, Binding(bound.x5t, bound.jkt))
        assert (half is issued.session) == (bound.jkt == bound.x5t)
        assert sessions.get(issued.token, Binding("mine", "mine")) is issued.session


def test_no_organisation_can_fill_the_memory_for_the_others(clock: Clock) -> None:
    sessions = Sessions("holder", clock, seconds=300, capacity=5, share=3)
    assert [isinstance(sessions.issue(verified()), Issued) for _ in range(4)] == [True, True, True, False]
    assert [isinstance(sessions.issue(verified("00000004")), Issued) for _ in range(3)] == [True, True, False]
    clock.now += 301
    assert isinstance(sessions.issue(verified()), Issued)
    assert sessions.size == 1


def test_the_shortest_scope_says_how_long_a_token_lives_and_each_ends_in_its_own_time(clock: Clock) -> None:
    sessions = Sessions("holder", clock, seconds=300)
    long = issue(sessions)
    short = sessions.issue(replace(verified(), seconds=120))
    assert isinstance(short, Issued) and (long.seconds, short.seconds) == (300, 120)
    clock.now += 121
    assert sessions.get(short.token) is None and sessions.get(long.token) is long.session
    issue(sessions)
    assert sessions.size == 2


def test_busy_says_when_to_come_back(clock: Clock) -> None:
    assert Sessions("holder", clock, capacity=0).issue(verified()) == Busy(5)


def test_a_token_about_records_that_are_joined_or_parted_since_ends_for_good(clock: Clock) -> None:
    moved, told = set[str](), list[str]()
    sessions = Sessions("holder", clock, moved=moved.__contains__, ended=lambda: told.append("ended"))
    hers, others = issue(sessions), issue(sessions)
    sessions.bind(hers.session, "joined.1", frozenset())
    sessions.bind(others.session, "anna", frozenset())
    assert sessions.get(hers.token) and not told
    moved.add("joined.1")
    assert sessions.get(hers.token) is None and told == ["ended"]
    moved.clear()
    assert sessions.get(hers.token) is None and hers.session.revoked, "also when they are joined again"
    assert sessions.get(others.token) is others.session and told == ["ended"]
