"""The event of a source's answer that is made from what was written before is the one that would be made anew."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from babyconnect.birthcare.access import Emergency, Purpose, Relation
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Responsible, Role
from babyconnect.exchange.contract import Asking
from babyconnect.flows.consult import ConsultEvent
from babyconnect.flows.consult_events import ConsultEvents

OWN = Party(Ura("00000001"), "Praktijk", Kind.MIDWIFERY_PRACTICE)
BSNS = [Bsn("999900730"), Bsn("999990019")]
names = st.text("abcdef", min_size=1, max_size=5)
parties = st.integers(2, 5).map(lambda n: Party(Ura(f"{n:08}"), f"Bron {n}", Kind.HOSPITAL))
people = st.builds(
    Person, names, names, st.sampled_from([Role.MIDWIFE, Role.GYNAECOLOGIST]),
    responsible=st.none() | st.builds(Responsible, names, st.just(Role.GYNAECOLOGIST)),
)  # fmt: skip
relations = st.lists(st.builds(Relation, st.sampled_from(["episode", "referral"]), names), min_size=1, max_size=3)


def asking(person: Person, bsn: Bsn, evidence: list[Relation], emergency: bool) -> Asking:
    declared = Emergency("unconscious") if emergency else None
    return Asking(person, Purpose.EMERGENCY if emergency else Purpose.TREATMENT, bsn, tuple(evidence), declared)


questions = st.builds(asking, people, st.sampled_from(BSNS), relations, st.booleans())
ends = st.tuples(
    st.none() | parties,
    st.sampled_from(["answered", "refused", "unreachable", "timed_out", "invalid"]),
    st.integers(0, 3),
    st.sampled_from(["", "HTTP 500"]),
    names,
    st.datetimes(timezones=st.just(dt.UTC), min_value=dt.datetime(2026, 1, 1)),
)


@given(st.lists(questions, min_size=1, max_size=3), st.lists(ends, min_size=1, max_size=12))
def test_an_event_says_and_is_written_the_same_however_many_came_before(asked, happened) -> None:
    events = ConsultEvents(OWN, b"k" * 32)
    for n, (source, status, count, reason, trace, moment) in enumerate(happened):
        one = ConsultEvent(asked[n % len(asked)], trace, source, status if source else "started", count, reason)
        made, anew = events.of(one, moment), ConsultEvents(OWN, b"k" * 32).whole(one, moment)
        assert list(made.items()) == list(anew.items())
