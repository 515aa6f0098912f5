"""The published FHIR records as STU3 JSON, with their relative dates resolved.

`${DATE, T, D, -111}` is 111 days before T.
"""

from __future__ import annotations

import datetime as dt
import pathlib
import re
from collections.abc import Iterator
from typing import Any

from babyconnect.fhir.xml import to_json

_DATE = re.compile(r"\$\{DATE, T, ([DMY]), ([+-]?\d+)\}")
NTS = "testscripts/geboortezorg-3-0-nts/_reference"
PERI = (
    "hl7-mappings/ada-2-fhir-stu3/peri-3.2.6/med_mij_01_beschikbaarstellen_integrale_zwangerschapskaart/fhir_instance"
)


def resolve(text: str, today: dt.date) -> str:
    """Absolute dates; months and years are counted as 30 and 365 days, which is enough to have a real date."""

    def absolute(found: re.Match[str]) -> str:
        days = {"D": 1, "M": 30, "Y": 365}[found[1]] * int(found[2])
        return (today + dt.timedelta(days=days)).isoformat()

    return _DATE.sub(absolute, text)


def resources(folder: pathlib.Path, today: dt.date) -> list[dict[str, Any]]:
    """Every resource of a folder of XML files, in the order of their names."""
    files = sorted(folder.glob("*.xml"))
    return [to_json(resolve(file.read_text(encoding="utf-8"), today).encode()) for file in files]


def cases(nictiz: pathlib.Path) -> Iterator[pathlib.Path]:
    """The folders with a whole published record."""
    for base in (NTS, PERI):
        yield from sorted(folder for folder in (nictiz / base).glob("*") if len(list(folder.glob("*.xml"))) > 1)
