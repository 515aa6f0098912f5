"""How long a decision is the one that would be made anew; and an event that is made from another one is the event."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from babyconnect.audit.reading import text_of
from babyconnect.birthcare.access import AccessRequest, Consent, Decision, Purpose
from babyconnect.birthcare.parties import Party
from babyconnect.flows.door import Happening, History, Read, Search, Wire
from babyconnect.flows.door_events import as_event
from babyconnect.flows.door_template import DoorEvents
from babyconnect.store.contract import Query
from babyconnect.trust.decision import decide
from babyconnect.trust.lasting import lasts
from babyconnect.trust.rules import rules_on
from tests.properties.test_consent_laws import requests
from tests.spec.trust.people import HELD_EPISODE, HOSPITAL, OWN_EPISODE, asks

QUARTER = dt.timedelta(minutes=15)
ASKED_BY = asks(HOSPITAL, evidence=(OWN_EPISODE,), held=(HELD_EPISODE,))
bounds = (st.none() | st.integers(-4, 30)).map(lambda n: None if n is None else ASKED_BY.moment + n * QUARTER)
provisions = st.lists(st.tuples(st.sampled_from([True, True, False]), bounds, bounds), min_size=1, max_size=3)


@given(provisions, st.lists(st.integers(0, 36), min_size=1, max_size=12))
def test_until_the_moment_that_is_said_the_same_request_is_decided_the_same(
    said: list[tuple[bool, dt.datetime | None, dt.datetime | None]], quarters: list[int]
) -> None:
    consents = tuple(Consent(str(n), permit, "*", start=a, end=b) for n, (permit, a, b) in enumerate(said))
    request = replace(ASKED_BY, consents=consents)
    until, rules = lasts(request), rules_on(request.moment.date())
    for quarter in quarters:
        later = replace(request, moment=request.moment + quarter * QUARTER)
        if later.moment < until:
            assert decide(later, rules) == decide(request, rules)


@given(requests())
def test_an_emergency_lasts_no_time_and_whatever_else_to_the_end_of_the_day_at_most(made: AccessRequest) -> None:
    day = dt.timedelta(days=1)
    assert made.moment <= lasts(made) <= made.moment + day
    emergency = replace(made, asker=replace(made.asker, purpose=Purpose.EMERGENCY))
    assert lasts(emergency) == made.moment
    assert lasts(replace(made, declared=made.moment)) == made.moment


ASKED = (Read("Observation", "a", "json"), Read("Observation", "a", "json", 1), History("Observation", "a", "json"),
         Search(Query("Observation"), "json"))  # fmt: skip
WIRES = (Wire("t1", "1.2.3.4", "Observation/a"), Wire("t2", "", "Observation?code=a&_id=b"), Wire("", "1.2.3.4", "A?x"))


@given(st.lists(requests(), min_size=1, max_size=2), st.lists(st.tuples(*[st.integers(0, 11)] * 3), max_size=12))
def test_an_event_from_a_template_is_the_event(made: list[AccessRequest], asked: list[tuple[int, int, int]]) -> None:
    decided: dict[int, Decision] = {}
    holder = Party(made[0].holder, "Houder", made[0].holder_kind)
    events = DoorEvents(holder, "node", "https://holder.example")
    for who, what, how in asked:
        request = made[who % len(made)]
        request = replace(request, moment=request.moment + dt.timedelta(seconds=what))
        happening = Happening(
            request.moment, WIRES[how % 3], request.asker, ASKED[what % 4], request.client, request,
            decided.setdefault(who % len(made), decide(request)),
        )  # fmt: skip
        event = events.of(happening)
        assert event == as_event(happening, holder, "node", "https://holder.example")
        assert event["at"] == text_of(request.moment)
