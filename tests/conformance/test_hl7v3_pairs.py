"""The published pairs ADA → HL7v3 and CDA: our message against Nictiz' own, element by element and in order.

Made alike on both sides before comparing, for the three records of `nictiz_test` only (written by an older translator):
codeSystemName.  Each line that then differs is a row of `hl7v3_differences.csv`, with its reason (`hl7v3_reasons.csv`).
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from lxml import etree

from babyconnect.sources.ada import read
from babyconnect.translate.hl7v3.message import Message, write
from tests.support.needs import nictiz

ROOT = "hl7-mappings/ada-2-hl7v3"
TABLE = Path(__file__).with_name("hl7v3_differences.csv")
REASONS = Path(__file__).with_name("hl7v3_reasons.csv")
V3 = "{urn:hl7-org:v3}"
T = {"2.2": dt.date(2020, 1, 1), "2.3.5": dt.date(2020, 1, 1), "2.3.6": dt.date(2022, 1, 1), "3.0": dt.date(2021, 1, 1)}
TO = {version: f"hl7v3-kernset-{version}" for version in T} | {"3.0": "cda-neonatology"}
FOLDERS = {"2.2": "peri-2.2/kernset_aanleverbericht", "2.3.5": "peri-2.3.5/kernset_geboortezorg",
           "2.3.6": "peri-2.3.6/kernset_geboortezorg", "3.0": "peri-3.0/kernset_neonatologie"}  # fmt: skip
OLD = "peri-2.3.5/nictiz_test"
SCENARIOS = ("scenario1", "scenario2_1elijn", "scenario2_2elijn", "scenario3", "scenario5")
PAIRS = [
    *(("2.2", FOLDERS["2.2"], name) for name in SCENARIOS),
    *((version, FOLDERS[version], f"{name}-23") for version in ("2.3.5", "2.3.6") for name in SCENARIOS),
    *(("2.3.6", FOLDERS["2.3.6"], f"scenario7_{line}-23") for line in ("1elijn", "2elijn")),
    *(("2.3.5", OLD, name) for name in ("999.1 Test_NL", "Minimaal", "voorbeeld-met-wrapper")),
    *(("3.0", FOLDERS["3.0"], f"ksneo-test{number}") for number in (1, 3, 4, 6)),
]


def written(version: str, folder: str, name: str, with_bsn: bool = True) -> Message:
    content = (nictiz() / ROOT / folder / "ada_instance" / f"{name}.xml").read_bytes()
    return write(read(content), TO[version], T[version], with_bsn)


def published(version: str, folder: str, name: str) -> etree._Element:
    kind, prefix = ("cda", "") if version == "3.0" else ("hl7", "result_" if version == "2.2" else "")
    path = nictiz() / ROOT / folder / f"{kind}_instance" / f"{prefix}{name}.xml"
    return etree.parse(str(path)).getroot()


def payload(root: etree._Element) -> etree._Element:
    return next(root.iter(f"{V3}CareProvisionEvent", f"{V3}ClinicalDocument"))


def lines(element: etree._Element, old: bool) -> Iterator[str]:
    """An element a line: its name, its attributes by name, its text."""
    if not isinstance(element.tag, str):
        return
    name, text = etree.QName(element).localname, " ".join((element.text or "").split())
    attributes = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    dropped = {"schemaLocation", *(["codeSystemName"] if old else [])}
    shown = " ".join(f"{key}={value}" for key, value in sorted(attributes.items()) if key not in dropped)
    yield " ".join(filter(None, [name, shown, f"| {text}" if text else ""]))
    for child in element:
        yield from lines(child, old)


def named() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(line for line in table if not line.startswith("#")))


def differences(version: str, folder: str, name: str) -> tuple[Counter[str], Counter[str]]:
    """What only the published message has and what only ours has, each beside what both have in the same order."""
    expected = list(lines(payload(published(version, folder, name)), folder == OLD))
    ours = list(lines(payload(etree.fromstring(written(version, folder, name).content)), folder == OLD))
    lost, more = Counter[str](), Counter[str]()
    for what, a, b, c, d in SequenceMatcher(None, expected, ours, autojunk=False).get_opcodes():
        if what != "equal":
            lost.update(expected[a:b])
            more.update(ours[c:d])
    return lost, more


@pytest.mark.parametrize(("version", "folder", "name"), PAIRS)
def test_a_published_record_becomes_the_published_message_but_for_what_is_named(
    version: str, folder: str, name: str
) -> None:
    table: dict[str, Counter[str]] = {"-": Counter(), "+": Counter()}
    for row in named():
        if (row["version"], row["pair"]) == (version, name):
            table[row["sign"]][row["line"]] += int(row["times"])
    lost, more = differences(version, folder, name)
    # In order too: but for the largest record, of which the four reasons more stand among many of the same form.
    assert not lost & more or name == "999.1 Test_NL"
    assert (lost - more, more - lost) == (table["-"], table["+"])


def test_every_difference_is_of_a_pair_and_has_a_reason_that_what_is_published_bears_out() -> None:
    with REASONS.open(encoding="utf-8", newline="") as table:
        reasons = {row["reason"]: row for row in csv.DictReader(line for line in table if not line.startswith("#"))}
    assert {(row["version"], row["pair"]) for row in named()} <= {(version, name) for version, _, name in PAIRS}
    assert {row["reason"] for row in named()} == set(reasons)
    for row in reasons.values():
        assert row["why"] and row["sort"] in ("example", "lost", "wrong", "older")
        for citation in row["citation"].split(" ;; "):
            path, _, text = citation.partition("#")
            assert text in (nictiz() / ROOT / path).read_text(encoding="utf-8"), citation


def test_what_only_the_published_messages_have_says_nothing_of_a_record() -> None:
    """Invented numbers, another code's display, the rank that the record had before: no fact is lost."""
    assert {row["reason"] for row in named() if row["sign"] == "-"} == {
        "own-number", "root-unsaid", "empty-number", "other-disease", "generated-hospital", "older-display",
        "rank-changed"}  # fmt: skip


