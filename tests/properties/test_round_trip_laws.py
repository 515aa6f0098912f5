"""Laws of the way there and back, over a synthetic region, for every format that has a way back; ADA's stand apart.

Each makes one trip of each of so many records (`tests/support/dossiers.py`): acute handover, rows of a template, files
of youth health care, XML; and R4, from which there is no way back, by every value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.fhir import check, xml_writer
from babyconnect.fhir.grammar import R4
from babyconnect.fhir.xml import to_json
from babyconnect.flows.inputs import Input
from babyconnect.flows.inputs import read as inputs
from babyconnect.sources import Record
from babyconnect.sources.ada import read
from babyconnect.sources.hl7v3 import read as read_message
from babyconnect.synthetic.ada import ada
from babyconnect.synthetic.stu3 import resources
from babyconnect.translate.acute import from_message, handover
from babyconnect.translate.jgz import birth
from babyconnect.translate.jgz.convert import convert
from babyconnect.translate.r4 import record as r4
from babyconnect.translate.tabular.build import build
from babyconnect.translate.tabular.taking import Taken, take
from tests.properties.test_r4_laws import expected, values
from tests.support import filled_in
from tests.support.acute import facts, parsed
from tests.support.dossiers import TODAY, dossiers
from tests.support.message_facts import outline


def records() -> Iterator[AdaRecord]:
    for dossier in dossiers(by_ada=True):
        yield read(ada(dossier, TODAY))


def test_an_acute_handover_read_and_written_again_says_the_same() -> None:
    for dossier in dossiers(by_ada=False):
        first = handover.write(list(resources(dossier)), TODAY, with_bsn=True)
        between = handover.read(parsed(first.content), TODAY)
        assert not [f for f in between.findings if f.severity != "information"]
        again = handover.write(between.resources, TODAY, with_bsn=True)
        before, after = (facts(from_message.read(parsed(one.content))[0]) for one in (first, again))
        assert before == after and before


def test_the_rows_of_a_record_read_and_written_again_are_the_same_rows() -> None:
    trips = 0
    for record in records():
        first = take(record, TODAY)
        if "zwangerschap" not in first.rows:
            continue
        assert _said(take(_read(first), TODAY)) == _said(first)
        trips += 1
    assert trips


def _said(rows: Taken) -> dict[str, list[Mapping[str, str]]]:
    """What counts: a row that stands there twice is told of and used once; who is named by no row did nothing for her.

    (The list of caregivers is of a whole file.)  Their codes are numbers in the order of that list."""
    said = {key: [row for n, row in enumerate(found) if row not in found[:n]] for key, found in rows.rows.items()}
    named = {cell for key, found in said.items() if key != "zorgverleners" for row in found for cell in row.values()}
    said["zorgverleners"] = [row for row in said.get("zorgverleners", []) if row["Code"] in named]
    codes = {row["Code"]: f"Z{number}" for number, row in enumerate(said["zorgverleners"], 1)}
    return {
        key: [{header: codes.get(cell, cell) for header, cell in row.items()} for row in found]
        for key, found in said.items()
    }


def _read(rows: Taken) -> AdaRecord:
    content = filled_in.text({key: [dict(row) for row in found] for key, found in rows.rows.items()})
    (item,) = inputs([Input("rijen", content=content)], 9_000_000, {})
    assert isinstance(item, Record) and item.extract is not None, item
    built = build(item.extract, TODAY)
    assert built.record is not None, built.findings
    return built.record


def test_a_file_of_youth_health_care_is_in_its_own_version_again_what_it_was_but_for_what_was_told() -> None:
    trips = 0
    for record in records():
        for content in birth.files([record], "4.2.0", TODAY, with_bsn=True).contents:
            message = read_message(content)[1]
            down = convert(message, "4.1.3")
            up = convert(read_message(down.content)[1], "4.2.0")
            told = [f.rule for f in down.findings]
            assert [f.rule for f in up.findings] == ["restored"] * told.count("unknown-code")
            if set(told) <= {"unknown-code"}:
                assert outline(etree.fromstring(up.content)) == outline(message)
            trips += 1
    assert trips


def test_a_record_in_xml_is_the_record_in_json() -> None:
    for dossier in dossiers(by_ada=False):
        for resource in resources(dossier):
            assert to_json(xml_writer.from_json(resource)) == _plain(resource)


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    return [_plain(one) for one in node] if isinstance(node, list | tuple) else node


def test_of_a_record_in_r4_every_value_is_still_there() -> None:
    for dossier in dossiers(by_ada=False):
        given = list(resources(dossier))
        made = r4.convert(given).resources
        assert [issue for one in made for issue in check.structure(one, R4) if issue.severity == "error"] == []
        found = Counter(text for one in made for text in values(one))
        for text in (text for one in given for text in values(one)):
            assert any(found[other] for other in expected(text)), text
