"""Every code that the registry asks for and a record can hold arrives where it is asked, unless it is shielded."""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.definitions import rows
from babyconnect.sources.ada import read
from babyconnect.translate.recasting import kernsets
from babyconnect.translate.recasting.shielded import is_shielded
from babyconnect.translate.recasting.tables import listed
from tests.support.ada_material import TRANSACTIONS, full_xml
from tests.support.births import SNOMED

OUTPUT = "hl7v3-kernset-2.3.6"
CODED = [row for row in rows("recasting/kernset") if row["transform"] in ("select", "flag")]


@functools.cache
def whole() -> tuple[AdaRecord, ...]:
    """A record of each transaction in which every data element is filled, the widest first."""
    return tuple(read(full_xml(name)) for name in reversed(TRANSACTIONS))


def asked(row: dict[str, str]) -> list[tuple[str, str]]:
    """By system and code: what the kernset's element can hold, or what answers its question."""
    if row["transform"] == "flag":
        return [(SNOMED, code) for code in row["argument"].split()]
    lists = next(one["lists"] for one in rows("hl7v3/kernset_2.3_elements") if one["path"] == row["target"])
    return list(listed("hl7v3/kernset_2.3_codes", lists))


def shields(system: str, code: str) -> bool:
    return is_shielded(AdaElement("", "", {"code": code, "codeSystem": system}, (), 0))


def saying(element: AdaElement, name: str, system: str, code: str) -> AdaElement:
    """The record in which every element of this name has that code."""
    inner = tuple(saying(one, name, system, code) for one in element.children)
    there = element.name == name and "code" in element.attributes
    attributes = {"code": code, "codeSystem": system, "displayName": "x"} if there else element.attributes
    return replace(element, attributes=attributes, children=inner)


def found(element: AdaElement, path: str) -> list[AdaElement]:
    first, _, rest = path.partition("/")
    inner = [one for one in element.children if one.name == first]
    return [deep for one in inner for deep in found(one, rest)] if rest else inner


def arrived(row: dict[str, str], system: str, code: str) -> list[AdaElement]:
    name = row["source"].split("|")[0].strip().rpartition("/")[2]
    for of in whole():
        made = kernsets.recast(replace(of, root=saying(of.root, name, system, code)), OUTPUT).record
        if made is not None and (there := found(made.root, row["target"])):
            return there
    return []


@pytest.mark.parametrize("row", CODED, ids=lambda row: row["target"][-60:])
def test_it_arrives(row: dict[str, str]) -> None:
    assert asked(row)
    for system, code in asked(row):
        there = arrived(row, system, code)
        if shields(system, code):
            assert not there, code
            continue
        assert there, code
        if row["transform"] == "select":
            assert {(one.attributes["codeSystem"], one.code) for one in there} == {(system, code)}
        else:
            assert {one.value for one in there} == {"true"}


def test_some_of_them_are_shielded_and_stay() -> None:
    """Infections, a psychosis in the postpartum week, an ended pregnancy, a chromosome."""
    held = {code for row in CODED for system, code in asked(row) if shields(system, code)}
    assert held >= {"240589008", "18260003", "41040004"}
