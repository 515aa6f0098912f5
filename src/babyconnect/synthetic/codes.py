"""Coded values by name (`definitions/synthetic/codes.csv`), with the data set's own Dutch display where it has one."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from babyconnect import definitions

_SYSTEMS = {
    "sct": ("http://snomed.info/sct", "2.16.840.1.113883.6.96"),
    "loinc": ("http://loinc.org", "2.16.840.1.113883.6.1"),
    "choice": ("urn:babyconnect:screening-choice", ""),
    "nf": ("http://hl7.org/fhir/v3/NullFlavor", "2.16.840.1.113883.5.1008"),
}


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value; `uri` is its system in STU3, `oid` in ADA."""

    uri: str
    oid: str
    code: str
    display: str

    @property
    def coding(self) -> dict[str, str]:
        return {"system": self.uri, "code": self.code, "display": self.display}

    @property
    def concept(self) -> dict[str, object]:
        return {"coding": [self.coding]}


@functools.cache
def displays() -> dict[tuple[str, str], str]:
    """(OID, code) to the display that the data set's value lists give it."""
    return {(row["system"], row["code"]): row["display"] for row in definitions.rows("ada/value_lists")}


@functools.cache
def _codes() -> dict[str, Code]:
    found = {}
    for row in definitions.rows("synthetic/codes"):
        uri, oid = _SYSTEMS[row["system"]]
        found[row["key"]] = Code(uri, oid, row["code"], row["display"] or displays()[oid, row["code"]])
    return found


def code(key: str) -> Code:
    """The coded value of this name; a name that is not in the table is a mistake of ours."""
    return _codes()[key]


def parse(text: str) -> Code:
    """A coding written as `system|code|display`, as `facts.csv` has them."""
    system, value, display = text.strip().split("|", 2)
    uri, oid = _SYSTEMS[system]
    return Code(uri, oid, value, display)