@pytest.mark.parametrize(("version", "folder", "name"), PAIRS)
def test_nothing_of_a_published_record_is_left_out_without_a_reason(version: str, folder: str, name: str) -> None:
    unlisted = {"interventie_begin_baring"}  # the published records use a code that the published list has not
    found = [f for f in written(version, folder, name).findings if f.severity != "information"]

    assert {(f.rule, f.place.rpartition("/")[2]) for f in found} <= {("unknown-code", name) for name in unlisted}


@pytest.mark.parametrize("version", ["2.2", "2.3.5", "2.3.6"])
def test_the_wrappers_are_those_of_the_published_message(version: str) -> None:
    name = "scenario1" if version == "2.2" else "scenario1-23"
    theirs, ours = (
        published(version, FOLDERS[version], name),
        etree.fromstring(written(version, FOLDERS[version], name).content),
    )
    process = f"ControlActProcess/{V3}subject/{V3}registrationProcess/{V3}"
    fixed = ["versionCode", "interactionId", "profileId", "processingCode", "processingModeCode", "acceptAckCode"]
    fixed += [process + "code", process + "statusCode"]

    assert [child.tag for child in ours] == [child.tag for child in theirs]
    assert [dict(ours.find(V3 + path).attrib) for path in fixed] == [
        dict(theirs.find(V3 + path).attrib) for path in fixed
    ]
    path = f"{V3}ControlActProcess/"
    assert [e.tag for e in ours.find(path[:-1])] == [e.tag for e in theirs.find(path[:-1])]


def grammar(roots: list[etree._Element]) -> tuple[set[tuple[str, str]], set[tuple[str, str, str]]]:
    """Which attributes an element has, and which part stands before which, by its name and that of its parent."""
    attributes, order = set(), set()
    for root in roots:
        for element in root.iter(etree.Element):
            parent = element.getparent()
            where = f"{etree.QName(parent).localname if parent is not None else ''}/{etree.QName(element).localname}"
            attributes |= {(where, str(key)) for key in element.attrib}
            names = [etree.QName(child).localname for child in element if isinstance(child.tag, str)]
            order |= {(where, a, b) for i, a in enumerate(names) for b in names[i + 1 :]}
    return attributes, order


@pytest.mark.parametrize("version", T)
def test_a_message_has_the_structure_that_the_samples_show(version: str) -> None:
    """Every element, attribute and order of parts in a message of ours is one that a published message has."""
    folders = [FOLDERS["2.3.5"], FOLDERS["2.3.6"], OLD] if version.startswith("2.3") else [FOLDERS[version]]
    pairs = [pair for pair in PAIRS if pair[1] in folders]
    attributes, order = grammar([payload(published(*pair)) for pair in pairs])
    own, own_order = grammar([payload(etree.fromstring(written(*pair).content)) for pair in pairs])
    kept = {"id/nullFlavor"} if version != "3.0" else set()

    assert {f"{where.rpartition('/')[2]}/{key}" for where, key in own - attributes} <= kept
    assert {(where, a, b) for where, a, b in own_order - order if (where, b, a) in order} == set()
    assert {b for _, a, b in own_order - order} <= {"originalText", "name"}


@pytest.mark.parametrize(("version", "folder", "name"), PAIRS)
def test_without_leave_no_bsn_of_a_published_record_is_in_its_message(version: str, folder: str, name: str) -> None:
    path: Path = nictiz() / ROOT / folder / "ada_instance" / f"{name}.xml"
    record = etree.parse(str(path))
    numbers = {e.get("value") for e in record.iter("burgerservicenummer", "bsn_kind") if e.get("value")}
    content = written(version, folder, name, with_bsn=False).content.decode()

    assert not [number for number in numbers if number and number in content]


@pytest.mark.parametrize(
    "path",
    [
        f"{ROOT}/{FOLDERS['2.2']}/ada_instance/999.1 Test_NL.xml",
        f"{ROOT}/{OLD}/ada_instance/ada-result.xml",
        "geboortezorg-stu3/legacy-prio1-pwd23/ada/kernset_aanleverbericht.xml",
    ],
)
def test_a_published_record_of_no_pair_is_carried_over_but_for_units_that_it_does_not_state(path: str) -> None:
    message = write(read((nictiz() / path).read_bytes()), TO["2.2"], T["2.2"], with_bsn=True)

    assert message.content
    assert {f.rule for f in message.findings} <= {"unknown-unit"}
