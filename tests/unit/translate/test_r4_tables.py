"""The tables of R4 against the two versions' own definitions: nothing differs that has no row, no row is idle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest

from babyconnect.definitions import rows
from babyconnect.fhir.grammar import R4, Element, elements, is_type, resource_types
from babyconnect.translate.r4 import tables
from babyconnect.translate.r4.tables import By

DATA_TYPES = ("Dosage", "Timing", "Timing.repeat", "Annotation", "Attachment", "Identifier", "HumanName", "Address",
              "ContactPoint", "Quantity", "Range", "Ratio", "Period", "SampledData", "CodeableConcept", "Coding",
              "Reference", "Meta", "Narrative", "Extension")  # fmt: skip
SAME = {("uri", "canonical"), ("uri", "url"), ("positiveInt", "unsignedInt"), ("integer", "positiveInt"),
        ("string", "markdown"), ("id", "string"), ("oid", "id"), ("unsignedInt", "decimal")}  # fmt: skip
"""Primitive types of which every value that a record holds is one of the other type too."""


def places(stu3: str, r4: str) -> Iterator[tuple[str, Element, str]]:
    """(type, element, its parent's type in R4) of all there is in a type, down to its nested elements."""
    for element in elements(stu3).values():
        yield stu3, element, r4
        row = change_of(stu3, element)
        target = None if row else elements(r4).get(element.name)
        if "." in element.type and element.type.startswith(stu3 + ".") and target is not None:
            yield from places(element.type, target.type)


def change_of(stu3: str, element: Element) -> tables.Change | None:
    return tables.changes().get(f"{stu3}.{element.name}") or tables.changes().get(f"{stu3}.{element.base}")


@pytest.mark.parametrize(
    ("stu3", "r4"), [*((name, R4 + becomes) for name, becomes in tables.types().items()),
                     *((name, R4 + name) for name in DATA_TYPES)],
)  # fmt: skip
def test_what_has_no_row_is_the_same_in_both_versions(stu3: str, r4: str) -> None:
    for type_name, element, parent in places(stu3, r4):
        if change_of(type_name, element) is not None:
            continue
        target = elements(parent).get(element.name)
        assert target is not None, f"{type_name}.{element.name} is not in R4 and has no row"
        if element.primitive or target.primitive:
            assert element.type == target.type or (element.type, target.type) in SAME, f"{type_name}.{element.name}"
        elif "." not in element.type and element.type != "xhtml":
            assert R4 + element.type == target.type, f"{type_name}.{element.name}"
        assert not (element.repeats and not target.repeats), f"{type_name}.{element.name} is one in R4"
        if element.codes is not None and target.codes is not None:
            assert element.codes <= target.codes, f"{type_name}.{element.name}"


@pytest.mark.parametrize("row", rows("r4/elements"), ids=lambda row: row["element"])
def test_a_row_is_of_the_closed_list_and_leads_from_an_element_to_an_element(row: dict[str, str]) -> None:
    assert row["by"] in get_args(By)
    parent, _, name = row["element"].rpartition(".")
    assert any(name in (e.base, e.name) for e in elements(parent).values())
    resource, _, nested = parent.partition(".")
    if row["becomes"] and not nested:
        at = R4 + tables.types().get(resource, resource)
        for step in row["becomes"].split("."):
            found = [e for n, e in elements(at).items() if n == step or e.base == f"{step}[x]"]
            assert found, f"{at}.{step}"
            at = found[0].type


@pytest.mark.parametrize("place", sorted({place for place, _ in tables.codes()}))
def test_every_code_of_an_element_that_changed_is_a_code_of_the_new_one(place: str) -> None:
    parent, _, name = place.rpartition(".")
    change = tables.changes()[place]
    known = elements(parent)[name].codes or frozenset()
    allowed = elements(R4 + tables.types()[parent])[change.becomes[-1]].codes or frozenset()
    assert {code for element, code in tables.codes() if element == place} <= known
    if change.by == "code":
        assert {tables.codes().get((place, code), code) for code in known} <= allowed


def test_types_systems_and_extensions_are_of_the_two_versions() -> None:
    assert set(tables.types()) <= resource_types()
    assert set(tables.types().values()) <= resource_types(R4)
    for (_, on), (by, _) in tables.extensions().items():
        assert by in ("url", "element", "beside")
        assert not on or is_type(on)
    assert all(new.startswith("http://terminology.hl7.org/") for new in tables.systems().values())


def test_what_r4_requires_beyond_stu3_is_given() -> None:
    given = {place.rsplit(".", 1)[0] + "." + base_of(place) for place in tables.given()}
    for stu3, r4 in tables.types().items():
        before = {e.base for e in elements(stu3).values() if e.minimum}
        named = {change.becomes[0] for place, change in tables.changes().items()
                 if change.becomes and place.rpartition(".")[0] == stu3 and is_required(stu3, place)}  # fmt: skip
        for element in elements(R4 + r4).values():
            if element.minimum and element.base not in before and element.base.removesuffix("[x]") not in named:
                assert f"{r4}.{element.base}" in given, f"{r4}.{element.base}"


def base_of(place: str) -> str:
    parts = place.split(".")
    at = R4 + parts[0]
    for step in parts[1:-1]:
        at = elements(at)[step].type
    return elements(at)[parts[-1]].base


def is_required(stu3: str, place: str) -> bool:
    return any(e.minimum for e in elements(stu3).values() if e.base == place.rpartition(".")[2])
