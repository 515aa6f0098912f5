"""Reading ADA XML: what it becomes, and what is refused, where and by which rule."""

from __future__ import annotations

import pytest

from babyconnect.fhir.malformed import Malformed
from babyconnect.sources.ada import exists, read
from tests.support.ada_material import BASIS, full_xml

REF = "2.16.840.1.113883.2.4.3.11.60.90.77.4.2575"
CONCEPT = "2.16.840.1.113883.2.4.3.11.60.90.77.2.12."


def record(body: str = "", name: str = BASIS, root: str = "adaxml", extra: str = "") -> bytes:
    form = f'<{name} transactionRef="{REF}" id="r1" {extra}>{body}</{name}>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}><data>\n{form}\n</data></{root}>'.encode()


def refusal(content: bytes) -> tuple[str, str]:
    with pytest.raises(Malformed) as found:
        read(content)
    return found.value.place, found.value.rule


def test_becomes_a_tree_with_the_number_of_each_data_element_and_its_line() -> None:
    found = read(record(f'<vrouw conceptId="{CONCEPT}674">\n<x value=" 3 " conceptId="{CONCEPT}1"/></vrouw>'))
    woman = found.root.children[0]
    assert (found.transaction, found.version, found.id) == (BASIS, "3.2", "r1")
    assert (woman.name, woman.concept, woman.line) == ("vrouw", "674", 3)
    assert (woman.children[0].value, woman.children[0].line) == ("3", 4)


def test_reads_a_record_that_fills_every_data_element() -> None:
    assert sum(1 for _ in read(full_xml()).root.walk()) > 532


@pytest.mark.parametrize(
    ("content", "place", "rule"),
    [
        (b"", "line 1", "empty"),
        (b"  \n ", "line 1", "empty"),
        (record()[:-20], "line 3", "xml"),
        (record().replace(b"r1", b"\xff\xfe"), "line 3", "utf-8"),
        (record().replace(b"UTF-8", b"ISO-8859-1"), "line 1", "utf-8"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "line 1", "doctype"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "line 1", "doctype"),
        (record(root="adaxmI"), "line 2", "root"),
        (record().replace(b"<adaxml>", b'<adaxml xmlns="urn:x">'), "line 2", "namespace"),
        (record('<x xmlns="urn:x"/>'), "line 3", "namespace"),
        (b"<adaxml><data/></adaxml>", "line 1", "root"),
        (record(name="iets_anders"), "line 3", "transaction"),
        (record().replace(REF.encode(), b"1.2.3"), "line 3", "transaction"),
        (
            record('<a conceptId="2.16.840.1.113883.2.4.3.11.60.90.77.2.6.2"/>', name="prio1_huidig"),
            "line 3",
            "data-set",
        ),
        (record('<a datatype="datetime" value="2025-02-30"/>'), "line 3", "date"),
        (record(f'<geboortedatum conceptId="{CONCEPT}683" value="1985-13-01"/>'), "line 3", "date"),
        (record('<a datatype="datetime" value="T-5D{25:00}"/>'), "line 3", "date"),
        (record('<a datatype="datetime" value="gisteren"/>'), "line 3", "date"),
    ],
)
def test_refuses_with_line_and_rule(content: bytes, place: str, rule: str) -> None:
    assert refusal(content) == (place, rule)


def test_a_refusal_quotes_nothing_of_the_record() -> None:
    with pytest.raises(Malformed) as found:
        read(record('<a datatype="datetime" value="XXX_Kwee 999900730"/>'))
    assert "XXX_Kwee" not in str(found.value)
    assert "999900730" not in str(found.value)


def test_two_records_in_one_file_are_refused() -> None:
    two = record().replace(b"</data>", b"</data><data><x/></data>")
    assert refusal(two)[1] == "root"


def test_an_expanding_entity_is_refused_before_it_expands() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><adaxml>&b;</adaxml>'
    assert refusal(bomb)[1] == "doctype"


def test_absurd_nesting_is_refused() -> None:
    assert refusal(record("<a>" * 5000 + "</a>" * 5000))[1] == "xml"


@pytest.mark.parametrize("text", ["T", "T-111D", "T+10D", "T-1Y{11:00}", "T-2M{11:00:30}", "2024", "2024-02",
                                  "2024-02-29", "2024-02-29T10:00:00", "2024-02-29T10:00:00+01:00"])  # fmt: skip
def test_knows_the_moments_that_ada_allows(text: str) -> None:
    assert exists(text)


@pytest.mark.parametrize("text", ["", "2023-02-29", "2024-00-10", "T-5", "5D", "2024-2-9", "24-02-2024", "T-5D{9:00}",
                                  "0000-01-01", "2024-02-29T24:01:00"])  # fmt: skip
def test_knows_what_is_no_moment(text: str) -> None:
    assert not exists(text)
