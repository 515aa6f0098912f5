"""Published files of youth health care: BDS 4.2.0 → 4.1.3 against Nictiz' own, element by element, in order.

Of 4.1.3 → 4.2.0 only the results are published.  Each says in comments what it left out; with that put back it is a
message of 4.1.3, of which the published result has to be made.  White space, comments and the place of the schema are
made alike.
"""

from __future__ import annotations

import pathlib
import re

from lxml import etree

from babyconnect.sources.hl7v3 import read
from babyconnect.translate.jgz.convert import convert
from babyconnect.translate.jgz.tables import held, things
from tests.support.jgz_account import untold
from tests.support.message_facts import outline
from tests.support.needs import nictiz

ROOT = "hl7-mappings/jgz-dossieroverdracht-8.0"
DOWN, UP, OWN = "hl7_instance_conversion_bds420_to_bds413", "hl7_instance_conversion_bds413_to_bds420", "hl7_instance"
V3 = "{urn:hl7-org:v3}"
J = "2.16.840.1.113883.2.4.4.40"
ELEMENT = re.compile(r"element (\d+) .* is vervallen")
SECTION = re.compile(r"Rubriek (\d+) is verwijderd .*")
IN_G087 = {"149", "150", "1412"}


def files(folder: str) -> list[pathlib.Path]:
    return sorted((nictiz() / ROOT / folder).glob("*.xml"))


def message(path: pathlib.Path) -> etree._Element:
    return read(path.read_bytes())[1]


def test_every_message_of_4_2_0_becomes_the_published_one_of_4_1_3() -> None:
    assert len(files(DOWN)) == 27
    for path in files(DOWN):
        made = etree.fromstring(convert(message(nictiz() / ROOT / OWN / path.name), "4.1.3").content)
        assert outline(made) == outline(message(path)), path.name


def test_every_published_message_of_4_2_0_is_made_of_one_of_4_1_3() -> None:
    assert len(files(UP)) == 33
    for path in files(UP):
        older, left_out = put_back(path)
        made = convert(older, "4.2.0")
        assert outline(etree.fromstring(made.content)) == outline(message(path)), path.name
        assert sorted(f.concept for f in made.findings if f.concept) == sorted(left_out), path.name


def test_what_a_conversion_does_not_carry_is_told() -> None:
    for folder, to in ((OWN, "4.1.3"), (UP, "4.1.3"), (DOWN, "4.2.0")):
        for path in files(folder):
            assert untold(message(path), convert(message(path), to)) == [], path.name


def test_there_and_back_only_what_was_told_is_lost() -> None:
    for path in files(OWN):
        down = convert(message(path), "4.1.3")
        up = convert(read(down.content)[1], "4.2.0")
        rules = [f.rule for f in down.findings]
        assert [f.rule for f in up.findings] == ["restored"] * rules.count("unknown-code"), path.name
        if set(rules) <= {"unknown-code"}:
            assert outline(etree.fromstring(up.content)) == outline(message(path)), path.name


def test_every_published_message_stays_itself_in_its_own_version() -> None:
    for folder, version in ((OWN, "4.2.0"), (UP, "4.2.0"), (DOWN, "4.1.3")):
        for path in files(folder):
            made = convert(message(path), version)
            assert outline(etree.fromstring(made.content)) == outline(message(path)) and not made.findings


def test_every_element_and_group_of_the_published_messages_has_a_row() -> None:
    for folder in (OWN, UP, DOWN):
        for path in files(folder):
            codes = list(message(path).iter(f"{V3}code"))
            for kind, system in (("element", "267"), ("group", "393")):
                stated = {str(c.get("code")) for c in codes if c.get("codeSystem") == f"{J}.{system}"}
                assert stated <= set(things(kind)), path.name


# A published message with what it left out ----------------------------------------------------------------------------


def put_back(path: pathlib.Path) -> tuple[etree._Element, list[str]]:
    """The message of 4.1.3 that this one of 4.2.0 was made of, as far as its comments tell; and what they name."""
    root = etree.fromstring(path.read_bytes())
    numbers: list[str] = []
    for comment in list(root.iter(etree.Comment)):
        text = " ".join((comment.text or "").split())
        if found := ELEMENT.fullmatch(text):
            numbers.append(found[1])
            _put(comment, found[1])
        elif found := SECTION.fullmatch(text):
            comment.addprevious(_section(f"R0{found[1]}"))
    content = etree.tostring(root).replace(b"REPC_IN902120NL04", b"REPC_IN902120NL03")
    return read(content)[1], numbers


def _put(comment: etree._Element, number: str) -> None:
    parent = comment.getparent()
    assert parent is not None
    if parent.tag == f"{V3}observation":
        part = next(place for place, thing in held().items() if thing.code == number).partition("/")[2]
        comment.addprevious(etree.Element(f"{V3}{part}", code="1"))
    elif number == "764":  # a part of 763, put back with it
        _last(comment).findall(f".//{V3}observation")[-1].append(etree.Element(f"{V3}targetSiteCode", code="1"))
    elif parent.tag == f"{V3}rubricCluster":
        comment.addprevious(_component(number))
    else:
        cluster = _last(comment).find(f"{V3}rubricCluster")
        cluster.append(_component(number))


def _last(comment: etree._Element) -> etree._Element:
    """The section that was put back before this comment."""
    return next(one for one in comment.itersiblings(preceding=True) if one.tag == f"{V3}pertinentInformation")


def _component(number: str) -> etree._Element:
    component = etree.Element(f"{V3}component")
    statement = f'<observation><code code="{number}" codeSystem="{J}.267"/></observation>'
    if number in IN_G087:
        code = f'<code code="G087" codeSystem="{J}.393"/>'
        statement = f"<groupCluster>{code}<component>{statement}</component></groupCluster>"
    component.extend(etree.fromstring(f'<x xmlns="urn:hl7-org:v3">{statement}</x>'))
    return component


def _section(code: str) -> etree._Element:
    return etree.fromstring(f"""<pertinentInformation xmlns="urn:hl7-org:v3"><rubricCluster>
<code code="{code}" codeSystem="{J}.391"/></rubricCluster></pertinentInformation>""")
