"""What a resource is found by: tokens, references and dates, read from it by the table's paths."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babyconnect.fhir.search_dates import interval, span
from babyconnect.fhir.search_index import index
from babyconnect.fhir.search_names import types


def observation(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": "o", **more}


def test_a_concept_is_found_by_each_of_its_codings() -> None:
    concept = {"coding": [{"system": "s", "code": "1"}, {"code": "2"}, {"system": "s"}], "text": "t"}
    assert index(observation(code=concept))["code"] == ("s|1", "|2")


def test_a_code_a_boolean_and_an_identifier_are_tokens() -> None:
    assert index(observation(status="final"))["status"] == ("|final",)
    person = {"resourceType": "RelatedPerson", "active": False, "identifier": [{"system": "s", "value": "v"}]}
    assert index(person) == {"active": ("|false",), "identifier": ("s|v",)}


def test_an_identifier_that_is_masked_is_no_token() -> None:
    masked = {"system": "s", "_value": {"extension": [{"url": "x", "valueCode": "masked"}]}}
    assert index({"resourceType": "Patient", "identifier": [masked]}) == {}


def test_a_post_coordinated_code_is_kept_whole() -> None:
    code = "698350008:370131001=133933007"
    found = index(observation(code={"coding": [{"system": "http://snomed.info/sct", "code": code}]}))
    assert found["code"] == (f"http://snomed.info/sct|{code}",)


def test_a_performer_is_found_with_the_role_in_its_extension() -> None:
    role = {
        "url": "http://nictiz.nl/…/practitionerrole-reference",
        "valueReference": {"reference": "PractitionerRole/r"},
    }
    performer = [{"reference": "Practitioner/p", "extension": [role]}]
    assert index(observation(performer=performer))["performer"] == ("Practitioner/p", "PractitionerRole/r")


@pytest.mark.parametrize("reference", ["#contained", "", None, 7])
def test_what_points_nowhere_is_no_reference(reference: object) -> None:
    assert "context" not in index(observation(context={"reference": reference}))


def test_values_come_once_in_their_order() -> None:
    performer = [{"reference": f"Practitioner/{n}"} for n in "bab"]
    assert index(observation(performer=performer))["performer"] == ("Practitioner/b", "Practitioner/a")


def test_a_period_is_one_span_and_open_where_it_has_no_end() -> None:
    whole = {"start": "2026-01-01", "end": "2026-01-02"}
    assert index(observation(effectivePeriod=whole))["date"] == (
        "2025-12-31T23:00:00.000000Z/2026-01-02T23:00:00.000000Z",
    )
    assert index(observation(effectivePeriod={"start": "2026"}))["date"][0].endswith("/9999-12-31T23:59:59.999999Z")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026", ("2025-12-31T23:00:00.000000Z", "2026-12-31T23:00:00.000000Z")),
        ("2026-12", ("2026-11-30T23:00:00.000000Z", "2026-12-31T23:00:00.000000Z")),
        ("2026-03-29", ("2026-03-28T23:00:00.000000Z", "2026-03-29T22:00:00.000000Z")),
        ("2026-01-01T10:00:00Z", ("2026-01-01T10:00:00.000000Z", "2026-01-01T10:00:01.000000Z")),
        ("2026-01-01T10:00:00.5+01:00", ("2026-01-01T09:00:00.500000Z", "2026-01-01T09:00:00.600000Z")),
    ],
)
def test_a_date_is_the_span_it_names_in_dutch_time(text: str, expected: tuple[str, str]) -> None:
    assert span(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "gisteren", "2026-13", "2026-02-30", "2026-1-1", "٢٠٢٦", "2026-01-01T25:00", "9999-12-31", "0001-01-01"],
)
def test_what_is_no_date_is_no_span(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        span(text)


def test_no_date_at_all_is_no_interval() -> None:
    assert interval("", "") is None and interval("x", "") is None


@given(st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%d").rjust(10, "0")))
def test_a_day_lies_within_its_month_and_year(day: str) -> None:
    try:
        spans = [span(day), span(day[:7]), span(day[:4])]
    except ValueError:
        return  # the calendar's first and last days have no whole span
    for inner, outer in itertools.pairwise(spans):
        assert outer[0] <= inner[0] < inner[1] <= outer[1]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["code", "coding", "context", "reference", "period", "start", "identifier", "value", "system", "extension"]
    ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.sampled_from(types()), st.dictionaries(st.sampled_from(["code", "context", "identifier", "period"]), _json))
def test_indexing_never_fails_on_what_is_no_resource(type: str, content: dict[str, Any]) -> None:
    for values in index({**content, "resourceType": type}).values():
        assert all(isinstance(value, str) and value for value in values)
