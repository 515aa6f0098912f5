"""What the ADA tables produce is labelled: no resource is in no group, and what the data set sets apart is shielded."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from babyconnect.labelling.labels import UNKNOWN, labels
from babyconnect.sources.ada import read
from babyconnect.translate.ada import translate
from tests.support.ada_material import TRANSACTIONS, full_xml, replaced

TODAY = dt.date(2024, 6, 15)
KRAAM = "med_mij_kraam_beschikbaarstellen"


@pytest.mark.parametrize("transaction", TRANSACTIONS)
def test_every_resource_has_a_data_group(transaction: str) -> None:
    made = translate(read(full_xml(transaction)), TODAY).resources
    assert len(made) > 40
    assert not [r["meta"]["profile"] for r in made if labels(r).group == UNKNOWN]


@pytest.mark.parametrize(("concept", "shield"), [("2604", "safety"), ("1104", "mental-health")])
def test_what_the_data_set_keeps_under_violence_or_psychiatry_is_shielded_whatever_its_code(
    concept: str, shield: str
) -> None:
    record = read(full_xml(KRAAM))
    name = next(e for e in record.root.walk() if e.concept == concept)
    other = {**name.attributes, "code": "OTH", "codeSystem": "2.16.840.1.113883.5.1008", "originalText": "iets anders"}
    made = translate(dataclasses.replace(record, root=replaced(record.root, name, other)), TODAY).resources
    [problem] = [r for r in made if (r.get("code") or {}).get("text") == "iets anders"]
    assert shield in labels(problem).shielded


def test_the_woman_herself_bears_no_shield_for_what_stands_beside_her() -> None:
    made = translate(read(full_xml(KRAAM)), TODAY).resources
    [woman] = [r for r in made if any(p.endswith("bc-Woman") for p in r["meta"]["profile"])]
    assert not labels(woman).shielded
