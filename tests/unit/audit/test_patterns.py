"""Accounts (what a look was) and patterns (what deserves a question)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from babyconnect import definitions
from babyconnect.audit import patterns
from babyconnect.audit.accounts import accounts, group_of, words
from babyconnect.audit.event import About, Actor, Grounds, Outcome, Place, event, types
from babyconnect.audit.patterns import Hit, Watch
from babyconnect.audit.reading import Entry

START = dt.datetime(2026, 6, 15, 9, 0, tzinfo=dt.UTC)
NIGHT = dt.datetime(2026, 6, 15, 1, 0, tzinfo=dt.UTC)


def happened(n: int, type: str = "search", outcome: Outcome = "ok", **given: Any) -> Entry:
    """Event number `n`: a minute after the one before, of its own trace, unless told otherwise."""
    moment = given.get("at", START + dt.timedelta(minutes=n))
    trace = given.get("trace", f"00-{n + 1:032x}-{n + 1:016x}-01")
    actor = Actor(given.get("by", "00000003"), given.get("person", "p1"), given.get("role", "midwife"))
    about = About(client=given.get("client", f"c{n}"), object=given.get("object", ""), resource="Observation")
    grounds = Grounds(given.get("purpose", "TREAT"), given.get("basis", ""), reasons=given.get("reasons", ()))
    place = Place("00000007", given.get("side", "holder"), given.get("holder", "00000007"), trace=trace)
    return Entry(n + 1, "", event(type, outcome, moment, actor, place, about, grounds))


def found(*entries: Entry, watch: Watch = patterns.NOBODY_WATCHED, days: int = 10) -> dict[str, Hit]:
    return {hit.pattern: hit for hit in patterns.hits(accounts(entries), START + dt.timedelta(days=days), watch)}


def test_a_look_is_one_account_however_many_events_it_took() -> None:
    trace = f"00-{7:032x}-{1:016x}-01"
    (look,) = accounts([
        happened(0, "consult", trace=trace, side="asker", holder="00000005", client=""),
        happened(1, "token.issue", trace=trace, client=""),
        happened(2, "client.bind", trace=trace, client="c1", basis="explicit"),
        happened(3, "search", trace=f"00-{7:032x}-{9:016x}-01", client="c1", basis="explicit"),
    ])  # fmt: skip
    assert (look.seq, look.group, look.outcome, look.bases, look.clients) == (1, "access", "ok", {"explicit"}, {"c1"})
    assert look.asked == {"00000005"} and look.seqs == [1, 2, 3, 4] and look.kinds >= {"consult", "search"}


def test_a_look_of_which_everything_was_refused_is_refused() -> None:
    trace = f"00-{7:032x}-{1:016x}-01"
    (look,) = accounts([
        happened(0, "token.issue", trace=trace, client=""),
        happened(1, "client.bind", "refused", trace=trace, reasons=("no_legal_basis",)),
    ])  # fmt: skip
    assert (look.outcome, look.reasons) == ("refused", {"no_legal_basis"})


def test_a_client_who_reads_the_log_is_one_reading_and_no_look_at_her_record() -> None:
    trace = f"00-{7:032x}-{1:016x}-01"
    before = [
        happened(0, "token.issue", trace=trace, client="", role="client"),
        happened(1, "client.bind", trace=trace, role="client"),
    ]
    reading = happened(2, "log.read", trace=trace, role="client")
    (one,) = accounts([*before, reading])
    assert (one.group, one.kinds, one.seq, one.first) == ("log", {"log.read"}, 3, before[0].event["at"])
    assert sorted(one.seqs) == [1, 2, 3]
    looked = happened(3, "search", trace=trace, role="client")
    assert {one.group for one in accounts([*before, reading, looked])} == {"log", "access"}
    elsewhere = happened(2, "log.read", role="client")
    assert {one.group for one in accounts([*before, elsewhere])} == {"log", "access"}
    another = happened(2, "log.read", trace=trace, role="client", by="00000009")
    assert {one.group for one in accounts([*before, another])} == {"log", "access"}


def test_acts_with_one_trace_that_are_no_look_stay_apart() -> None:
    trace = f"00-{7:032x}-{1:016x}-01"
    both = accounts([happened(0, "login", trace=trace), happened(1, "consent.record", trace=trace)])
    assert [one.group for one in both] == ["consent", "login"]


def test_the_same_trace_of_two_organisations_is_two_looks() -> None:
    trace = f"00-{7:032x}-{1:016x}-01"
    assert len(accounts([happened(0, trace=trace, by="00000003"), happened(1, trace=trace, by="00000004")])) == 2


def test_a_colleague_who_opens_her_own_record() -> None:
    watch = Watch(own={"p1": frozenset({"c2"})})
    assert found(happened(0, client="c2"), happened(1, client="c2"), watch=watch)["own_record"].count == 2
    assert not found(happened(0, client="c3"), happened(1, client="c2", person="p9"), watch=watch)


def test_a_client_with_the_family_name_of_who_looks() -> None:
    watch = Watch(family={"p1": frozenset({"vries"})}, names={"c1": frozenset({"vries", "jansen"})})
    assert set(found(happened(0, client="c1"), watch=watch)) == {"family_name"}
    assert not found(happened(0, client="c2"), happened(1, client="c1", person="p2"), watch=watch)


def test_a_client_on_the_attention_list() -> None:
    assert set(found(happened(0, client="c1"), watch=Watch(attention=frozenset({"c1"})))) == {"vip"}


@pytest.mark.parametrize("role", ["client", "representative"])
def test_a_client_who_looks_at_her_own_record_is_no_question(role: str) -> None:
    watch = Watch(attention=frozenset({"c1"}))
    looks = [happened(n, client="c1", role=role, at=NIGHT + dt.timedelta(minutes=20 * n)) for n in range(5)]
    assert not found(*looks, watch=watch)


@pytest.mark.parametrize(("clients", "minutes", "hit"), [(25, 1, True), (24, 1, False), (40, 3, False)])
def test_many_clients_count_within_an_hour_and_once_each(clients: int, minutes: int, hit: bool) -> None:
    looks = [happened(n, at=START + dt.timedelta(minutes=minutes * n), client=f"c{n}") for n in range(clients)]
    again = [happened(900 + n, at=START + dt.timedelta(minutes=n), client="c0") for n in range(30)]
    assert ("many_clients" in found(*looks, *again)) is hit


@pytest.mark.parametrize(("times", "hours", "hit"), [(10, 1, True), (9, 1, False), (12, 4, False)])
def test_who_is_often_refused_within_a_day(times: int, hours: int, hit: bool) -> None:
    refused = [
        happened(n, "client.bind", "refused", at=START + dt.timedelta(hours=hours * n), reasons=("no_asker_relation",))
        for n in range(times)
    ]
    assert ("refused_often" in found(*refused)) is hit


def test_many_clients_who_are_unknown_here_look_like_guessing() -> None:
    guesses = [happened(n, "client.bind", "refused", client="", reasons=("client_unknown",)) for n in range(10)]
    assert {"unknown_clients", "refused_often"} == set(found(*guesses))


def test_night_counts_for_roles_that_have_none() -> None:
    at = [NIGHT + dt.timedelta(minutes=20 * n) for n in range(3)]
    assert "at_night" in found(*(happened(n, at=at[n], role="sonographer") for n in range(3)))
    assert not found(*(happened(n, at=at[n], role="midwife") for n in range(3)))
    assert not found(*(happened(n, at=at[n] + dt.timedelta(hours=9), role="sonographer") for n in range(3)))


def at_night(n: int, type: str, **given: Any) -> Entry:
    return happened(n, type, at=NIGHT + dt.timedelta(minutes=10 * n), role="employee", **given)


def test_a_supervisor_who_works_at_night_is_no_look_for_care_but_a_question_of_its_own() -> None:
    searched = [at_night(n, "log.read", client="") for n in range(4)]
    listed = at_night(4, "search", client="", basis="own", reasons=("own_list",))
    hits = found(*searched, listed)
    assert set(hits) == {"office_at_night"} and hits["office_at_night"].count == 5
    assert not found(*searched)  # four pages of one evening are few


def test_a_record_that_somebody_without_a_care_task_opened_at_night_is_a_look_all_the_same() -> None:
    assert set(found(*(at_night(n, "read", client="c1") for n in range(3)))) == {"at_night"}


def test_by_day_and_by_a_client_herself_supervision_is_no_question() -> None:
    assert not found(*(happened(n, "log.read", client="", role="employee") for n in range(9)))
    hers = [happened(n, "log.read", at=NIGHT + dt.timedelta(minutes=n), role="client") for n in range(9)]
    assert not found(*hers)


def test_an_emergency_access_is_reviewed_within_its_term_or_shows() -> None:
    opened = happened(0, "breakglass.open", object="breakglass/1", purpose="BTG")
    assert set(found(opened)) == {"breakglass_without_follow_up"}
    assert not found(opened, days=2)
    assert not found(opened, happened(5, "breakglass.review", object="breakglass/1"))
    assert set(found(opened, happened(5, "breakglass.review", object="breakglass/2"))) == {
        "breakglass_without_follow_up"
    }


def test_above_one_percent_of_emergencies_an_organisation_raises_an_alarm() -> None:
    calm = [happened(n, person="", at=START + dt.timedelta(hours=n)) for n in range(300)]
    emergencies = [happened(400 + n, person="", purpose="BTG") for n in range(3)]
    assert "breakglass_share" not in found(*calm, *emergencies)
    hit = found(*calm[:250], *emergencies)["breakglass_share"]
    assert hit.organisation == "00000003" and round(hit.percent, 2) == round(300 / 253, 2)
    other = [happened(500 + n, person="", by="00000004", purpose="BTG") for n in range(2)]
    assert "breakglass_share" not in found(*calm, *other)  # two are too few to speak of a share


def test_the_trend_is_per_month_of_the_clock_on_the_wall() -> None:
    last = dt.datetime(2026, 5, 31, 22, 30, tzinfo=dt.UTC)  # half past midnight on the first of June here
    months = dict(patterns.per_month(accounts([happened(0, at=last, purpose="BTG"), happened(1)])))
    assert list(months) == ["2026-06"] and months["2026-06"].percent == 50


@pytest.mark.parametrize("type", sorted(types()))
def test_every_type_of_event_has_words_and_a_group(type: str) -> None:
    groups = {"access", "exchange", "consent", "login", "breakglass", "administer", "log", "publish", "erase"}
    assert group_of(type) in groups | {"system", "relation", "own", "notify"}
    assert words(type) != type and words(type, "en") != type


def test_every_pattern_has_words_a_threshold_and_a_citation() -> None:
    texts = definitions.document("texts.toml")
    names = {name for name in definitions.document("audit_patterns.toml") if name != "version"}
    assert names == set(texts["patterns"]) == set(texts["pattern_reasons"])
    for row in (definitions.document("audit_patterns.toml")[name] for name in names):
        assert row["citation"] and row["least"] >= 1
