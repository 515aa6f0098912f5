"""Laws of the FHIR grammar, over resources drawn from the grammar itself and over bytes that mean harm."""

from __future__ import annotations

import contextlib
import datetime as dt
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from babyconnect.fhir import check, json, xml
from babyconnect.fhir.grammar import elements
from babyconnect.fhir.malformed import Malformed
from babyconnect.flows.publish import Input, publish
from tests.spec.publishing.records import Node, bundle, record

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TYPES = (
    "Patient",
    "Observation",
    "Condition",
    "Procedure",
    "Encounter",
    "CarePlan",
    "Immunization",
    "Bundle",
    "Consent",
)
TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(lambda t: t.strip())
ANY_TEXT = st.builds(lambda a, b, c: a + b + c, TEXT, st.sampled_from(["", "\n", "\t", "&<>\"'", " "]), TEXT)
WORD = st.from_regex(r"[A-Za-z0-9.-]{1,12}", fullmatch=True)
DATE = st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)).map(str)
DIVISION = '<div xmlns="http://www.w3.org/1999/xhtml"><p>één &amp; <b>twee</b></p></div>'
PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "integer": st.integers(-(10**9), 10**9),
    "unsignedInt": st.integers(0, 10**9),
    "positiveInt": st.integers(1, 10**9),
    "decimal": st.from_regex(r"-?(0|[1-9][0-9]{0,8})\.[0-9]{1,6}", fullmatch=True).map(Decimal),
    "date": DATE,
    "dateTime": st.one_of(DATE, DATE.map(lambda d: f"{d}T10:11:12+02:00")),
    "instant": DATE.map(lambda d: f"{d}T10:11:12.345Z"),
    "time": st.just("10:11:12"),
    "base64Binary": st.just("aGFsbG8="),
    "string": ANY_TEXT,
    "markdown": ANY_TEXT,
    "oid": st.just("urn:oid:1.2.3"),
    "uuid": st.just("urn:uuid:00000000-0000-4000-8000-000000000000"),
    "uri": WORD.map(lambda w: f"urn:{w}"),
    "code": WORD,
    "id": WORD,
}


@st.composite
def objects(draw: st.DrawFn, type_name: str, depth: int = 0) -> dict[str, Any]:
    """An object of a type: what it must have, and a few of the things it may have."""
    found: dict[str, Any] = {}
    bases: set[str] = set()
    table = list(elements(type_name).values())
    wanted = draw(st.sets(st.sampled_from([e.name for e in table]), max_size=4 if depth < 2 else 1))
    for element in table:
        if element.base in bases or not (element.minimum or (element.name in wanted and depth < 4)):
            continue
        if element.type in ("Resource", "Extension") and not element.minimum:
            continue
        bases.add(element.base)
        count = draw(st.integers(1, 2)) if element.repeats else 1
        values = [draw(values_of(element, depth)) for _ in range(count)]
        found[element.name] = values if element.repeats else values[0]
    return found or draw(objects(type_name, depth)) if depth < 3 else found or {"id": "x"}


def values_of(element: Any, depth: int) -> st.SearchStrategy[Any]:
    if element.codes:
        return st.sampled_from(sorted(element.codes))
    if element.type == "xhtml":
        return st.just(DIVISION)
    if element.type == "Reference":
        return WORD.map(lambda w: {"reference": f"Patient/{w}", "display": "x"})
    if element.type == "Resource":
        return st.just({"resourceType": "Basic", "id": "a", "code": {"text": "x"}})
    if element.primitive:
        return PRIMITIVES[element.type]
    return objects(element.type, depth + 1)


resources = st.sampled_from(TYPES).flatmap(
    lambda name: objects(name).map(lambda content: {"resourceType": name, **content})
)


@QUICK
@given(resources)
def test_what_the_grammar_makes_the_check_accepts(resource: dict[str, Any]) -> None:
    assert [issue for issue in check.structure(resource) if issue.rule != "reference"] == []


@QUICK
@given(resources)
def test_xml_and_json_say_the_same(resource: dict[str, Any]) -> None:
    written = xml.from_json(resource)

    assert xml.to_json(written) == resource
    assert json.loads(json.dumps(resource)) == resource
    assert xml.from_json(xml.to_json(written)) == written


@QUICK
@given(resources, st.data())
def test_an_element_that_does_not_exist_is_never_accepted(resource: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(WORD.filter(lambda w: w not in elements(resource["resourceType"])))

    assert "unknown-element" in {issue.rule for issue in check.structure({**resource, name: "x"})}


GOOD = bundle(*record())
GOOD_XML = xml.from_json(json.loads(GOOD))


@QUICK
@given(st.sampled_from([GOOD, GOOD_XML]), st.integers(0, 100_000), st.binary(max_size=6), st.integers(0, 40))
async def test_no_bytes_make_publishing_fail_or_keep_half(content: bytes, at: int, noise: bytes, removed: int) -> None:
    at %= len(content)
    node = Node()

    report = await publish([Input("x", content=content[:at] + noise + content[at + removed :])], node.node)

    (one,) = report.inputs
    assert (one.status == "refused") == node.empty


leaves = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=4))
anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=3))


@QUICK
@given(st.sampled_from(range(len(record()))), st.data())
async def test_no_shape_of_json_makes_publishing_fail(position: int, data: st.DataObject) -> None:
    whole = record()
    resource = whole[position]
    name = data.draw(st.sampled_from(sorted(elements(resource["resourceType"]))))
    whole[position] = {**resource, name: data.draw(anything)}
    node = Node()

    report = await publish([Input("x", content=bundle(*whole))], node.node)

    assert all((one.status == "refused") == node.empty for one in report.inputs)


@QUICK
@given(st.sampled_from(range(len(record()))), st.data())
async def test_no_shape_of_a_loose_resource_makes_publishing_fail(position: int, data: st.DataObject) -> None:
    whole = record()
    resource = whole[position]
    name = data.draw(st.sampled_from(sorted(elements(resource["resourceType"]))))
    whole[position] = {**resource, name: data.draw(anything)}
    node = Node()

    report = await publish([Input(f"{n}", content=json.dumps(r)) for n, r in enumerate(whole)], node.node)

    refused = {one.status for one in report.inputs} == {"refused"}
    assert refused == node.empty


@QUICK
@given(st.binary(max_size=60))
def test_reading_raises_malformed_and_nothing_else(content: bytes) -> None:
    for read in (xml.to_json, json.loads, lambda c: list(xml.parts(c))):
        # Anything but Malformed fails the test by itself.
        with contextlib.suppress(Malformed):
            read(content)
