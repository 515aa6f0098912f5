"""What a client sees of herself, and who has authority of a child: rules as tables, default no (domain §4)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from babyconnect.birthcare.access import Channel, Filter, Permit, Refused, Shielded
from babyconnect.trust import authority, channels, disclosure, secrecy
from babyconnect.trust.authority import Authority, Standing
from babyconnect.trust.client_access import ClientRequest, decide, may_look_herself
from babyconnect.trust.disclosure import Choice, Disclosure
from babyconnect.trust.secrecy import Basis, Secrecy

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
HERS = ClientRequest(Channel.CLIENT_SITE, "handle", "anna", True, frozenset({"e1"}), NOW)


def row(standing: Standing = Standing.PARENT, **more: object) -> Authority:
    made = Authority("kind-1", "handle", standing, "register", dt.date(2026, 9, 1), dt.date(2026, 9, 1), NOW)
    return replace(made, **more)  # type: ignore[arg-type]


def choice(kind: Choice, **more: object) -> Disclosure:
    made = Disclosure("Condition/c1", kind, "besproken", dt.date(2027, 5, 1), "uzi-1", NOW)
    return replace(made, **more)  # type: ignore[arg-type]


def opened(request: ClientRequest) -> Filter:
    found = decide(request)
    assert isinstance(found, Permit)
    return found.filter


def test_she_sees_all_that_is_about_her_but_safety() -> None:
    allowed = opened(HERS)
    assert allowed.shielded == {group.value for group in Shielded} - {"safety"}
    assert (allowed.client, allowed.subject, allowed.chosen) == ("anna", "", frozenset())


def test_somebody_elses_log_in_opens_nothing() -> None:
    assert decide(replace(HERS, own=False)) == Refused(("not_herself",))


@pytest.mark.parametrize("channel", [Channel.PROFESSIONAL_VIEWER, Channel.PRINT, Channel.NOTIFICATION, Channel.LOG])
def test_a_channel_that_is_not_hers_is_not_offered(channel: Channel) -> None:
    assert decide(replace(HERS, channel=channel)) == Refused(("channel_not_offered",))


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (choice(Choice.SHOW), True),
        (choice(Choice.NOT_DIGITALLY), False),
        (choice(Choice.AFTER_TALK), False),
        (choice(Choice.AFTER_TALK, talked=TODAY), True),
        (choice(Choice.AFTER_TALK, talked=TODAY + dt.timedelta(days=1)), False),
        (choice(Choice.SHOW, review=TODAY - dt.timedelta(days=1)), False),
    ],
)
def test_an_item_about_safety_is_hers_to_see_only_as_its_author_chose(made: Disclosure, shown: bool) -> None:
    for channel in (Channel.CLIENT_SITE, Channel.PGO, Channel.EXPORT):
        assert (made.item in opened(replace(HERS, channel=channel, choices=(made,))).chosen) == shown


def test_the_last_choice_holds_and_of_two_at_once_the_stricter() -> None:
    later = choice(Choice.NOT_DIGITALLY, recorded=NOW + dt.timedelta(seconds=1))
    assert disclosure.shown([later, choice(Choice.SHOW)], TODAY) == frozenset()
    assert disclosure.shown([choice(Choice.NOT_DIGITALLY), choice(Choice.SHOW)], TODAY) == frozenset()


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ((Choice.SHOW, "besproken", dt.date(2027, 1, 1), None), ""),
        ((Choice.SHOW, "  ", dt.date(2027, 1, 1), None), "reason"),
        ((Choice.SHOW, "besproken", None, None), "review"),
        ((Choice.SHOW, "besproken", dt.date(2026, 1, 1), None), "review"),
        ((Choice.SHOW, "besproken", dt.date(2029, 1, 1), None), "review"),
        ((Choice.AFTER_TALK, "besproken", dt.date(2027, 1, 1), dt.date(2026, 12, 1)), "talked"),
        ((Choice.SHOW, "besproken", dt.date(2027, 1, 1), dt.date(2026, 11, 1)), "talked"),
    ],
)
def test_a_choice_needs_a_reason_a_near_review_and_a_talk_that_took_place(given: tuple, wrong: str) -> None:
    assert disclosure.problem(*given, TODAY) == wrong


def test_authority_opens_the_childs_view_and_no_shielded_group() -> None:
    allowed = opened(replace(HERS, own=False, child="kind-1", authorities=(row(),), choices=(choice(Choice.SHOW),)))
    assert (allowed.subject, allowed.shielded, allowed.chosen) == ("kind-1", frozenset(), frozenset())
    assert allowed.groups == {"child"}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ((), "no_authority"),
        ((row(person="another"),), "no_authority"),
        ((row(child="another"),), "no_authority"),
        ((row(), row(Standing.SUSPENDED, start=dt.date(2026, 10, 1))), "authority_suspended"),
        ((row(), row(Standing.NONE, recorded=NOW + dt.timedelta(days=1))), "no_authority"),
        ((row(end=dt.date(2026, 10, 1)),), "no_authority"),
        ((row(start=dt.date(2027, 1, 1)),), "no_authority"),
        ((row(born=dt.date(2014, 11, 21)),), "age"),
        ((row(Standing.GUARDIAN, born=dt.date(2010, 1, 1)),), "age"),
    ],
)
def test_without_authority_in_force_or_beyond_its_age_a_child_is_not_seen(rows: tuple, reason: str) -> None:
    assert decide(replace(HERS, own=False, child="kind-1", authorities=rows)) == Refused((reason,))


def test_authority_comes_back_when_a_suspension_ends() -> None:
    rows = (row(), row(Standing.SUSPENDED, start=dt.date(2026, 10, 1), end=dt.date(2026, 11, 1)))
    assert authority.standing(rows, "kind-1", "handle", TODAY) is Standing.PARENT
    assert authority.standing(reversed(rows), "kind-1", "handle", dt.date(2026, 10, 15)) is Standing.SUSPENDED


def test_a_pregnant_girl_is_an_ordinary_client_and_her_parent_sees_none_of_it() -> None:
    fifteen = dt.date(2011, 1, 1)
    assert may_look_herself(fifteen, TODAY) and not may_look_herself(dt.date(2016, 1, 1), TODAY)
    hers = replace(HERS, child="anna", own=False, authorities=(row(child="anna", born=fifteen),))
    assert isinstance(decide(hers), Refused)
    younger = replace(hers, authorities=(row(child="anna", born=dt.date(2015, 5, 5)),))
    # Were she eleven: what is about her as a client bears no child's name, so her parent's filter finds none of it.
    assert opened(younger).subject == "anna"


@pytest.mark.parametrize("channel", [Channel.CLIENT_SITE, Channel.PGO, Channel.EXPORT])
def test_a_secret_address_is_taken_out_of_every_channel_of_hers(channel: Channel) -> None:
    known = (Secrecy(Basis.SAFE_HOUSE, dt.date(2026, 1, 1), NOW),)
    assert opened(replace(HERS, channel=channel, secret=known)).hidden == {"address"}
    assert not opened(replace(HERS, channel=channel, secret=(replace(known[0], end=dt.date(2026, 2, 1)),))).hidden


def test_other_professionals_get_no_secret_address_and_her_own_practice_does() -> None:
    known = (Secrecy(Basis.BRP, dt.date(2026, 1, 1), NOW),)
    assert secrecy.hidden(known, Channel.PROFESSIONAL_VIEWER, TODAY) == {"address"}
    assert secrecy.hidden(known, Channel.PROFESSIONAL_VIEWER, TODAY, own=True) == {secrecy.MARKED}


@pytest.mark.parametrize("channel", sorted(channels.CLIENT_SIDE))
def test_no_client_side_channel_shows_safety_by_itself(channel: Channel) -> None:
    assert channels.rule(channel, "safety") in ("author", "never")
    assert channels.rule(channel, "address") == "never"


def test_what_no_row_foresees_is_never_shown() -> None:
    assert channels.rule(Channel.LOG, "abortion") == "never"
    assert channels.rule(Channel.NOTIFICATION, "genetics") == "never"
