"""A measurement that is another in the export is another in the record, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from babyconnect.birthcare import units
from babyconnect.birthcare.ultrasound import ExportTable, provided
from babyconnect.labelling.labels import Labels, labels
from babyconnect.sources import astraia, images
from babyconnect.translate.ultrasound.images import Sight
from babyconnect.translate.ultrasound.layout import Item, levels, words
from babyconnect.translate.ultrasound.translating import chapters, counted
from tests.support.cases import cases
from tests.support.ultrasound import PREGNANCY, TODAY, TWINS, exam, export, rules, translated

NUMBERS = [
    (level, item) for level in ("exam", "fetus")
    for items in levels(provided())[level].items.values() for item in items if item.kind == "number"
]  # fmt: skip
CODES = [
    item for items in levels(provided())["fetus"].items.values() for item in items
    if item.kind == "code" and len({row["code"] for (listed, _), row in words().items() if listed == item.argument}) > 1
]  # fmt: skip

SIGHT = Sight({}, images.kind, images.LARGEST)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, child in value.items():
            yield from leaves(child, f"{path}.{name}")
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from leaves(child, f"{path}[{place}]")
    else:
        yield path, value


Told = dict[tuple[str, str], Any]


def told(content: bytes) -> Told:
    """Every value of every resource, by its name and path."""
    made = translated(content)
    assert not [rule for rule in rules(made) if rule.startswith(("error", "warning unknown-unit", "warning bad"))]
    return {(f"{r['resourceType']}/{r['id']}", path): v for r in made.resources for path, v in leaves(r)}


def changed(before: Told, after: Told) -> set[tuple[str, str]]:
    return {at for at in before.keys() | after.keys() if before.get(at) != after.get(at)}


def saying(item: Item, level: str, fetus: int, text: str) -> bytes:
    """Twins of whom one, or their examination, says this; measured where it is what was worked out of a measurement."""
    root = etree.fromstring(TWINS)
    examined = next(root.iter("exam"))
    here = examined.findall("fetus")[fetus] if level == "fetus" else examined
    path, _, attribute = item.path.partition("/@")
    element = here.find(path)
    if element is None:
        element = etree.SubElement(here, path)
        element.text = _middle(path, level) if attribute else ""
    if attribute:
        element.set(attribute, text)
    else:
        element.text = text
        if "unit" in element.attrib:
            del element.attrib["unit"]
    return etree.tostring(root)


def _middle(path: str, level: str) -> str:
    """Something that can be, for what an attribute says more of."""
    row = next((item for at, item in NUMBERS if at == level and item.path == path), None)
    if row is None or row.least is None or row.most is None:
        return "anterior"
    return str(((row.least + row.most) / 2).quantize(Decimal("0.1")))


@st.composite
def measured(draw: st.DrawFn) -> tuple[str, Item, int, str, str]:
    level, item = draw(st.sampled_from(NUMBERS))
    assert item.least is not None and item.most is not None
    texts = st.decimals(item.least, item.most, places=1).map(str)
    one = draw(texts)
    other = draw(texts.filter(lambda text: Decimal(text) != Decimal(one)))
    return level, item, draw(st.integers(0, 1)) if level == "fetus" else 0, one, other


@settings(max_examples=cases(25), deadline=None)
@given(measured())
def test_another_number_is_another_number_of_that_fetus_in_one_place(case: tuple[str, Item, int, str, str]) -> None:
    level, item, fetus, one, other = case
    before, after = told(saying(item, level, fetus, one)), told(saying(item, level, fetus, other))
    [(resource, path)] = changed(before, after)
    assert resource.startswith("Observation/")
    code = after.get((resource, path.removesuffix("value") + "code"), item.argument)
    assert units.value_in({"value": Decimal(str(after[resource, path])), "code": code}, item.argument) == Decimal(other)


@pytest.mark.parametrize("item", CODES, ids=lambda item: item.path)
def test_another_word_is_another_code_in_one_element(item: Item) -> None:
    listed: dict[str, str] = {}
    for (name, word), row in words().items():
        if name == item.argument:
            listed.setdefault(row["code"], word)
    one, other = list(listed.values())[:2]
    found = changed(told(saying(item, "fetus", 1, one)), told(saying(item, "fetus", 1, other)))
    assert found and len({resource for resource, _ in found}) == 1
    assert all(".coding[0]." in path or path.endswith((".text", "display")) for _, path in found), found


def test_a_name_more_for_the_same_thing_is_a_row_more_and_both_at_once_is_told() -> None:
    row = next(dict(row) for row in provided().rows if (row["level"], row["path"]) == ("fetus", "bpd"))
    own = ExportTable((*provided().rows, {**row, "path": "biparietal"}))
    usual, other = export(exam("<bpd>47</bpd>")), export(exam("<biparietal>47</biparietal>"))
    assert translated(other, table=own).resources == translated(usual).resources
    both = translated(export(exam("<bpd>47</bpd><biparietal>48</biparietal>")), table=own)
    assert "warning repeated" in rules(both) and both.resources == translated(usual).resources


@pytest.mark.parametrize(
    "more", ["<risk_t21>1:2300</risk_t21>", "<papp_a>1.1</papp_a>", "<free_beta_hcg>0.9</free_beta_hcg>"]
)
def test_a_combined_test_is_named_and_stays_in_the_original(more: str) -> None:
    usual, screened = export(exam("<nt>1.2</nt>")), export(exam("<nt>1.2</nt>" + more))
    made, tag = translated(screened), str(etree.fromstring(more).tag)
    assert made.resources == translated(usual).resources
    [told] = [finding for finding in made.findings if tag in finding.place]
    assert told.rule == "not-mapped" and "combined test" in told.text
    lost = [counted(astraia.read(one), SIGHT, TODAY).counted.lost for one in (usual, screened)]
    assert lost[1] - lost[0] == {f"fetus/{tag}"}


def test_only_what_says_something_itself_can_be_missed() -> None:
    levelled = {f"{row['level']}/{row['path']}" for row in provided().rows if row["kind"] == "level"}
    named = {item.concept for chapter in chapters("astraia") for item in chapter.items}
    assert "fetus/bpd" in named and not named & levelled


def test_initials_without_a_prefix_are_whole() -> None:
    assert "patient/other_names" not in counted(astraia.read(export(exam(""))), SIGHT, TODAY).counted.lost
    alone = export(exam("")).replace(b"A.B. van der", b"A.B.")
    assert "patient/other_names" not in counted(astraia.read(alone), SIGHT, TODAY).counted.lost


NIPT = '<nipt choice="with incidental findings" performed="trisomies" date="2026-06-01">no indication</nipt>'


def test_a_nipt_is_her_choice_and_a_result_as_the_data_set_has_them_and_shielded() -> None:
    usual, screened = translated(export(exam("<nt>1.2</nt>"))), translated(export(exam("<nt>1.2</nt>", more=NIPT)))
    choice, result = (one for one in screened.resources if one not in usual.resources)
    assert [one["valueCodeableConcept"]["coding"][0]["code"] for one in (choice, result)] == ["2", "1"]
    assert result["code"]["coding"][0]["code"] == "41040004+254266000+254268004"
    assert result["effectiveDateTime"] == "2026-06-01"
    assert [labels(one, False) for one in (choice, result)] == [Labels("screening", frozenset({"genetics"}))] * 2


def test_a_result_that_does_not_say_which_test_it_is_of_is_shielded_too() -> None:
    made = translated(export(exam("<nt>1.2</nt>", more="<nipt>trisomy 21</nipt>")))
    [result] = [one for one in made.resources if "LaboratoryTest" in str(one["meta"]["profile"])]
    assert "genetics" in labels(result, False).shielded


@pytest.mark.parametrize("method", ["CRL", "ultrasound", "lmp", "ovulation"])
def test_how_she_was_dated_is_said_beside_the_due_date(method: str) -> None:
    other = PREGNANCY.replace('method="CRL"', f'method="{method}"')
    assert other.count(method) >= 1
    found = changed(told(export(exam("<crl>60</crl>"), pregnancy=other)), told(export(exam("<crl>60</crl>"))))
    assert {resource.partition("/")[0] for resource, _ in found} <= {"Observation"}
    assert not [r for r in rules(translated(export(exam(""), pregnancy=other))) if "unknown-code" in r]
