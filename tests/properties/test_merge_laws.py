"""The laws of merging: order and repetition change nothing, no item loses a source, no source is invented."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.record import Record
from babyconnect.delivery import build_view
from babyconnect.merge import merge
from tests.support.cases import cases
from tests.support.made import ECHO, GP, HOSPITAL, KRAAM, LOINC, MIDWIFE, TODAY, Dossier, code, ref

PARTIES = (MIDWIFE, HOSPITAL, KRAAM, ECHO, GP)
LAWS = settings(max_examples=cases(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def dossiers(draw: st.DrawFn, party_number: int) -> Dossier:
    """What one organisation may hold: chosen from few values, so that sources often agree, copy or contradict."""
    made = Dossier(PARTIES[party_number], bsn=draw(st.sampled_from(["999900730", "999900730", ""])))
    made.client = draw(st.sampled_from(["", "w"]))
    made.patient(deceasedBoolean=draw(st.sampled_from([None, None, False, True])))
    if draw(st.booleans()):
        made.record(draw(st.sampled_from([-200, -90])), draw(st.sampled_from([None, -80])))
    if draw(st.booleans()):
        made.due(draw(st.sampled_from([10, 14, 40])), draw(st.booleans()), draw(st.sampled_from([None, -80])))
    if draw(st.booleans()):
        made.menstruation(draw(st.sampled_from([-270, -260])))
    for number in range(draw(st.integers(0, 3))):
        made.pressure(
            f"bp{number}",
            draw(st.sampled_from([110, 120])),
            70,
            draw(st.sampled_from([-5, -6])),
            identifier=draw(st.sampled_from([None, [{"system": "s", "value": "1"}]])),
        )
    if draw(st.booleans()):
        made.lab("d", "1305-2", draw(st.sampled_from(["165746003", "165747007"])), draw(st.sampled_from([None, -50])))
    for number in range(draw(st.integers(0, 2))):
        made.child(
            f"c{number}",
            draw(st.sampled_from(["", "male", "female"])),
            draw(st.sampled_from(["", "2026-05-27", "2026-05-27T04:00:00+02:00"])),
            draw(st.sampled_from([None, 2000, 3000])),
            birth=draw(st.booleans()),
        )
    if draw(st.booleans()):
        made.observe(
            "o",
            code("29463-7", LOINC),
            -5,
            valueQuantity={"value": 70, "unit": "kg"},
            performer=[ref("Organization/m")],
        )
        made.organisation("m", MIDWIFE)
    return made


@st.composite
def consults(draw: st.DrawFn) -> list[SourceAnswer]:
    """The answers of one to five sources, some of which failed or refused."""
    numbers = draw(st.lists(st.integers(0, len(PARTIES) - 1), min_size=1, max_size=4, unique=True))
    status = st.sampled_from(["answered", "answered", "answered", "timed_out", "refused"])
    return [draw(dossiers(number)).answer(draw(status)) for number in numbers]


def _same(one: Record, other: Record) -> bool:
    """Two records say the same: their views do, and so does every value that is not a resource."""
    return build_view(one) == build_view(other) and one.counts() == other.counts()


@given(consults(), st.randoms(use_true_random=False))
@LAWS
def test_the_order_of_answers_and_of_resources_changes_nothing(answers: list[SourceAnswer], random: object) -> None:
    shuffled = [copy.deepcopy(answer) for answer in answers]
    mixed = []
    for answer in shuffled:
        resources = list(answer.resources)
        random.shuffle(resources)  # type: ignore[attr-defined]
        mixed.append(SourceAnswer(answer.source, answer.status, tuple(resources), client=answer.client))
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert _same(merge(answers, TODAY), merge(mixed, TODAY))


@given(consults())
@LAWS
def test_repeating_answers_changes_nothing(answers: list[SourceAnswer]) -> None:
    assert _same(merge(answers, TODAY), merge([*answers, *copy.deepcopy(answers)], TODAY))


@given(consults(), st.data())
@LAWS
def test_spreading_a_source_over_two_answers_changes_nothing(answers: list[SourceAnswer], data: st.DataObject) -> None:
    split: list[SourceAnswer] = []
    for answer in answers:
        cut = data.draw(st.integers(0, len(answer.resources)))
        split += [
            SourceAnswer(answer.source, answer.status, part, client=answer.client)
            for part in (answer.resources[:cut], answer.resources[cut:])
        ]
    assert _same(merge(answers, TODAY), merge(split, TODAY))


def _given(answers: Sequence[SourceAnswer]) -> set[tuple[str, str]]:
    return {
        (a.source.ura.value, f"{r['resourceType']}/{r['id']}")
        for a in answers
        if a.status != "refused"
        for r in a.resources
    }


@given(consults())
@LAWS
def test_every_resource_of_every_source_is_an_origin_of_exactly_one_item(answers: list[SourceAnswer]) -> None:
    record = merge(answers, TODAY)
    items = [*record.items, *(item for apart in record.apart for item in apart.items)]
    origins = [(o.source.ura.value, o.reference) for item in items for o in item.origins]
    assert sorted(origins) == sorted(_given(answers))
    assert record.duplicates_folded == len(origins) - len(items)


@given(consults())
@LAWS
def test_an_item_never_has_one_source_twice(answers: list[SourceAnswer]) -> None:
    for item in merge(answers, TODAY).items:
        assert len({o.source.ura for o in item.origins}) == len(item.origins)


@given(consults())
@LAWS
def test_a_refusal_changes_nothing(answers: list[SourceAnswer]) -> None:
    told = [answer for answer in answers if answer.status != "refused"]
    assert _same(merge(answers, TODAY), merge(told, TODAY))


@given(consults())
@LAWS
def test_a_conflict_names_two_values_and_every_value_has_a_source(answers: list[SourceAnswer]) -> None:
    for conflict in merge(answers, TODAY).conflicts:
        assert len({stated.value for stated in conflict.values}) > 1
        assert all(stated.origins for stated in conflict.values)


@given(consults())
@LAWS
def test_no_two_children_of_one_source_become_one(answers: list[SourceAnswer]) -> None:
    for child in merge(answers, TODAY).children:
        assert len({o.source.ura for o in child.origins}) == len(child.origins)


@given(consults(), st.data())
@LAWS
def test_a_record_that_fills_in_ends_as_the_whole(answers: list[SourceAnswer], data: st.DataObject) -> None:
    """The screen that kept its lines shows in the end what a screen shows that got everything at once."""
    kept: dict = {}  # type: ignore[type-arg]
    order = data.draw(st.permutations(answers))
    for number in range(1, len(order) + 1):
        view = build_view(merge(order[:number], TODAY), (), kept)
    assert view == build_view(merge(answers, TODAY))
