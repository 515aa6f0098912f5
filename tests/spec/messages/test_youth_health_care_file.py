"""The file transfer of youth health care from one version of its data set (BDS) to the other."""

from __future__ import annotations

import pathlib

import pytest
from lxml import etree

from babyconnect.cli.main import main
from babyconnect.sources.hl7v3 import read
from babyconnect.translate.jgz.convert import convert
from tests.spec.messages.transfers import (
    BSN,
    ROOTS,
    V3,
    XSI_TYPE,
    J,
    coded,
    converted,
    element,
    elements,
    group,
    said,
    section,
    transfer,
)
from tests.support.message_facts import outline


def values(root: etree._Element) -> list[dict[str, str]]:
    of_codes = [one for one in root.iter(f"{V3}value") if one.get(XSI_TYPE) == "CV"]
    return [{str(name): str(value) for name, value in one.attrib.items()} for one in of_codes]


def test_an_element_that_the_other_version_has_not_is_left_out_and_named() -> None:
    root, made = converted("4.2.0", section("R019", element("1665"), element("152")), "4.1.3")
    assert elements(root) == ["152"]
    assert said(made) == [("warning", "not-mapped", "section R019/element 1665/observation")]
    assert made.findings[0].concept == "1665" and made.findings[0].line > 5


def test_an_element_that_the_later_version_dropped_is_left_out_and_named() -> None:
    root, made = converted("4.1.3", section("R019", element("510"), element("152")), "4.2.0")
    assert elements(root) == ["152"]
    assert said(made) == [("warning", "not-mapped", "section R019/element 510/observation")]


def test_a_section_that_held_nothing_else_goes_with_its_elements() -> None:
    root, made = converted("4.2.0", section("R030", element("1656")) + section("R019", element("152")), "4.1.3")
    assert len(root.findall(f".//{V3}pertinentInformation")) == 1
    assert ("information", "not-mapped", "section R030/rubricCluster") in said(made)


def test_an_empty_section_stays_as_it_was() -> None:
    root, made = converted("4.2.0", section("R030"), "4.1.3")
    assert len(root.findall(f".//{V3}rubricCluster")) == 1 and not made.findings


def test_what_a_dropped_group_holds_besides_lies_in_the_section() -> None:
    root, made = converted("4.1.3", section("R019", group("G087", element("149"), element("152"))), "4.2.0")
    assert root.find(f".//{V3}groupCluster") is None
    assert root.findtext(f".//{V3}rubricCluster/{V3}component/{V3}observation/{V3}value") == "tekst"
    assert elements(root) == ["152"]
    assert [rule for _, rule, _ in said(made)] == ["not-mapped", "not-mapped"]


def test_a_statement_with_two_codes_is_left_out_once() -> None:
    twice = element("1665", more=f'<code code="1666" codeSystem="{J}.267"/>')
    root, made = converted("4.2.0", section("R019", twice, element("152")), "4.1.3")
    assert elements(root) == ["152"] and [f.concept for f in made.findings] == ["1665"]


def test_an_element_that_is_a_part_of_another_is_left_out_alone() -> None:
    whole = element("1345", more="<location><code code='1'/></location>")
    root, made = converted("4.1.3", section("R054", whole), "4.2.0")
    assert root.find(f".//{V3}location") is None and elements(root) == ["1345"]
    assert made.findings[0].concept == "1344"


def test_a_code_that_the_other_version_has_not_becomes_its_words() -> None:
    content = section("R012", element("80", coded("8", "16", "ADHD")))
    root, made = converted("4.2.0", content, "4.1.3")
    assert values(root) == [{XSI_TYPE: "CV", "codeSystem": "2.16.840.1.113883.5.1008", "nullFlavor": "OTH"}]
    assert root.findtext(f".//{V3}originalText") == "ADHD"
    assert said(made) == [("warning", "unknown-code", "section R012/element 80/value")]
    assert "ADHD" not in made.findings[0].text


def test_the_words_of_a_code_become_that_code_again_where_it_belongs() -> None:
    for place in (element("80", coded("8", "16", "ADHD")), element("1345", coded("387", "12", "GIZ", "methodCode"))):
        content = section("R012", place)
        lower = convert(read(transfer("4.2.0", content))[1], "4.1.3")
        again = convert(read(lower.content)[1], "4.2.0")
        assert outline(etree.fromstring(again.content)) == outline(read(transfer("4.2.0", content))[1])
        assert [rule for _, rule, _ in said(again)] == ["restored"]


@pytest.mark.parametrize(
    "words", ['<value xsi:type="CV" nullFlavor="OTH"><originalText>ADHD en meer</originalText></value>',
              '<value xsi:type="CV" nullFlavor="OTH"/>', '<value xsi:type="CV" nullFlavor="UNK"/>']
)  # fmt: skip
def test_other_words_and_other_null_flavours_stay_as_they_are(words: str) -> None:
    root, made = converted("4.1.3", section("R012", element("80", words)), "4.2.0")
    assert "code" not in values(root)[0] and values(root)[0]["nullFlavor"] in words
    assert not made.findings


def test_the_same_words_elsewhere_are_no_code() -> None:
    words = '<value xsi:type="CV" nullFlavor="OTH"><originalText>Scoliose</originalText></value>'
    root, made = converted("4.1.3", section("R025", element("217", words)), "4.2.0")
    assert root.findtext(f".//{V3}originalText") == "Scoliose" and not made.findings


def test_a_code_without_words_gets_those_of_the_table() -> None:
    root, _ = converted("4.2.0", section("R012", element("80", coded("8", "17"))), "4.1.3")
    assert root.findtext(f".//{V3}originalText") == "ASS"


