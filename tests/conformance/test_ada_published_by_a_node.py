"""The published ADA records as a node takes them in: one unit of one client each, every resource in a data group."""

from __future__ import annotations

import datetime as dt

import pytest

from babyconnect.flows.units import unit_of_record
from babyconnect.labelling.identity import Identity
from babyconnect.labelling.labels import UNKNOWN, labels
from babyconnect.sources import Record
from babyconnect.sources.recognise import LIMIT, recognise
from babyconnect.translate.ada import translate
from tests.conformance.test_ada_pairs import NAMES, PAIRS
from tests.support.needs import nictiz

TODAY = dt.date(2024, 6, 15)


@pytest.mark.parametrize("name", NAMES)
def test_a_record_of_every_transaction_is_recognised_and_accepted(name: str) -> None:
    path = nictiz() / PAIRS / NAMES[name] / "ada_instance" / f"{name}.xml"
    record = recognise(path.read_bytes(), path.name, LIMIT, {"T": TODAY})
    assert isinstance(record, Record)
    assert record.format == "ada"
    unit = unit_of_record(record, Identity(b"a secret of this test, long enough to be one"), TODAY)
    assert unit.family is not None
    assert not [f for f in unit.findings if f.severity == "error"]
    assert record.ada is not None
    assert UNKNOWN not in {labels(resource).group for resource in translate(record.ada, TODAY).resources}
