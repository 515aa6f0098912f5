"""The tables of the acute handover, read once; columns in `definitions/acute/README.md`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from babyconnect.definitions import rows
from babyconnect.translate.hl7v3.rows import Row, message

ROOT = "overdracht_acute_fase_bericht"
TRANSACTION_REF = "2.16.840.1.113883.2.4.3.11.60.90.77.4.2301"
"""The transaction's short name and id (RetrieveTransaction.xml, dataset/@shortName and @transactionId)."""


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept of the data set, or (without a number) what only the messages have.  `unit`, `list`: "" without."""

    number: str
    path: str
    is_group: bool
    is_single: bool
    is_required: bool
    datatype: str
    unit: str
    list: str


@functools.cache
def concepts() -> Mapping[str, Concept]:
    """By path."""
    made = {
        row["path"]: Concept(row["concept"], row["path"], row["kind"] == "group", row["max"] == "1", row["min"] == "1",
                             row["datatype"], row["unit"], row["list"])
        for row in rows("acute/dataset")
    }  # fmt: skip
    for row in rows("acute/beyond"):
        made[row["path"]] = Concept("", row["path"], row["kind"] == "group", row["max"] == "1", False, "", "", "")
    return made


@functools.cache
def codes(name: str) -> Mapping[tuple[str, str], str]:
    """The codes of a value list, by code system and code, with their names."""
    return {(row["system"], row["code"]): row["display"] for row in rows("acute/lists") if row["list"] == name}


def message_rows() -> Row:
    """The rows of the message, from its root."""
    return message(("acute",), "2.1")