def test_a_code_of_which_no_words_are_known_is_written_out() -> None:
    root, _ = converted("4.2.0", section("R021", element("324", coded("46", "10"))), "4.1.3")
    assert root.findtext(f".//{V3}originalText") == "10 (2.16.840.1.113883.2.4.4.40.46)"


def test_a_code_and_words_that_contradict_each_other_are_both_kept_and_reported() -> None:
    root, made = converted("4.2.0", section("R012", element("80", coded("8", "16", "Scoliose"))), "4.1.3")
    assert root.findtext(f".//{V3}originalText") == "ADHD (Scoliose)"
    assert "name-mismatch" in [rule for _, rule, _ in said(made)]


def test_what_was_written_besides_a_code_stays() -> None:
    value = coded("8", "16", "ADHD").replace("/>", "><originalText>onrustig</originalText></value>")
    root, _ = converted("4.2.0", section("R012", element("80", value)), "4.1.3")
    assert root.findtext(f".//{V3}originalText") == "ADHD: onrustig"


def test_a_code_that_the_later_version_dropped_is_kept_and_reported() -> None:
    content = section("R026", element("422", coded("72", "02", "Aangeboren niet scrotale testis")))
    root, made = converted("4.1.3", content, "4.2.0")
    assert values(root)[0]["code"] == "02"
    assert said(made) == [("warning", "unknown-code", "section R026/element 422/value")]


@pytest.mark.parametrize(
    ("version", "to", "name"),
    [("4.2.0", "4.1.3", '36. Zwaait "dag", "dag"'), ("4.1.3", "4.2.0", "36. Maakt communicatieve gebaren")],
)
def test_an_element_is_called_what_the_version_calls_it(version: str, to: str, name: str) -> None:
    old = {"4.1.3": "36. Zwaait &quot;dag&quot;, &quot;dag&quot;", "4.2.0": "36. Maakt communicatieve gebaren"}
    root, made = converted(version, section("R042", element("935", display=old[version])), to)
    assert root.find(f".//{V3}observation/{V3}code").get("displayName") == name
    assert not made.findings


def test_an_element_called_otherwise_than_either_version_does_is_reported() -> None:
    _, made = converted("4.2.0", section("R042", element("935", display="Danst")), "4.1.3")
    assert said(made) == [("warning", "name-mismatch", "section R042/element 935/code")]


def test_family_members_in_one_group_get_a_group_each() -> None:
    members = group("G019", *(element("80", coded("8", code)) for code in ("01", "02")), element("1608"))
    root, made = converted("4.2.0", section("R012", members), "4.1.3")
    assert [elements(one) for one in root.iter(f"{V3}groupCluster")] == [["80"], ["80", "1608"]]
    assert said(made) == [("warning", "split", "section R012/group G019/groupCluster")]
    assert "stays with the last" in made.findings[0].text


def test_an_element_that_no_published_message_has_is_carried_and_told() -> None:
    root, made = converted("4.2.0", section("R019", element("9999")), "4.1.3")
    assert elements(root) == ["9999"]
    assert said(made) == [("information", "unknown-concept", "section R019/element 9999/observation")]


@pytest.mark.parametrize("version", ROOTS)
def test_a_file_in_its_own_version_stays_as_it_is(version: str) -> None:
    content = section("R019", element("1665"), element("510"), element("80", coded("8", "16", "ADHD")))
    root, made = converted(version, content, version)
    assert elements(root) == ["1665", "510", "80"] and not made.findings


def test_comments_and_instructions_are_no_part_of_a_message() -> None:
    made = convert(read(transfer("4.2.0", f"<!-- {BSN} --><?x y?>"))[1], "4.1.3")
    assert b"<!--" not in made.content and b"<?x y" not in made.content


def test_the_root_and_its_interaction_are_those_of_the_version() -> None:
    root, _ = converted("4.2.0", "", "4.1.3")
    assert root.tag == f"{V3}{ROOTS['4.1.3']}"
    assert root.find(f"{V3}interactionId").get("extension") == ROOTS["4.1.3"]


# From the command line ----------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: pathlib.Path) -> str:
    letter = '<document><text mediaType="application/pdf" representation="B64">JVBERi0=</text></document>'
    path = tmp_path / "kind.xml"
    path.write_bytes(transfer("4.2.0", section("R019", element("152", f"<value>bsn {BSN}1</value>")) + letter))
    return str(path)


def test_without_being_asked_no_bsn_is_written_nor_an_attachment(
    file: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["translate", file, "--to", "jgz-4.1.3"]) == 0
    told = capsysbinary.readouterr()
    assert BSN.encode() not in told.out and b"JVBERi0" not in told.out
    assert b"[masked]" in told.err
    assert main(["translate", file, "--to", "jgz-4.1.3", "--with-bsn"]) == 0
    told = capsysbinary.readouterr()
    assert told.out.count(BSN.encode()) == 2 and b"JVBERi0" in told.out


def test_a_file_is_recognised_by_its_content_and_its_version(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["translate", file, "--from", "jgz-4.2.0", "--to", "jgz-4.1.3"]) == 0
    assert main(["translate", file, "--from", "jgz-4.1.3", "--to", "jgz-4.2.0"]) == 1
    assert "this is jgz-4.2.0, not jgz-4.1.3" in capsys.readouterr().err


@pytest.mark.parametrize("to", ["stu3", "ada", "hl7v3-kernset-2.3.6"])
def test_a_file_becomes_no_record_of_another_format(file: str, to: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["translate", file, "--to", to]) == 1
    told = capsys.readouterr()
    assert "[data-set]" in told.err and not told.out


def test_another_record_becomes_no_file(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "woman.json"
    path.write_text('{"resourceType": "Patient", "id": "1"}')
    assert main(["translate", str(path), "--to", "jgz-4.2.0"]) == 1
    assert "[no-child]" in capsys.readouterr().err
