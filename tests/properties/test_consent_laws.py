"""The laws of consent: taking away never shows more, order never matters, the filter says what the rules say.

`said_by_hand` is the rule of domain §4 written out for one group at a time, slowly; the decision must agree with it.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.birthcare.access import (
    ALL,
    AccessRequest,
    Consent,
    Emergency,
    EmergencyTerms,
    Filter,
    Permit,
    Purpose,
    Relation,
    Shielded,
)
from babyconnect.birthcare.parties import Kind, Responsible, Role
from babyconnect.trust import precedence
from babyconnect.trust.decision import decide, may_release
from babyconnect.trust.rules import data_groups, rules_on
from tests.spec.trust.people import (
    ECHO,
    GP,
    HELD_EPISODE,
    HOSPITAL,
    JGZ,
    KIND,
    KRAAM,
    NOW,
    OWN_EPISODE,
    PRACTICE,
    TODAY,
    asks,
    kind,
    ura,
)
from tests.support.cases import cases

LAWS = cases(200)
"""Cases per law; `make soak` takes thousands."""

ACTORS = ["*", kind(Kind.HOSPITAL), ura(HOSPITAL), ura(KRAAM), kind(Kind.MATERNITY_HOME_CARE)]
HOLDERS = ["*", kind(Kind.MIDWIFERY_PRACTICE), ura(PRACTICE), ura(ECHO)]
GROUPS = [ALL, frozenset({"history"}), frozenset({"patient"}), frozenset({"safety"}), frozenset({"*", "genetics"})]

consents = st.lists(
    st.builds(
        Consent,
        st.integers(0, 9).map(str),
        st.booleans(),
        st.sampled_from(ACTORS),
        st.sampled_from(HOLDERS),
        st.sampled_from(GROUPS)
        | st.frozensets(st.sampled_from(sorted(data_groups() | {s.value for s in Shielded})), min_size=1, max_size=3),
        start=st.sampled_from([None, None, NOW, NOW.replace(year=2027)]),
        end=st.sampled_from([None, None, NOW, NOW.replace(year=2025), NOW.replace(year=2027)]),
    ),
    max_size=6,
)
REFERRED = Relation("referral", "r1", TODAY)
CODE, BOUND = Relation("code", "c1", TODAY), Relation("code", "c1", TODAY, None, "e1")
GLASS = Relation("break_glass", "g1", TODAY)
evidence = st.sampled_from(
    [
        ((OWN_EPISODE, CODE), (HELD_EPISODE,)),
        ((CODE, REFERRED), (HELD_EPISODE, REFERRED)),
        ((OWN_EPISODE,), (HELD_EPISODE,)),
        ((OWN_EPISODE, Relation("announcement", "r1", TODAY)), (HELD_EPISODE, Relation("referral", "r1", TODAY))),
        ((OWN_EPISODE,), (Relation("enrolment", "n1"),)),
        ((), (HELD_EPISODE,)),
    ]
)


SUPERVISED = Responsible("person-9", Role.GYNAECOLOGIST)
people = st.sampled_from(
    [
        *((who, None, None) for who in (HOSPITAL, KRAAM, ECHO, JGZ, GP, PRACTICE)),
        *((HOSPITAL, role, SUPERVISED) for role in (Role.RESIDENT, Role.STUDENT, Role.OUTPATIENT_CLERK)),
        (HOSPITAL, Role.RESIDENT, None),
    ]
)
declarations = st.sampled_from([None, Emergency("unconscious"), Emergency("unconscious", over_objection=True)])


@st.composite
def requests(draw: st.DrawFn) -> AccessRequest:
    """Treatment and emergencies, by people and by who acts for them, with evidence that is checked and that is not."""
    who, role, responsible = draw(people)
    asker_side, holder_side = draw(evidence)
    declared = draw(declarations)
    return asks(
        who,
        *draw(consents),
        role=role,
        responsible=responsible,
        purpose=Purpose.EMERGENCY if declared else Purpose.TREATMENT,
        emergency=declared,
        evidence=(*asker_side, GLASS) if declared else asker_side,
        held=holder_side,
        verified=draw(st.sampled_from([(), (CODE,), (BOUND,), (CODE, BOUND), (REFERRED, BOUND)])),
        episodes=draw(st.sampled_from([("e1",), ("e0", "e1")])),
        terms=EmergencyTerms(overrides_objection=draw(st.booleans())),
    )


def shows_no_more(less: AccessRequest, more: AccessRequest) -> bool:
    """Whether nothing is released by the first that the second would not release.

    By the filters: a resource is released when each of its labels is in them (the last test below), so a filter that
    lies within another in each respect releases no more.
    """
    first, second = decide(less), decide(more)
    if not isinstance(first, Permit):
        return True
    if not isinstance(second, Permit):
        return False
    a, b = first.filter, second.filter
    return (a.client, True) == (
        b.client,
        a.groups <= b.groups and a.shielded <= b.shielded and a.episodes <= b.episodes,
    )


@settings(max_examples=LAWS, deadline=None)
@given(requests())
def test_withdrawing_a_consent_never_shows_more(request: AccessRequest) -> None:
    for place, consent in enumerate(request.consents):
        if consent.permit:
            left = request.consents[:place] + request.consents[place + 1 :]
            assert shows_no_more(replace(request, consents=left), request)


@settings(max_examples=LAWS, deadline=None)
@given(requests(), consents)
def test_adding_an_objection_never_shows_more(request: AccessRequest, more: list[Consent]) -> None:
    added = tuple(replace(consent, permit=False) for consent in more)
    assert shows_no_more(replace(request, consents=request.consents + added), request)
    for one in added:
        assert shows_no_more(replace(request, consents=(*request.consents, one)), request)


@settings(max_examples=LAWS, deadline=None)
@given(requests(), st.randoms())
def test_the_order_of_what_is_known_does_not_matter(request: AccessRequest, random: object) -> None:
    def mixed(items: tuple) -> tuple:  # type: ignore[type-arg]
        listed = list(items)
        random.shuffle(listed)  # type: ignore[attr-defined]
        return tuple(listed)

    other = replace(
        request,
        consents=mixed(request.consents),
        holder_relations=mixed(request.holder_relations),
        verified=mixed(request.verified),
        asker=replace(request.asker, relations=mixed(request.asker.relations)),
    )
    assert decide(other) == decide(request)


@settings(max_examples=LAWS, deadline=None)
@given(requests())
def test_losing_evidence_never_shows_more(request: AccessRequest) -> None:
    for side in range(len(request.holder_relations)):
        fewer = request.holder_relations[:side] + request.holder_relations[side + 1 :]
        assert shows_no_more(replace(request, holder_relations=fewer), request)
    for side in range(len(request.asker.relations)):
        fewer = request.asker.relations[:side] + request.asker.relations[side + 1 :]
        assert shows_no_more(replace(request, asker=replace(request.asker, relations=fewer)), request)
    for side in range(len(request.verified)):
        fewer = request.verified[:side] + request.verified[side + 1 :]
        assert shows_no_more(replace(request, verified=fewer), request)


@settings(max_examples=LAWS, deadline=None)
@given(requests())
def test_who_acts_for_another_never_sees_more_than_that_other(request: AccessRequest) -> None:
    asker = request.asker
    if asker.responsible is None:
        return
    other = replace(asker, role=asker.responsible.role, person=asker.responsible.id, responsible=None)
    assert shows_no_more(request, replace(request, asker=other))


@settings(max_examples=LAWS, deadline=None)
@given(requests())
def test_an_emergency_opens_no_shielded_group_and_no_objection_unless_holder_and_asker_both_chose_so(
    request: AccessRequest,
) -> None:
    decision, declared = decide(request), request.asker.emergency
    if declared is None or not isinstance(decision, Permit):
        return
    assert decision.filter.shielded == frozenset() and decision.legal_basis == "emergency"
    if not (declared.over_objection and request.emergency_terms.overrides_objection):
        own = request.asker.ura == request.holder
        said = precedence.said(
            request.consents, (request.asker.ura, request.asker.kind), (PRACTICE, KIND[PRACTICE]), request.moment
        )
        said = said.about_this_holder() if own else said
        spine = rules_on(TODAY).spine
        assert not [group for group in decision.filter.groups - spine if said.verdict(group) == "objection"]


@settings(max_examples=LAWS, deadline=None)
@given(requests())
def test_nobody_ever_sees_more_than_the_role_may(request: AccessRequest) -> None:
    decision = decide(request)
    if isinstance(decision, Permit):
        assert decision.filter.groups <= rules_on(TODAY).visible[request.asker.kind, request.asker.role]
        assert decision.filter.episodes <= request.episodes
        assert decision.filter.client == request.client


def rank(consent: Consent, group: str) -> tuple[int, int, int] | None:
    """How specifically a consent speaks of (hospital, practice, group); None when it does not."""
    who = {"*": 0, kind(Kind.HOSPITAL): 1, ura(HOSPITAL): 2}.get(consent.actor)
    where = {"*": 0, kind(Kind.MIDWIFERY_PRACTICE): 1, ura(PRACTICE): 2}.get(consent.holder)
    what = 1 if group in consent.groups else 0 if "*" in consent.groups else None
    return None if who is None or where is None or what is None else (who, where, what)


def said_by_hand(said: tuple[Consent, ...], group: str) -> str:
    spoken = [(rank(consent, group), consent.permit) for consent in said if rank(consent, group)]
    if not spoken:
        return "silent"
    for mine, permit in spoken:
        beaten = any(
            theirs != mine and all(t >= m for t, m in zip(theirs or (), mine or (), strict=True))
            for theirs, _ in spoken
        )
        if not permit and not beaten:
            return "objection"
    return "permit"


ALPHABET = [
    Consent(f"{permit}-{actor}-{holder}-{','.join(groups)}", permit, actor, holder, groups)
    for permit in (True, False)
    for actor in ("*", kind(Kind.HOSPITAL), ura(HOSPITAL))
    for holder in ("*", ura(PRACTICE))
    for groups in (ALL, frozenset({"history"}))
]


def test_precedence_over_every_combination_of_up_to_four_consents() -> None:
    """Exhaustive over this alphabet of 24: yes or no, to anyone, the kind or the organisation, about every holder or
    this one, on everything or one group.  Kinds of holder are left out: one rank lower, weighed by the same code."""
    for size in range(5):
        for said in itertools.combinations(ALPHABET, size):
            decision = decide(asks(HOSPITAL, *said))
            opened = decision.filter.groups if isinstance(decision, Permit) else frozenset()
            for group in ("history", "pregnancy"):
                assert (group in opened) == (said_by_hand(said, group) == "permit"), (group, said)


def test_over_every_combination_of_up_to_three_no_yes_withdrawn_and_no_objection_added_shows_more() -> None:
    """Some 30,000 cases: the two laws, without chance."""
    objections = [one for one in ALPHABET if not one.permit]
    for size in range(4):
        for said in itertools.combinations(ALPHABET, size):
            request = asks(HOSPITAL, *said)
            seen = decide(request)
            groups = seen.filter.groups if isinstance(seen, Permit) else frozenset()
            fewer = [tuple(one for one in said if one is not gone) for gone in said if gone.permit]
            for other in (*fewer, *((*said, one) for one in objections)):
                changed = decide(replace(request, consents=other))
                assert not isinstance(changed, Permit) or changed.filter.groups <= groups, (said, other)


@settings(max_examples=LAWS, deadline=None)
@given(
    st.builds(
        Filter,
        st.just("c1"),
        st.frozensets(st.sampled_from("abc")),
        st.frozensets(st.sampled_from("xyz")),
        st.frozensets(st.sampled_from("123")),
    ),
    st.sampled_from(["c1", "c2"]),
    st.sampled_from("abcd"),
    st.frozensets(st.sampled_from("xyz")),
    st.frozensets(st.sampled_from("123")),
)
def test_a_resource_is_released_only_when_each_label_is_allowed(
    allowed: Filter, client: str, group: str, bears: frozenset[str], episodes: frozenset[str]
) -> None:
    refusals = [
        client != "c1",
        group not in allowed.groups,
        any(label not in allowed.shielded for label in bears),
        bool(episodes) and not any(episode in allowed.episodes for episode in episodes),
    ]
    assert may_release(allowed, client, group, bears, episodes) == (not any(refusals))
