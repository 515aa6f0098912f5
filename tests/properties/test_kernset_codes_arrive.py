"""Every code that the registry asks for and a record can hold arrives where it is asked, unless it is shielded."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
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

TODAY = dt.date(2026, 11, 22)
Asked = tuple[str, dict[str, str]]
OF = {
    "hl7v3-kernset-2.3.6": ("kernset", "kernset_2.3", "hl7v3/kernset_2.3_codes"),
    "hl7v3-kernset-2.2": ("kernset_2.2", "kernset_2.2", "hl7v3/kernset_2.3_codes"),
    "cda-neonatology": ("neonatology", "neonatology", "recasting/neonatology_codes"),
}
ABOUT = {
    "vrouw": ["vrouw"], "zwangerschap": ["zwangerschapsgegevens"], "bevalling": ["bevalling"],
    "uitkomst_per_kind": ["kind", "bevalling"], "kind": ["kind", "bevalling"], "postnatale_fase": ["postnatale_fase"],
    "medisch_onderzoek": ["medisch_onderzoek"], "zwangerschapsgegevens": ["kind", "bevalling", "zwangerschapsgegevens"],
}  # fmt: skip
CODED: list[Asked] = [
    (output, row) for output, (table, _, _) in OF.items() for row in rows(f"recasting/{table}")
    if row["transform"] in ("select", "flag", "listed")
]  # fmt: skip


@functools.cache
def whole(group: str) -> tuple[AdaRecord, ...]:
    """A record of each transaction in which every data element is filled, the widest first: of it the persons and what
    this group of the kernset is about."""
    return tuple(only(read(full_xml(name)), {"administratief", *ABOUT[group]}) for name in reversed(TRANSACTIONS))


def only(of: AdaRecord, names: set[str]) -> AdaRecord:
    kept = tuple(one for one in of.root.children if one.name in names)
    return replace(of, root=replace(of.root, children=kept))


def asked(output: str, row: dict[str, str]) -> list[tuple[str, str]]:
    """By system and code: what the kernset's element can hold, or what answers its question."""
    _, elements, codes = OF[output]
    if row["transform"] == "flag":
        return [(SNOMED, code) for code in row["argument"].split()]
    if row["transform"] == "listed":
        return list(listed(codes, row["argument"]))
    if output == "cda-neonatology":
        return list(listed(codes, row["target"]))
    lists = next(one["lists"] for one in rows(f"hl7v3/{elements}_elements") if one["path"] == row["target"])
    return list(listed(codes, lists))


def shields(system: str, code: str) -> bool:
    return is_shielded(AdaElement("", "", {"code": code, "codeSystem": system}, (), 0))


def saying(element: AdaElement, group: str, name: str, codes: list[tuple[str, str]]) -> AdaElement:
    """The record in which this group is there once for each code, and what has this name in it has that code."""
    inner = [saying(one, group, name, codes) for one in element.children]
    copied = [copy for one in inner for copy in (coded(one, name, codes) if one.name == group else [one])]
    return replace(element, children=tuple(copied))


def coded(group: AdaElement, name: str, codes: list[tuple[str, str]]) -> Iterator[AdaElement]:
    for system, code in codes:
        said = {"code": code, "codeSystem": system, "displayName": "x"}
        inner = [replace(one, attributes=said) if one.name == name and one.code else one for one in group.children]
        yield replace(group, children=tuple(inner))


def found(element: AdaElement, path: str) -> list[AdaElement]:
    first, _, rest = path.partition("/")
    inner = [one for one in element.children if one.name == first]
    return [deep for one in inner for deep in found(one, rest)] if rest else inner


def arrived(output: str, row: dict[str, str], codes: list[tuple[str, str]]) -> list[AdaElement]:
    group, name = lies(output, row).split("/")[-2:]
    for of in whole(row["target"].partition("/")[0]):
        there = []
        for made in kernsets.kernsets(replace(of, root=saying(of.root, group, name, codes)), output, TODAY).records:
            there += [one for one in found(made.root, row["target"]) if one.is_filled]
        if there:
            return there
    return []


def lies(output: str, row: dict[str, str]) -> str:
    """The path that the row looks at, behind what the rows that it lies in are there for."""
    each = {one["target"]: one["each"] for name in {"kernset", OF[output][0]} for one in rows(f"recasting/{name}")}
    names = row["target"].split("/")
    above = [each.get("/".join(names[:n]), "") for n in range(1, len(names) + 1)]
    sources = row["source"].split(" | ")
    return "/".join(filter(None, [*above, next((one for one in sources if "/" in one), sources[0])]))


@pytest.mark.parametrize(("output", "row"), CODED, ids=lambda of: of if isinstance(of, str) else of["target"][-60:])
def test_it_arrives(output: str, row: dict[str, str]) -> None:
    codes = asked(output, row)
    stay = [(system, code) for system, code in codes if shields(system, code)]
    go = [(system, code) for system, code in codes if not shields(system, code)]
    assert go
    if row["transform"] == "select":
        assert {(one.attributes["codeSystem"], one.code) for one in arrived(output, row, codes)} == set(go)
        return
    assert not stay or not arrived(output, row, stay)
    for one_code in {go[0], go[-1]} if row["transform"] == "listed" else go:
        assert {one.value for one in arrived(output, row, [one_code])} == {"true"}, one_code


def test_some_of_them_are_shielded_and_stay() -> None:
    """Infections, a psychosis in the postpartum week, an ended pregnancy, a chromosome."""
    held = {code for output, row in CODED for system, code in asked(output, row) if shields(system, code)}
    assert held >= {"240589008", "18260003", "41040004"}
