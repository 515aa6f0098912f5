"""Laws of the way to R4, over resources drawn from STU3's own grammar: what comes out is R4, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.fhir import check, xml_writer
from babyconnect.fhir.grammar import R4
from babyconnect.translate.r4 import tables
from babyconnect.translate.r4.record import convert
from tests.properties.test_fhir_laws import QUICK, objects

SAID_OTHERWISE = {"notGiven", "notDone", "taken", "profile"}
"""Elements that became a status (elements.csv), and profiles, of which R4 has others."""

BECAME_ELEMENTS = {address for (address, _), (by, _) in tables.extensions().items() if by == "element"}
BECAME_ELEMENTS |= {f"{tables.NL_CORE}code-specification", "has-member", "derived-from"}
"""What is said by the name of an element in R4; a specified code stands beside FHIR's own."""


def values(node: Any, name: str = "") -> Iterator[str]:
    """Every value in a resource, as text."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from values(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from values(value, name)
    elif name not in SAID_OTHERWISE and name != "resourceType" and node not in BECAME_ELEMENTS:
        yield str(node)


def expected(text: str) -> set[str]:
    """How a value may read in R4: as it was, or as the table has it."""
    codes = {to for (_, code), to in tables.codes().items() if code == text}
    url = {
        to.rpartition(" ")[2]
        for (address, _), (by, to) in tables.extensions().items()
        if address == text and by != "element"
    }
    name, _, id = text.partition("/")
    return {text, tables.systems().get(text, text), f"{tables.types().get(name, name)}/{id}"} | codes | url


@pytest.mark.parametrize("name", tables.types())
@settings(QUICK, max_examples=15)
@given(data=st.data())
def test_what_is_stu3_becomes_r4_and_every_value_is_still_there(name: str, data: st.DataObject) -> None:
    resource = {"resourceType": name, **data.draw(objects(name))}
    if [issue for issue in check.structure(resource) if issue.severity == "error"]:
        return
    (made,) = convert([resource]).resources
    assert [issue for issue in check.structure(made, R4) if issue.severity == "error"] == []
    xml_writer.from_json(made, R4)
    found = Counter(values(made))
    for text in values(resource):
        assert any(found[other] for other in expected(text)), text
