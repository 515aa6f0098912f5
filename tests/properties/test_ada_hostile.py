"""Whatever comes in as ADA is refused in words or translated; it never raises anything else, and never hangs."""

from __future__ import annotations

import datetime as dt
import random

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from babyconnect.fhir import json
from babyconnect.fhir.check import structure
from babyconnect.fhir.malformed import Malformed
from babyconnect.sources.ada import read
from babyconnect.translate.ada import translate
from tests.support.ada_material import TRANSACTIONS, full_xml

TODAY = dt.date(2024, 6, 15)
FULL = full_xml()
EACH = st.sampled_from([full_xml(transaction) for transaction in TRANSACTIONS])
QUIET = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ATTRIBUTES = (
    "value",
    "code",
    "codeSystem",
    "unit",
    "root",
    "nullFlavor",
    "originalText",
    "datatype",
    "conceptId",
    "id",
)
HOSTILE = st.sampled_from(["", " ", "T-999999Y", "T+9{10:00}", "9" * 400, "-0", "1e999", "NaN", "<&>\"'", "\u202e", "́",
                           "../../etc", "null", "true", "n675", "reference", "datetime", "UNK"])  # fmt: skip


def survives(content: bytes) -> None:
    try:
        record = read(content)
    except Malformed:
        return
    result = translate(record, TODAY)
    for resource in result.resources:
        json.dumps(resource)
        assert resource["id"]
    refused = any(f.severity == "error" for f in result.findings)
    broken = [i for r in result.resources for i in structure(r) if getattr(i, "severity", "error") == "error"]
    assert refused or not broken, broken[:3]


@QUIET
@given(st.binary(max_size=300))
@example(b"<adaxml>")
def test_bytes_of_any_kind(content: bytes) -> None:
    survives(content)


@QUIET
@given(st.integers(0, len(FULL) - 1), st.integers(0, 400), st.binary(max_size=6))
def test_a_record_with_a_piece_cut_out_or_replaced(start: int, length: int, piece: bytes) -> None:
    survives(FULL[:start] + piece + FULL[start + length :])


@QUIET
@given(EACH, st.lists(st.tuples(st.integers(0, 1000), st.sampled_from(ATTRIBUTES), HOSTILE), min_size=1, max_size=25))
def test_a_record_with_hostile_attributes(full: bytes, changes: list[tuple[int, str, str]]) -> None:
    root = etree.fromstring(full)
    elements = list(root.iter())
    for place, name, value in changes:
        elements[place % len(elements)].set(name, value)
    survives(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


@QUIET
@given(EACH, st.integers(0, 10_000), st.integers(1, 60))
def test_a_record_with_elements_moved_removed_and_repeated(full: bytes, seed: int, times: int) -> None:
    chance, root = random.Random(seed), etree.fromstring(full)
    for _ in range(times):
        elements = [e for e in root.iter() if e.getparent() is not None and e.getparent().getparent() is not None]
        if not elements:
            break
        one, other = chance.choice(elements), chance.choice(elements)
        if chance.random() < 0.4:
            one.getparent().remove(one)
        elif one not in other.iterancestors() and one is not other:
            other.append(one)
    survives(etree.tostring(root, encoding="UTF-8", xml_declaration=True))
