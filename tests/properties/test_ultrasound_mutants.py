"""Every element and attribute of an export dropped, doubled, swapped and corrupted: refused, reported, or harmless."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree

from babyconnect.birthcare.ultrasound import provided
from babyconnect.translate.ultrasound.layout import levels
from tests.support.ultrasound import FETUS, PREGNANCY, embedded, exam, export, png, rules, translated

TWINS = PREGNANCY + "<chorionicity>DCDA</chorionicity>"
MORE = "<cervix_length>34</cervix_length><uterine_left_pi>0.9</uterine_left_pi><placenta>anterior</placenta>"
FEW = (
    '<bpd percentile="45">47.2</bpd><presentation>breech</presentation><conclusion>normal</conclusion>'
    '<anatomy><structure name="heart" state="normal"/><structure name="spine" state="not seen"/></anatomy>'
)
ONE = export(exam(FETUS, more="<cervix_length>34</cervix_length>" + embedded(png())))
TWO = export(exam(FEW, "<bpd>45</bpd><hc>160</hc>", more=MORE), exam("<ac>200</ac>", id="2", day="2026-09-01"),
             pregnancy=TWINS)  # fmt: skip
_FREE = frozenset({"reference", "formula", "number", "uzi", "agb", "title", "id"})
EXPORTS = {"one fetus": ONE, "twins": TWO}


def facts(content: bytes) -> frozenset[str]:
    return both(content)[0]


def both(content: bytes) -> tuple[frozenset[str], list[str]]:
    """What the resources say (values with their code and fetus; a reference says what it is to), and what is found."""
    whole = translated(content)
    made = whole.resources
    named = {f"{r['resourceType']}/{r['id']}": _name(r) for r in made}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return named.get(value["reference"], "") if "reference" in value else {
                k: plain(v) for k, v in sorted(value.items()) if k not in ("id", "display")}  # fmt: skip
        return [plain(v) for v in value] if isinstance(value, list) else str(value)

    said = frozenset(
        json.dumps([named[f"{r['resourceType']}/{r['id']}"], key, part], sort_keys=True)
        for r in made
        for key, value in r.items()
        if key not in ("id", "meta", "result", "content", "url", "report")
        for part in (plain(value) if isinstance(value, list) else [plain(value)])
    )
    return said, sorted(f"{f.severity} {f.rule} {f.place}" for f in whole.findings)


def _name(resource: dict[str, Any]) -> str:
    if resource["resourceType"] == "BodySite":
        return str(resource.get("description", "Foetus"))
    code = resource.get("code", {}).get("coding", [{}])[0].get("code", "")
    return f"{resource['resourceType']} {code}".strip()


def places(root: etree._Element) -> Iterator[tuple[str, str]]:
    for element in root.iter():
        if element is not root:
            path = root.getroottree().getpath(element)
            yield path, ""
            yield from ((path, str(name)) for name in element.attrib)


def mutated(content: bytes, path: str) -> tuple[etree._Element, etree._Element]:
    root = etree.fromstring(content)
    found = root.xpath(path)
    assert isinstance(found, list) and isinstance(found[0], etree._Element) and len(found) == 1
    return root, found[0]


PLACES = [(name, *place) for name, content in EXPORTS.items() for place in places(etree.fromstring(content))]


def test_there_is_much_to_mutate() -> None:
    assert len(PLACES) > 130 and not [r for c in EXPORTS.values() for r in rules(translated(c)) if "error" in r]


@pytest.mark.parametrize("name", EXPORTS)
def test_what_is_dropped_is_gone_and_nothing_else_is_said(name: str) -> None:
    content = EXPORTS[name]
    before = facts(content)
    for path, attribute in (p[1:] for p in PLACES if p[0] == name):
        root, element = mutated(content, path)
        if attribute:
            del element.attrib[attribute]
        else:
            parent = element.getparent()
            assert parent is not None
            parent.remove(element)
        dropped = etree.tostring(root)
        new = {f for f in facts(dropped) - before if not _told(f, path, attribute)}
        assert not new, (path, attribute, new)


def _told(fact: str, path: str, attribute: str) -> bool:
    """What follows from an absence: the usual kind of examination or unit, the one fetus, an unnamed id."""
    said = path.rpartition("/")[2]
    follows = {"type": "268445003", "edd": "161714006"}
    if said.startswith("fetus") or attribute == "number":
        return True  # of one fetus what is said of the pregnancy is said with it
    if said in follows and not attribute:
        return follows[said] in fact or "DiagnosticReport" in fact or "Procedure" in fact
    return said in ("id", "other_names", "name", "operator", "site", "exam[1]", "exam[2]", "exam") or "absent" in fact


@pytest.mark.parametrize("name", EXPORTS)
def test_what_is_doubled_says_nothing_new_or_is_refused(name: str) -> None:
    content = EXPORTS[name]
    before = facts(content)
    for path, attribute in (p[1:] for p in PLACES if p[0] == name and not p[2]):
        root, element = mutated(content, path)
        element.addnext(copy.deepcopy(element))
        doubled = etree.tostring(root)
        assert not facts(doubled) - before, (path, attribute)


@pytest.mark.parametrize("name", EXPORTS)
def test_the_order_of_what_stands_beside_each_other_says_nothing(name: str) -> None:
    content = EXPORTS[name]
    before = facts(content)
    for path, _ in (p[1:] for p in PLACES if p[0] == name and not p[2]):
        root, element = mutated(content, path)
        other = element.getnext()
        if other is not None:
            other.addnext(element)
            assert facts(etree.tostring(root)) == before, path


@pytest.mark.parametrize("wrong", ["☃", "-99", "9" * 400])
@pytest.mark.parametrize("name", EXPORTS)
def test_what_is_corrupted_is_refused_reported_or_free_text(name: str, wrong: str) -> None:
    content = EXPORTS[name]
    before, told = both(content)
    free = {"name", "other_names", "given_name", "id", "operator", "site", "report", "structure", "marker", "file"}
    for path, attribute in (p[1:] for p in PLACES if p[0] == name):
        root, element = mutated(content, path)
        if not attribute and not (element.text or "").strip():
            continue
        if attribute:
            element.set(attribute, wrong)
        else:
            element.text = wrong
        corrupted = etree.tostring(root)
        tag = path.rpartition("/")[2].partition("[")[0]
        if (
            tag in free
            or attribute in ("reference", "formula", "number", "uzi", "agb", "title", "id")
            or not wrong.strip()
        ):
            translated(corrupted)
            continue
        said, remarked = both(corrupted)
        assert remarked != told, (path, attribute, wrong)
        assert wrong not in "".join(said - before), (path, attribute, wrong)


def test_the_levels_of_the_table_are_those_that_the_reader_opens() -> None:
    opened = {i.argument for level in levels(provided()).values() for items in level.items.values() for i in items
              if i.kind == "level"}  # fmt: skip
    assert opened | {"file"} == set(levels(provided()))
