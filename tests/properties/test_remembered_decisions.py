"""A remembered decision is the one that would be made anew, whatever changed in between; so is the event of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from babyconnect.audit.reading import text_of
from babyconnect.birthcare.access import AccessRequest, Consent
from babyconnect.birthcare.parties import Party
from babyconnect.flows.door import Happening, History, Read, Search, Wire
from babyconnect.flows.door_events import as_event
from babyconnect.flows.door_template import DoorEvents
from babyconnect.store.contract import Query
from babyconnect.trust.decision import decide
from babyconnect.trust.remembering import Decisions
from babyconnect.trust.rules import rules_on
from tests.properties.test_consent_laws import requests
from tests.spec.trust.people import HELD_EPISODE, HOSPITAL, OWN_EPISODE, asks

HOUR = dt.timedelta(hours=1)
bounds = st.none() | st.integers(-30, 30)
moments = st.lists(st.integers(-30, 30), min_size=2, max_size=12)


def dated(request: AccessRequest, starts: list[int | None], ends: list[int | None]) -> AccessRequest:
    """The same provisions, beginning and ending within hours of the request."""
    at = request.moment

    def bound(hours: int | None) -> dt.datetime | None:
        return None if hours is None else at + hours * HOUR

    consents: tuple[Consent, ...] = tuple(
        replace(consent, start=bound(start), end=bound(end))
        for consent, start, end in zip(request.consents, starts, ends, strict=False)
    )
    return replace(request, consents=consents)


@given(
    st.lists(requests(), min_size=1, max_size=3), st.lists(bounds, min_size=8), st.lists(bounds, min_size=8), moments
)
def test_a_remembered_decision_is_the_one_made_anew_at_every_moment(
    made: list[AccessRequest], starts: list[int | None], ends: list[int | None], hours: list[int]
) -> None:
    decisions = Decisions(rules_on)
    known = [dated(request, starts, ends) for request in made]
    for n, hour in enumerate(hours):
        request = known[n % len(known)]
        now = replace(request, moment=request.moment + hour * HOUR)
        assert decisions.decide(now) == decide(now)
        assert decisions.decide(now) == decide(now)


@given(requests(), st.data())
def test_whatever_is_taken_away_or_added_counts_at_once(request: AccessRequest, data: st.DataObject) -> None:
    decisions = Decisions(rules_on)
    decisions.decide(request)
    other = data.draw(requests())
    for name in ("consents", "holder_relations", "verified", "episodes", "asker"):
        changed = replace(request, **{name: getattr(other, name)})
        assert decisions.decide(changed) == decide(changed)
        assert decisions.decide(request) == decide(request)


def test_rules_that_changed_decide_anew() -> None:
    rules, made = [rules_on(dt.date(2026, 6, 1))], []

    def counting(request: AccessRequest, by: object) -> object:
        made.append(by)
        return decide(request, by)  # type: ignore[arg-type]

    decisions = Decisions(lambda day: rules[0], counting)  # type: ignore[arg-type]
    request = asks(HOSPITAL, evidence=(OWN_EPISODE,), held=(HELD_EPISODE,))
    decisions.decide(request)
    decisions.decide(request)
    assert len(made) == 1
    rules[0] = replace(rules[0], version="another")
    decisions.decide(request)
    assert made[1].version == "another"  # type: ignore[attr-defined]


ASKED = (Read("Observation", "a", "json"), Read("Observation", "a", "json", 1), History("Observation", "a", "json"),
         Search(Query("Observation"), "json"))  # fmt: skip
WIRES = (Wire("t1", "1.2.3.4", "Observation/a"), Wire("t2", "", "Observation?code=a&_id=b"), Wire("", "1.2.3.4", "A?x"))


@given(st.lists(requests(), min_size=1, max_size=2), st.lists(st.tuples(*[st.integers(0, 11)] * 3), max_size=12))
def test_an_event_from_a_template_is_the_event(made: list[AccessRequest], asked: list[tuple[int, int, int]]) -> None:
    holder = Party(made[0].holder, "Houder", made[0].holder_kind)
    decisions, events = Decisions(rules_on), DoorEvents(holder, "node", "https://holder.example")
    for who, what, how in asked:
        request = made[who % len(made)]
        request = replace(request, moment=request.moment + dt.timedelta(seconds=what))
        happening = Happening(
            request.moment, WIRES[how % 3], request.asker, ASKED[what % 4], request.client, request,
            decisions.decide(request),
        )  # fmt: skip
        event = events.of(happening)
        assert event == as_event(happening, holder, "node", "https://holder.example")
        assert event["at"] == text_of(request.moment)
