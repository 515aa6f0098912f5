"""Every ADA record of a region keeps to the data set's definition of the transaction (`definitions/ada`)."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from babyconnect import definitions
from babyconnect.birthcare.parties import Kind
from babyconnect.synthetic import published, region
from babyconnect.synthetic.ada import ada
from babyconnect.synthetic.ada_tree import tree, write
from babyconnect.synthetic.codes import code
from babyconnect.synthetic.organisations import Network
from babyconnect.synthetic.recording import record
from tests.support.synthetic_region import TODAY, Written

PREFIX = "2.16.840.1.113883.2.4.3.11.60.90.77.2.12."
ROWS = {row["concept"]: row for row in definitions.rows("ada/basis_structure")}
UNDER: dict[str, list[dict[str, str]]] = {}
for known in ROWS.values():
    UNDER.setdefault(known["parent"], []).append(known)
ORDER = {concept: place for place, concept in enumerate(ROWS)}
CODES: dict[str, set[tuple[str, str]]] = {}
OPEN: set[str] = set()
for listed in definitions.rows("ada/value_lists"):
    CODES.setdefault(listed["list"], set()).add((listed["system"], listed["code"]))
    if listed["kind"] == "include" or listed["code"].startswith("^"):
        OPEN.add(listed["list"])


def concept(element: etree._Element) -> str:
    return str(element.get("conceptId", "")).removeprefix(PREFIX)


def breaches(content: bytes) -> Iterator[str]:
    """What in this record is not as the definition has it; nothing when all is well."""
    form = etree.fromstring(content).find("data")[0]
    ids = {e.get("id"): e for e in form.iter() if e.get("id") and e is not form}
    if len(ids) != sum(1 for e in form.iter() if e.get("id") and e is not form):
        yield "an id is given twice"
    yield from _level(form, "", ids)


def _level(parent: etree._Element, above: str, ids: dict[str | None, etree._Element]) -> Iterator[str]:
    children = list(parent)
    places = [ORDER.get(concept(child), -1) for child in children]
    if places != sorted(places):
        yield f"{parent.tag}: not in the order of the definition"
    counts = Counter(concept(child) for child in children)
    for row in UNDER.get(above, ()):
        count = counts.pop(row["concept"], 0)
        # A conditional element (C) is asked for only where its condition holds, which the definition tells in words.
        least = 0 if row["conformance"] == "C" else int(row["min"])
        if count < least or (row["max"] != "*" and count > int(row["max"])):
            yield f"{parent.tag}/{row['element']}: {count} times, {row['min']}..{row['max']} asked"
    for stray in counts:
        yield f"{parent.tag}: concept {stray} does not belong here"
    for child in children:
        yield from _element(child, ids)


def _element(element: etree._Element, ids: dict[str | None, etree._Element]) -> Iterator[str]:
    row = ROWS.get(concept(element))
    if row is None or row["element"] != element.tag:
        yield f"{element.tag}: not the element of concept {concept(element)}"
        return
    if row["datatype"] == "reference":
        target = ids.get(element.get("value"))
        if target is None or concept(target) != row["target"]:
            yield f"{element.tag}: refers to nothing of concept {row['target']}"
    elif row["kind"] == "group":
        yield from _level(element, row["concept"], ids)
    elif element.get("nullFlavor") is None:
        yield from _value(element, row)


def _value(element: etree._Element, row: dict[str, str]) -> Iterator[str]:
    value, kind = element.get("value", ""), row["datatype"]
    if kind == "code":
        chosen = (element.get("codeSystem", ""), element.get("code", ""))
        lists = row["lists"].split()
        listed = [name for name in lists if name in CODES]
        if listed and not any(chosen in CODES[name] or name in OPEN for name in listed):
            yield f"{element.tag}: code {chosen} is in none of its lists"
        if not element.get("displayName"):
            yield f"{element.tag}: code without a display"
    elif kind == "quantity":
        if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            yield f"{element.tag}: {value} is no quantity"
        if row["units"] and element.get("unit") not in row["units"].split():
            yield f"{element.tag}: unit {element.get('unit')} is not of {row['units']}"
    elif kind in ("datetime", "date"):
        dt.datetime.fromisoformat(value)
    elif kind == "boolean" and value not in ("true", "false"):
        yield f"{element.tag}: {value} is no boolean"
    elif kind == "count" and not value.isdigit():
        yield f"{element.tag}: {value} is no count"
    elif not value:
        yield f"{element.tag}: empty"


def test_every_ada_record_of_a_region_keeps_to_the_definition(sixty: Written) -> None:
    records = list(sixty.ada())
    assert len(records) > 25
    found = {str(path.name): list(breaches(path.read_bytes())) for path in records}
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_what_any_practice_or_hospital_recorded_can_be_written_in_ada() -> None:
    """Also stillbirths and the like, which chance may give only to organisations on another format."""
    network = Network(published())
    used: set[bytes] = set()
    for client in region(120, 3, TODAY, network):
        for dossier in record(client, 3, TODAY, network):
            if dossier.course and dossier.organisation.kind in (Kind.MIDWIFERY_PRACTICE, Kind.HOSPITAL):
                content = ada(dossier, TODAY)
                assert list(breaches(content)) == [], dossier.id
                used |= set(re.findall(rb'conceptId="[0-9.]*\.(\d+)"', content))
    assert b"1591" in used, "the stillborn twin"


def test_records_together_use_most_of_what_a_practice_writes(sixty: Written) -> None:
    """The check above means little when the records hold little."""
    used = {concept(e) for path in sixty.ada() for e in etree.parse(path).iter() if e.get("conceptId")}
    assert len(used) > 150
    births = {"39", "1418", "1408", "9663", "1603", "1547", "38", "4144", "4193"}
    checks = {"3415", "4060", "1776", "2134", "1128", "1140", "1152", "1640", "2379", "3501", "1060", "1073", "2648"}
    assert births | checks <= used


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("<pariteit ", "<paritijt ", 1), "not the element"),
        (lambda text: text.replace(f'{PREFIX}3343"', f'{PREFIX}3344"', 1), "not the element"),
        (lambda text: re.sub(r"<graviditeit [^>]*/>", "", text, count=1), "0 times, 1..1 asked"),
        (lambda text: re.sub(r"(<pariteit [^>]*/>)(<graviditeit [^>]*/>)", r"\2\1", text, count=1), "not in the order"),
        (lambda text: text.replace('code="11429006"', 'code="11429007"', 1), "in none of its lists"),
        (lambda text: text.replace('unit="mm[Hg]"', 'unit="kPa"', 1), "is not of"),
        (
            lambda text: re.sub(r'(<bloeddruk conceptId="[^"]*" value=")[^"]*', r"\1nergens", text, count=1),
            "refers to nothing",
        ),
    ],
)
def test_the_check_sees_what_is_wrong(sixty: Written, change, told: str) -> None:  # type: ignore[no-untyped-def]
    path = max(sixty.ada(), key=lambda p: p.stat().st_size)
    text = path.read_text(encoding="utf-8")
    changed = change(text)
    assert changed != text
    assert any(told in problem for problem in breaches(changed.encode()))


def test_a_record_cannot_be_written_with_an_element_that_the_data_set_has_not() -> None:
    with pytest.raises(KeyError):
        write(tree("basis_structure"), [("vrouw", [("lievelingskleur", "blauw")])])


def test_texts_are_escaped() -> None:
    text = write(
        tree("basis_structure"), [("administratief", [("zorgaanbieder", [("organisatie_naam", 'A & "B" <C>')])])]
    )
    assert etree.fromstring(text)[0][0].get("value") == 'A & "B" <C>'


def test_every_name_of_a_coded_value_has_a_display() -> None:
    assert all(code(row["key"]).display for row in definitions.rows("synthetic/codes"))


def test_every_row_of_a_table_says_where_it_comes_from() -> None:
    for name, column in (("figures", "source"), ("assumptions", "why"), ("codes", "source"), ("facts", "source")):
        assert all(row[column].strip() for row in definitions.rows(f"synthetic/{name}")), name


def test_a_file_is_named_after_its_record(sixty: Written) -> None:
    path = next(sixty.ada())
    assert etree.parse(Path(path)).getroot().find("data")[0].get("id") == path.stem
