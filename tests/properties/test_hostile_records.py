"""A source that sends rubbish inside its resources takes nothing from the screen but its own rubbish."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.delivery.view import Line, Section
from babyconnect.flows.picture import picture
from tests.support.made import HOSPITAL, MIDWIFE, TODAY, dossier

JUNK = st.sampled_from(
    [None, 1, -3.5, True, "", [], {}, "x", [None], [[]], {"a": 1}, ["x"], [{}], "2026-13-45", {"coding": "x"},
     {"coding": ["y"]}, "2026-02-30T99:00:00Z", 10**400, {"reference": 5}, [{"url": 7}]]
)  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from _places(part, (*path, key))


def _lines(section: Section) -> Iterator[Line]:
    yield from section.lines
    for part in section.parts:
        yield from _lines(part)


def _answers() -> list[SourceAnswer]:
    one, other = dossier(MIDWIFE), dossier(HOSPITAL)
    for made in (one, other):
        made.due(60)
        made.pressure("bp", 112, 68, "2026-05-01T09:40:00+02:00")
        made.lab("d", "1305-2", "165746003", -100)
        made.child("a", "male", "2026-05-27", 3000)
    return [one.answer(), other.answer()]


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_rubbish_anywhere_in_a_resource_leaves_the_other_source_whole(data: st.DataObject) -> None:
    good, bad = _answers()
    resources = copy.deepcopy(list(bad.resources))
    for _ in range(data.draw(st.integers(1, 3))):
        resource = data.draw(st.sampled_from(resources))
        places = [p for p in _places(resource) if p[0] not in ("resourceType", "id")]
        *way, last = data.draw(st.sampled_from(places))
        target = resource
        for step in way:
            target = target[step]
        target[last] = copy.deepcopy(data.draw(JUNK))
    view = picture([good, SourceAnswer(HOSPITAL, "answered", tuple(resources))], TODAY)
    pressures = [line for s in view.sections for line in _lines(s) if line.label == "Bloeddruk"]
    assert any(badge.name == MIDWIFE.name for line in pressures for badge in line.sources)


def test_what_is_not_readable_is_left_out_and_its_source_named_as_unreadable() -> None:
    good, bad = _answers()
    resources = copy.deepcopy(list(bad.resources))
    next(r for r in resources if r["id"] == "bp")["component"] = ["rubbish"]
    view = picture([good, SourceAnswer(HOSPITAL, "answered", tuple(resources))], TODAY)
    assert [(gap.code, gap.source.name if gap.source else "") for gap in view.missing if gap.kind == "source"] == [
        ("invalid", HOSPITAL.name)
    ]
    assert {line.state for line in view.sources if line.name == HOSPITAL.name} == {"invalid"}
    assert any(line.label == "Rhesus D" for s in view.sections for line in _lines(s))
