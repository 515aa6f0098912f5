"""`babyconnect translate` masks a BSN wherever one may stand, unless told otherwise; also where it cannot look."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

from babyconnect.flows.material import Wanted, Written
from babyconnect.flows.translating import Outcome, write

INSIDE = base64.b64encode(b"%PDF-1.4 BSN 999900730").decode()
LETTER: dict[str, Any] = {
    "resourceType": "DocumentReference",
    "id": "letter",
    "status": "current",
    "type": {"coding": [{"system": "http://loinc.org", "code": "18776-5"}]},
    "indexed": "2026-11-22T10:00:00+01:00",
    "content": [{"attachment": {"contentType": "application/pdf", "data": INSIDE, "title": "Geboorteplan"}}],
}
IMAGE: dict[str, Any] = {"resourceType": "Binary", "id": "scan", "contentType": "image/jpeg", "content": INSIDE}
VALUE: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "weight",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8339-4"}]},
    "valueQuantity": {"value": 3400},
}


def written(*resources: dict[str, Any], with_bsn: bool = False, to: str = "stu3") -> Written:
    return write(Outcome("record", "stu3", resources), to, Wanted(dt.date(2026, 11, 22), with_bsn=with_bsn))


def test_a_file_within_a_record_stays_out_where_bsns_are_masked_and_it_is_told() -> None:
    for to in ("stu3", "r4"):
        made = written(LETTER, IMAGE, VALUE, to=to)
        assert INSIDE.encode() not in made.content and b"Geboorteplan" in made.content
        assert made.content.count(b'"valueCode":"masked"') == 2
        assert [f.text[:7] for f in made.findings if f.rule == "masked"] == ["2 files"]


def test_with_the_bsn_files_go_along() -> None:
    made = written(LETTER, IMAGE, with_bsn=True)
    assert made.content.count(INSIDE.encode()) == 2 and not [f for f in made.findings if f.rule == "masked"]


def test_of_a_record_without_files_nothing_is_told() -> None:
    assert not [f for f in written(VALUE).findings if f.rule == "masked"]
